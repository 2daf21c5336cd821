"""Remembers choices of people, channels and guilds, as one JSON object each."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.domain import millis
from bot.store.database import Store, Transaction, transaction


def of_user(user_id: int) -> str:
    """Name the scope of a person."""
    return f"user:{user_id}"


def of_channel(channel_id: int) -> str:
    """Name the scope of a channel."""
    return f"channel:{channel_id}"


def of_guild(guild_id: int) -> str:
    """Name the scope of a guild."""
    return f"guild:{guild_id}"


class PreferenceStore(Store):
    """Keeps the choices in one database. Every method is one transaction and may raise `StoreUnavailable`."""

    async def read(self, scopes: Sequence[str]) -> dict[str, Any]:
        """Read the choices of several scopes as one object; where two say something, the later scope wins."""
        return {name: value for layer in await self.layers(scopes) for name, value in layer.items()}

    @transaction(snapshot=True)
    async def layers(self, tx: Transaction, scopes: Sequence[str]) -> list[dict[str, Any]]:
        """Read the choices of each of several scopes, as they were at one moment."""
        rows = [await tx.one("SELECT body FROM preferences WHERE scope = $1", scope) for scope in scopes]
        return [json.loads(row["body"]) if row else {} for row in rows]

    @transaction
    async def change(self, tx: Transaction, scope: str, changes: Mapping[str, Any], *, now: datetime) -> dict[str, Any]:
        """Set choices, and forget those that are set to None; give back the scope's choices afterwards."""
        # The row first, so that two changes at once wait for each other and neither is lost.
        await tx.execute(
            "INSERT INTO preferences (scope, body, updated_at) VALUES ($1, '{}', $2) ON CONFLICT (scope) "
            "DO UPDATE SET updated_at = excluded.updated_at",
            scope,
            millis(now),
        )
        row = await tx.one("SELECT body FROM preferences WHERE scope = $1", scope)
        merged = {**(json.loads(row["body"]) if row else {}), **changes}
        body = {name: value for name, value in merged.items() if value is not None}
        await tx.execute(
            "UPDATE preferences SET body = $2 WHERE scope = $1", scope, json.dumps(body, ensure_ascii=False)
        )
        return body
