"""What people wrote to the operator, until the operator has had it and it is old, or its person wants it gone."""

from datetime import datetime

from bot.domain import Note
from bot.domain.row import millis
from bot.errors import TooMuchFeedback
from bot.store.database import Database, Transaction


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

    async def note(self, key: str) -> Note | None:
        """One note."""
        row = await self._database.transact(lambda tx: tx.one("SELECT * FROM feedback WHERE id = $1", key))
        return Note.from_row(row) if row else None

    async def not_yet_told(self, *, most: int) -> list[Note]:
        """What the operator has not had yet, the oldest first."""
        rows = await self._database.transact(
            lambda tx: tx.all(
                "SELECT * FROM feedback WHERE told_at IS NULL AND user_id <> 0 ORDER BY at LIMIT $1", most
            )
        )
        return [Note.from_row(row) for row in rows]

    async def begin_posting(self, note: Note, *, at: datetime) -> None:
        """Write that its message may be in its channel from that moment on, by Discord's clock."""
        await self._database.transact(
            lambda tx: tx.execute(
                "UPDATE feedback SET channel_id = $2, "
                "posting_at = CASE WHEN channel_id = $2 THEN coalesce(posting_at, $3) ELSE $3 END WHERE id = $1",
                *(note.key, note.channel_id, millis(at)),
            )
        )

    async def mark_told(self, key: str, *, message_id: int | None, now: datetime) -> None:
        """The operator has it, in this message."""
        await self._database.transact(
            lambda tx: tx.execute(
                "UPDATE feedback SET told_at = coalesce(told_at, $2), message_id = $3 WHERE id = $1",
                *(key, millis(now), message_id),
            )
        )

    async def unwanted(self, *, most: int) -> list[Note]:
        """Notes without a person, whose messages are still to be deleted."""
        rows = await self._database.transact(
            lambda tx: tx.all("SELECT * FROM feedback WHERE user_id = 0 ORDER BY at LIMIT $1", most)
        )
        return [Note.from_row(row) for row in rows]

    async def forget(self, note: Note) -> None:
        """Delete a note."""
        await self._database.transact(lambda tx: tx.execute("DELETE FROM feedback WHERE id = $1", note.key))
