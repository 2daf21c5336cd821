"""Records what admins and moderators change, in the transaction of the change itself."""

import json

from bot.domain import EVERYWHERE, AuditEntry, OutboxKind, Row, from_millis, millis
from bot.store.database import Store, Transaction, transaction
from bot.store.outbox import announce


async def record(tx: Transaction, entry: AuditEntry) -> bool:
    """Write an entry, once, and have its guild's audit channel told; say whether it was new."""
    new = await tx.execute(
        "INSERT INTO audit (id, guild_id, actor_id, action, detail, at) VALUES ($1, $2, $3, $4, $5, $6) "
        "ON CONFLICT (id) DO NOTHING",
        entry.id,
        entry.guild_id,
        entry.actor_id,
        entry.action,
        json.dumps(dict(entry.detail), ensure_ascii=False, sort_keys=True),
        millis(entry.at),
    )
    if new and entry.guild_id != EVERYWHERE:
        await announce(tx, OutboxKind.AUDIT, entry.id, guild_id=entry.guild_id, now=entry.at)
    return new > 0


async def recorded(tx: Transaction, entry: AuditEntry) -> bool:
    """Say whether an entry was written before: what it is about has happened."""
    return await tx.one("SELECT 1 FROM audit WHERE id = $1", entry.id) is not None


class AuditStore(Store):
    """Reads the audit of one database. Every method is one transaction and may raise `StoreUnavailable`."""

    @transaction
    async def note(self, tx: Transaction, entry: AuditEntry) -> None:
        """Write an entry that belongs to no change; see `record`."""
        await record(tx, entry)

    @transaction
    async def entry(self, tx: Transaction, entry_id: str) -> AuditEntry | None:
        """Read one entry."""
        row = await tx.one("SELECT * FROM audit WHERE id = $1", entry_id)
        return _entry(row) if row else None

    @transaction
    async def of_guild(self, tx: Transaction, guild_id: int, *, most: int) -> list[AuditEntry]:
        """Read a guild's latest entries, the newest first."""
        rows = await tx.all("SELECT * FROM audit WHERE guild_id = $1 ORDER BY at DESC LIMIT $2", guild_id, most)
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
