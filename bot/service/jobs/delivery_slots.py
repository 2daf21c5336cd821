"""Limits how many deliveries are under way at once: so many in all, and of those only a few to one channel."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from weakref import WeakValueDictionary

CROWDED: Final = 4  # so many times those under way may wait for their turn; the others come back later


class DeliverySlots:
    """Gives `most` places in all and `each` to one channel, so that one that hangs holds up nobody else's videos."""

    def __init__(self, *, most: int, each: int) -> None:
        self._most, self._each = most, each
        self._free = asyncio.Semaphore(most)
        self._channels: WeakValueDictionary[int, asyncio.Semaphore] = WeakValueDictionary()
        self._there: Counter[int] = Counter()  # under way or waiting, by channel

    def crowded(self, channel_id: int) -> bool:
        """Tell whether so many are under way or waiting, in all or for a channel, that one more should come later."""
        return self._there.total() >= self._most * CROWDED or self._there[channel_id] >= self._each * CROWDED

    @asynccontextmanager
    async def of(self, channel_id: int) -> AsyncIterator[None]:
        """Hold a place, as soon as one is free. Who waits for a channel takes up nobody's place meanwhile."""
        self._there[channel_id] += 1
        try:
            async with self._channel(channel_id), self._free:
                yield
        finally:
            self._there[channel_id] -= 1
            self._there += Counter()  # forget the channels without any

    def _channel(self, channel_id: int) -> asyncio.Semaphore:
        turns = self._channels.get(channel_id)
        if turns is None:
            turns = self._channels[channel_id] = asyncio.Semaphore(self._each)
        return turns
