"""Describes what people see of the ledger, and what those who run a guild see of its jobs and of what was used."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from bot.domain.job import Job
from bot.domain.quota import Unit
from bot.values import dataclass


class Kind(StrEnum):
    """What a line of the ledger is."""

    HOLD = "hold"  # a request was accepted: its price is reserved
    SETTLE = "settle"  # its video is theirs: what was reserved is spent
    RELEASE = "release"  # there will be no video: what was reserved is free again
    GRANT = "grant"  # an admin gave credits, or took some back
    GIFT = "gift"  # one member gave credits to another


@dataclass(frozen=True, kw_only=True, slots=True)
class StatementEntry:
    """One line of the ledger, as it changed what a person had left.

    `amount` is in credits: below nothing where they had less after it; for a `SETTLE` it is what was spent, which had
    been taken before. `other_id` is who gave a gift, or was given it.
    """

    kind: Kind
    amount: int
    at: datetime
    job: Job | None = None
    other_id: int | None = None
    note: str = ""


NOBODY: Final = 0  # stands for people of whom nothing but amounts is known any more


class JobFilter(StrEnum):
    """Which jobs of a guild to list."""

    LATEST = "latest"
    WAITING = "waiting"  # for a moderator, or in the queue
    RUNNING = "running"  # at a provider, or on their way into a channel
    DEAD = "dead"  # dead letters
    EVERYWHERE = "everywhere"  # the dead letters of all guilds and direct messages: the operator's


@dataclass(frozen=True, kw_only=True, slots=True)
class UsageTotals:
    """How much was used: money in millionths of a USD.

    `videos` reached somebody, `failed` will never be, `credits` were paid by members. `estimated` is what we expected
    the billed ones to cost, `charged` what the books say that they did.
    """

    videos: int = 0
    failed: int = 0
    credits: int = 0
    estimated: int = 0
    charged: int = 0

    def __add__(self, other: "UsageTotals") -> "UsageTotals":
        """Add both together."""
        return UsageTotals(
            videos=self.videos + other.videos,
            failed=self.failed + other.failed,
            credits=self.credits + other.credits,
            estimated=self.estimated + other.estimated,
            charged=self.charged + other.charged,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class MemberDay:
    """What one member used on one day of the guild's calendar."""

    day: date
    user_id: int
    used: UsageTotals


@dataclass(frozen=True, kw_only=True, slots=True)
class PriceDrift:
    """How far off our estimates for a model are, over the videos whose provider said what it charged.

    `estimated` and `reported` are in millionths of a USD, over `priced` videos; `units` are in the provider's own unit,
    over `metered` ones.
    """

    provider: str
    model: str
    priced: int = 0
    estimated: int = 0
    reported: int = 0
    metered: int = 0
    units: Decimal = Decimal(0)

    @property
    def share(self) -> float:
        """Compute what was reported beyond the estimate, as a share of it; 0 where nothing was estimated."""
        return (self.reported - self.estimated) / self.estimated if self.estimated else 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class LedgerEntry:
    """A line of a job's in the ledger: what it changed in which account, in the account's unit."""

    at: datetime
    owner: str
    kind: Kind
    unit: Unit
    held: int
    settled: int
