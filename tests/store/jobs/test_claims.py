import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path

import pytest

from bot.clock import LEAP
from bot.domain import Destination, Job, JobStatus
from bot.domain.sharing import BUCKETS, EVERYTHING, bucket_of
from bot.errors import StoreUnavailable, TransitionLost
from bot.store.heartbeat import HeartbeatStore
from bot.store.jobs import claims
from bot.store.jobs.claims import SPACING, Woken
from tests.store.conftest import LEASE, START, Store


def ids(jobs: list[Job]) -> list[str]:
    return sorted(job.id for job in jobs)


async def test_a_claim_is_the_intent_to_submit_under_a_lease(store: Store) -> None:
    job = await store.accept()
    claimed = await store.waiting()
    assert claimed is not None
    assert (claimed.id, claimed.status, claimed.due_at) == (job.id, JobStatus.SUBMITTING, store.now + LEASE)
    assert claimed.lease
    assert claimed == await store.get(job.id)


async def test_a_persons_waiting_jobs_are_claimed_in_the_order_they_came(store: Store) -> None:
    written_first = store.job()
    early = await store.accept()
    late = await store.accept(written_first)
    claimed = [await store.waiting(), await store.waiting(), await store.waiting()]
    assert [job and job.id for job in claimed] == [early.id, late.id, None]


async def test_a_claim_takes_only_its_own_providers_jobs(store: Store) -> None:
    await store.accept(provider="kling")
    assert await store.waiting("kirin") is None
    assert await store.waiting("kling") is not None


async def test_a_provider_gets_no_more_jobs_than_its_limit(store: Store) -> None:
    jobs = [await store.accept(user_id=n) for n in range(4)]
    first, second = await store.waiting(per_provider=2), await store.waiting(per_provider=2)
    assert first is not None
    assert second is not None
    assert await store.waiting(per_provider=2) is None
    await store.jobs.record_task(first, task_id="t", next_at=store.now, now=store.now)
    assert await store.waiting(per_provider=2) is None
    await store.jobs.fail(second, failure="content", code="", now=store.now)
    third = await store.waiting(per_provider=2)
    assert third is not None
    assert third.id == jobs[2].id


async def test_other_providers_jobs_do_not_count_against_a_provider(store: Store) -> None:
    await store.submitting(provider="kling")
    await store.accept()
    assert await store.waiting(per_provider=1) is not None


async def test_a_person_at_the_limit_is_passed_over_for_the_next(store: Store) -> None:
    await store.submitting(user_id=1)
    await store.accept(user_id=1)
    other = await store.accept(user_id=2)
    claimed = await store.waiting(per_user=1)
    assert claimed is not None
    assert claimed.id == other.id
    assert await store.waiting(per_user=1) is None


async def test_a_persons_limit_counts_over_all_providers(store: Store) -> None:
    await store.submitting(user_id=1, provider="kling")
    await store.accept(user_id=1)
    assert await store.waiting(per_user=1) is None


@pytest.mark.parametrize("stage", ["succeeded", "delivered", "failed", "unknown", "undeliverable"])
async def test_a_job_no_provider_is_working_on_takes_nobodys_place(store: Store, stage: str) -> None:
    await store.at(stage)
    await store.accept()
    assert await store.waiting(per_provider=1, per_user=1) is not None


async def test_a_job_that_backs_off_is_not_claimed_before_its_time(store: Store) -> None:
    await store.accept(due_at=store.now + timedelta(seconds=5))
    assert await store.waiting() is None
    store.later(5)
    assert await store.waiting() is not None


async def test_a_waiting_job_past_its_deadline_is_overdue_and_nothing_else(store: Store) -> None:
    job = await store.accept(deadline_at=store.now + timedelta(seconds=10))
    assert await store.overdue() == []
    store.later(10)
    assert await store.waiting() is None
    (claimed,) = await store.overdue()
    assert (claimed.id, claimed.status) == (job.id, JobStatus.QUEUED)
    assert await store.overdue() == []
    await store.jobs.fail(claimed, failure="deadline", code="", now=store.now)
    await store.books_add_up()


async def test_an_overdue_job_that_backs_off_is_not_spared(store: Store) -> None:
    await store.accept(due_at=store.now + timedelta(hours=9), deadline_at=store.now)
    assert len(await store.overdue()) == 1


async def test_the_claim_of_an_overdue_job_runs_out(store: Store) -> None:
    await store.accept(deadline_at=store.now)
    (first,) = await store.overdue()
    store.later(59)
    assert await store.overdue() == []
    store.later(1)
    (second,) = await store.overdue()
    assert first.lease != second.lease


