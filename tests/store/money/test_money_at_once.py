"""The ledger where several do several things at once, over two processes' connections to one PostgreSQL."""

import asyncio
import itertools
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain import UNLIMITED, AuditEntry, Fund, Funding, Job, JobStatus, Unit
from bot.domain.quota import budget_of, extra_of
from bot.errors import JobUnknown, Refused, TransitionLost
from bot.store.money.grants import Gift, GrantStore
from bot.store.postgres import PostgresDatabase
from bot.store.privacy.deletion import DeletionStore
from tests.fresh_databases import FreshDatabases
from tests.store.conftest import Store
from tests.store.lock_order import InOrder

ALLOWANCE: Final = 25  # credits of each person
CEILING: Final = 2_500_000  # of the guild's budget: fewer videos than the people's credits pay for
ENDS: Final = ("task", "succeed", "deliver", "fail", "requeue", "cancel")

Act = tuple[str, int, int, str]  # what, by which person (or about which job), how much, in which way

ACTS: Final = st.tuples(
    st.sampled_from(["ask", "ask", "ask", "claim", "claim", "end", "end", "end", "grant", "give", "delete"]),
    st.integers(1, 2),
    st.integers(0, 12),
    st.sampled_from(ENDS),
)


class World:
    """Two processes' stores of one database, and the jobs as those who move them knew them."""

    def __init__(self, *stores: Store) -> None:
        self._stores, self._jobs, self._numbers = stores, list[Job](), itertools.count(1)

    async def round(self, acts: list[Act]) -> None:
        """Do all of this at once, half of it by each process."""
        calls = (
            self._act(self._stores[number % 2], act, key=f"{next(self._numbers)}") for number, act in enumerate(acts)
        )
        await asyncio.gather(*calls)
        store = self._stores[0]
        await store.books_add_up()
        await store.counts_are_what_a_scan_finds()
        await store.turns_are_there_for_what_waits()
        over = "SELECT owner FROM accounts WHERE held + settled > allowance AND owner NOT LIKE 'gone:%'"
        assert await store.rows(over) == []

    async def _act(self, store: Store, act: Act, *, key: str) -> None:
        what, person, amount, way = act
        with suppress(Refused, TransitionLost, JobUnknown):
            match what:
                case "ask":
                    await self._ask(store, key, person, amount)
                case "claim":
                    job = await store.waiting()
                    self._jobs += [job] if job else []
                case "end" if self._jobs:
                    await self._end(store, self._jobs[amount % len(self._jobs)], way)
                case "grant":
                    entry = AuditEntry(id=key, guild_id=7, actor_id=9, action="granted", at=store.now)
                    await GrantStore(store.database).grant(entry, user_id=person, amount=amount - 4, note="")
                case "give":
                    await GrantStore(store.database).give(self._gift(store, key, person, amount + 1), now=store.now)
                case "delete":
                    deletions = DeletionStore(store.database)
                    deletion = await deletions.ask(person, messages=False, now=store.now)
                    await deletions.end_jobs(deletion, now=store.now)
                    await deletions.clear(deletion, now=store.now)

    async def _ask(self, store: Store, key: str, person: int, credits_: int) -> None:
        wanted = store.job(user_id=person, id=f"j-{key}", idempotency_key=key, credits=credits_)
        guilds = Fund(owner=budget_of(7), period="2026-03", allowance=CEILING, unit=Unit.USD)
        bots = replace(guilds, owner=budget_of(None), allowance=UNLIMITED)
        funding = Funding(sources=self._sources(store, person), caps=(guilds, bots))
        job, _ = await store.jobs.accept(wanted, funding=funding, most=4, now=store.now)
        self._jobs.append(job)

    async def _end(self, store: Store, job: Job, way: str) -> None:
        now = store.now
        match way:
            case "task" if job.status is JobStatus.SUBMITTING:
                await store.jobs.record_task(job, task_id="t", next_at=now, now=now)
                self._jobs += await store.due(most=1)
            case "succeed":
                self._jobs.append(await store.jobs.succeed(job, result_url="u", cost_micros=700_000, now=now))
            case "deliver":
                await store.jobs.delivered(job, channel_id=5, message_id=50, now=now)
            case "requeue" if job.status is JobStatus.SUBMITTING:
                await store.jobs.requeue(job, attempt=job.attempt + 1, next_at=now)
            case "cancel":
                await store.jobs.cancel(job.id, user_id=job.user_id, now=now)
            case _:
                await store.jobs.fail(job, failure="content", code="", now=now, cost_micros=100)

    def _sources(self, store: Store, person: int) -> tuple[Fund, ...]:
        job = store.job(user_id=person)
        own = Fund(owner=job.owner, period=job.period, allowance=ALLOWANCE)
        return own, Fund(owner=extra_of(user_id=person, guild_id=7))

    def _gift(self, store: Store, key: str, giver: int, amount: int) -> Gift:
        sources = self._sources(store, giver)
        return Gift(key=key, guild_id=7, giver_id=giver, receiver_id=3 - giver, credits=amount, sources=sources)


def test_the_books_add_up_whatever_is_done_at_once(fresh_databases: FreshDatabases) -> None:
    async def play(folder: Path, rounds: list[list[Act]]) -> None:
        url = await fresh_databases.url(folder)
        async with PostgresDatabase(url, pool=3) as one, PostgresDatabase(url, pool=3) as other:
            world = World(Store(InOrder(one)), Store(InOrder(other)))
            for acts in rounds:
                await world.round(acts)
        fresh_databases.let_go(folder)

    @settings(max_examples=8, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.lists(ACTS, min_size=4, max_size=8), min_size=4, max_size=8))
    def played(rounds: list[list[Act]]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(play(Path(folder), rounds))

    played()
