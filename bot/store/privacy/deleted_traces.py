"""Overwrites what the database's files still hold of deleted rows: owed in a deletion's transaction, done after it."""

import time
from collections.abc import Awaitable, Callable
from typing import Final

from bot.store.database import Database, Transaction

REST: Final = 100  # times as long as overwriting took, until it is done again: all others wait meanwhile
_OWED: Final = "traces: owed"  # among the periodic tasks, the number of deletions since they were last overwritten


async def owe_overwrite(tx: Transaction) -> None:
    """Note that something was deleted which nobody may find any more."""
    await tx.execute(
        "INSERT INTO chores (name, due_at) VALUES ($1, 1) ON CONFLICT (name) DO UPDATE SET due_at = chores.due_at + 1",
        _OWED,
    )


class TraceStore:
    """Overwrites the traces in one database; `purge` does it, and says whether nobody kept it from that.

    `seconds` is a clock that never leaps.
    """

    def __init__(
        self, database: Database, *, purge: Callable[[], Awaitable[bool]], seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._database, self._purge, self._seconds = database, purge, seconds
        self._rests_until = float("-inf")

    async def overwrite(self) -> None:
        """Overwrite what is owed. What a crash or a reader keeps it from is owed still.

        The larger the file, the longer it rests between two times: it takes one hundredth of the time at most.

        Raises:
            StoreUnavailable: the database refuses.
        """
        if (began := self._seconds()) < self._rests_until:
            return
        row = await self._database.transact(lambda tx: tx.one("SELECT due_at FROM chores WHERE name = $1", _OWED))
        if row is not None and await self._purge():
            ended = self._seconds()
            self._rests_until = ended + REST * (ended - began)
            owed = row["due_at"]
            await self._database.transact(  # unless more came meanwhile
                lambda tx: tx.execute("DELETE FROM chores WHERE name = $1 AND due_at = $2", _OWED, owed)
            )
