"""Keeps who may sign in to the operator's page, and who is signed in, by hashes: the database knows no secret."""

from datetime import datetime, timedelta

from bot.domain import AuditEntry, Row, millis
from bot.domain.visitor import Lifetimes, Visitor
from bot.store.community.audit import record
from bot.store.database import Store, Transaction, transaction


class PageSessionStore(Store):
    """The links and sessions of one database. Every method is one transaction and may raise `StoreUnavailable`."""

    @transaction
    async def add_link(self, tx: Transaction, entry: AuditEntry, *, link: str, locale: str, until: datetime) -> None:
        """Keep a link of whoever acts in an entry, for its guild, in place of the earlier ones; and write the entry."""
        await tx.execute("DELETE FROM page_links WHERE user_id = $1 AND guild_id = $2", entry.actor_id, entry.guild_id)
        await tx.execute(
            "INSERT INTO page_links (hash, user_id, guild_id, locale, expires_at) VALUES ($1, $2, $3, $4, $5)",
            *(link, entry.actor_id, entry.guild_id, locale, millis(until)),
        )
        await record(tx, entry)

    @transaction
    async def use_link(
        self, tx: Transaction, link: str, *, session: str, entry_id: str, now: datetime, lifetimes: Lifetimes
    ) -> Visitor | None:
        """Make a session of a link, which is used up by that, and write it into the audit; None where it is over."""
        row = await tx.one("DELETE FROM page_links WHERE hash = $1 AND expires_at > $2 RETURNING *", link, millis(now))
        if row is None:
            return None
        visitor = _visitor(row)
        await tx.execute(
            "INSERT INTO page_sessions (hash, user_id, guild_id, locale, used_at, expires_at) "
            "VALUES ($1, $2, $3, $4, $5, $6)",
            *(session, visitor.user_id, visitor.guild_id, visitor.locale, millis(now), millis(now + lifetimes.whole)),
        )
        await record(tx, _entry(visitor, entry_id, "page_signed_in", now))
        return visitor

    @transaction
    async def visitor(
        self, tx: Transaction, session: str, *, now: datetime, idle: timedelta, used: bool
    ) -> Visitor | None:
        """Read whose session that is, and where it is `used` begin its idle time anew; None where it is over."""
        lives = "hash = $1 AND expires_at > $2 AND used_at > $3"
        query = f"SELECT * FROM page_sessions WHERE {lives}"  # noqa: S608 (constants)
        if used:
            query = f"UPDATE page_sessions SET used_at = $2 WHERE {lives} RETURNING *"  # noqa: S608 (constants)
        row = await tx.one(query, session, millis(now), millis(now - idle))
        return _visitor(row) if row else None

    @transaction
    async def end(self, tx: Transaction, session: str, *, action: str, entry_id: str, now: datetime) -> bool:
        """End a session, and write into the audit how; say whether it was there."""
        row = await tx.one("DELETE FROM page_sessions WHERE hash = $1 RETURNING *", session)
        if row is not None:
            await record(tx, _entry(_visitor(row), entry_id, action, now))
        return row is not None

    @transaction
    async def forget(self, tx: Transaction, *, now: datetime) -> int:
        """Forget the links and sessions that are over, and count them."""
        links = await tx.execute("DELETE FROM page_links WHERE expires_at <= $1", millis(now))
        return links + await tx.execute("DELETE FROM page_sessions WHERE expires_at <= $1", millis(now))


def _visitor(row: Row) -> Visitor:
    return Visitor(user_id=row["user_id"], guild_id=row["guild_id"], locale=row["locale"])


def _entry(visitor: Visitor, entry_id: str, action: str, now: datetime) -> AuditEntry:
    return AuditEntry(id=entry_id, guild_id=visitor.guild_id, actor_id=visitor.user_id, action=action, at=now)
