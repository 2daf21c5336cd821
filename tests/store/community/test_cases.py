"""Cases and periodic tasks: due until they are done, decided once."""

import asyncio
from datetime import timedelta
from typing import Any

from bot.domain import Case, CaseKind, CaseState, OutboxKind
from bot.store.community.cases import CaseStore
from bot.store.outbox import OutboxStore
from bot.store.periodic_tasks import PeriodicTaskStore
from tests.store.conftest import Store

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


def case(store: Store, id_: str = "a", **changes: Any) -> Case:
    values = {"kind": CaseKind.REPORT, "guild_id": 7, "channel_id": 5, "user_id": 1, "created_at": store.now, **changes}
    return Case(id=id_, **values)


async def test_a_case_is_opened_once_and_is_to_be_posted_at_once(store: Store) -> None:
    cases = CaseStore(store.database)
    assert await cases.open(case(store, body={"reason": "né"}))
    assert not await cases.open(case(store, body={"reason": "other"}))
    kept, item = await cases.case("a"), await store.announced()
    assert kept is not None
    assert item is not None
    assert (kept.id, kept.body, kept.state) == ("a", {"reason": "né"}, CaseState.OPEN)
    assert (item.kind, item.subject_id, item.guild_id) == (OutboxKind.CASE, "a", 7)
    assert await store.announced() is None


async def test_a_posted_case_rests_until_it_is_decided(store: Store) -> None:
    cases, outbox = CaseStore(store.database), OutboxStore(store.database)
    await cases.open(case(store))
    item = await store.announced()
    assert item is not None
    assert await cases.begin_posting(case(store, channel_id=6, for_operator=True), item, at=store.now)
    await outbox.posted(item, message_id=50, now=store.now)
    store.later(3600)
    assert await store.announced() is None
    decided = await cases.decide("a", CaseState.DISMISSED, by=9, now=store.now)
    assert decided is not None
    assert (decided.state, decided.decided_by) == (CaseState.DISMISSED, 9)
    assert (decided.channel_id, decided.for_operator) == (6, True)
    again = await store.announced()
    assert again is not None
    assert (again.subject_id, again.message_id, again.channel_id) == ("a", 50, 6)
    assert not await cases.begin_posting(case(store), again, at=store.now)


async def test_of_many_moderators_one_decides(store: Store) -> None:
    cases = CaseStore(store.database)
    await cases.open(case(store))
    decisions = (CaseState.APPROVED, CaseState.DENIED)
    answers = await asyncio.gather(*(cases.decide("a", decisions[by % 2], by=by, now=store.now) for by in range(10)))
    (first,) = [each for each in answers if each is not None]
    stored = await cases.case("a")
    assert stored is not None
    assert (stored.state, stored.decided_by) == (first.state, first.decided_by)


async def test_a_periodic_task_is_taken_once_a_round_also_across_a_restart(store: Store) -> None:
    first, second = PeriodicTaskStore(store.database), PeriodicTaskStore(store.database)
    assert await first.take("sweep", now=store.now, every=DAY)
    assert not await second.take("sweep", now=store.later(3600), every=DAY)
    store.later(DAY.total_seconds())
    taken = await asyncio.gather(*(each.take("sweep", now=store.now, every=DAY) for each in (first, second)))
    assert sorted(taken) == [False, True]


async def test_processes_whose_clocks_differ_a_little_do_a_periodic_task_once(store: Store) -> None:
    ahead, behind = PeriodicTaskStore(store.database), PeriodicTaskStore(store.database)
    for _ in range(3):
        assert await ahead.take("sweep", now=store.now + timedelta(seconds=5), every=MINUTE)
        assert not await behind.take("sweep", now=store.now, every=MINUTE)
        assert not await behind.take("sweep", now=store.later(60), every=MINUTE)
        store.later(5)


async def test_a_clock_that_jumps_back_does_not_stop_a_periodic_task_for_longer_than_a_round(store: Store) -> None:
    periodic_tasks = PeriodicTaskStore(store.database)
    await periodic_tasks.take("sweep", now=store.now + 365 * DAY, every=DAY)
    assert await periodic_tasks.take("sweep", now=store.now, every=DAY)
    assert not await periodic_tasks.take("sweep", now=store.now, every=DAY)


async def test_a_periodic_task_that_went_wrong_is_due_sooner(store: Store) -> None:
    periodic_tasks = PeriodicTaskStore(store.database)
    await periodic_tasks.take("sweep", now=store.now, every=DAY)
    await periodic_tasks.again("sweep", at=store.now + MINUTE)
    assert await periodic_tasks.take("sweep", now=store.later(60), every=DAY)
