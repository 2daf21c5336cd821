"""Tells the present: by the wall clock, or by the clock the bot runs by. Only whoever builds the bot reads either."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


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
