"""In which order the accounts of a job are locked: the one that every job changes is locked last."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from bot.domain import Fund, Funding, Row, Unit
from bot.domain.quota import budget_of
from bot.store.database import Database, Transaction
from tests.store.conftest import Store

T = TypeVar("T")


@dataclass
class Watched:
    """A database that notes whose account each statement touches, in their order."""

    database: Database
    owners: list[str] = field(default_factory=list)
    skip_locked: str = ""

    async def transact(self, work: Callable[[Transaction], Awaitable[T]], *, snapshot: bool = False) -> T:
        return await self.database.transact(lambda tx: work(_Watched(tx, self.owners)), snapshot=snapshot)


@dataclass
class _Watched:
    tx: Transaction
    owners: list[str]

    async def all(self, sql: str, *values: object) -> Sequence[Row]:
        return await self.tx.all(sql, *values)

    async def one(self, sql: str, *values: object) -> Row | None:
        self._note(sql, values)
        return await self.tx.one(sql, *values)

    async def execute(self, sql: str, *values: object) -> int:
        self._note(sql, values)
        return await self.tx.execute(sql, *values)

    async def alone(self, name: str) -> None:
        await self.tx.alone(name)

    def _note(self, sql: str, values: tuple[object, ...]) -> None:
        if sql.startswith(("INSERT INTO accounts", "UPDATE accounts")) and values[0] not in self.owners:
            self.owners.append(str(values[0]))


async def test_the_bots_budget_is_locked_after_every_other_account(store: Store) -> None:
    watched = Watched(store.database)
    seen = Store(watched)
    job = seen.job()
    caps = (budget_of(None), budget_of(7))
    funding = Funding(
        sources=(Fund(owner=job.owner, period=job.period, allowance=60),),
        caps=tuple(Fund(owner=owner, period="2026-03", allowance=9_000_000, unit=Unit.USD) for owner in caps),
    )
    await seen.jobs.accept(job, funding=funding, most=9, now=seen.now)
    expected = ["budget:guild:7", job.owner, "budget:bot"]
    assert watched.owners == expected
    watched.owners.clear()
    await seen.jobs.cancel(job.id, user_id=1, now=seen.now)
    assert watched.owners == expected
