"""Keeps the figures of the whole bot for a few seconds, however often they are asked for."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from bot.domain.figures import Figures
from bot.store.figures import FigureStore

FRESH: Final = timedelta(seconds=5)


class RecentFigures:
    """Reads the figures when they are asked for and the last are old."""

    def __init__(self, *, store: FigureStore, clock: Callable[[], datetime]) -> None:
        self._store, self._clock = store, clock
        self._alone = asyncio.Lock()
        self._last: tuple[datetime, Figures] | None = None

    async def read(self) -> Figures:
        """Give the figures of a few seconds ago at the most.

        Raises:
            StoreUnavailable: the database refuses.
        """
        async with self._alone:
            now = self._clock()
            if self._last is None or not timedelta(0) <= now - self._last[0] < FRESH:
                self._last = now, await self._store.read()
            return self._last[1]
