"""A database whose next transaction is cut off, as by a `kill -9`: somewhere in it, or just after it was kept."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from bot.domain import Row
from bot.store.database import Database, Transaction

T = TypeVar("T")


class InterruptionError(Exception):
    """The process died there."""


@dataclass
class InterruptedDatabase:
    """`cut` is the number of the statement of the next transaction that is never carried out; 0 is after its commit.

    After that, `error` is what its caller gets to see.
    """

    inner: Database
    cut: int | None = None
    skip_locked: str = ""
    error: Exception = field(default_factory=InterruptionError)

    def __post_init__(self) -> None:
        self.skip_locked = self.inner.skip_locked

    async def transact(self, work: Callable[[Transaction], Awaitable[T]], *, snapshot: bool = False) -> T:
        cut, self.cut = self.cut, None
        answer = await self.inner.transact(lambda tx: work(_Cut(tx, cut) if cut else tx), snapshot=snapshot)
        if cut == 0:
            raise self.error
        return answer


@dataclass
class _Cut:
    inner: Transaction
    left: int

    async def all(self, sql: str, *values: object) -> Sequence[Row]:
        self._count()
        return await self.inner.all(sql, *values)

    async def one(self, sql: str, *values: object) -> Any:
        self._count()
        return await self.inner.one(sql, *values)

    async def execute(self, sql: str, *values: object) -> int:
        self._count()
        return await self.inner.execute(sql, *values)

    async def alone(self, name: str) -> None:
        await self.inner.alone(name)

    def _count(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise InterruptionError
