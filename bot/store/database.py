"""What the store asks of a database: run one function whole, as one transaction."""

import functools
from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, overload

from bot.domain import Row
from bot.values import dataclass

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

    async def alone(self, name: str) -> None:
        """Wait until no other transaction holds the lock of that name, and hold it until this one ends.

        For what is decided by rows that are not there yet, such as whether there may be one more: no row can be
        locked for that. Where transactions run one after the other anyway there is nothing to wait for.
        """
        ...


class Database(Protocol):
    """A database that keeps what it has committed, whatever happens next.

    `skip_locked` is the dialect's fragment that makes concurrent claims pass each other by; it is empty where
    transactions run one after the other anyway.
    """

    skip_locked: str

    async def transact(self, work: Callable[[Transaction], Awaitable[T]], *, snapshot: bool = False) -> T:
        """Run `work` as one transaction: all of it is kept when this returns, none of it when this raises.

        `work` may await nothing but its transaction, so that every database can run it in its own way. It may be run
        again, from its start, where the database could not let it stand beside another transaction: what it does to
        anything but its transaction has to bear that. With `snapshot` it only reads, and all that it reads is of one
        moment; without, each statement finds what others have committed before it.

        Raises:
            StoreError: a value breaks a rule of the schema, or cannot be kept; nothing was.
            StoreUnavailable: the database is locked, full or gone; nothing was kept, but for `CommitUnknown`.
            StoreLost: its file was deleted or replaced: nothing ever will be.
        """
        ...


class SchemaDatabase(Database, Protocol):
    """A database whose schema can be made and changed."""

    def schema(self, statements: Sequence[str]) -> Sequence[str]:
        """Write statements of the schema in this database's own way: what its types are called, and what it lacks."""
        ...


@dataclass(frozen=True, slots=True)
class Reading:
    """A work of a single `SELECT`, which is of one moment by itself: no transaction has to be begun for it."""

    sql: str
    values: tuple[object, ...]

    async def __call__(self, tx: Transaction) -> list[Row]:
        """Read every row."""
        return list(await tx.all(self.sql, *self.values))


class Store:
    """What reads and writes one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def _read(self, sql: str, *values: object) -> list[Row]:
        """Read every row of a single `SELECT`."""
        return await self._database.transact(Reading(sql, values))


Method = Callable[Concatenate[S, Transaction, P], Awaitable[T]]
Whole = Callable[Concatenate[S, P], Coroutine[Any, Any, T]]


@overload
def transaction(method: Method[S, P, T], /) -> Whole[S, P, T]: ...
@overload
def transaction(*, snapshot: bool) -> Callable[[Method[S, P, T]], Whole[S, P, T]]: ...
def transaction(
    method: Method[S, P, T] | None = None, *, snapshot: bool = False
) -> Whole[S, P, T] | Callable[[Method[S, P, T]], Whole[S, P, T]]:
    """Make a method of a store one transaction: it is handed the running one, `tx`, which its callers leave out.

    What `Database.transact` says of its `work`, and of `snapshot`, holds for the method.
    """

    def whole_of(method: Method[S, P, T]) -> Whole[S, P, T]:
        @functools.wraps(method)
        async def whole(self: S, /, *args: P.args, **kwargs: P.kwargs) -> T:
            return await self._database.transact(lambda tx: method(self, tx, *args, **kwargs), snapshot=snapshot)

        return whole

    return whole_of if method is None else whole_of(method)


def among(texts: Collection[str], *, number: int, but: bool = False) -> tuple[str, list[str]]:
    """Write the SQL that a text is one of these, or with `but` none of them, and its values from `$number` on."""
    values = list(texts) or ["nobody"]  # a list in SQL has to have something in it
    places = ", ".join(f"${each}" for each in range(number, number + len(values)))
    return f"{'NOT ' if but else ''}IN ({places})", values
