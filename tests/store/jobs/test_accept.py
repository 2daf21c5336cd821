import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.domain import Fund, Job, JobStatus, Origin
from bot.errors import AskedJustNow, QuotaExceeded, StoreError, TooManyJobs
from tests.funding import plain
from tests.store.conftest import Store


async def test_accepting_keeps_the_job_as_it_was_asked_for(store: Store) -> None:
    wanted = store.job(guild_id=None)
    accepted, new = await store.jobs.accept(wanted, funding=plain(wanted, 10), most=1, now=store.now)
    assert new
    assert accepted == replace(wanted, turn=1)
    assert await store.ledger(wanted.id) == [("hold", 5, 420_000)]
    account = await store.lookup.account(Fund(owner=wanted.owner, period=wanted.period, allowance=10))
    assert (account.held, account.settled, account.balance) == (5, 0, 5)


async def test_a_new_job_waits_in_the_queue_whatever_it_says(store: Store) -> None:
    accepted = await store.accept(status=JobStatus.SUCCEEDED, delivered_at=store.now)
    assert accepted.status is JobStatus.QUEUED
    assert accepted.delivered_at is None


async def test_a_repeated_interaction_gets_the_first_job_and_holds_nothing(store: Store) -> None:
    first = await store.accept()
    repeat = replace(store.job(), idempotency_key=first.idempotency_key)
    again, new = await store.jobs.accept(repeat, funding=plain(repeat, 1000), most=1, now=store.now)
    assert (again, new) == (first, False)
    assert await store.lookup.job(repeat.id) is None
    await store.books_add_up()


@pytest.mark.parametrize("parented", [True, False])
async def test_of_quick_taps_on_one_button_one_makes_a_video_until_somebody_says_another(
    store: Store, *, parented: bool
) -> None:
    parent_id = (await store.delivered()).id if parented else None
    wanted = [store.job(parent_id=parent_id, origin=Origin.AGAIN) for _ in range(4)]
    since = store.now - timedelta(seconds=10)

    async def tap(job: Job, *, alone_since: datetime | None = since) -> bool:
        try:
            await store.jobs.accept(job, funding=plain(job, 1000), most=9, now=store.now, alone_since=alone_since)
        except AskedJustNow:
            return False
        return True

    assert sorted(await asyncio.gather(*map(tap, wanted[:3]))) == [False, False, True]
    assert await tap(wanted[3], alone_since=None)
    await store.books_add_up()


async def test_a_repeat_is_harmless_even_when_the_job_has_ended(store: Store) -> None:
    job = await store.delivered()
    repeat = store.job(idempotency_key=job.idempotency_key)
    again, new = await store.jobs.accept(repeat, funding=plain(repeat, 0), most=0, now=store.now)
    assert (again, new) == (job, False)
    await store.books_add_up()


async def test_the_same_interaction_many_times_at_once_holds_once(store: Store) -> None:
    repeats = [store.job(idempotency_key="one") for _ in range(20)]
    answers = await asyncio.gather(
        *(store.jobs.accept(each, funding=plain(each, 1000), most=100, now=store.now) for each in repeats)
    )
    assert sum(new for _, new in answers) == 1
    assert len({job.id for job, _ in answers}) == 1
    assert (await store.rows("SELECT held FROM accounts WHERE unit = 'credits'")) == [{"held": 5}]


async def test_an_id_that_is_taken_is_an_error_not_a_repeat(store: Store) -> None:
    first = await store.accept()
    with pytest.raises(StoreError):
        await store.accept(store.job(id=first.id))
    await store.books_add_up()


async def test_a_request_beyond_the_balance_is_refused_and_leaves_nothing(store: Store) -> None:
    await store.accept(allowance=8)
    refused = store.job()
    with pytest.raises(QuotaExceeded) as caught:
        await store.accept(refused, allowance=8)
    assert (caught.value.price, caught.value.balance, caught.value.allowance) == (5, 3, 8)
    assert await store.lookup.job(refused.id) is None
    await store.books_add_up()


async def test_a_balance_that_is_just_enough_is_enough(store: Store) -> None:
    await store.accept(allowance=10)
    await store.accept(allowance=10)
    with pytest.raises(QuotaExceeded):
        await store.accept(allowance=10)


async def test_what_was_settled_counts_against_the_allowance_and_what_was_released_does_not(store: Store) -> None:
    await store.delivered()
    await store.jobs.cancel((await store.accept(allowance=10)).id, user_id=1, now=store.now)
    await store.accept(allowance=10)
    with pytest.raises(QuotaExceeded):
        await store.accept(allowance=10)


async def test_an_allowance_that_was_cut_below_what_is_used_leaves_a_balance_of_nothing(store: Store) -> None:
    job = await store.accept()
    with pytest.raises(QuotaExceeded) as caught:
        await store.accept(allowance=2)
    assert caught.value.balance == 0
    account = await store.lookup.account(Fund(owner=job.owner, period=job.period, allowance=2))
    assert (account.allowance, account.balance) == (2, 0)


async def test_a_raised_allowance_shows_before_the_next_request(store: Store) -> None:
    job = await store.accept(allowance=10)
    account = await store.lookup.account(Fund(owner=job.owner, period=job.period, allowance=50))
    assert account.balance == 45


async def test_accounts_are_apart_by_guild_by_person_and_by_period(store: Store) -> None:
    await store.accept(allowance=5)
    await store.accept(allowance=5, guild_id=8)
    await store.accept(allowance=5, guild_id=None)
    await store.accept(allowance=5, user_id=2)
    await store.accept(allowance=5, period="2026-03-06")
    assert len(await store.rows("SELECT * FROM accounts WHERE unit = 'credits'")) == 5


async def test_too_many_unfinished_jobs_are_refused_and_leave_nothing(store: Store) -> None:
    await store.submitting(guild_id=8)
    await store.accept(most=2)
    with pytest.raises(TooManyJobs) as caught:
        await store.accept(most=2)
    assert caught.value.limit == 2
    await store.accept(most=2, user_id=2)
    await store.books_add_up()


@pytest.mark.parametrize("stage", ["succeeded", "failed", "cancelled", "delivered", "unknown"])
async def test_a_job_that_is_out_of_the_members_hands_does_not_keep_them_from_the_next(
    store: Store, stage: str
) -> None:
    await store.at(stage)
    await store.accept(most=1)


async def test_many_at_once_never_oversell_the_allowance(store: Store) -> None:
    jobs = [store.job() for _ in range(50)]
    answers = await asyncio.gather(*(store.accept(job, allowance=100) for job in jobs), return_exceptions=True)
    assert sum(isinstance(answer, Job) for answer in answers) == 20
    assert sum(isinstance(answer, QuotaExceeded) for answer in answers) == 30
    assert (await store.rows("SELECT held FROM accounts WHERE unit = 'credits'")) == [{"held": 100}]
    await store.books_add_up()


async def test_credits_below_nothing_are_refused_by_the_database(store: Store) -> None:
    await store.accept()
    with pytest.raises(StoreError):
        await store.accept(credits=-3)
    await store.books_add_up()
