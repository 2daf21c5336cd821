"""Every trouble there is: each kind of fault of the sandbox at each step that it can strike, and a machine's own."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from sandbox.faults import MATCHES

OFTEN: Final = {"once": 1, "thrice": 3, "lasting": 1_000_000}  # how many calls a fault strikes
MACHINE: Final = ("killed -9", "paused", "clock an hour ahead", "clock an hour back")

_MODELS: Final = {"kirin": "kirin_v3_t2v", "kling": "kling-v1"}
_EVERYWHERE: Final = frozenset({"http_500", "http_429", "timeout", "reset", "malformed_json", "slow"})
_BRIEFLY: Final[dict[str, dict[str, Any]]] = {"timeout": {"seconds": 1}, "slow": {"seconds": 0.5}}


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """What goes wrong, at which step of whom. `fault` is how the sandbox is told; a machine's troubles have none."""

    target: str
    step: str
    kind: str
    fault: dict[str, Any] = field(default_factory=dict, compare=False)

    @property
    def model(self) -> str:
        """The model to ask for, so that the trouble is met."""
        return _MODELS.get(self.target, _MODELS["kirin"])


def troubles() -> Iterator[Trouble]:
    """List all troubles, in the order of the table."""
    for target in _MODELS:
        yield from _of_provider(target)
    yield from _of_discord()
    yield from (Trouble(target="bot", step="any moment", kind=kind) for kind in MACHINE)


def _of_provider(target: str) -> Iterator[Trouble]:
    for step in ("create", "query", "file"):
        for kind, calls in MATCHES["provider"].items():
            if step in calls or (step == "file" and kind in _EVERYWHERE):
                yield _aimed(target, step, kind, on=[step])


def _of_discord() -> Iterator[Trouble]:
    for kind, calls in MATCHES["discord"].items():
        if "message" in calls:
            yield _aimed("discord", "post of the card", kind, on=["message"])
            yield _aimed("discord", "post of the video", kind, on=["message"], after=1)
    for step, call in {"answer": "callback", "edit of a message": "edit"}.items():
        for kind in sorted(_EVERYWHERE):
            yield _aimed("discord", step, kind, on=[call])
    yield _aimed("discord", "connection", "gateway_drop")


def _aimed(target: str, step: str, kind: str, **more: Any) -> Trouble:
    fault = {"target": target, "kind": kind, **_BRIEFLY.get(kind, {}), **more}
    return Trouble(target=target, step=step, kind=kind, fault=fault)
