"""Describes what a person sees of the ledger: what happened to their credits, the latest first."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.job import Job


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