async def test_an_overdue_job_may_still_be_cancelled_and_is_then_nobodys(store: Store) -> None:
    job = await store.accept(deadline_at=store.now)
    (claimed,) = await store.overdue()
    await store.jobs.cancel(job.id, user_id=1, now=store.now)
    with pytest.raises(TransitionLost):
        await store.jobs.fail(claimed, failure="deadline", code="", now=store.now)
    await store.books_add_up()


async def test_the_longest_overdue_are_claimed_first(store: Store) -> None:
    late = await store.accept(deadline_at=store.now + timedelta(seconds=2))
    early = await store.accept(deadline_at=store.now + timedelta(seconds=1))
    store.later(5)
    assert [ids(await store.overdue(most=1)), ids(await store.overdue(most=1))] == [[early.id], [late.id]]


async def test_the_longest_due_are_claimed_first_and_no_more_than_asked_for(store: Store) -> None:
    jobs = []
    for seconds in (3, 1, 2):
        job = await store.submitting()
        next_at = store.now + timedelta(seconds=seconds)
        jobs.append(await store.jobs.record_task(job, task_id=job.id, next_at=next_at, now=store.now))
    assert await store.due() == []
    store.later(5)
    assert ids(await store.due(most=2)) == [jobs[1].id, jobs[2].id]
    assert ids(await store.due(most=2)) == [jobs[0].id]
    assert await store.due(most=2) == []


async def test_a_claimed_job_is_due_again_when_its_lease_runs_out(store: Store) -> None:
    job = await store.running()
    store.later(59.999)
    assert await store.due() == []
    store.later(0.001)
    (again,) = await store.due()
    assert again.id == job.id
    assert again.lease != job.lease


async def test_a_job_found_in_submitting_is_due_when_its_lease_runs_out(store: Store) -> None:
    job = await store.submitting()
    store.later(60)
    assert ids(await store.due()) == [job.id]


@pytest.mark.parametrize("stage", ["delivered", "failed", "cancelled", "unknown", "undeliverable"])
async def test_a_finished_job_is_due_once_more_to_close_its_card(store: Store, stage: str) -> None:
    job = await store.at(stage)
    closed = await store.jobs.close(await store.claimed(job.id))
    store.later(10_000)
    assert closed.due_at is None
    assert await store.due() == []


async def test_a_renewed_lease_lasts_longer(store: Store) -> None:
    job = await store.running()
    store.later(50)
    assert await store.claims.renew([job], lease_until=store.now + LEASE) == 1
    store.later(50)
    assert await store.due() == []
    assert (await store.jobs.reschedule(job, next_at=store.now)).id == job.id


async def test_a_lost_lease_cannot_be_renewed(store: Store) -> None:
    stale, given_back = await store.running(), await store.running()
    await store.jobs.reschedule(given_back, next_at=store.now + LEASE)
    store.later(60)
    fresh = await store.claimed(stale.id)
    free = await store.jobs.reschedule(await store.get(given_back.id), next_at=store.now + LEASE)
    assert await store.claims.renew([stale, given_back, free], lease_until=store.now + 9 * LEASE) == 0
    assert await store.get(stale.id) == fresh
    assert await store.get(free.id) == free


async def test_at_start_what_was_leased_is_due_except_a_submission_that_may_be_under_way(store: Store) -> None:
    submitting, running, succeeded = await store.submitting(), await store.running(), await store.succeeded()
    next_at = store.now + 5 * LEASE
    later = await store.jobs.record_task(await store.submitting(), task_id="t", next_at=next_at, now=store.now)
    assert await store.claims.recover(now=store.later(1)) == 2
    assert ids(await store.due()) == ids([running, succeeded])
    assert await store.get(submitting.id) == submitting
    assert await store.get(later.id) == later


async def test_at_start_a_submission_may_be_under_way_only_so_long_as_what_was_sent_may(store: Store) -> None:
    job = await store.submitting()
    sooner, later = store.now + LEASE / 2, store.now + 2 * LEASE
    await store.claims.recover(now=store.now, submitted_by=later)
    assert (await store.get(job.id)).due_at == job.due_at
    await store.claims.recover(now=store.now, submitted_by=sooner, living=["somebody else"])
    assert (await store.get(job.id)).due_at == job.due_at
    await store.claims.recover(now=store.now, submitted_by=sooner)
    assert (await store.get(job.id)).due_at == sooner


