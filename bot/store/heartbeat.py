"""Keeps the moments that are waited for and measured from true, where the clock of the machine leaps."""

from datetime import datetime, timedelta
from typing import Final

from bot.clock import LEAP
from bot.domain import from_millis, millis, millis_of
from bot.store.database import Store, Transaction, transaction
from bot.store.locks import HEARTBEAT, MANY_JOBS

# Of what nobody has closed yet; what is over stays where it was.
_WAITED_FOR: Final = (
    "UPDATE jobs SET due_at = due_at + $1, deadline_at = deadline_at + $1 WHERE due_at IS NOT NULL",
    "UPDATE jobs SET submitted_at = submitted_at + $1, finished_at = finished_at + $1 WHERE due_at IS NOT NULL",
    "UPDATE outbox SET due_at = due_at + $1, claimed_until = claimed_until + $1 WHERE due_at IS NOT NULL",
)
# One process follows the clock's leap before another does, and until then they disagree about who has a lease.
# Whoever has another time than the last sign of life claims nothing.
OTHER_TIME: Final = f"EXISTS (SELECT 1 FROM heartbeat WHERE id = 1 AND abs(at - {{now}}) > {millis_of(LEAP)})"  # noqa: S608 (constants)
_REVIEWED: Final = "(status = 'pending' OR coalesce(review, '') = 'held')"


class HeartbeatStore(Store):
    """Writes the heartbeat, and shifts moments. Every method is one transaction and may raise `StoreUnavailable`."""

    @transaction
    async def last_alive(self, tx: Transaction) -> datetime | None:
        """Read when the bot last said that it lives; None where it never has."""
        return await _last(tx)

    @transaction
    async def resume(self, tx: Transaction, *, now: datetime, leap: timedelta) -> timedelta | None:
        """Write, at start, that the bot lives; leave out the time that no process has lived through, and return it.

        That is where the last sign of life is further away than a `leap`. Of several that start at once one does so.
        """
        await tx.alone(HEARTBEAT)
        last = await _last(tx)
        away = None if last is None or abs(now - last) <= leap else now - last
        if away is not None:
            await _shift(tx, away)
        await _beat(tx, now)
        return away

    @transaction
    async def beat(
        self, tx: Transaction, *, now: datetime, longest: timedelta, review: timedelta, leap: timedelta | None = None
    ) -> int | None:
        """Write that the bot lives; count the jobs that were due later than is ever waited, and make them due.

        The waits are at most `longest`, and `review` where a moderator is waited for. None, and nothing is done, where
        the last sign of life is further away than a `leap`: another process has another time.
        """
        await tx.alone(HEARTBEAT)
        last = await _last(tx)
        if leap is not None and last is not None and abs(now - last) > leap:
            return None
        await _beat(tx, now)
        await tx.alone(MANY_JOBS)
        late, latest = millis(now + longest), millis(now + review)
        pull = "UPDATE jobs SET due_at = $1 WHERE due_at > $2 AND due_at IS NOT NULL AND "
        return sum(
            [
                await tx.execute(f"{pull} status = 'queued'", millis(now), late),
                await tx.execute(f"{pull} status <> 'queued' AND NOT {_REVIEWED}", millis(now), late),
                await tx.execute(f"{pull} status <> 'queued' AND {_REVIEWED}", latest, latest),
            ]
        )

    @transaction
    async def shift(self, tx: Transaction, by: timedelta, *, now: datetime, leap: timedelta) -> None:
        """Move whatever is waited for, or measured from, along with a clock that has leapt by so much, to `now`.

        Unless another process has: there was a sign of life within a `leap` of that time.
        """
        await tx.alone(HEARTBEAT)
        last = await _last(tx)
        if last is None or abs(now - last) > leap:
            await _shift(tx, by)
        await _beat(tx, now)


async def _shift(tx: Transaction, by: timedelta) -> None:
    await tx.alone(MANY_JOBS)
    for sql in _WAITED_FOR:
        await tx.execute(sql, millis_of(by))


async def _last(tx: Transaction) -> datetime | None:
    row = await tx.one("SELECT at FROM heartbeat")
    found: datetime | None = from_millis(row["at"]) if row else None
    return found


async def _beat(tx: Transaction, now: datetime) -> None:
    await tx.execute(
        "INSERT INTO heartbeat (id, at) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET at = excluded.at", millis(now)
    )
