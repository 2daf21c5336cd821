"""Keeps when each periodic task is due, in the database: neither restarts nor other processes repeat or skip one."""

from datetime import datetime, timedelta

from bot.domain import millis
from bot.store.database import Store, Transaction, transaction


class PeriodicTaskStore(Store):
    """Keeps when the periodic tasks of one database are due."""

    @transaction
    async def take(self, tx: Transaction, name: str, *, now: datetime, every: timedelta) -> bool:
        """Say whether a task is due and the caller's to do; it is due again after `every`.

        A due time further away than twice that is a clock that has jumped back, and counts as due; one that is only a
        little further was written by another process, a moment ago by its clock.
        """
        next_at = millis(now + every)
        if await tx.execute(
            "INSERT INTO chores (name, due_at) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING", name, next_at
        ):
            return True
        taken = await tx.execute(
            "UPDATE chores SET due_at = $3 WHERE name = $1 AND (due_at <= $2 OR due_at > $4)",
            name,
            millis(now),
            next_at,
            millis(now + 2 * every),
        )
        return taken == 1

    @transaction
    async def again(self, tx: Transaction, name: str, *, at: datetime) -> None:
        """Make a task that went wrong due again at that time."""
        await tx.execute("UPDATE chores SET due_at = $2 WHERE name = $1", name, millis(at))
