"""Several processes of the bot on one database of PostgreSQL: who lives, and who takes over from whom."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.clock import DatabaseClock, utc_now
from bot.domain import JobStatus, OutboxKind
from bot.domain.sharing import EVERYTHING, Process, Role, new_process_id
from bot.errors import LockTaken, ShardsDiffer, StoreUnavailable
from bot.service.processes import GRACE, Processes, ProcessWatch
from bot.store.database import Transaction
from bot.store.jobs.claims import ClaimStore
from bot.store.outbox import OutboxStore, announce
from bot.store.postgres import PostgresDatabase
from bot.store.postgres_session import PostgresSession
from bot.store.processes import ProcessStore
from tests.fresh_databases import FreshDatabases
from tests.service.scripted import until
from tests.store.conftest import UNLIMITED, Store

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
LEASE = timedelta(hours=1)
BUSY = 60.0  # seconds for which the machine of the tests may have other things to do
# Of this database alone: on the same server, other tests have sessions of their own.
END_SESSIONS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE application_name LIKE '% session' AND datname = current_database()"
)


@dataclass
class Running:
    """One process: its own pool and session."""

    this: Process
    database: PostgresDatabase
    session: PostgresSession
    stack: AsyncExitStack
    showing: "asyncio.Task[None]"
    again: asyncio.Event = field(default_factory=asyncio.Event)
    changes: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.processes = Processes(self.this, shared=True)
        self.processes.on_change(lambda: self.changes.append(len(self.processes.members())))
        self.session.on_reconnected(self.again.set)
        self.watch = ProcessWatch(
            self.processes, store=ProcessStore(self.database), session=self.session, clock=lambda: NOW
        )
        self.claims = ClaimStore(self.database, me=self.this.id)
        self.outbox = OutboxStore(self.database, me=self.this.id)

    def sees(self) -> set[str]:
        return {each.id for each in self.processes.members()}

    async def show_no_more(self) -> None:
        """Let nothing be under way in the session: it can then end in order, and its locks with it."""
        self.showing.cancel()
        await asyncio.wait([self.showing])

    async def die(self) -> None:
        """End without a word."""
        await self.stack.aclose()


@dataclass
class Bot:
    """The processes of one bot, which all run in this one."""

    url: str
    stack: AsyncExitStack
    store: Store

    async def opened(self, role: Role = Role.WORKER, **more: Any) -> Running:
        stack = await self.stack.enter_async_context(AsyncExitStack())
        this = Process(id=new_process_id(), role=role, started_at=more.pop("started_at", NOW), **more)
        database = await stack.enter_async_context(PostgresDatabase(self.url, pool=2, process_id=this.id))
        session = await stack.enter_async_context(PostgresSession(self.url, silence=BUSY, rand=lambda: 0.0))
        showing = asyncio.create_task(session.run())
        running = Running(this, database, session, stack, showing)
        stack.push_async_callback(running.show_no_more)
        return running

    async def process(self, role: Role = Role.WORKER, **more: Any) -> Running:
        """A process that has entered."""
        running = await self.opened(role, **more)
        await running.watch.enter(patience=0)
        return running

    async def look(self, *running: Running, times: int = 1) -> None:
        for _ in range(times):
            await asyncio.gather(*(each.watch.look() for each in running))


@pytest.fixture
async def bot(fresh_databases: FreshDatabases, tmp_path: Path) -> AsyncIterator[Bot]:
    url = await fresh_databases.url(tmp_path)
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(PostgresDatabase(url, pool=1))
        yield Bot(url, stack, Store(database, now=NOW))
    fresh_databases.let_go(tmp_path)


async def test_processes_that_start_at_once_see_each_other_and_share_everything(bot: Bot) -> None:
    one, other, third = [await bot.opened() for _ in range(3)]
    await asyncio.gather(*(each.watch.enter() for each in (one, other, third)))
    await bot.look(one, other, third)
    assert one.sees() == other.sees() == third.sees() == {each.this.id for each in (one, other, third)}
    assert one.processes.share + other.processes.share + third.processes.share == EVERYTHING
    assert [each.id for each in one.processes.members()] == [each.id for each in other.processes.members()]


async def test_gateways_move_jobs_only_while_no_worker_lives(bot: Bot) -> None:
    gateway = await bot.process(Role.GATEWAY, shards=(0,), shard_count=2)
    assert gateway.processes.works
    worker = await bot.process()
    await bot.look(gateway)
    assert not gateway.processes.works
    assert worker.processes.share == EVERYTHING
    await worker.die()
    await bot.look(gateway, times=2)
    assert gateway.processes.share == EVERYTHING


async def test_what_a_dead_process_had_is_taken_over_once_and_at_the_second_look(bot: Bot) -> None:
    running, waiting = await bot.store.running(user_id=1), await bot.store.accept(user_id=2)
    await bot.store.claims.recover(now=NOW)
    dead, one, other = [await bot.process() for _ in range(3)]
    await bot.look(one, other)
    until_ = NOW + LEASE
    (claimed,) = await dead.claims.due(now=NOW, lease_until=until_, most=9)
    submitting = await dead.claims.waiting("kirin", now=NOW, lease_until=until_, limits=UNLIMITED)
    assert submitting is not None
    await bot.store.database.transact(lambda tx: announce(tx, OutboxKind.CASE, "a", now=NOW, guild_id=7))
    assert await dead.outbox.claim(now=NOW, until=until_) is not None

    await dead.die()
    await bot.look(one, other)
    assert await one.claims.due(now=NOW, lease_until=until_, most=9) == []
    await bot.look(one, other)
    assert one.sees() == other.sees() == {one.this.id, other.this.id}
    taken = [await each.claims.due(now=NOW, lease_until=until_, most=9) for each in (one, other)]
    assert [[job.id for job in jobs] for jobs in taken] == [[running.id], []]
    assert claimed.id == running.id
    assert await other.outbox.claim(now=NOW, until=until_) is not None
    left = await bot.store.get(waiting.id)
    assert (left.status, left.lease, left.due_at) == (JobStatus.SUBMITTING, submitting.lease, until_)
    assert one.changes[-1] == 2


async def test_what_a_stopped_process_had_begun_to_write_is_undone_and_locks_nothing(bot: Bot) -> None:
    stopped, other = await bot.process(), await bot.process()
    await bot.look(stopped, other)
    job, begun = await bot.store.running(), asyncio.Event()

    async def hang(tx: Transaction) -> None:
        if begun.is_set():
            raise StoreUnavailable("it is run again")
        await tx.execute("UPDATE jobs SET tries = 99 WHERE id = $1", job.id)
        begun.set()
        await tx.execute("SELECT pg_sleep(60)")

    writing = asyncio.create_task(stopped.database.transact(hang))
    await begun.wait()
    await stopped.show_no_more()
    await stopped.session.__aexit__(None, None, None)
    await bot.look(other, times=2)
    with pytest.raises(StoreUnavailable):
        await writing
    assert (await bot.store.get(job.id)).tries == 0


async def test_a_process_that_stops_gives_its_own_back_at_once(bot: Bot) -> None:
    await bot.store.running()
    await bot.store.claims.recover(now=NOW)
    stopping, other = await bot.process(), await bot.process()
    assert len(await stopping.claims.due(now=NOW, lease_until=NOW + LEASE, most=9)) == 1
    await stopping.watch.leave()
    assert len(await other.claims.due(now=NOW, lease_until=NOW + LEASE, most=9)) == 1
    await bot.look(other)
    assert other.sees() == {other.this.id}


async def test_a_session_that_is_made_anew_costs_nothing(bot: Bot) -> None:
    one, other = await bot.process(), await bot.process()
    await bot.look(one, other)
    await bot.store.running()
    await bot.store.claims.recover(now=NOW)
    await one.claims.due(now=NOW, lease_until=NOW + LEASE, most=9)
    await bot.store.rows(END_SESSIONS)
    await until(lambda: one.again.is_set() and other.again.is_set())
    await bot.look(one, other, times=GRACE + 2)
    assert one.sees() == other.sees() == {one.this.id, other.this.id}
    assert await other.claims.due(now=NOW, lease_until=NOW + LEASE, most=9) == []


async def test_after_an_outage_the_others_get_time_to_come_back(bot: Bot) -> None:
    late, other = await bot.process(), await bot.process()
    await bot.look(late, other)
    await bot.store.rows(END_SESSIONS)
    await until(lambda: late.again.is_set() and other.again.is_set())
    await late.die()
    await bot.look(other, times=GRACE - 1)
    assert other.sees() == {late.this.id, other.this.id}
    await bot.look(other)
    assert other.sees() == {other.this.id}


async def test_one_that_was_taken_for_dead_is_there_again(bot: Bot) -> None:
    one, other = await bot.process(), await bot.process()
    await ProcessStore(other.database).remove(one.this.id, now=NOW)
    await bot.look(one)
    await bot.look(other)
    assert other.sees() == {one.this.id, other.this.id}


@pytest.mark.parametrize("apart", [timedelta(hours=1), timedelta(hours=-1)])
async def test_machines_whose_clocks_differ_by_an_hour_agree_on_whose_a_job_is(bot: Bot, apart: timedelta) -> None:
    one, other = await bot.process(), await bot.process()
    clocks = [
        DatabaseClock(one.session.now, wall=utc_now),
        DatabaseClock(other.session.now, wall=lambda: utc_now() + apart),
    ]
    for each in clocks:
        await each.measure()
    now, then = (each() for each in clocks)
    assert abs(then - now) < timedelta(seconds=5)
    await bot.store.running()
    await bot.store.claims.recover(now=NOW)
    assert len(await one.claims.due(now=now, lease_until=now + timedelta(minutes=1), most=9)) == 1
    assert await other.claims.due(now=then, lease_until=then + timedelta(minutes=1), most=9) == []


async def test_a_shard_is_one_process_s(bot: Bot) -> None:
    first = await bot.process(Role.GATEWAY, shards=(0, 1), shard_count=4)
    second = await bot.opened(Role.GATEWAY, shards=(1, 2), shard_count=4)
    with pytest.raises(LockTaken) as refused:
        await second.watch.enter(patience=0)
    assert refused.value.name == "shard:1"
    await second.die()
    await bot.process(Role.GATEWAY, shards=(2, 3), shard_count=4)
    await first.die()
    replacement = await bot.opened(Role.GATEWAY, shards=(0, 1), shard_count=4)
    await replacement.watch.enter()


async def test_a_whole_bot_is_not_joined_by_a_part_of_it(bot: Bot) -> None:
    await bot.process(Role.WHOLE)
    with pytest.raises(LockTaken):
        await bot.process(Role.WHOLE)
    with pytest.raises(LockTaken):
        await bot.process(Role.GATEWAY, shards=(0,), shard_count=4)
    with pytest.raises(ShardsDiffer) as refused:
        await bot.process(Role.GATEWAY, shards=(3,), shard_count=4, started_at=NOW + LEASE)
    assert (refused.value.found, refused.value.wanted) == (1, 4)
    worker = await bot.process()
    assert worker.processes.works


async def test_of_two_that_count_the_shards_otherwise_the_younger_stops(bot: Bot) -> None:
    old = await bot.opened(Role.GATEWAY, shards=(0,), shard_count=2)
    young = await bot.process(Role.GATEWAY, shards=(1,), shard_count=4, started_at=NOW + LEASE)
    await old.watch.enter()
    await old.watch.look()
    with pytest.raises(ShardsDiffer):
        await young.watch.look()


async def test_looking_goes_on_after_trouble_and_ends_where_the_process_has_to_stop(bot: Bot) -> None:
    young = await bot.process(Role.GATEWAY, shards=(1,), shard_count=4, started_at=NOW + LEASE)
    looks = 0

    async def sleep(_seconds: float) -> None:
        nonlocal looks
        looks += 1
        if looks == 2:
            await bot.process(Role.GATEWAY, shards=(0,), shard_count=2)

    class Refusing(ProcessStore):
        async def entered(self) -> list[Process]:
            if looks == 1:
                raise StoreUnavailable("gone")
            return await super().entered()

    store = Refusing(young.database)
    watch = ProcessWatch(young.processes, store=store, session=young.session, clock=lambda: NOW, sleep=sleep)
    with pytest.raises(ShardsDiffer):
        await watch.run()
    assert looks == 2
