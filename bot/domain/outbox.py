"""Describes the outbox: what the bot still has to post or take away, item by item, and how long each is tried."""

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Self

from bot.domain import backoff
from bot.domain.row import Row, from_millis
from bot.values import dataclass

TRIES: Final = 200  # of one item, unless its kind says otherwise: about a day
WAIT_CAP: Final = 600.0  # seconds at the most between two tries


class OutboxKind(StrEnum):
    """Says what an item is about, and where that goes."""

    AUDIT = "audit"  # a change that somebody made: the guild's audit channel
    BUDGET = "budget"  # a share of a budget that is used: the operator, and the guild's audit
    CASE = "case"  # a case, posted and then edited as it changes: whoever decides it
    COVER = "cover"  # a reported video, whose files are to be covered, or not any more, wherever they were posted
    DECISION = "decision"  # what became of a request for more credits: its member's direct messages
    FEEDBACK = "feedback"  # what somebody wrote to the operator
    GALLERY = "gallery"  # a copy of a video with stars enough: its guild's gallery
    DELETED = "deleted"  # that a moderator has deleted a video: its author's direct messages
    GRANT = "grant"  # that an admin has given somebody credits: their direct messages
    REMOVAL = "removal"  # a deleted video, whose messages have to go
    WELCOME = "welcome"  # who the bot is, and how to set it up: a channel of a guild that it is new in
    REPOST = "repost"  # a video posted again by its people: looked for where that broke off


@dataclass(frozen=True, kw_only=True, slots=True)
class OutboxItem:
    """Describes one thing to post, or one that was posted and may have to be edited or taken away.

    It is due (`due_at`) until it is done or `given_up`, with the reason. The process that claims it
    (`claimed_by`) has it alone until `claimed_until`; `attempts` counts the claims since it was last announced. Its
    message may be in `channel_id` (of a decision: the person's id; of a budget: 0) from `posting_at` on, by Discord's
    clock; with `message_id` it is there, and `unwanted` it has to go. `bucket` says which process sees to it: that of
    its channel or person, else of its guild, else the operator's.
    """

    kind: OutboxKind
    subject_id: str
    created_at: datetime
    job_id: str | None = None
    guild_id: int | None = None
    channel_id: int | None = None
    due_at: datetime | None = None
    claimed_until: datetime | None = None
    bucket: int = 0
    claimed_by: str | None = None
    attempts: int = 0
    posting_at: datetime | None = None
    message_id: int | None = None
    unwanted: bool = False
    given_up: str | None = None

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """Read the item of a database row: times as integer milliseconds."""
        times = ("created_at", "due_at", "claimed_until", "posting_at")
        plain = (
            *("subject_id", "job_id", "guild_id", "channel_id", "bucket", "claimed_by", "attempts", "message_id"),
            "given_up",
        )
        return cls(
            **{name: row[name] for name in plain},
            **{name: from_millis(row[name]) for name in times},
            kind=OutboxKind(row["kind"]),
            unwanted=bool(row["unwanted"]),
        )


def wait_after(attempts: int, *, lost: bool, tries: int = TRIES, rand: Callable[[], float]) -> timedelta | None:
    """Compute the wait after the `attempts`-th failure; None gives it up: its place is `lost`, or it had its tries."""
    if lost or attempts >= tries:
        return None
    return backoff.delay(attempts, rand=rand, cap=WAIT_CAP)
