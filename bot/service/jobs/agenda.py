"""Remembers what the worker has to look at next, and when: looking at everything after each step costs too much."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

# At least between two looks for what has become due or has ended: what does so meanwhile is claimed in one transaction.
GATHER: Final = timedelta(milliseconds=20)


class Agenda:
    """The moments at which there is something to look at. As long as nothing is known of them, it is now.

    `queues` says that a waiting job may have room at its provider, as far as anybody here knows.
    """

    def __init__(self, *, woken: asyncio.Event, clock: Callable[[], datetime]) -> None:
        self._woken, self._clock = woken, clock
        self._due_at: datetime | None = (
            None  # of the next job that has left the queues; None where that has to be asked
        )
        self._until: datetime | None = None  # when nothing of this holds any more
        self._sleep: asyncio.Timeout | None = None
        self.queues = True

    def forget(self) -> None:
        """Have everything looked at in the next round."""
        self._due_at, self._until, self.queues = None, None, True

    @property
    def known(self) -> bool:
        """Say whether it is known when the next job becomes due."""
        return self._due_at is not None

    def begin(self) -> None:
        """Begin a round: forget what holds no longer."""
        if self._woken.is_set() or self._until is None or self._clock() >= self._until:
            self.forget()
        self._woken.clear()

    def plan(self, until: datetime) -> None:
        """Expect that nothing becomes due until then, but for what is noted from now on.

        What was to be looked at earlier still is: whoever plans anew at each job would never come to the queues.
        """
        self._due_at = until
        self.expire_by(until)

    def expire_by(self, moment: datetime) -> None:
        """Have everything looked at by that moment."""
        self._until = moment if self._until is None else min(self._until, moment)

    def note_due(self, moment: datetime) -> None:
        """Note when a job becomes due."""
        if self._due_at is not None:
            self._due_at = min(self._due_at, moment)
        self._wake_by(moment)

    def note_room(self) -> None:
        """Note that a job has left its provider, or is there for certain: another may go."""
        self.queues = True
        self._wake_by(self._clock())

    def is_due(self, now: datetime) -> bool:
        """Say whether a job is due, or nobody knows."""
        return self._due_at is None or self._due_at <= now

    def pause(self, now: datetime, *, most: timedelta) -> timedelta:
        """Compute how long there is nothing to do."""
        if self.queues or self._due_at is None or self._until is None:
            return GATHER
        return max(GATHER, min(most, self._due_at - now, self._until - now))

    async def sleep(self, pause: timedelta) -> None:
        """Sleep so long, or until something is noted before that, or somebody wakes the worker."""
        # Not `wait_for`: that may take a cancellation for the news, up to Python 3.11.
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause.total_seconds()) as self._sleep:
                    await self._woken.wait()
        finally:  # jobs end, and are noted, after the worker was stopped in its sleep
            self._sleep = None

    def _wake_by(self, moment: datetime) -> None:
        if self._sleep is None or self._sleep.expired():
            return
        at = asyncio.get_running_loop().time() + max(GATHER, moment - self._clock()).total_seconds()
        if at < (self._sleep.when() or at):
            self._sleep.reschedule(at)
