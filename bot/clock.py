"""Tells the present: by the wall clock, or by the clock the bot runs by. Only whoever builds the bot reads either."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from bot.errors import StoreError

log = logging.getLogger(__name__)

MEASURE: Final = 60.0  # seconds between two questions for the database's time
LOOK: Final = 1.0  # seconds between two looks at the clocks of this machine
LEAP: Final = timedelta(minutes=2)  # a clock that is off by less does no harm, and a restart takes that long
_ASKED: Final = 3  # times for each measurement, of which the quickest answer counts
_UNEVEN: Final = 0.5  # seconds by which the clocks of a machine that did not sleep, and was not set, agree


def utc_now() -> datetime:
    """Tell the present by the wall clock, aware."""
    return datetime.now(UTC)


class SteadyClock:
    """Tells the present for whatever is written down or waited for; goes on evenly, whatever the wall clock does.

    A wall clock is set: by hand, by a time server, when a machine wakes up. Whoever can make up for such a leap
    asks how far the two are `apart`, and has this one `follow`. `wall` and `monotonic` (seconds) are the seams for
    tests.
    """

    def __init__(
        self, *, wall: Callable[[], datetime] = utc_now, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._wall, self._monotonic = wall, monotonic
        self._start, self._started = wall(), monotonic()

    def __call__(self) -> datetime:
        """Tell the present, aware."""
        return self._start + timedelta(seconds=self._monotonic() - self._started)

    def lead(self) -> timedelta:
        """Tell how far ahead the wall clock is."""
        return self._wall() - self()

    def catch_up(self) -> None:
        """Show from now on what the wall clock shows."""
        self._start, self._started = self._wall(), self._monotonic()

    async def measure(self) -> None:
        """Do nothing: the wall clock can be looked at at any time."""


def since_boot() -> float:
    """Tell the seconds since the machine was started, also those that it slept through where it counts them."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class DatabaseClock:
    """Tells the present by the database's clock, so that it is the same in every process, whatever a machine's shows.

    The database is asked now and then (`ask`), and time goes on evenly from its answer. Where that has leapt, whoever
    can make up for it asks how far (`lead`), as of a `SteadyClock`. `measure` once before anything else. `wall` and
    `monotonic` (seconds) are this machine's own, looked at only to notice that one was set or it slept.
    """

    def __init__(
        self,
        ask: Callable[[], Awaitable[datetime]],
        *,
        wall: Callable[[], datetime] = utc_now,
        monotonic: Callable[[], float] = since_boot,
    ) -> None:
        self._ask, self._wall, self._monotonic = ask, wall, monotonic
        self._start, self._started = wall(), monotonic()
        self._lead = timedelta(0)
        self._measured = False

    def __call__(self) -> datetime:
        """Tell the present, aware."""
        return self._start + timedelta(seconds=self._monotonic() - self._started)

    def lead(self) -> timedelta:
        """Tell how far ahead the database's clock was when it was asked last."""
        return self._lead

    def catch_up(self) -> None:
        """Show from now on what the database's clock shows."""
        self._start, self._lead = self._start + self._lead, timedelta(0)

    async def measure(self) -> None:
        """Ask the database for the time, and follow it, unless it has leapt.

        Raises:
            StoreUnavailable: it does not answer.
        """
        apart = min([await self._compare() for _ in range(_ASKED)])[1]
        self._lead = apart
        if abs(apart) <= LEAP or not self._measured:
            self.catch_up()
        self._measured = True

    async def run(self, *, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        """Measure now and then, for ever, and at once where the clocks of this machine show that it slept."""
        measured_at, uneven = self._monotonic(), self._unevenness()
        while True:
            await sleep(LOOK)
            if abs(self._unevenness() - uneven) < _UNEVEN and self._monotonic() - measured_at < MEASURE:
                continue
            try:
                await self.measure()
            except StoreError as exc:
                log.warning("the database does not tell the time", extra={"detail": str(exc)})
            else:
                measured_at, uneven = self._monotonic(), self._unevenness()

    async def _compare(self) -> tuple[float, timedelta]:
        """Ask once: in how many seconds the answer came, and how far ahead of this clock it was half way there."""
        before = self._monotonic()
        at = await self._ask()
        took = self._monotonic() - before
        return took, at + timedelta(seconds=took / 2) - self()

    def _unevenness(self) -> float:
        """Tell by how many seconds the clocks of this machine differ."""
        return self._wall().timestamp() - self._monotonic()
