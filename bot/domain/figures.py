"""Describes what the database shows of the whole bot at a glance: how much is under way, or waits."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from bot.values import dataclass, field


class Stage(StrEnum):
    """Where a job that has not ended stands."""

    REVIEW = "review"  # a moderator has to decide about it, before or after it is made
    QUEUED = "queued"  # it waits for its provider
    AT_WORK = "at_work"  # its provider has it, or is about to get it
    DELIVERY = "delivery"  # it is made, and not posted yet


@dataclass(frozen=True, kw_only=True, slots=True)
class Crowd:
    """How many there are, and since when the oldest is."""

    count: int = 0
    oldest: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """This month's budget of the whole bot, in millionths of a USD."""

    ceiling: int
    held: int
    settled: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """What one look at the database has shown.

    `stages` are the jobs that have not ended, `waiting` those in the queue of each provider and `at_work` those that it
    has; `dead_letters` are by reason, `outbox` by kind, and `processes` by role; `rests` say until when a provider gets
    nothing, and `budget` is there where it has a ceiling.
    """

    stages: Mapping[Stage, Crowd] = field(default_factory=dict)
    waiting: Mapping[str, int] = field(default_factory=dict)
    at_work: Mapping[str, int] = field(default_factory=dict)
    dead_letters: Mapping[str, Crowd] = field(default_factory=dict)
    outbox: Mapping[str, Crowd] = field(default_factory=dict)
    rests: Mapping[str, datetime] = field(default_factory=dict)
    processes: Mapping[str, int] = field(default_factory=dict)
    budget: Budget | None = None
