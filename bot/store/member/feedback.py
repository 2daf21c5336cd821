"""Keeps what people wrote to the operator, until they have had it and it is old, or its person wants it gone."""

from datetime import datetime

from bot.domain import Note, OutboxKind, millis
from bot.errors import TooMuchFeedback
from bot.store.database import Store, Transaction, transaction
from bot.store.locks import feedback_of
from bot.store.outbox import announce


class FeedbackStore(Store):
    """Keeps the feedback in one database. Every method is one transaction and may raise `StoreUnavailable`."""

    @transaction
    async def keep(  # a row's columns and its limit
        self,
        tx: Transaction,
        text: str,
        *,
        key: str,
        user_id: int,
        guild_id: int | None,
        now: datetime,
        most: int,
        since: datetime,
    ) -> bool:
        """Keep a text once, for the operator to be told; say whether it is new.

        Raises:
            TooMuchFeedback: the person has written `most` since then.
        """
        await tx.alone(feedback_of(user_id))
        new = await tx.execute(
            "INSERT INTO feedback (id, user_id, guild_id, body, at) VALUES ($1, $2, $3, $4, $5) "
            "ON CONFLICT (id) DO NOTHING",
            *(key, user_id, guild_id, text, millis(now)),
        )
        row = await tx.one("SELECT count(*) AS n FROM feedback WHERE user_id = $1 AND at > $2", user_id, millis(since))
        if new and row and row["n"] > most:
            raise TooMuchFeedback(limit=most)
        if new:
            await announce(tx, OutboxKind.FEEDBACK, key, now=now)
        return new == 1

    @transaction
    async def note(self, tx: Transaction, key: str) -> Note | None:
        """Read one note."""
        row = await tx.one("SELECT * FROM feedback WHERE id = $1", key)
        return Note.from_row(row) if row else None

    @transaction
    async def not_yet_told(self, tx: Transaction) -> int:
        """Count how much the operator has not had yet."""
        row = await tx.one(
            "SELECT count(*) AS n FROM outbox WHERE kind = 'feedback' AND due_at IS NOT NULL AND unwanted = 0"
        )
        return int(row["n"]) if row else 0
