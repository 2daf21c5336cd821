"""What people wrote to the operator, until the operator has had it and it is old."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.domain.row import millis
from bot.errors import TooMuchFeedback

if TYPE_CHECKING:
    from datetime import datetime

    from bot.store.database import Database, Transaction


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """What somebody wrote, as it was typed."""

    key: str
    user_id: int
    guild_id: int | None
    text: str


class FeedbackStore:
    """The feedback in one database. Every method is one transaction and may raise `StoreUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(  # a row's columns and its limit
        self, text: str, *, key: str, user_id: int, guild_id: int | None, now: datetime, most: int, since: datetime
    ) -> bool:
        """Keep a text once; whether it is new.

        Raises:
            TooMuchFeedback: the person has written `most` since then.
        """

        async def work(tx: Transaction) -> bool:
            new = await tx.execute(
                "INSERT INTO feedback (id, user_id, guild_id, body, at) VALUES ($1, $2, $3, $4, $5) "
                "ON CONFLICT (id) DO NOTHING",
                *(key, user_id, guild_id, text, millis(now)),
            )
            row = await tx.one(
                "SELECT count(*) AS n FROM feedback WHERE user_id = $1 AND at > $2", user_id, millis(since)
            )
            if new and row and row["n"] > most:
                raise TooMuchFeedback(limit=most)
            return new == 1

        return await self._database.transact(work)

    async def untold(self, *, most: int) -> list[Note]:
        """What the operator has not had yet, the oldest first."""
        rows = await self._database.transact(
            lambda tx: tx.all("SELECT * FROM feedback WHERE told_at IS NULL ORDER BY at LIMIT $1", most)
        )
        return [Note(key=row["id"], user_id=row["user_id"], guild_id=row["guild_id"], text=row["body"]) for row in rows]

    async def told(self, key: str, *, now: datetime) -> None:
        """The operator has it."""
        await self._database.transact(
            lambda tx: tx.execute("UPDATE feedback SET told_at = $2 WHERE id = $1", key, millis(now))
        )
