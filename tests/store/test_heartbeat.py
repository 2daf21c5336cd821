"""What is waited for moves along with a clock that leaps; what is over stays where it was."""

from datetime import timedelta

import pytest

from bot.clock import LEAP
from bot.domain import Remover
from bot.store.heartbeat import HeartbeatStore
from bot.store.jobs.results import ResultStore
from bot.store.outbox import OutboxStore
from tests.store.conftest import Store

DAY = timedelta(days=1)


@pytest.mark.parametrize("by", [DAY, -DAY])
async def test_whatever_is_open_is_shifted_as_a_whole_and_nothing_else(store: Store, by: timedelta) -> None:
    closed = await store.jobs.close(await store.failed())
    jobs = [await store.submitting(), await store.running(), await store.succeeded(), await store.accept()]
    before = [await store.get(job.id) for job in jobs]
    await HeartbeatStore(store.database).shift(by, now=store.now + by, leap=LEAP)
    for job, known in zip(jobs, before, strict=True):
        present = await store.get(job.id)
        assert known.due_at is not None
        assert (present.due_at, present.deadline_at) == (known.due_at + by, known.deadline_at + by)
        assert present.submitted_at == (known.submitted_at and known.submitted_at + by)
        assert present.finished_at == (known.finished_at and known.finished_at + by)
        assert present.created_at == known.created_at
    assert await store.get(closed.id) == closed
    await store.books_add_up()


async def test_the_last_sign_of_life_is_remembered(store: Store) -> None:
    heartbeats = HeartbeatStore(store.database)
    assert await heartbeats.last_alive() is None
    for _ in range(2):
        now = store.later(60)
        assert await heartbeats.beat(now=now, longest=DAY, review=DAY) == 0
        assert await heartbeats.last_alive() == now
    await heartbeats.shift(DAY, now=now + DAY, leap=LEAP)
    assert await heartbeats.last_alive() == now + DAY


async def test_what_is_to_be_taken_away_waits_no_longer_where_the_clock_was_set_back(store: Store) -> None:
    job, outbox = await store.delivered(), OutboxStore(store.database)
    await ResultStore(store.database).remove(job.id, by=Remover.AUTHOR, now=store.now)
    removal = await outbox.claim(now=store.now, until=store.now + DAY)
    assert removal is not None
    await outbox.retry(removal, due_at=store.now + timedelta(minutes=1))
    await HeartbeatStore(store.database).shift(-DAY, now=store.now - DAY, leap=LEAP)
    in_a_minute = store.now - DAY + timedelta(minutes=1)
    assert await outbox.claim(now=in_a_minute, until=in_a_minute + DAY) is not None


async def test_time_that_nobody_lived_through_is_left_out_once(store: Store) -> None:
    heartbeats, job = HeartbeatStore(store.database), await store.accept()
    assert await heartbeats.resume(now=store.now, leap=LEAP) is None
    store.later(DAY.total_seconds())
    assert [await heartbeats.resume(now=store.now, leap=LEAP) for _ in range(3)] == [DAY, None, None]
    assert (await store.get(job.id)).deadline_at == job.deadline_at + DAY


async def test_a_leap_that_all_processes_see_is_made_up_for_once(store: Store) -> None:
    heartbeats, job = HeartbeatStore(store.database), await store.accept()
    await heartbeats.beat(now=store.now, longest=DAY, review=DAY)
    for _ in range(3):
        await heartbeats.shift(DAY, now=store.now + DAY, leap=LEAP)
    assert (await store.get(job.id)).deadline_at == job.deadline_at + DAY


async def test_who_has_another_time_than_the_others_says_nothing(store: Store) -> None:
    heartbeats = HeartbeatStore(store.database)
    await heartbeats.beat(now=store.now + DAY, longest=DAY, review=DAY)
    assert await heartbeats.beat(now=store.now, longest=DAY, review=DAY, leap=LEAP) is None
    assert await heartbeats.last_alive() == store.now + DAY
