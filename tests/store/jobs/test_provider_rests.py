"""Providers that take no submission just now: left alone by every process, then tried one at a time."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from bot.domain import Job, millis
from bot.domain.sharing import Process
from bot.store.jobs.claims import ClaimStore
from bot.store.jobs.provider_rests import LONGEST, ProviderRestStore
from bot.store.processes import ProcessStore
from tests.store.conftest import LEASE, UNLIMITED, Store

REST = timedelta(seconds=30)


async def refused(store: Store, job: Job, *, wait: timedelta = REST) -> Job:
    """Requeue a job that its provider did not take, as whoever waits for that long."""
    return await store.jobs.requeue(job, attempt=job.attempt, next_at=store.now + wait, rests=True)


async def taken(store: Store, job: Job) -> Job:
    return await store.jobs.record_task(job, task_id=f"task-{job.id}", next_at=store.now, now=store.now)


async def rests_until(store: Store, provider: str = "kirin") -> datetime | None:
    return await ProviderRestStore(store.database).until(provider, now=store.now)


async def crowd(store: Store, *, provider: str = "kirin", jobs: int = 5) -> None:
    for user_id in range(jobs):
        await store.accept(user_id=user_id, provider=provider)


async def on_their_way(store: Store, *, most: int = 2) -> list[Job]:
    """Claim for submission as much as goes."""
    found = []
    while (job := await store.waiting(abreast=most)) is not None:
        found.append(job)
    return found


async def test_only_so_many_are_on_their_way_to_a_provider(store: Store) -> None:
    await crowd(store)
    first, _second = await on_their_way(store)
    await taken(store, first)
    assert len(await on_their_way(store)) == 1


async def test_a_submission_in_doubt_is_on_its_way_no_more_until_it_is_looked_for(store: Store) -> None:
    await crowd(store)
    first, second = await on_their_way(store)
    await store.jobs.reschedule(first, next_at=store.now)
    assert len(await on_their_way(store)) == 1
    await taken(store, second)
    assert len(await store.due()) == 2  # the one that is looked for, and the one that is asked about
    assert await on_their_way(store) == []


async def test_a_provider_that_takes_nothing_rests_and_others_do_not(store: Store) -> None:
    await crowd(store)
    (only,) = await on_their_way(store, most=1)
    await refused(store, only)
    await crowd(store, provider="kling")
    assert await on_their_way(store) == []
    assert await store.waiting("kling") is not None
    assert (await rests_until(store), await rests_until(store, "kling")) == (store.now + REST, None)
    assert (await store.claims.next_due(now=store.now)).queue is not None


async def test_a_rest_ends_by_itself_and_somebody_looks_then(store: Store) -> None:
    await crowd(store, jobs=1)
    (job,) = await on_their_way(store)
    await store.jobs.requeue(job, attempt=1, next_at=store.now + REST, rests=True)
    await store.jobs.cancel(job.id, user_id=job.user_id, now=store.now)
    await store.claims.due(now=store.now, lease_until=store.now + timedelta(days=1), most=1)
    assert (await store.claims.next_due(now=store.now)).queue == store.now + REST
    store.later(REST.total_seconds())
    assert await rests_until(store) is None


async def test_after_a_rest_one_is_tried_at_a_time_until_it_is_taken(store: Store) -> None:
    await crowd(store)
    await refused(store, (await on_their_way(store))[0])
    for again in (True, False):
        store.later(60)
        await store.due()  # what was on its way when it broke is somebody's to look for
        await store.rows(
            "UPDATE jobs SET lease = NULL, due_at = $1 WHERE status = 'submitting'", millis(store.now + REST * 99)
        )
        (only,) = await on_their_way(store)
        await (refused(store, only) if again else taken(store, only))
    assert len(await on_their_way(store)) == 2
    assert await store.rows("SELECT * FROM provider_rests") == []


async def test_the_longer_of_two_rests_counts(store: Store) -> None:
    await crowd(store)
    first, second = await on_their_way(store)
    await refused(store, first, wait=2 * REST)
    await refused(store, second)
    assert await rests_until(store) == store.now + 2 * REST


async def test_each_doubt_in_a_row_makes_the_rest_longer_until_a_submission_is_taken(store: Store) -> None:
    async def doubt() -> datetime | None:
        job = await store.submitting()
        await store.jobs.doubt(job, next_at=store.now + REST * 99, now=store.now, pause=lambda doubts: REST * doubts)
        until = await rests_until(store)
        store.later(600)
        return until

    assert [await doubt() for _ in range(3)] == [
        store.now - timedelta(seconds=600 * ago) + REST * number for number, ago in ((1, 3), (2, 2), (3, 1))
    ]
    await taken(store, await store.submitting())
    assert await doubt() == store.now - timedelta(seconds=600) + REST


async def test_a_rest_that_a_clock_wrote_which_has_leapt_back_is_over(store: Store) -> None:
    await crowd(store)
    first, second = await on_their_way(store)
    await refused(store, first, wait=LONGEST)
    store.later(-60)
    assert await rests_until(store) is None
    await refused(store, second)
    assert await rests_until(store) == store.now + REST


async def test_two_processes_send_no_more_than_one_and_heed_what_the_other_was_told(
    open_store: Callable[[Path], AbstractAsyncContextManager[Store]], tmp_path: Path
) -> None:
    async with open_store(tmp_path) as one, open_store(tmp_path) as other:
        await crowd(one)
        claimed = [await each.waiting(abreast=2) for each in (one, other, one, other)]
        assert [job is not None for job in claimed] == [True, True, False, False]
        assert claimed[0] is not None
        await refused(one, claimed[0])
        assert await rests_until(other) == one.now + REST
        assert await other.waiting(abreast=2) is None


async def test_what_a_dead_process_was_submitting_keeps_no_other_from_it(store: Store) -> None:
    await crowd(store)
    one, other = (Process(id=digit * 16) for digit in "12")
    processes = ProcessStore(store.database)
    for each in (one, other):
        await processes.enter(each)
    first, second = (ClaimStore(store.database, me=each.id) for each in (one, other))
    assert [await claim(store, each) for each in (first, first, second)] == [True, True, False]
    await processes.remove(one.id, now=store.now)
    assert [await claim(store, second) for _ in range(3)] == [True, True, False]


async def claim(store: Store, claims: ClaimStore) -> bool:
    limits = replace(UNLIMITED, abreast=2)
    return await claims.waiting("kirin", now=store.now, lease_until=store.now + LEASE, limits=limits) is not None
