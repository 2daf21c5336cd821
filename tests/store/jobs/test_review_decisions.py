"""Decisions: the case, its job, the money and the record move as one, once, whoever else is at it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain import AuditEntry, Case, CaseKind, CaseState, Job, JobStatus, Review
from bot.errors import CaseDecided, StoreUnavailable, TransitionLost
from bot.store.community.cases import CaseStore
from bot.store.database import Transaction
from bot.store.jobs.dead_letters import DeadLetterStore
from bot.store.jobs.review_decisions import ReviewDecisionStore
from tests.funding import plain
from tests.store.conftest import Store

Bring = Callable[[Store], Awaitable[tuple[Job, Case]]]

DAY = timedelta(hours=24)
HOUR = timedelta(hours=1)


def case_of(job: Job, kind: CaseKind, store: Store) -> Case:
    return Case(
        id=f"{kind}-{job.id}", kind=kind, guild_id=7, channel_id=9, user_id=1, job_id=job.id, created_at=store.now
    )


async def pending(store: Store, **changes: Any) -> tuple[Job, Case]:
    """A request that waits for a moderator."""
    wanted = store.job(status=JobStatus.PENDING, review=Review.REQUEST, due_at=store.now + DAY, **changes)
    case = case_of(wanted, CaseKind.REQUEST, store)
    job, _ = await store.jobs.accept(wanted, funding=plain(wanted, 1000), most=9, now=store.now, case=case)
    return job, case


async def held(store: Store) -> tuple[Job, Case]:
    """A finished video that waits for a moderator."""
    job = await store.succeeded()
    case = case_of(job, CaseKind.RESULT, store)
    return await ReviewDecisionStore(store.database).hold(job, case=case, until=store.now + DAY), case


def entry(store: Store, name: str = "interaction-9", *, by: int = 3) -> AuditEntry:
    return AuditEntry(id=name, guild_id=7, actor_id=by, action="request_approved", at=store.now)


async def state(store: Store, case: Case) -> CaseState:
    found = await CaseStore(store.database).case(case.id)
    assert found is not None
    return found.state


async def test_an_approved_request_takes_its_turn_with_time_of_its_own(store: Store) -> None:
    job, case = await pending(store)
    store.later(3600 * 5)
    approved = await ReviewDecisionStore(store.database).approve(case, entry(store), deadline=HOUR)
    assert (approved.status, approved.review, approved.deadline_at) == (JobStatus.QUEUED, None, store.now + HOUR)
    assert await state(store, case) is CaseState.APPROVED
    claimed = await store.waiting()
    assert claimed is not None
    assert claimed.id == job.id
    await store.books_add_up()


async def test_nobody_is_asked_about_a_request_any_more_that_an_admin_has_taken_back(store: Store) -> None:
    job, case = await pending(store)
    await DeadLetterStore(store.database).cancel(entry(store, "an admin"), job.id)
    assert await state(store, case) is CaseState.WITHDRAWN
    with pytest.raises(CaseDecided) as caught:
        await ReviewDecisionStore(store.database).approve(case, entry(store, "a moderator"), deadline=HOUR)
    assert caught.value.state == CaseState.WITHDRAWN
    await store.books_add_up()


async def test_a_pending_request_is_never_submitted(store: Store) -> None:
    await pending(store)
    assert await store.waiting() is None
    assert await store.overdue() == []


async def test_an_approved_video_goes_on_to_its_delivery(store: Store) -> None:
    job, case = await held(store)
    assert (job.review, job.lease, job.due_at) == (Review.HELD, None, store.now + DAY)
    assert await store.due() == []
    approved = await ReviewDecisionStore(store.database).approve(case, entry(store), deadline=HOUR)
    assert (approved.status, approved.review) == (JobStatus.SUCCEEDED, Review.PASSED)
    (claimed,) = await store.due()
    await store.jobs.delivered(claimed, channel_id=5, message_id=50, now=store.now)
    await store.books_add_up()


async def test_a_denied_request_costs_nobody_anything(store: Store) -> None:
    job, case = await pending(store)
    denied = await ReviewDecisionStore(store.database).deny(case, entry(store), reason="not here")
    assert (denied.status, denied.failure, denied.failure_code) == (JobStatus.FAILED, "denied", "not here")
    assert await store.ledger(job.id) == [("hold", 5, 420_000), ("release", 5, 0)]
    await store.books_add_up()


async def test_a_denied_video_costs_its_person_nothing_and_the_budget_what_it_cost(store: Store) -> None:
    job, case = await held(store)
    await ReviewDecisionStore(store.database).deny(case, entry(store), reason="")
    assert await store.ledger(job.id) == [("hold", 5, 420_000), ("release", 5, 300_000)]
    await store.books_add_up()


@pytest.mark.parametrize("bring", [pending, held])
async def test_what_nobody_decides_about_ends_in_time(store: Store, bring: Bring) -> None:
    job, case = await bring(store)
    store.later(24 * 3600 - 1)
    assert await store.due() == []
    store.later(1)
    (claimed,) = await store.due()
    ended = await ReviewDecisionStore(store.database).expire(claimed, now=store.now)
    assert (ended.id, ended.status, ended.failure) == (job.id, JobStatus.FAILED, "not_reviewed")
    assert await state(store, case) is CaseState.EXPIRED
    await store.books_add_up()


@pytest.mark.parametrize("bring", [pending, held])
@pytest.mark.parametrize("first", ["approve", "deny"])
async def test_the_first_decision_counts(store: Store, bring: Bring, first: str) -> None:
    job, case = await bring(store)
    decisions = ReviewDecisionStore(store.database)
    made: dict[str, Callable[[str], Awaitable[Job]]] = {
        "approve": lambda name: decisions.approve(case, entry(store, name), deadline=HOUR),
        "deny": lambda name: decisions.deny(case, entry(store, name), reason=""),
    }
    moved = await made[first]("first")
    for late in made.values():
        with pytest.raises(CaseDecided) as told:
            await late("second")
        assert told.value.state == ("approved" if first == "approve" else "denied")
    assert await store.get(job.id) == moved
    assert [row["id"] for row in await store.rows("SELECT id FROM audit")] == ["first"]
    await store.books_add_up()


async def test_of_many_at_once_one_decides(store: Store) -> None:
    _, case = await pending(store)
    decisions = ReviewDecisionStore(store.database)
    tries: list[Awaitable[Job]] = [
        *(decisions.approve(case, entry(store, f"a{number}"), deadline=HOUR) for number in range(5)),
        *(decisions.deny(case, entry(store, f"d{number}"), reason="") for number in range(5)),
    ]
    done = await asyncio.gather(*tries, return_exceptions=True)
    assert len([each for each in done if not isinstance(each, BaseException)]) == 1
    assert {type(each) for each in done if isinstance(each, BaseException)} <= {CaseDecided, StoreUnavailable}
    assert len(await store.rows("SELECT id FROM audit")) == 1
    await store.books_add_up()


async def test_an_author_who_takes_it_back_closes_the_case(store: Store) -> None:
    job, case = await pending(store)
    await store.jobs.cancel(job.id, user_id=1, now=store.now)
    assert await state(store, case) is CaseState.WITHDRAWN
    with pytest.raises(CaseDecided) as told:
        await ReviewDecisionStore(store.database).approve(case, entry(store), deadline=HOUR)
    assert told.value.state == "withdrawn"
    assert (await store.get(job.id)).status is JobStatus.CANCELLED
    await store.books_add_up()


async def test_a_decision_beats_the_worker_whose_lease_ends_the_review(store: Store) -> None:
    _, case = await pending(store)
    store.later(24 * 3600)
    (claimed,) = await store.due()
    await ReviewDecisionStore(store.database).approve(case, entry(store), deadline=HOUR)
    with pytest.raises(TransitionLost):
        await ReviewDecisionStore(store.database).expire(claimed, now=store.now)
    assert await state(store, case) is CaseState.APPROVED
    await store.books_add_up()


@pytest.mark.parametrize("kind", [CaseKind.RESULT, CaseKind.REPORT, CaseKind.MORE])
async def test_a_case_of_another_kind_moves_no_request(store: Store, kind: CaseKind) -> None:
    job, case = await pending(store)
    with pytest.raises(CaseDecided):
        await ReviewDecisionStore(store.database).approve(replace(case, kind=kind), entry(store), deadline=HOUR)
    assert (await store.get(job.id)).status is JobStatus.PENDING


@pytest.mark.parametrize("stage", ["running", "delivered", "undeliverable"])
async def test_only_a_finished_video_in_hand_is_held(store: Store, stage: str) -> None:
    job = await store.at(stage)
    with pytest.raises(TransitionLost):
        await ReviewDecisionStore(store.database).hold(
            job, case=case_of(job, CaseKind.RESULT, store), until=store.now + DAY
        )
    assert await store.rows("SELECT id FROM cases") == []


async def test_a_decision_that_cannot_be_recorded_has_not_happened(store: Store) -> None:
    job, case = await pending(store)

    async def spoil(tx: Transaction) -> None:
        await tx.execute("ALTER TABLE audit RENAME TO elsewhere")

    await store.database.transact(spoil)
    with pytest.raises(StoreUnavailable):
        await ReviewDecisionStore(store.database).deny(case, entry(store), reason="")
    assert await store.get(job.id) == job
    assert await state(store, case) is CaseState.OPEN
    await store.books_add_up()


async def test_a_report_is_settled_once(store: Store) -> None:
    job = await store.delivered()
    case, decisions = case_of(job, CaseKind.REPORT, store), ReviewDecisionStore(store.database)
    assert await CaseStore(store.database).open(case)
    assert not await CaseStore(store.database).open(case)
    await decisions.settle_report(case, CaseState.DISMISSED, entry(store))
    with pytest.raises(CaseDecided):
        await decisions.settle_report(case, CaseState.APPROVED, entry(store, "later"))
    assert await state(store, case) is CaseState.DISMISSED
