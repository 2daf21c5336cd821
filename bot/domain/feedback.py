"""What somebody wrote to the operator, and where the operator reads it."""

from dataclasses import dataclass
from datetime import datetime

from bot.domain.row import Row, from_millis


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """What somebody typed; `user_id` is 0 where they have had everything deleted since, and the message has to go too.

    `posting_at` is when its message was intended, in the channel `channel_id`.
    """

    key: str
    user_id: int
    guild_id: int | None
    text: str
    posting_at: datetime | None = None
    channel_id: int | None = None
    message_id: int | None = None

    @classmethod
    def from_row(cls, row: Row) -> "Note":
        """The note of a database row."""
        names = ("user_id", "guild_id", "channel_id", "message_id")
        posting_at = from_millis(row["posting_at"])
        return cls(key=row["id"], text=row["body"], posting_at=posting_at, **{name: row[name] for name in names})
