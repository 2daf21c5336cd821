"""Makes trouble on demand: what goes wrong, where, how often, and how it looks on the wire."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from aiohttp import web

from sandbox.events import Events

POLL_SECONDS = 0.1  # seconds between two looks whether a client still waits
PROVIDER_CALLS = frozenset({"create", "query", "list", "tasks"})
_SILENT = ("slow", "timeout")
_EVERYWHERE = ("http_500", "http_429", "timeout", "reset", "malformed_json", "slow")

# Which calls a fault strikes unless it names them itself with `on`.
MATCHES: dict[str, dict[str, frozenset[str]]] = {
    "provider": {
        **dict.fromkeys(_EVERYWHERE, PROVIDER_CALLS),
        "lost_answer": frozenset({"create"}),
        "task_failed": frozenset({"create"}),
        "stuck": frozenset({"create"}),
        "price_change": frozenset({"create"}),
        "callback_lost": frozenset({"callback"}),
        "file_truncated": frozenset({"file"}),
        "file_missing": frozenset({"file"}),
        "file_too_large": frozenset({"file"}),
    },
    "discord": {
        **dict.fromkeys(_EVERYWHERE, frozenset({"rest", "message"})),
        "lost_answer": frozenset({"message"}),
        "missing_permissions": frozenset({"message"}),
        "unknown_channel": frozenset({"message"}),
        "file_too_large": frozenset({"message"}),
        "gateway_drop": frozenset({"gateway"}),
    },
}
# What `on` may name at each.
CALLS: dict[str, frozenset[str]] = {
    "provider": PROVIDER_CALLS | {"callback", "costs", "file", "scan", "text_scan", "image_scan", "unknown"},
    "discord": frozenset({"rest", "message", "edit", "callback", "followup", "gateway"}),
}
TARGETS = ("kirin", "kling", "discord")


class UnknownFault(ValueError):
    """The target has no such kind of fault."""


@dataclass(slots=True, eq=False)
class Fault:
    """One kind of trouble: it strikes the next `count` matching calls after the first `after`."""

    target: str
    kind: str
    on: frozenset[str]
    count: int = 1
    after: int = 0
    options: dict[str, Any] = field(default_factory=dict)
    cleared: bool = False

    def seconds(self, default: float) -> float:
        """Say how long the trouble lasts: the option `seconds`, or the default."""
        return float(self.options.get("seconds", default))

    @property
    def factor(self) -> Decimal:
        """How many times the list price is charged: the option `factor`, or twice."""
        return Decimal(str(self.options.get("factor", 2)))


class Faults:
    """Keeps all trouble that is waiting to happen, oldest first."""

    def __init__(self, events: Events | None = None) -> None:
        self._waiting: list[Fault] = []
        self._silent: list[Fault] = []  # what has struck by saying nothing, and may still do so
        self._events = events or Events()

    @property
    def waiting(self) -> list[Fault]:
        """What has been asked for and has not struck yet, oldest first."""
        return list(self._waiting)

    def add(self, given: Mapping[str, Any]) -> Fault | None:
        """Let calls go wrong as `{"target", "kind", "count": 1, "after": 0, "on": [calls]?, …}` says.

        `count: 0` clears the faults of that kind, also where one keeps somebody waiting, and returns None.

        Raises:
            UnknownFault: no such target, kind or call, or a count that is not a number.
        """
        target, kind = str(given.get("target")), str(given.get("kind"))
        side = "discord" if target == "discord" else "provider"
        kinds = MATCHES[side]
        if target not in TARGETS or kind not in kinds:
            message = f"{target!r} has no fault {kind!r}; there are {sorted(kinds)} at {TARGETS}"
            raise UnknownFault(message)
        count, after = given.get("count", 1), given.get("after", 0)
        if not isinstance(count, int) or not isinstance(after, int) or count < 0 or after < 0:
            raise UnknownFault("count and after are whole numbers from 0")
        if count == 0:
            for cleared in [f for f in (*self._waiting, *self._silent) if (f.target, f.kind) == (target, kind)]:
                cleared.cleared = True
            self._waiting = [f for f in self._waiting if not f.cleared]
            self._silent = [f for f in self._silent if not f.cleared]
            self._events.tell("faults")
            return None
        on = _named(given.get("on"), CALLS[side]) or kinds[kind]
        options = {key: value for key, value in given.items() if key not in Fault.__slots__}
        fault = Fault(target=target, kind=kind, on=on, count=count, after=after, options=options)
        _check_factor(fault)
        self._waiting.append(fault)
        self._events.tell("faults")
        return fault

    def take(self, target: str, *calls: str) -> Fault | None:
        """Find the fault that strikes this call, and count it down; None when the call goes well.

        A call may answer to several names, for example `"rest", "message"`.
        """
        for fault in self._waiting:
            if fault.target != target or not fault.on & set(calls):
                continue
            if fault.after > 0:
                fault.after -= 1
                continue
            fault.count -= 1
            if fault.count <= 0:
                self._waiting.remove(fault)
            if fault.kind in _SILENT and fault not in self._silent:
                self._silent.append(fault)
            self._events.tell("faults")
            return fault
        return None


def _named(given: Any, known: frozenset[str]) -> frozenset[str]:
    """Read the calls that a fault names itself; none where it names none."""
    if given is None:
        return frozenset()
    if not isinstance(given, list) or not all(isinstance(call, str) and call in known for call in given):
        message = f"on is a list of {sorted(known)}"
        raise UnknownFault(message)
    return frozenset(given)


def _check_factor(fault: Fault) -> None:
    try:
        right = fault.factor.is_finite() and fault.factor >= 0
    except InvalidOperation:
        right = False
    if not right:
        raise UnknownFault("factor is a number from 0")


async def on_the_wire(request: web.Request, fault: Fault) -> web.StreamResponse | None:
    """Play the faults that look the same at every server; None when the request should be served after all.

    `slow` waits (2 s) and then serves; `timeout` never answers (it gives up after 120 s). Both end their waiting when
    they are cleared, and when nobody waits with them any more. `reset` cuts the connection. `http_500`, `http_429` and
    `malformed_json` answer as any HTTP server would; a server whose documents give those a shape answers them itself
    before it asks here.
    """
    match fault.kind:
        case "slow":
            await _silence(request, fault, fault.seconds(2))
        case "timeout":
            await _silence(request, fault, fault.seconds(120))
            cut(request)
        case "reset":
            cut(request)
        case "http_500":
            return web.json_response({"message": "Internal Server Error"}, status=500)
        case "http_429":
            wait = {"Retry-After": str(fault.options.get("retry_after", 1))}
            return web.json_response({"message": "Too Many Requests"}, status=429, headers=wait)
        case "malformed_json":
            return web.Response(text='{"id": "abc', content_type="application/json")
    return None


async def _silence(request: web.Request, fault: Fault, seconds: float) -> None:
    """Say nothing for so long, until the fault is cleared or the client has hung up, which a handler outlives else."""
    end = time.monotonic() + seconds
    while (  # noqa: ASYNC110 - aiohttp tells nobody that a client has gone
        not fault.cleared
        and time.monotonic() < end
        and request.transport is not None
        and not request.transport.is_closing()
    ):
        await asyncio.sleep(min(POLL_SECONDS, seconds))


def cut(request: web.Request) -> None:
    """End the connection at once, without an answer.

    Raises:
        ConnectionResetError: always, so that the handler ends too.
    """
    if request.transport is not None:
        request.transport.abort()
    raise ConnectionResetError
