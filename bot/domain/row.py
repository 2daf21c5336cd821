"""Converts values of database rows: by column name, times as integer milliseconds since 1970."""

from datetime import UTC, datetime, timedelta
from typing import Any, Protocol


class Row(Protocol):
    """A database row."""

    def __getitem__(self, key: str, /) -> Any:
        """Give the value of a column."""
        ...


def millis(moment: datetime) -> int:
    """Convert an aware time to what the database keeps."""
    return round(moment.timestamp() * 1000)


def millis_of(span: timedelta) -> int:
    """Convert a span of time to what the database keeps."""
    return round(span.total_seconds() * 1000)


def from_millis(value: int | None) -> Any:
    """Convert a database value to its aware UTC time; None stays None."""
    return None if value is None else datetime.fromtimestamp(value / 1000, tz=UTC)
