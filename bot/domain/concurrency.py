"""Limits how many videos are made at once, and computes from that when a waiting one begins."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from heapq import heapreplace

from bot.domain.job import Job


@dataclass(frozen=True, kw_only=True, slots=True)
class RunningLimits:
    """The most jobs that providers work on: for each provider, person, queue (a guild's, say), and all together."""

    per_provider: int
    per_user: int
    per_guild: int
    total: int


@dataclass(frozen=True, kw_only=True, slots=True)
class QueuePlace:
    """A waiting job's places, from 1: among its author's own in that queue, in the queue, and at its provider."""

    own: int
    queue: int
    provider: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """A waiting job's place, and what it waits for.

    `at_work` are the jobs that providers work on now, `running_limit` the limit of the guild's own. While it is
    `paused` nothing begins.
    """

    place: QueuePlace
    at_work: tuple[Job, ...] = ()
    running_limit: int | None = None
    paused: bool = False

    def without(self, job: Job) -> "Waiting":
        """Leave out the job itself, which may have been taken from the queue a moment ago."""
        return replace(self, at_work=tuple(each for each in self.at_work if each.id != job.id))


def begins_at(place: int, *, ends: Sequence[datetime], slots: int, each: timedelta, now: datetime) -> datetime:
    """Compute when the job at a place (from 1) begins, with so many slots, of which some are free again at `ends`.

    Those in front are taken to need as long as `each`, and to take the first slot that is free.
    """
    free = sorted([*(max(end, now) for end in ends), *([now] * (slots - len(ends)))])
    del free[
        : max(0, len(ends) - slots)
    ]  # more than the slots, where the limit was lowered: the first to end leave no room
    before, last = place - 1, free[-1]
    while before and free[0] + each < last:
        heapreplace(free, free[0] + each)
        before -= 1
    rounds, slot = divmod(before, slots)  # from here on every slot is taken once a round
    return sorted(free)[slot] + rounds * each
