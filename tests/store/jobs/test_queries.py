from datetime import timedelta

from bot.domain import Fund, Mode, VideoRequest
from bot.store.jobs.at_work import MOST
from bot.store.jobs.queries import TOGETHER
from tests.store.conftest import Store


async def test_a_job_is_found_by_its_id_or_not_at_all(store: Store) -> None:
    job = await store.accept()
    assert await store.lookup.job(job.id) == job
    assert await store.lookup.job("nothing") is None


async def test_a_persons_latest_jobs_are_those_of_the_place_the_newest_first(store: Store) -> None:
    jobs = [await store.accept() for _ in range(3)]
    direct = await store.accept(guild_id=None)
    await store.accept(guild_id=8)
    await store.accept(user_id=2)
    assert await store.lookup.of_user(1, guild_id=7, most=2) == [jobs[2], jobs[1]]
    assert await store.lookup.of_user(1, guild_id=None, most=9) == [direct]


async def test_the_place_in_the_queue_counts_those_in_front(store: Store) -> None:
    first = await store.accept(created_at=store.now)
    twin = await store.accept(created_at=store.now)
    last = await store.accept()
    await store.accept(provider="kling", created_at=store.now - timedelta(hours=1))
    assert [await store.lookup.position(job) for job in (first, twin, last)] == [1, 2, 3]
    assert await store.lookup.first_waiting("kirin", most=2) == [first, twin]
    await store.waiting()
    assert await store.lookup.position(last) == 2


async def test_how_long_like_jobs_took_the_latest_first(store: Store) -> None:
    for seconds in (10, 20, 30):
        job = await store.running()
        store.later(seconds)
        await store.jobs.succeed(job, result_url="u", cost_micros=None, now=store.now)
    other = VideoRequest(model="kirin_v3_t2v", prompt="x", mode=Mode.PRO)
    await store.succeeded(request=other)
    like = store.job().request
    assert await store.lookup.durations(like, most=2) == [30.0, 20.0]
    assert await store.lookup.durations(other) == [0.0]


async def test_of_a_crowd_that_began_together_not_only_the_slowest_are_known(store: Store) -> None:
    old = await store.running()
    store.later(500)
    await store.jobs.succeed(old, result_url="u", cost_micros=None, now=store.now)
    store.later(2 * TOGETHER.total_seconds())
    crowd = [await store.running(user_id=number) for number in range(8)]
    for job in crowd:
        store.later(10)
        await store.jobs.succeed(job, result_url="u", cost_micros=None, now=store.now)
    like = store.job().request
    assert await store.lookup.durations(like, most=4) == [80.0, 60.0, 40.0, 20.0]
    assert await store.lookup.durations(like, most=8) == [80.0, 70.0, 60.0, 50.0, 40.0, 30.0, 20.0, 10.0]
    assert (await store.lookup.durations(like, most=9))[-1] == 500.0


async def test_a_resubmitted_jobs_time_counts_from_its_last_submission(store: Store) -> None:
    job = await store.running()
    store.later(100)
    await store.jobs.requeue(job, attempt=2, next_at=store.now)
    again = await store.waiting()
    assert again is not None
    await store.jobs.record_task(again, task_id="t2", next_at=store.now, now=store.now)
    store.later(7)
    await store.jobs.succeed(await store.claimed(job.id), result_url="u", cost_micros=None, now=store.now)
    assert await store.lookup.durations(job.request) == [7.0]


async def test_dead_letters_are_listed_the_oldest_first(store: Store) -> None:
    letters = [(await store.unknown()).id, (await store.undeliverable()).id]
    await store.succeeded()
    assert [job.id for job in await store.lookup.dead_letters(most=5)] == letters
    assert [job.id for job in await store.lookup.dead_letters(most=1)] == letters[:1]


async def test_an_untouched_account_has_all_of_its_allowance(store: Store) -> None:
    account = await store.lookup.account(Fund(owner="user:9@dm", period="2026-03-05", allowance=30))
    assert (account.held, account.settled, account.balance) == (0, 0, 30)


async def test_of_many_at_work_those_that_began_first_are_read_and_the_rest_counted(store: Store) -> None:
    started = []
    for number in range(MOST + 2):
        job = await store.submitting(user_id=number % 2 + 1, guild_id=8 if number == 0 else 7)
        started.append(await store.jobs.record_task(job, task_id=job.id, next_at=store.now, now=store.later(1)))
    submitting = await store.submitting(user_id=9)
    seen = await store.lookup.waiting(await store.accept(user_id=9))
    assert (seen.everywhere.count, seen.at_provider.count) == (MOST + 3, MOST + 3)
    assert (seen.in_queue.count, seen.of_user.count) == (MOST + 2, 1)
    assert [each.id for each in seen.everywhere.first] == [job.id for job in started[:MOST]]
    assert [each.id for each in seen.in_queue.first] == [job.id for job in started[1 : MOST + 1]]
    assert [(each.id, each.submitted_at) for each in seen.of_user.first] == [(submitting.id, None)]
    assert seen.everywhere.first[0].request == started[0].request
    itself = seen.without(submitting)
    assert (itself.of_user.count, itself.of_user.first) == (0, ())
