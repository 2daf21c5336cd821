"""How much a person may use: an allowance a period, and what is left of it. Periods are days, by UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from bot.domain.row import Row


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """One person's credits in one guild (or in direct messages) in one period."""

    owner: str
    period: str
    allowance: int
    held: int = 0
    settled: int = 0

    @property
    def balance(self) -> int:
        """What can still be held; never below zero, even when the allowance was cut meanwhile."""
        return max(0, self.allowance - self.held - self.settled)

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """The account of a database row."""
        return cls(**{name: row[name] for name in cls.__dataclass_fields__})


def owner_of(*, user_id: int, guild_id: int | None) -> str:
    """Whose account pays: a member of a guild, or a person in direct messages."""
    return f"user:{user_id}@{f'guild:{guild_id}' if guild_id else 'dm'}"


def period_of(now: datetime) -> str:
    """The period that a moment lies in, named by its day: `2026-11-22`."""
    return now.astimezone(UTC).date().isoformat()


def renews_at(now: datetime) -> datetime:
    """When the next period begins."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today + timedelta(days=1)
