"""Keeps all processes of one bot below the requests a second that Discord allows it."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

import aiohttp

ALLOWED: Final = 50.0  # requests a second of a bot, over all its processes and routes
SECOND: Final = 1 / 0.9  # in which they are made here, since the way to Discord takes now longer and now shorter
SMOOTH: Final = 5.0  # requests a second below which they go one by one, not a second's at once

# Not counted by Discord: answers to people, who wait for them.
_EXEMPT: Final = ("/interactions/", "/webhooks/")


class Pace:
    """Holds a request back until this process may make it; those who wait go in order.

    `part` is what this process has of what all of them may do: it may change at any time.
    """

    def __init__(
        self,
        *,
        part: Callable[[], float] = lambda: 1.0,
        passed: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.part = part
        self._passed, self._sleep = passed, sleep
        self._made: deque[float] = deque(maxlen=int(ALLOWED))
        self._queue = asyncio.Lock()

    async def wait(self) -> None:
        """Wait for a request's turn."""
        async with self._queue:
            while (wait := self._left()) > 0:
                await self._sleep(wait)
            self._made.append(self._passed())

    def _left(self) -> float:
        """In how many seconds another request may be made."""
        rate = ALLOWED * self.part()
        most, within = (int(rate), SECOND) if rate >= SMOOTH else (1, SECOND / rate)
        if len(self._made) < most:
            return 0
        return self._made[-most] + within - self._passed()

    def watch(self, trace: aiohttp.TraceConfig, *, api: str) -> None:
        """Have every request of a session wait that goes to the API and is counted there."""

        async def wait(_: aiohttp.ClientSession, __: object, starting: aiohttp.TraceRequestStartParams) -> None:
            path = str(starting.url)
            if path.startswith(api) and not path.removeprefix(api).startswith(_EXEMPT):
                await self.wait()

        trace.on_request_start.append(wait)