async def due_in(store: Store, *jobs: Job) -> list[float]:
    """In how many seconds the jobs are due."""
    found = [await store.get(job.id) for job in jobs]
    return [(job.due_at - store.now).total_seconds() for job in found if job.due_at is not None]


async def test_at_start_what_is_due_is_asked_about_one_after_the_other(store: Store) -> None:
    jobs = [await store.running() for _ in range(4)]
    for number, job in enumerate(jobs):
        await store.jobs.reschedule(job, next_at=store.now + timedelta(seconds=20 * number - 40))
    await store.claims.recover(now=store.now)
    spacing = SPACING.total_seconds()
    assert await due_in(store, *jobs) == [0, spacing, 2 * spacing, 20]


async def test_at_start_many_are_asked_about_within_a_minute(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "LONGEST_SPREAD", timedelta(milliseconds=30))
    jobs = [await store.running() for _ in range(3)]
    await store.claims.recover(now=store.now)
    assert sorted(await due_in(store, *jobs)) == [0, 0.01, 0.02]


async def test_after_the_bot_was_away_every_provider_is_asked_what_it_has_made_meanwhile(store: Store) -> None:
    jobs = [await store.running() for _ in range(2)]
    for job in jobs:
        await store.jobs.reschedule(job, next_at=store.now + timedelta(minutes=3))
    waits = await store.accept()
    await store.claims.recover(now=store.now, away=True)
    assert sorted(await due_in(store, *jobs)) == [0, SPACING.total_seconds()]
    assert await store.get(waits.id) == waits


async def test_at_start_an_overdue_job_that_was_claimed_is_overdue_again(store: Store) -> None:
    await store.accept(deadline_at=store.now)
    await store.overdue()
    assert await store.claims.recover(now=store.now) == 1
    assert len(await store.overdue()) == 1


async def test_nothing_is_due_where_there_is_nothing(store: Store) -> None:
    assert await store.claims.next_due(now=store.now) == (None, None)


async def test_a_waiting_job_that_could_start_now_wakes_nobody_by_itself(store: Store) -> None:
    await store.accept()
    assert await store.claims.next_due(now=store.now) == (None, None)


async def test_the_next_due_job_is_the_earliest_of_the_claimed_the_scheduled_and_those_that_back_off(
    store: Store,
) -> None:
    await store.accept(due_at=START + timedelta(seconds=90))
    assert await store.claims.next_due(now=store.now) == (None, START + timedelta(seconds=90))
    job = await store.submitting()
    assert await store.claims.next_due(now=store.now) == (START + LEASE, START + timedelta(seconds=90))
    await store.jobs.record_task(job, task_id="t", next_at=START + timedelta(seconds=5), now=store.now)
    assert await store.claims.next_due(now=store.now) == (START + timedelta(seconds=5), START + timedelta(seconds=90))
    assert await store.claims.next_due(now=START + timedelta(seconds=99)) == (START + timedelta(seconds=5), None)


async def test_many_workers_never_get_the_same_waiting_job_nor_break_a_limit(store: Store) -> None:
    for number in range(30):
        await store.accept(user_id=number % 3)
    claims = await asyncio.gather(*(store.waiting(per_provider=20, per_user=6) for _ in range(60)))
    claimed = [job for job in claims if job is not None]
    assert len({job.id for job in claimed}) == len(claimed) == 18
    assert {user: sum(job.user_id == user for job in claimed) for user in range(3)} == {0: 6, 1: 6, 2: 6}


async def test_many_workers_never_get_the_same_due_job(store: Store) -> None:
    jobs = [await store.submitting() for _ in range(30)]
    store.later(60)
    claims = await asyncio.gather(*(store.due(most=4) for _ in range(12)))
    claimed = [job.id for batch in claims for job in batch]
    assert sorted(claimed) == ids(jobs)


async def test_two_processes_never_get_the_same_job(
    open_store: Callable[[Path], AbstractAsyncContextManager[Store]], tmp_path: Path
) -> None:
    async with open_store(tmp_path) as one, open_store(tmp_path) as other:
        for _ in range(20):
            await one.accept()
        claims = await asyncio.gather(*(each.waiting() for _ in range(15) for each in (one, other)))
        claimed = [job.id for job in claims if job is not None]
        assert len(claimed) == len(set(claimed)) == 20
        one.later(60)
        other.later(60)
        due = await asyncio.gather(*(each.due(most=3) for _ in range(5) for each in (one, other)))
        again = [job.id for batch in due for job in batch]
        assert len(again) == len(set(again)) == 20


