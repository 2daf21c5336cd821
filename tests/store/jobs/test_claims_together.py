"""Several processes claim from one PostgreSQL: every limit holds, everybody has a turn, and nothing stands still."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from bot.domain import Destination, Job, OutboxKind, RunningLimits
from bot.domain.sharing import bucket_of, share_of
from bot.errors import TooLateToCancel
from bot.store.database import Transaction
from bot.store.migrate import migrate
from bot.store.outbox import OutboxStore, announce
from bot.store.sqlite import SQLiteDatabase
from tests.store.conftest import LEASE, PROCESSES, START, Store

LIMITS: Final = RunningLimits(per_provider=4, per_user=2, per_guild=3, total=6, abreast=3)
FEW: Final = 1  # jobs at once in the guild that wants no more
PROVIDERS: Final = ("kirin", "kling")
GUILDS: Final = (7, 8, 9)


async def crowd(store: Store, *, users: int, each: int) -> list[Job]:
    """Jobs of some people in each guild, in an order that nobody foresees."""
    wanted = [
        store.job(guild_id=guild_id, user_id=guild_id * 100 + user, provider=provider)
        for guild_id in GUILDS
        for user in range(users)
        for provider in PROVIDERS
        for _ in range(each)
    ]
    random.Random(7).shuffle(wanted)  # noqa: S311 (to be repeated)
    return [await store.accept(job) for job in wanted]


async def at_work(store: Store) -> list[Job]:
    rows = await store.rows("SELECT * FROM jobs WHERE status IN ('submitting', 'running') AND dead_letter IS NULL")
    return [Job.from_row(row) for row in rows]


def demand_limits(jobs: list[Job]) -> None:
    """No limit is passed, of those that a claim has to keep."""
    assert len(jobs) <= LIMITS.total
    assert max(Counter(job.provider for job in jobs).values(), default=0) <= LIMITS.per_provider
    assert max(Counter(job.user_id for job in jobs).values(), default=0) <= LIMITS.per_user
    in_guilds = Counter(job.queue_id for job in jobs)
    assert max(in_guilds.values(), default=0) <= LIMITS.per_guild
    assert in_guilds[GUILDS[0]] <= FEW
    submitting = Counter(job.provider for job in jobs if job.status == "submitting")
    assert max(submitting.values(), default=0) <= LIMITS.abreast


class Shift:
    """Some processes that claim, and end what they have claimed in any way, until all jobs have come to an end."""

    def __init__(self, stores: list[Store], jobs: list[Job], *, seed: int) -> None:
        self._stores, self._jobs, self._rand = stores, jobs, random.Random(seed)  # noqa: S311 (to be repeated)
        self._now, self._open = stores[0].now, {job.id for job in jobs}

    async def work(self) -> None:
        tasks = [self._claim_and_end(store) for store in self._stores]
        async with asyncio.timeout(600), asyncio.TaskGroup() as group:
            for task in (*tasks, self._cancel_some(self._stores[0]), self._watch(self._stores[0])):
                group.create_task(task)

    async def _claim_and_end(self, store: Store) -> None:
        held: list[Job] = []
        while self._open:
            job = await store.claims.waiting(
                self._rand.choice(PROVIDERS), now=self._now, lease_until=self._now + LEASE, limits=LIMITS
            )
            if job is not None:
                held.append(job)
            if held and (job is None or self._rand.random() < 0.5):
                mine = held.pop(self._rand.randrange(len(held)))
                held += await self._move(store, mine, way=self._rand.random())

    async def _move(self, store: Store, job: Job, *, way: float) -> list[Job]:
        """End a job, or bring it a step further; what of it is still held."""
        if way < 0.3 and job.status == "submitting":
            return [await store.jobs.record_task(job, task_id=f"t-{job.id}", next_at=self._now, now=self._now)]
        if way < 0.4 and job.status == "submitting":
            await store.jobs.requeue(job, attempt=job.attempt + 1, next_at=self._now)
            return []
        await store.jobs.fail(job, failure="content", code="", now=self._now)
        self._open.discard(job.id)
        return []

    async def _cancel_some(self, store: Store) -> None:
        for job in self._rand.sample(self._jobs, 6):
            with suppress(TooLateToCancel):
                await store.jobs.cancel(job.id, user_id=job.user_id, now=self._now)
                self._open.discard(job.id)

    async def _watch(self, store: Store) -> None:
        while self._open:
            demand_limits(await at_work(store))


@pytest.mark.parametrize("seed", range(4))
async def test_no_limit_is_ever_passed_and_all_jobs_come_to_their_end(stores: list[Store], seed: int) -> None:
    first = stores[0]
    jobs = await crowd(first, users=3, each=2)
    await first.database.transact(
        lambda tx: tx.execute(
            "INSERT INTO guilds (guild_id, body, updated_at, running_limit) VALUES ($1, '{}', 0, $2) "
            "ON CONFLICT (guild_id) DO UPDATE SET running_limit = excluded.running_limit",
            *(GUILDS[0], FEW),
        )
    )
    await Shift(stores, jobs, seed=seed).work()
    await first.counts_are_what_a_scan_finds()
    await first.turns_are_there_for_what_waits()
    await first.books_add_up()


async def test_claims_at_the_same_time_find_a_job_each(stores: list[Store]) -> None:
    jobs = [job for job in await crowd(stores[0], users=4, each=3) if job.provider == "kirin"]
    claims = await asyncio.gather(*(stores[number % PROCESSES].waiting() for number in range(len(jobs))))
    assert {job and job.id for job in claims} == {job.id for job in jobs}


async def test_nobodys_turn_is_passed_over_by_more_than_claim_at_once(stores: list[Store], tmp_path: Path) -> None:
    order: list[str] = []

    async def work(store: Store) -> None:
        while (job := await store.waiting()) is not None:
            order.append(job.id)

    await crowd(stores[0], users=5, each=4)
    await asyncio.gather(*(work(store) for store in stores))
    async with SQLiteDatabase(str(tmp_path / "alone.db")) as database:
        await migrate(database, now=START)
        await crowd(alone := Store(database), users=5, each=4)
        in_turn = [job.id async for job in all_claimed(alone)]
    assert sorted(order) == sorted(in_turn)
    assert all(abs(order.index(job_id) - place) <= PROCESSES for place, job_id in enumerate(in_turn))


async def all_claimed(store: Store) -> AsyncIterator[Job]:
    while (job := await store.waiting()) is not None:
        yield job


async def announced(tx: Transaction, *, place_id: int, now: datetime) -> None:
    await announce(tx, OutboxKind.CASE, f"case-{place_id}", now=now, place_id=place_id)


async def test_what_is_due_goes_to_its_owner_though_all_ask_at_once(stores: list[Store]) -> None:
    names = [f"{number:016x}" for number in range(PROCESSES)]
    shares = {name: share_of(name, tuple(names)) for name in names}
    first, now = stores[0], stores[0].now
    places = [1_100_000_000_000_000_000 + number * 4_194_304 for number in range(60)]
    for number, place in enumerate(places):
        to = Destination(guild_id=7, channel_id=place, upload_limit=10_000_000)
        job = await first.submitting(user_id=number, destination=to)
        await first.jobs.record_task(job, task_id=job.id, next_at=now, now=now)
        await first.database.transact(partial(announced, place_id=place, now=now))

    async def claim(store: Store, name: str) -> list[Job]:
        share, claimed = shares[name], list[Job]()
        while some := await store.claims.due(now=now, lease_until=now + LEASE, most=3, share=share):
            claimed += some
        outbox = OutboxStore(store.database, me=name)
        while (item := await outbox.claim(now=now, until=now + LEASE, share=share)) is not None:
            items[name].append(item.bucket)
        return claimed

    items: dict[str, list[int]] = {name: [] for name in names}
    # Two of each, as when a process is taken for dead and lives: a row is claimed once all the same.
    claimed = await asyncio.gather(*(claim(store, name) for store, name in zip(stores * 2, names * 2, strict=True)))
    assert sorted(job.place_id for jobs in claimed for job in jobs) == places
    for name, jobs in zip(names * 2, claimed, strict=True):
        assert all(shares[name] >> bucket_of(job.place_id) & 1 for job in jobs)
        assert all(shares[name] >> bucket & 1 for bucket in items[name])
    assert sorted(bucket for each in items.values() for bucket in each) == sorted(map(bucket_of, places))
