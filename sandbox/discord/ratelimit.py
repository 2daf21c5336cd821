"""Limits rates: a bucket for each route and major parameter, one limit for all, and the ban for bad manners."""

import hashlib
import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.discord.clock import Clock
from sandbox.discord.errors import REFUSALS

GLOBAL_A_SECOND = 50
INVALID_REQUESTS = 10_000
INVALID_SECONDS = 600
_MAJOR = ("channel_id", "guild_id", "webhook_id", "webhook_token", "interaction_id", "interaction_token")
# (method, route) → requests and seconds; everything else has the default.
_LIMITS: dict[tuple[str, str], tuple[int, float]] = {
    ("POST", "/channels/{channel_id}/messages"): (5, 5),
    ("PATCH", "/channels/{channel_id}/messages/{message_id}"): (5, 5),
    ("DELETE", "/channels/{channel_id}/messages/{message_id}"): (5, 1),
    ("GET", "/channels/{channel_id}/messages"): (5, 1),
    ("POST", "/channels/{channel_id}/typing"): (5, 5),
    ("PUT", "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me"): (4, 1),
    ("POST", "/users/@me/channels"): (10, 10),
    ("POST", "/webhooks/{webhook_id}/{webhook_token}"): (5, 2),
    ("PATCH", "/webhooks/{webhook_id}/{webhook_token}/messages/@original"): (5, 2),
    ("PATCH", "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}"): (5, 2),
    ("PUT", "/applications/{application_id}/commands"): (5, 20),
    ("PUT", "/applications/{application_id}/guilds/{guild_id}/commands"): (5, 20),
}
_DEFAULT = (30, 5.0)
_UNLIMITED = ("POST", "/interactions/{interaction_id}/{interaction_token}/callback")
VIA = {"Via": "1.1 google"}


class Limited(Exception):
    """A request too many: wait this long. `scope` is user, shared, global, or banned (an answer without `Via`)."""

    def __init__(
        self, retry_after: float, *, scope: str, headers: Mapping[str, str] | None = None, code: int = 0
    ) -> None:
        super().__init__(retry_after, scope)
        self.code = code
        self.retry_after = retry_after
        self.scope = scope
        self.headers: dict[str, str] = {**(headers or {}), "Retry-After": str(math.ceil(retry_after))}
        if scope == "global":
            self.headers["X-RateLimit-Global"] = "true"
        if scope != "banned":
            self.headers |= {"X-RateLimit-Scope": scope, **VIA}

    def body(self) -> dict[str, object]:
        """Write the JSON answer."""
        wait = round(self.retry_after, 3)
        words = REFUSALS[self.code][1] if self.code else "You are being rate limited."
        return {"message": words, "code": self.code, "retry_after": wait, "global": self.scope == "global"}


@dataclass(slots=True)
class _Window:
    """A fixed window of one bucket."""

    ends: float = 0.0
    left: int = 0


class RateLimits:
    """Counts the bot's requests."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._windows: dict[tuple[str, ...], _Window] = {}
        self._all = _Window()
        self._invalid: deque[float] = deque(maxlen=INVALID_REQUESTS)

    def take(self, method: str, route: str, path: Mapping[str, str]) -> dict[str, str]:
        """Count one request and give the `X-RateLimit-*` headers of its answer (none for a first answer).

        Raises:
            Limited: the bucket is empty, or the 50 a second of all routes are (interactions are exempt).
        """
        now = self._clock.now()
        self._refuse_banned(now)
        if not route.startswith(("/interactions/", "/webhooks/")):
            self._take_global(now)
        if (method, route) == _UNLIMITED:
            return {}
        limit, seconds = _LIMITS.get((method, route), _DEFAULT)
        key = (method, route, *(path.get(name, "") for name in _MAJOR))
        window = self._windows.setdefault(key, _Window())
        if now >= window.ends:
            window.ends, window.left = now + seconds, limit
        after = window.ends - now
        headers = {
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(max(window.left - 1, 0)),
            "X-RateLimit-Reset": f"{window.ends:.3f}",
            "X-RateLimit-Reset-After": f"{after:.3f}",
            "X-RateLimit-Bucket": hashlib.md5(f"{method} {route}".encode()).hexdigest(),  # noqa: S324 - a name
        }
        if window.left <= 0:
            raise Limited(after, scope="user", headers=headers)
        window.left -= 1
        return headers

    def _take_global(self, now: float) -> None:
        if now >= self._all.ends:
            self._all.ends, self._all.left = now + 1, GLOBAL_A_SECOND
        if self._all.left <= 0:
            raise Limited(self._all.ends - now, scope="global")
        self._all.left -= 1

    def _refuse_banned(self, now: float) -> None:
        full = len(self._invalid) == INVALID_REQUESTS
        if full and (left := self._invalid[0] + INVALID_SECONDS - now) > 0:
            raise Limited(left, scope="banned")

    def answered(self, status: int, *, shared: bool = False) -> None:
        """Count what Discord calls an invalid request: 401, 403, and 429 unless others caused it too."""
        if status in (401, 403, 429) and not shared:
            self._invalid.append(self._clock.now())

    def invalid(self) -> int:
        """How many invalid requests there were in the last ten minutes."""
        since = self._clock.now() - INVALID_SECONDS
        return sum(at > since for at in self._invalid)
