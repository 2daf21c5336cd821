"""Declares what the store asks of a database: run one function whole, as one transaction."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

from bot.domain import Row

T = TypeVar("T")


class Transaction(Protocol):
    """A running transaction. Parameters are `$1`, `$2`, … in the SQL; rows answer by column name."""

    async def all(self, sql: str, *values: object) -> Sequence[Row]:
        """Read every row of the answer."""
        ...

    async def one(self, sql: str, *values: object) -> Row | None:
        """Read the first row of the answer, or None."""
        ...

    async def execute(self, sql: str, *values: object) -> int:
        """Carry out a statement; give back the number of rows it changed."""
        ...


class Database(Protocol):
    """A database that keeps what it has committed, whatever happens next.

    `skip_locked` is the dialect's fragment that makes concurrent claims pass each other by; it is empty where
    transactions run one after the other anyway.
    """

    skip_locked: str

    async def transact(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run `work` as one transaction: all of it is kept when this returns, none of it when this raises.

        `work` may await nothing but its transaction, so that every database can run it in its own way.

        Raises:
            StoreUnavailable: the database is locked, full or gone; nothing was kept.
            StoreLost: its file was deleted or replaced: nothing ever will be.
        """
        ...
