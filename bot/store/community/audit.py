"""The record of what admins and moderators changed, written in the transaction of the change itself."""

import json
from datetime import datetime

from bot.domain import AuditEntry, Row, from_millis, millis
from bot.store.database import Database, Transaction


async def record(tx: Transaction, entry: AuditEntry) -> bool:
    """Write an entry, once; whether it was new."""
    return (
        await tx.execute(
            "INSERT INTO audit (id, guild_id, actor_id, action, detail, at) VALUES ($1, $2, $3, $4, $5, $6) "
            "ON CONFLICT (id) DO NOTHING",
            entry.id,
            entry.guild_id,
            entry.actor_id,
            entry.action,
            json.dumps(dict(entry.detail), ensure_ascii=False, sort_keys=True),
            millis(entry.at),
        )
        > 0
    )


class AuditStore:
    """Reads the record, and keeps in mind what the audit channels have been told."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def note(self, entry: AuditEntry) -> None:
        """Write an entry of something that nobody changed; see `record`."""
        await self._database.transact(lambda tx: record(tx, entry))

    async def of_guild(self, guild_id: int, *, most: int) -> list[AuditEntry]:
        """A guild's latest entries, the newest first."""
        return await self._all("SELECT * FROM audit WHERE guild_id = $1 ORDER BY at DESC LIMIT $2", guild_id, most)

    async def not_yet_told(self, *, most: int) -> list[AuditEntry]:
        """The entries that no channel has been told, the oldest first."""
        return await self._all("SELECT * FROM audit WHERE told_at IS NULL ORDER BY at LIMIT $1", most)

    async def mark_told(self, entry_id: str, *, now: datetime) -> None:
        """A channel has it, or there is none to tell."""
        await self._database.transact(
            lambda tx: tx.execute(
                "UPDATE audit SET told_at = $2 WHERE id = $1 AND told_at IS NULL", entry_id, millis(now)
            )
        )

    async def _all(self, sql: str, *values: object) -> list[AuditEntry]:
        rows = await self._database.transact(lambda tx: tx.all(sql, *values))
        return [_entry(row) for row in rows]


def _entry(row: Row) -> AuditEntry:
    return AuditEntry(
        id=row["id"],
        guild_id=row["guild_id"],
        actor_id=row["actor_id"],
        action=row["action"],
        detail=json.loads(row["detail"]),
        at=from_millis(row["at"]),
    )
