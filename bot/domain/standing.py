"""Describes how the bot stands, for those who run it: what is under way, what waits for a person, what was spent."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.case import Case
from bot.domain.outbox import OutboxItem
from bot.values import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Pile:
    """How many of something there are, and since when there is the oldest of them."""

    name: str
    count: int
    oldest_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """How long the jobs of some time waited for their service, and were made by it; None where there were none."""

    jobs: int
    waited: timedelta | None
    waited_most: timedelta | None
    made: timedelta | None
    made_most: timedelta | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How the bot, or one guild, stands at one moment: unfinished jobs by state, dead letters and cases by kind."""

    states: Sequence[Pile]
    dead_letters: Sequence[Pile]
    cases: Sequence[Pile]
    pace: Pace


@dataclass(frozen=True, kw_only=True, slots=True)
class Queue:
    """How many jobs wait for a video service, and how many it has; while it rests it gets none."""

    provider: str
    waiting: int
    at_work: int
    rests_until: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerBudget:
    """What this month's videos of a guild cost, in millionths of a USD; without a ceiling it is None."""

    guild_id: int
    ceiling: int | None
    held: int
    settled: int


@dataclass(frozen=True, kw_only=True, slots=True)
class JobTrail:
    """What is kept about a job beside its row: the cases about it, and what was posted of it, the earliest first."""

    cases: Sequence[Case]
    posts: Sequence[OutboxItem]


class SpendBy(StrEnum):
    """By what the spend is added up."""

    DAY = "day"  # of UTC
    SERVER = "server"
    MEMBER = "member"
    MODEL = "model"


@dataclass(frozen=True, kw_only=True, slots=True)
class SpendLine:
    """What some jobs cost, in millionths of a USD: as expected, and as services said (else as expected, too).

    `name` is a day (ISO 8601), an id of Discord's, or a model with its service; empty for what belongs to nobody.
    """

    name: str
    jobs: int
    failed: int
    credits: int
    estimated: int
    spent: int
