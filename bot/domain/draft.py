"""Describes unfinished work that somebody may go on with later."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self

from bot.domain.row import Row, from_millis
from bot.values import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """An unfinished request of somebody's. `body` is JSON of the kind's own shape; `version` counts its changes."""

    id: str
    user_id: int
    guild_id: int | None
    kind: str
    body: Mapping[str, Any]
    version: int
    updated_at: datetime

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """Read the draft of a database row."""
        return cls(
            id=row["id"],
            user_id=row["user_id"],
            guild_id=row["guild_id"],
            kind=row["kind"],
            body=json.loads(row["body"]),
            version=row["version"],
            updated_at=from_millis(row["updated_at"]),
        )
