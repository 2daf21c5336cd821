"""Keeps what gateway processes settle among themselves: whose session begins next, and who sends the commands."""

from datetime import datetime, timedelta
from enum import Enum, auto

from bot.domain import from_millis, millis, millis_of
from bot.store.database import Store, Transaction, transaction
from bot.store.locks import COMMANDS


class Sending(Enum):
    """Whether commands have to be sent to Discord."""

    DONE = auto()  # it has them
    OURS = auto()  # the caller sends them now
    THEIRS = auto()  # another process is sending them


class GatewayStore(Store):
    """Keeps it in one database. Every method is one transaction and may raise `StoreUnavailable`."""

    @transaction
    async def take_turn(
        self, tx: Transaction, bucket: int, *, now: datetime, pause: timedelta, patience: timedelta
    ) -> datetime | None:
        """Take the next turn in a bucket of shards, a `pause` after the one before; None if it is too far away."""
        row = await tx.one(
            "INSERT INTO session_turns (bucket, free_at) VALUES ($1, CAST($2 AS BIGINT) + $3) ON CONFLICT (bucket) "
            "DO UPDATE SET free_at = $3 + CASE WHEN session_turns.free_at > $2 THEN session_turns.free_at ELSE $2 END "
            "WHERE session_turns.free_at <= $4 RETURNING free_at",
            bucket,
            millis(now),
            millis_of(pause),
            millis(now + patience),
        )
        return None if row is None else from_millis(row["free_at"]) - pause

    @transaction
    async def begin_sending(
        self, tx: Transaction, guild_id: int, digest: str, *, again: bool, now: datetime, until: datetime
    ) -> Sending:
        """Say whether commands of this digest have to be sent, and claim it; `again`: also if that was done before."""
        await tx.alone(COMMANDS)
        row = await tx.one("SELECT digest, sending_until FROM synced_commands WHERE guild_id = $1", guild_id)
        if row is not None and row["sending_until"] > millis(now):
            return Sending.THEIRS
        if row is not None and row["digest"] == digest and not again:
            return Sending.DONE
        await tx.execute(
            "INSERT INTO synced_commands (guild_id, digest, sending_until) VALUES ($1, '', $2) "
            "ON CONFLICT (guild_id) DO UPDATE SET sending_until = excluded.sending_until",
            guild_id,
            millis(until),
        )
        return Sending.OURS

    @transaction
    async def end_sending(self, tx: Transaction, guild_id: int, *, digest: str) -> None:
        """Note what commands Discord has now; an empty digest where it is not known."""
        await tx.execute(
            "UPDATE synced_commands SET digest = $2, sending_until = 0 WHERE guild_id = $1", guild_id, digest
        )
