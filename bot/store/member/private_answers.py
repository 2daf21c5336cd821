"""Keeps how private answers can be edited, sealed, for as long as Discord takes edits and no longer."""

from datetime import datetime

from bot.domain import Row, from_millis, millis
from bot.store.database import Store, Transaction, transaction
from bot.values import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """A sealed answer, and until when Discord takes edits of it, by its clock."""

    sealed: str
    expires_at: datetime


class PrivateAnswerStore(Store):
    """The private answers of one database, by the idempotency key of what was asked for, in Discord's time."""

    @transaction
    async def keep(self, tx: Transaction, key: str, *, user_id: int, sealed: str, expires_at: datetime) -> None:
        """Keep a person's answer, in place of an earlier one for the same key."""
        await tx.execute(
            "INSERT INTO private_answers (idempotency_key, user_id, sealed, expires_at) VALUES ($1, $2, $3, $4) "
            "ON CONFLICT (idempotency_key) DO UPDATE SET user_id = excluded.user_id, sealed = excluded.sealed, "
            "expires_at = excluded.expires_at",
            *(key, user_id, sealed, millis(expires_at)),
        )

    @transaction
    async def read(self, tx: Transaction, key: str, *, now: datetime) -> Kept | None:
        """Read an answer that can still be edited; None where there is none."""
        query = "SELECT * FROM private_answers WHERE idempotency_key = $1 AND expires_at > $2"
        return _kept(await tx.one(query, key, millis(now)))

    @transaction
    async def take(self, tx: Transaction, key: str, *, now: datetime) -> Kept | None:
        """Take an answer out, for its last edit; None where there is none that can be edited."""
        query = "DELETE FROM private_answers WHERE idempotency_key = $1 AND expires_at > $2 RETURNING *"
        return _kept(await tx.one(query, key, millis(now)))

    @transaction
    async def forget(self, tx: Transaction, *, now: datetime) -> int:
        """Forget the answers that can be edited no more, and count them."""
        return await tx.execute("DELETE FROM private_answers WHERE expires_at <= $1", millis(now))


def _kept(row: Row | None) -> Kept | None:
    return Kept(sealed=row["sealed"], expires_at=from_millis(row["expires_at"])) if row else None