CHANNELS = [1_100_000_000_000_000_000 + number * 4_194_304 for number in range(2 * BUCKETS)]


def place(channel_id: int, *, private: bool = False) -> Destination:
    return Destination(guild_id=7, channel_id=channel_id, upload_limit=10_000_000, private=private)


async def test_what_is_due_is_claimed_by_whoever_has_its_channel(store: Store) -> None:
    jobs = [await store.running(destination=place(channel)) for channel in CHANNELS]
    for job in jobs:
        await store.jobs.reschedule(job, next_at=store.now)
    for share in (1, 1 << 62, 0b1011 << 20, EVERYTHING):
        wanted = ids([job for job in jobs if share >> bucket_of(job.place_id) & 1])
        due = await store.claims.due(now=store.now, lease_until=store.now + LEASE, most=1000, share=share)
        assert ids(due) == wanted
        for job in due:
            await store.jobs.reschedule(job, next_at=store.now)
    assert await store.claims.due(now=store.now, lease_until=store.now + LEASE, most=1000, share=0) == []


async def test_a_private_job_goes_by_its_person(store: Store) -> None:
    job = await store.running(user_id=CHANNELS[3], destination=place(CHANNELS[5], private=True))
    await store.jobs.reschedule(job, next_at=store.now)
    mine, its_channels = 1 << bucket_of(CHANNELS[3]), 1 << bucket_of(CHANNELS[5])
    assert await store.claims.due(now=store.now, lease_until=store.now + LEASE, most=9, share=its_channels) == []
    assert await store.claims.next_due(now=store.now, share=its_channels) == (None, None)
    assert ids(await store.claims.due(now=store.now, lease_until=store.now + LEASE, most=9, share=mine)) == [job.id]


async def test_a_process_sleeps_through_what_is_due_elsewhere(store: Store) -> None:
    early = await store.running(destination=place(CHANNELS[0]))
    late = await store.running(destination=place(CHANNELS[1]))
    await store.jobs.reschedule(early, next_at=store.now + timedelta(seconds=5))
    await store.jobs.reschedule(late, next_at=store.now + timedelta(seconds=9))
    shares = [1 << bucket_of(each.place_id) for each in (early, late)]
    moments = [(await store.claims.next_due(now=store.now, share=share)).step for share in shares]
    assert moments == [store.now + timedelta(seconds=5), store.now + timedelta(seconds=9)]


async def test_who_is_worked_on_and_moved_by_nobody_is_listed_page_by_page_and_woken_uncalled(store: Store) -> None:
    running = []
    for number in range(3):
        job = await store.submitting(id=f"{number:016x}")
        later = store.now + timedelta(minutes=1)
        running.append(await store.jobs.record_task(job, task_id=f"t-{job.id}", next_at=later, now=store.now))
    await store.submitting()
    provider, ids = running[0].provider, sorted(job.id for job in running)
    first = await store.claims.running(provider, after="", most=2)
    rest = await store.claims.running(provider, after=first[-1].id, most=2)
    assert [job.id for job in (*first, *rest)] == ids
    woken = await store.claims.wake([first[0].external_id], now=store.now, called=False)
    assert woken == {first[0].external_id: Woken.YES}
    (due,) = await store.claims.due(now=store.now, lease_until=store.now + LEASE, most=9)
    assert (due.id, due.called_at) == (ids[0], None)
    assert [job.id for job in await store.claims.running(provider, after="", most=9)] == ids[1:]


@pytest.mark.parametrize("by", [LEAP + timedelta(seconds=1), -LEAP - timedelta(seconds=1)])
async def test_who_has_not_followed_a_leap_of_the_clock_claims_nothing(store: Store, by: timedelta) -> None:
    submitting = await store.submitting()
    waits = await store.accept()
    await HeartbeatStore(store.database).shift(by, now=store.now + by, leap=LEAP)
    with pytest.raises(StoreUnavailable, match="another time"):
        await store.claims.due(now=store.now, lease_until=store.now + LEASE, most=9)
    assert await store.waiting() is None
    store.later(by.total_seconds())
    assert await store.claims.due(now=store.now, lease_until=store.now + LEASE, most=9) == []
    claimed = await store.waiting()
    assert claimed is not None
    assert claimed.id == waits.id
    assert (await store.get(submitting.id)).lease == submitting.lease
