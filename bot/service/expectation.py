"""How long jobs take, from the bot's own history, remembered for a minute."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from bot.domain import eta

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.domain.request import VideoRequest
    from bot.store.lookup import Lookup

FRESH: Final = timedelta(minutes=1)


class Expectation:
    """Answers how long the provider will work on a request."""

    def __init__(self, *, lookup: Lookup, clock: Callable[[], datetime]) -> None:
        self._lookup, self._clock = lookup, clock
        self._known: dict[str, tuple[datetime, list[float]]] = {}

    async def of(self, request: VideoRequest) -> timedelta:
        """The usual time of requests like this one."""
        key, now = eta.likeness(request), self._clock()
        known = self._known.get(key)
        if known is None or now - known[0] > FRESH:
            known = self._known[key] = now, await self._lookup.durations(request)
        return eta.expected(request, known[1])
