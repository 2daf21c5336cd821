"""What the store asks of a database: run one function whole, as one transaction."""

import functools
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from bot.domain import Row

P = ParamSpec("P")
S = TypeVar("S", bound="Store")
T = TypeVar("T")


class Transaction(Protocol):
    """A running transaction. Parameters are `$1`, `$2`, … in the SQL; rows answer by column name."""

    async def all(self, sql: str, *values: object) -> Sequence[Row]:
        """Every row of the answer."""
        ...

    async def one(self, sql: str, *values: object) -> Row | None:
        """The first row of the answer, or None."""
        ...

    async def execute(self, sql: str, *values: object) -> int:
        """Carry out a statement; the number of rows it changed."""
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


class Store:
    """What reads and writes one database."""

    def __init__(self, database: Database) -> None:
        self._database = database


def transaction(
    method: Callable[Concatenate[S, Transaction, P], Awaitable[T]],
) -> Callable[Concatenate[S, P], Coroutine[Any, Any, T]]:
    """Make a method of a store one transaction: it is handed the running one, `tx`, which its callers leave out.

    What `Database.transact` says of its `work` holds for the method.
    """

    @functools.wraps(method)
    async def whole(self: S, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._database.transact(lambda tx: method(self, tx, *args, **kwargs))

    return whole
