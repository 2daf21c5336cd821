"""Describes what somebody wrote to the operator."""

from bot.domain.row import Row
from bot.values import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """A text that somebody typed, and where they were; the key is that of the interaction."""

    key: str
    user_id: int
    guild_id: int | None
    text: str

    @classmethod
    def from_row(cls, row: Row) -> "Note":
        """Read the note of a database row."""
        return cls(key=row["id"], user_id=row["user_id"], guild_id=row["guild_id"], text=row["body"])
