"""Tells the time, and makes ids from it."""

import itertools
import time
from collections.abc import Callable, Container
from datetime import UTC, datetime

DISCORD_EPOCH_MS = 1_420_070_400_000


class Clock:
    """Tells the sandbox's time: a source of seconds since 1970, which can be put forward."""

    def __init__(self, source: Callable[[], float] = time.time) -> None:
        self._source = source
        self._ahead = 0.0

    def now(self) -> float:
        """Tell the seconds since 1970."""
        return self._source() + self._ahead

    def advance(self, seconds: float) -> None:
        """Put the clock forward."""
        self._ahead += seconds

    def stamp(self, at: float | None = None) -> str:
        """Write a time as Discord does, for example `2026-01-31T12:00:00.123000+00:00`; now unless given."""
        moment = datetime.fromtimestamp(self.now() if at is None else at, tz=UTC)
        return moment.isoformat(timespec="microseconds")


class Snowflakes:
    """Makes Discord's ids: milliseconds since 2015 above 22 bits, never the same twice and always rising."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0

    def __call__(self) -> str:
        """Make the next id."""
        milliseconds = int(self._clock.now() * 1000) - DISCORD_EPOCH_MS
        self._last = max(self._last + 1, milliseconds << 22)
        return str(self._last)

    @staticmethod
    def moment(snowflake: str) -> float:
        """Tell when an id was made, in seconds since 1970."""
        return ((int(snowflake) >> 22) + DISCORD_EPOCH_MS) / 1000

    def of_shard(self, number: int, count: int, *, besides: Container[str] = ()) -> str:
        """Make the id of a guild, somewhat older, whose events go to this shard of so many."""
        milliseconds = int(self._clock.now() * 1000) - DISCORD_EPOCH_MS
        newest = milliseconds - (milliseconds - number) % count
        ids = (str((newest - older) << 22) for older in itertools.count(count, count))
        return next(each for each in ids if each not in besides)
