"""Keeps when each periodic task is due, in the database: neither restarts nor other processes repeat or skip one."""

from datetime import datetime, timedelta

from bot.domain import millis
from bot.store.database import Database, Transaction


class PeriodicTaskStore:
    """Keeps when the periodic tasks of one database are due."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take(self, name: str, *, now: datetime, every: timedelta) -> bool:
        """Say whether a task is due and the caller's to do; it is due again after `every`.

        A due time further away than that is a clock that has jumped back, and counts as due.
        """

        async def work(tx: Transaction) -> bool:
            next_at = millis(now + every)
            if await tx.execute(
                "INSERT INTO chores (name, due_at) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING", name, next_at
            ):
                return True
            taken = await tx.execute(
                "UPDATE chores SET due_at = $3 WHERE name = $1 AND (due_at <= $2 OR due_at > $3)",
                name,
                millis(now),
                next_at,
            )
            return taken == 1

        return await self._database.transact(work)

    async def again(self, name: str, *, at: datetime) -> None:
        """Make a task that went wrong due again at that time."""
        await self._database.transact(
            lambda tx: tx.execute("UPDATE chores SET due_at = $2 WHERE name = $1", name, millis(at))
        )
