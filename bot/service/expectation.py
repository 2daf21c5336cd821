"""How long jobs take, from the bot's own history, remembered for a minute."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from bot.domain import eta
from bot.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.domain.eta import Forecast
    from bot.domain.request import VideoRequest
    from bot.store.lookup import Lookup

FRESH: Final = timedelta(minutes=1)

log = logging.getLogger(__name__)


class Expectation:
    """Answers how long the provider will work on a request."""

    def __init__(self, *, lookup: Lookup, clock: Callable[[], datetime]) -> None:
        self._lookup, self._clock = lookup, clock
        self._known: dict[str, tuple[datetime, list[float]]] = {}

    async def of(self, request: VideoRequest) -> timedelta:
        """The usual time of requests like this one; see `forecast`."""
        return (await self.forecast(request)).usual

    async def forecast(self, request: VideoRequest) -> Forecast:
        """The usual and the late time of requests like this one; a first guess where the database does not answer."""
        key, now = eta.likeness(request), self._clock()
        known = self._known.get(key)
        if known is None or abs(now - known[0]) > FRESH:
            try:
                known = self._known[key] = now, await self._lookup.durations(request)
            except StoreError as exc:
                log.info("no history to guess by", extra={"detail": str(exc)})
                known = now, []
        return eta.forecast(request, known[1])
