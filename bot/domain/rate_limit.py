"""Limits how often one person may have something done that costs others time."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from bot.errors import TooOften

CROWD: Final = 1000  # people remembered before those who may go on are forgotten


class RateLimit:
    """Lets each person do something `times` within `span`. This process alone remembers, so a restart begins anew."""

    def __init__(self, *, times: int, span: timedelta, clock: Callable[[], datetime]) -> None:
        self._times, self._span, self._clock = times, span, clock
        self._done: dict[int, list[datetime]] = {}

    def take(self, user_id: int) -> None:
        """Count one more.

        Raises:
            TooOften: the person has to wait; nothing was counted.
        """
        self.check(user_id)
        self.count(user_id)

    def check(self, user_id: int) -> None:
        """Refuse a person who may not do it now.

        Raises:
            TooOften: they have to wait.
        """
        done = self._lately(user_id)
        if len(done) >= self._times:
            raise TooOften(again_at=done[0] + self._span)

    def count(self, user_id: int) -> None:
        """Count what a person has done."""
        now = self._clock()
        self._done[user_id] = [*self._lately(user_id), now]
        if len(self._done) > CROWD:
            self._done = {who: when for who, when in self._done.items() if now - when[-1] < self._span}

    def _lately(self, user_id: int) -> list[datetime]:
        return [when for when in self._done.get(user_id, ()) if self._clock() - when < self._span]
