"""Cases and chores: due until they are done, decided once."""

import asyncio
from datetime import timedelta
from typing import Any

from bot.domain import Case, CaseKind, CaseState
from bot.store.community.cases import CaseStore
from bot.store.periodic_tasks import PeriodicTaskStore
from tests.store.conftest import Store

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


def case(store: Store, id_: str = "a", **changes: Any) -> Case:
    values = {"kind": CaseKind.REPORT, "guild_id": 7, "channel_id": 5, "user_id": 1, "created_at": store.now, **changes}
    return Case(id=id_, **values)


async def test_a_case_is_opened_once_and_is_due_at_once(store: Store) -> None:
    cases = CaseStore(store.database)
    assert await cases.open(case(store, body={"reason": "né"}))
    assert not await cases.open(case(store, body={"reason": "other"}))
    claimed = await cases.claim(now=store.now, until=store.now + MINUTE)
    assert claimed is not None
    assert (claimed.id, claimed.body, claimed.state) == ("a", {"reason": "né"}, CaseState.OPEN)
    assert await cases.claim(now=store.now, until=store.now + MINUTE) is None


async def test_a_claim_that_nothing_came_of_runs_out(store: Store) -> None:
    cases = CaseStore(store.database)
    await cases.open(case(store))
    await cases.claim(now=store.now, until=store.now + MINUTE)
    assert await cases.claim(now=store.later(60), until=store.now + MINUTE) is not None


async def test_a_posted_case_rests_until_it_is_decided(store: Store) -> None:
    cases = CaseStore(store.database)
    await cases.open(case(store))
    claimed = await cases.claim(now=store.now, until=store.now + MINUTE)
    assert claimed is not None
    await cases.begin_posting(claimed, at=store.now)
    await cases.shown(claimed, message_id=50)
    assert await cases.claim(now=store.later(3600), until=store.now + MINUTE) is None
    decided = await cases.decide("a", CaseState.DISMISSED, by=9, now=store.now)
    assert decided is not None
    assert (decided.state, decided.decided_by, decided.message_id) == (CaseState.DISMISSED, 9, 50)
    assert await cases.claim(now=store.now, until=store.now + MINUTE) == decided.__class__(
        **{**_fields(decided), "due_at": store.now + MINUTE}
    )


def _fields(case_: Case) -> dict[str, Any]:
    return {name: getattr(case_, name) for name in Case.__dataclass_fields__}


async def test_a_case_decided_while_it_was_being_posted_is_due_to_say_so(store: Store) -> None:
    cases = CaseStore(store.database)
    await cases.open(case(store))
    claimed = await cases.claim(now=store.now, until=store.now + MINUTE)
    assert claimed is not None
    await cases.decide("a", CaseState.APPROVED, by=9, now=store.now)
    await cases.shown(claimed, message_id=50)
    again = await cases.claim(now=store.later(1), until=store.now + MINUTE)
    assert again is not None
    assert (again.state, again.message_id) == (CaseState.APPROVED, 50)


async def test_of_many_moderators_one_decides(store: Store) -> None:
    cases = CaseStore(store.database)
    await cases.open(case(store))
    decisions = (CaseState.APPROVED, CaseState.DENIED)
    answers = await asyncio.gather(*(cases.decide("a", decisions[by % 2], by=by, now=store.now) for by in range(10)))
    (first,) = [each for each in answers if each is not None]
    stored = await cases.case("a")
    assert stored is not None
    assert (stored.state, stored.decided_by) == (first.state, first.decided_by)


async def test_a_case_that_is_given_up_is_never_due_again(store: Store) -> None:
    cases = CaseStore(store.database)
    await cases.open(case(store))
    claimed = await cases.claim(now=store.now, until=store.now + MINUTE)
    assert claimed is not None
    await cases.later(claimed, due_at=None)
    assert await cases.claim(now=store.later(10**6), until=store.now + MINUTE) is None


async def test_a_chore_is_taken_once_a_round_also_across_a_restart(store: Store) -> None:
    first, second = PeriodicTaskStore(store.database), PeriodicTaskStore(store.database)
    assert await first.take("sweep", now=store.now, every=DAY)
    assert not await second.take("sweep", now=store.later(3600), every=DAY)
    store.later(DAY.total_seconds())
    taken = await asyncio.gather(*(each.take("sweep", now=store.now, every=DAY) for each in (first, second)))
    assert sorted(taken) == [False, True]


async def test_a_clock_that_jumps_back_does_not_stop_a_chore_for_longer_than_a_round(store: Store) -> None:
    chores = PeriodicTaskStore(store.database)
    await chores.take("sweep", now=store.now + 365 * DAY, every=DAY)
    assert await chores.take("sweep", now=store.now, every=DAY)
    assert not await chores.take("sweep", now=store.now, every=DAY)


async def test_a_chore_that_went_wrong_is_due_sooner(store: Store) -> None:
    chores = PeriodicTaskStore(store.database)
    await chores.take("sweep", now=store.now, every=DAY)
    await chores.again("sweep", at=store.now + MINUTE)
    assert await chores.take("sweep", now=store.later(60), every=DAY)
