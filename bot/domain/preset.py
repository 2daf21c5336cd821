"""Describes named settings: a person's own, or shared with a guild."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self

from bot.domain.row import Row, from_millis
from bot.values import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Preset:
    """Named settings of a kind. What `body` holds is JSON of the kind's own shape.

    `user_id` is the author; `guild_id` is 0 where it is not shared.
    """

    id: str
    kind: str
    user_id: int
    guild_id: int
    shared: bool
    name: str
    body: Mapping[str, Any]
    uses: int
    updated_at: datetime

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """Read the preset of a database row."""
        plain = {name: row[name] for name in ("id", "kind", "user_id", "guild_id", "name", "uses")}
        return cls(
            **plain,
            shared=bool(row["shared"]),
            body=json.loads(row["body"]),
            updated_at=from_millis(row["updated_at"]),
        )

    def visible_to(self, user_id: int, *, guild_id: int | None) -> bool:
        """Say whether a person may use the preset there."""
        return self.user_id == user_id or (self.shared and self.guild_id == guild_id)
