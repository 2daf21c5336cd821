"""Watches the clock: one that leaps, or went on while nobody was there, ends no job and holds none up."""

import logging
from datetime import datetime, timedelta
from typing import Final, Protocol

from bot.clock import LEAP
from bot.store.heartbeat import HeartbeatStore

log = logging.getLogger(__name__)

BEAT: Final = timedelta(seconds=15)  # between two signs of life


class Clock(Protocol):
    """Tells everybody the present, which goes on evenly, and follows a wall clock that doesn't."""

    def __call__(self) -> datetime:
        """Tell the present, aware."""
        ...

    def lead(self) -> timedelta:
        """Tell how far ahead the wall clock is."""
        ...

    def catch_up(self) -> None:
        """Show from now on what the wall clock shows."""
        ...

    async def measure(self) -> None:
        """Look at the wall clock, where that is somebody else's who has to be asked."""
        ...


class ClockWatch:
    """Moves everything that is waited for along when the clock leaps: only time that the bot has lived through counts.

    No wait but a moderator's (`review`) is longer than `longest`: what is due later is due now.
    """

    def __init__(self, *, heartbeats: HeartbeatStore, clock: Clock, longest: timedelta, review: timedelta) -> None:
        self._heartbeats, self._clock, self._longest, self._review = heartbeats, clock, longest, review
        self._beaten_at: datetime | None = None

    async def recover(self) -> bool:
        """Leave out, at start, the time that no process has lived through, by moving along whatever is waited for.

        Whether there was any.

        Raises:
            StoreUnavailable: the database refuses.
        """
        away = await self._heartbeats.resume(now=self._clock(), leap=LEAP)
        if away is not None:
            log.info("time has passed without the bot", extra={"seconds": away.total_seconds()})
        await self._beat()
        return away is not None

    async def check(self) -> bool:
        """Look whether the clock has leapt, and make up for it; to be called often. Whether it had.

        Raises:
            StoreUnavailable: the database refuses.
        """
        leap = self._clock.lead()
        if abs(leap) > LEAP:
            # First the rows: a step that reads the new time must not find the old ones.
            await self._heartbeats.shift(leap, now=self._clock() + leap, leap=LEAP)
            self._clock.catch_up()
            log.warning("the clock has leapt", extra={"seconds": leap.total_seconds()})
        now = self._clock()
        if self._beaten_at is None or not timedelta(0) <= now - self._beaten_at < BEAT:
            await self._beat()
        return abs(leap) > LEAP

    async def _beat(self) -> None:
        late = await self._heartbeats.beat(now=self._clock(), longest=self._longest, review=self._review, leap=LEAP)
        if late is None:  # nobody could say for long that the bot lives; or the others have seen the clock leap
            await self._clock.measure()
            if abs(self._clock.lead()) > LEAP:
                return
            late = await self._heartbeats.beat(now=self._clock(), longest=self._longest, review=self._review)
        self._beaten_at = self._clock()
        if late:
            log.warning("jobs were due later than ever is waited", extra={"jobs": late})
