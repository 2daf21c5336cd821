"""The processes that share a database: who is there, and what becomes of what a dead one had claimed."""

from datetime import timedelta

from bot.domain import OutboxKind
from bot.domain.sharing import Process, Role
from bot.store.jobs.claims import ClaimStore
from bot.store.outbox import OutboxStore, announce
from bot.store.processes import ProcessStore
from tests.store.conftest import LEASE, UNLIMITED, Store

DEAD, ALIVE = "a" * 16, "b" * 16


async def test_who_is_there_is_listed_the_oldest_first(store: Store) -> None:
    processes = ProcessStore(store.database)
    young = Process(
        id=ALIVE, role=Role.GATEWAY, shards=(0, 3), shard_count=16, version="1", started_at=store.now + LEASE
    )
    old = Process(id=DEAD, role=Role.WORKER, started_at=store.now)
    for each in (young, old, old):
        await processes.enter(each)
    assert await processes.entered() == [old, young]


async def test_what_a_dead_process_had_claimed_is_due_at_once_but_not_what_it_may_have_submitted(store: Store) -> None:
    dead, processes = ClaimStore(store.database, me=DEAD), ProcessStore(store.database)
    await processes.enter(Process(id=DEAD, started_at=store.now))
    running, submitting = await store.running(user_id=1), await store.accept(user_id=2)
    await store.claims.recover(now=store.now)
    until = store.now + LEASE
    (claimed,) = await dead.due(now=store.now, lease_until=until, most=9)
    assert claimed.id == running.id
    handed_over = await dead.waiting("kirin", now=store.now, lease_until=until, limits=UNLIMITED)
    assert handed_over is not None
    assert handed_over.id == submitting.id
    await store.database.transact(lambda tx: announce(tx, OutboxKind.CASE, "a", now=store.now, guild_id=7))
    assert await OutboxStore(store.database, me=DEAD).claim(now=store.now, until=until) is not None

    assert await processes.remove(DEAD, now=store.now)
    assert [each.id for each in await store.due()] == [running.id]
    assert await store.announced() is not None
    store.later(LEASE.total_seconds())
    assert submitting.id in [each.id for each in await store.due()]


async def test_it_is_taken_over_once(store: Store) -> None:
    processes = ProcessStore(store.database)
    await processes.enter(Process(id=DEAD, started_at=store.now))
    assert await processes.remove(DEAD, now=store.now)
    assert not await processes.remove(DEAD, now=store.now)
    assert await processes.entered() == []


async def test_what_others_have_claimed_is_left_alone(store: Store) -> None:
    alive, processes = ClaimStore(store.database, me=ALIVE), ProcessStore(store.database)
    await store.running()
    await store.claims.recover(now=store.now)
    await processes.enter(Process(id=DEAD, started_at=store.now))
    (job,) = await alive.due(now=store.now, lease_until=store.now + LEASE, most=9)
    await processes.remove(DEAD, now=store.now)
    assert await store.due() == []
    assert await store.claims.recover(now=store.now, living=[ALIVE]) == 0
    assert await alive.renew([job], lease_until=store.now + 2 * LEASE) == 1


async def test_a_lease_is_never_made_shorter(store: Store) -> None:
    job = await store.submitting()
    await store.claims.renew([job], lease_until=store.now + LEASE + timedelta(seconds=9))
    await store.claims.renew([job], lease_until=store.now + timedelta(seconds=1))
    assert (await store.get(job.id)).due_at == store.now + LEASE + timedelta(seconds=9)
