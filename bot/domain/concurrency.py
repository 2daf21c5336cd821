"""Limits how many videos are made at once, and computes from that when a waiting one begins."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from heapq import heapreplace
from typing import Any

from bot.domain.job import Job
from bot.domain.request import VideoRequest
from bot.values import dataclass, replace


@dataclass(frozen=True, kw_only=True, slots=True)
class RunningLimits:
    """The most jobs that providers work on: for each provider, person, queue (a guild's, say), and all together.

    `abreast` submissions to one provider are on their way at once: so many are in doubt when it breaks, not all that
    wait.
    """

    per_provider: int
    per_user: int
    per_guild: int
    total: int
    abreast: int = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class QueuePlace:
    """A waiting job's places, from 1: among its author's own in that queue, in the queue, and at its provider."""

    own: int
    queue: int
    provider: int


@dataclass(frozen=True, kw_only=True, slots=True)
class JobAtWork:
    """A job that its provider works on, since `submitted_at`; `request` is its own, or one that takes as long."""

    id: str
    request: VideoRequest
    submitted_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkLine:
    """The jobs at work that take the places under one limit: how many, and those of them that began first.

    Where there are few, `first` is all of them.
    """

    count: int = 0
    first: tuple[JobAtWork, ...] = ()

    def without(self, job: Job) -> "WorkLine":
        """Leave out a job."""
        first = tuple(each for each in self.first if each.id != job.id)
        return WorkLine(count=self.count - (len(self.first) - len(first)), first=first)


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """A waiting job's place, and what it waits for.

    Each running limit has its line of jobs at work: all of them, those at the job's provider, in its queue, and of its
    author. `running_limit` is the limit of the guild's own. While it is `paused` nothing begins.
    """

    place: QueuePlace
    everywhere: WorkLine
    at_provider: WorkLine
    in_queue: WorkLine
    of_user: WorkLine
    running_limit: int | None = None
    paused: bool = False

    def without(self, job: Job) -> "Waiting":
        """Leave out the job itself, which may have been taken from the queue a moment ago."""
        names = ("everywhere", "at_provider", "in_queue", "of_user")
        lines: dict[str, Any] = {name: getattr(self, name).without(job) for name in names}
        return replace(self, **lines)


def begins_at(
    place: int, *, ends: Sequence[datetime], count: int, slots: int, each: timedelta, now: datetime
) -> datetime:
    """Compute when the job at a place (from 1) begins, with so many slots, of which `count` are taken.

    `ends` says when those that began first leave them. Those in front are taken to need as long as `each`, and to take
    the first slot that is free.
    """
    if place <= slots - count:
        return now
    free = sorted([*(max(end, now) for end in ends), *([now] * (slots - count))])
    last, over = free[-1] if free else now, max(0, count - slots)
    del free[:over]  # the limit was lowered: the first to end leave no room
    if count > len(ends):
        behind = max(0, over - len(ends))  # of those that leave no room, the ones that are not known
        return _begins_among_many(place + behind, free, last=last, slots=slots, each=each)
    before = place - 1
    while before and free[0] + each < last:
        heapreplace(free, free[0] + each)
        before -= 1
    rounds, slot = divmod(before, slots)  # from here on every slot is taken once a round
    return sorted(free)[slot] + rounds * each


def _begins_among_many(place: int, free: list[datetime], *, last: datetime, slots: int, each: timedelta) -> datetime:
    """Compute when a job begins where only those slots are known that are `free` until `last`.

    From then on all slots together are taken to be free once in `each`, one after the other.
    """
    before = place - 1
    while before and free and free[0] <= last:
        heapreplace(free, free[0] + each)
        before -= 1
    return free[0] if free and free[0] <= last else last + each * (before + 1) / slots
