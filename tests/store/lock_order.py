"""A database that watches in which order each transaction locks, and refuses one that breaks the order of all.

The order stands in `bot.store.locks`. Two transactions that keep it never wait for each other's locks.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from bot.domain import Row
from bot.domain.quota import budget_of
from bot.store import locks
from bot.store.database import SchemaDatabase, Transaction

T = TypeVar("T")

_NAMES: Final = (
    *(locks.SCHEMA, locks.PROCESSES, locks.HEARTBEAT, locks.COMMANDS, locks.CLAIMS, locks.FORGETTING),
    *("requests:", locks.MANY_JOBS),
)
_RANKS: Final = {
    "guilds": 1,
    "jobs": 2,
    "accounts": 3,
    "ledger": 3,
    "budget_alerts": 4,
    "turnstiles": 5,
    "queues": 6,
    "turns": 6,
    "at_work": 7,
    "provider_rests": 8,
    "strikes": 9,
    "members": 9,
    "cases": 10,
    "reports": 10,
    "audit": 11,
    "chores": 12,
}
# Rows that a transaction adds under a key of its own: nobody else knows them, so nobody waits for them.
_OWN: Final = ("INSERT INTO ledger", "INSERT INTO audit", "INSERT INTO reports", "INSERT INTO cases")
_ONE_ROW: Final = re.compile(r"(?:UPDATE|DELETE FROM) (?:jobs|cases) .*WHERE id = \$1|(?:UPDATE|DELETE FROM) guilds ")
_WRITES: Final = re.compile(r"(?:INSERT INTO|UPDATE|DELETE FROM) (\w+)")


class OutOfOrderError(AssertionError):
    """A transaction locks what others may hold while they wait for what it holds itself."""


@dataclass
class InOrder:
    """Watches every transaction of a database."""

    inner: SchemaDatabase
    skip_locked: str = ""

    def __post_init__(self) -> None:
        self.skip_locked = self.inner.skip_locked

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def schema(self, statements: Sequence[str]) -> Sequence[str]:
        return self.inner.schema(statements)

    async def transact(self, work: Callable[[Transaction], Awaitable[T]], *, snapshot: bool = False) -> T:
        return await self.inner.transact(lambda tx: work(_Watched(tx)), snapshot=snapshot)


@dataclass
class _Watched:
    inner: Transaction
    names: list[str] = field(default_factory=list)
    rank: int = 0
    last: str = ""
    rows: set[tuple[str, object]] = field(default_factory=set)
    accounts: set[tuple[Any, ...]] = field(default_factory=set)

    async def all(self, sql: str, *values: object) -> Sequence[Row]:
        self._note(sql, values)
        return await self.inner.all(sql, *values)

    async def one(self, sql: str, *values: object) -> Row | None:
        self._note(sql, values)
        return await self.inner.one(sql, *values)

    async def execute(self, sql: str, *values: object) -> int:
        self._note(sql, values)
        changed = await self.inner.execute(sql, *values)
        self._demand_few(sql, changed)
        return changed

    async def alone(self, name: str) -> None:
        if self.rank or (self.names and _place(self.names[-1]) > _place(name)):
            raise OutOfOrderError(f"the lock {name!r} after {self.last or self.names[-1]!r}")
        self.names.append(name)
        await self.inner.alone(name)

    def _note(self, sql: str, values: tuple[object, ...]) -> None:
        if locks.SCHEMA in self.names or sql.startswith(_OWN) or (found := _WRITES.match(sql)) is None:
            return
        table = found[1]
        if table == "outbox":  # after what it is about; whatever is about to come is no earlier than that
            self.rank = max(self.rank, 4 if values[:1] == ("budget",) else 10)
            return
        rank = _RANKS.get(table)
        if rank is None:
            return
        if sql.startswith(("INSERT INTO jobs", "INSERT INTO guilds")) or _ONE_ROW.search(sql):
            row = (table, values[0] if values else None)
            if row in self.rows:  # its own already
                return
            self.rows.add(row)
        if rank < self.rank:
            raise OutOfOrderError(f"{table} after {self.last}")
        if table == "accounts" and values:
            self._demand_order(values)
        self.rank, self.last = rank, table

    def _demand_order(self, values: tuple[object, ...]) -> None:
        """Accounts are locked by name, the bot's budget last; what is locked already may be changed in any order."""
        account = (values[0] == budget_of(None), *values[:2])
        if self.accounts and account not in self.accounts and account < max(self.accounts):
            raise OutOfOrderError(f"the account {values[0]} after {max(self.accounts)[1]}")
        self.accounts.add(account)

    def _demand_few(self, sql: str, rows: int) -> None:
        if rows > 1 and sql.startswith("UPDATE jobs") and locks.MANY_JOBS not in self.names:
            raise OutOfOrderError("several jobs, without the lock of those who change several")


def _place(name: str) -> int:
    """Where a named lock stands in their order; those of one count each are after all others, and alone."""
    return next((place for place, each in enumerate(_NAMES) if name.startswith(each)), len(_NAMES))
