"""How values come from database rows: by column name, times as integer milliseconds since 1970."""

from datetime import UTC, datetime, timedelta
from typing import Any, Protocol


class Row(Protocol):
    """A database row."""

    def __getitem__(self, key: str, /) -> Any:
        """The value of a column."""
        ...


def millis(moment: datetime) -> int:
    """An aware time as the database keeps it."""
    return round(moment.timestamp() * 1000)


def millis_of(span: timedelta) -> int:
    """A span of time as the database keeps it."""
    return round(span.total_seconds() * 1000)


def from_millis(value: int | None) -> Any:
    """The aware UTC time of a database value; None stays None."""
    return None if value is None else datetime.fromtimestamp(value / 1000, tz=UTC)
