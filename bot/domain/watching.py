"""Says when to ask about many jobs in one question: as soon as those that may have ended have waited for long enough.

At a job's hazard nothing is better than to ask at a rate that grows with its root (see `bot.domain.polling`); about
several jobs in one question, with the root of all their hazards together. That is what comes of asking whenever the
time for which they are expected to have waited unnoticed, all together, has come to what a question is worth.
"""

from collections.abc import Iterable
from math import exp, inf, log
from typing import Final

from bot.domain.polling import OVERDUE, OVERDUE_MOST, OVERDUE_SHARE, PRICE, Spread

SHARED: Final = 3  # jobs that share the price of a question; more do not make it cheaper, and from
MANY: Final = 12  # on they make it dearer: each is asked about often enough then, with questions that are about many
REST: Final = 4.0  # times the shortest wait, between two questions about the same jobs; half of that is the usual delay
_CERTAIN: Final = 30.0  # as a logit
_MOMENT: Final = 0.01  # seconds, the shortest wait


class Watched:
    """A job that is asked about together with others, and how likely it is to have ended. Times are in seconds."""

    __slots__ = ("_earliest", "_left", "_middle", "_overdue", "_shape", "asked_at", "began_at", "rests_until")

    def __init__(self, spread: Spread, *, began_at: float) -> None:
        self._middle, self._shape, self._earliest = spread.middle, spread.shape, spread.earliest
        self._overdue = spread.moment(OVERDUE)
        self.began_at = began_at
        self.note_asked(began_at)

    def note_asked(self, now: float) -> None:
        """Note that it had not ended by now."""
        self.asked_at, self._left = now, self._odds(now - self.began_at)
        overdue = now - self.began_at - self._overdue
        self.rests_until = now + min(OVERDUE_SHARE * overdue, OVERDUE_MOST) if overdue > 0 else -inf

    @property
    def may_end_at(self) -> float:
        """The moment before which hardly any job has ended."""
        return self.began_at + self._earliest

    def waiting(self, now: float) -> float:
        """Expect for how long it has waited, ended and unnoticed: half the time since, as likely as it has ended."""
        since = now - max(self.asked_at, self.may_end_at)
        if since <= 0 or now < self.rests_until:
            return 0.0
        return since / 2 * (1 - self._left / self._odds(now - self.began_at))

    def _odds(self, age: float) -> float:
        """Compute one more than the odds that such a job has ended at an age."""
        if age <= self._earliest:
            return 1.0
        return 1 + exp(min(self._shape * log(age / self._middle), _CERTAIN))


def wait(watched: Iterable[Watched], *, now: float, least: float, most: float) -> float:
    """Tell after how many seconds to look again whether to ask; 0 is to ask now.

    `least` and `most` are the shortest and the longest wait between two questions about a job.
    """
    count, rested, unrested = 0, 0.0, 0.0
    begins = rested_in = over_in = inf
    for each in watched:
        waiting, since = each.waiting(now), now - each.asked_at
        begins = min(begins, each.may_end_at)
        count += now >= each.may_end_at
        over_in = min(over_in, most - since)
        if since >= REST * least:
            rested += waiting
        else:
            unrested, rested_in = unrested + waiting, min(rested_in, REST * least - since)
    price = PRICE / max(1, min(count, SHARED)) * max(1.0, count / MANY)
    if rested >= price or over_in <= 0:
        return 0.0
    if rested + unrested >= price:
        return max(_MOMENT, min(rested_in, least / 2))
    return max(_MOMENT, min(over_in, least / 2 if count else begins - now))
