import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain import DeadLetter, Job, JobStatus
from bot.domain.job import TRANSITIONS
from bot.errors import JobUnknown, StoreError, TooLateToCancel, TransitionLost
from tests.store.conftest import Store

Move = Callable[[Store, Job], Awaitable[Any]]

STAGES = (
    *("queued", "submitting", "running", "succeeded", "delivered"),
    *("failed", "cancelled", "unknown", "undeliverable"),
)

# Every way to move a job, with the stages at which it may.
MOVES: dict[str, tuple[Move, set[str]]] = {
    "record_task": (
        lambda s, job: s.jobs.record_task(job, task_id="t", next_at=s.now, now=s.now),
        {"submitting", "unknown"},
    ),
    "requeue": (
        lambda s, job: s.jobs.requeue(job, attempt=2, next_at=s.now),
        {"submitting", "running", "unknown"},
    ),
    "succeed": (lambda s, job: s.jobs.succeed(job, result_url="u", cost_micros=1, now=s.now), {"running"}),
    "fail": (
        lambda s, job: s.jobs.fail(job, failure="permanent", code="", now=s.now),
        {"queued", "submitting", "running", "succeeded", "unknown", "undeliverable"},
    ),
    "begin_posting": (lambda s, job: s.jobs.begin_posting(job, at=s.now), {"succeeded"}),
    "delivered": (
        lambda s, job: s.jobs.delivered(job, channel_id=5, message_id=9, now=s.now),
        {"succeeded", "undeliverable"},
    ),
    "bury": (
        lambda s, job: s.jobs.mark_dead_letter(job, reason=DeadLetter.OUTCOME_UNKNOWN, now=s.now),
        {"submitting", "running", "succeeded", "unknown", "undeliverable"},
    ),
    "close": (lambda s, job: s.jobs.close(job), {"delivered", "failed", "cancelled", "unknown", "undeliverable"}),
}
MOVES["reschedule"] = (lambda s, job: s.jobs.reschedule(job, next_at=s.later(9), tries=2), set(STAGES))
CASES = [(move, stage) for move in MOVES for stage in STAGES]


@pytest.mark.parametrize(("move", "stage"), [case for case in CASES if case[1] in MOVES[case[0]][1]])
async def test_a_legal_move_is_made_together_with_its_money(store: Store, move: str, stage: str) -> None:
    before = await store.at(stage)
    after = await MOVES[move][0](store, before)
    assert after == await store.get(before.id)
    assert after != before or move == "bury"
    assert after.status == before.status or after.status in TRANSITIONS[before.status]
    await store.books_add_up()


@pytest.mark.parametrize(("move", "stage"), [case for case in CASES if case[1] not in MOVES[case[0]][1]])
async def test_an_illegal_move_is_lost_and_changes_nothing(store: Store, move: str, stage: str) -> None:
    before = await store.at(stage)
    await store.accept()  # another hold in the same account, so that a wrong release would find something to take
    with pytest.raises(TransitionLost):
        await MOVES[move][0](store, before)
    assert await store.get(before.id) == before
    await store.books_add_up()


@pytest.mark.parametrize("move", sorted(MOVES))
@pytest.mark.parametrize("stage", ["submitting", "running", "succeeded"])
async def test_whoever_lost_the_lease_can_move_nothing(store: Store, move: str, stage: str) -> None:
    stale = await store.at(stage)
    store.later(61)
    fresh = await store.claimed(stale.id)
    assert fresh.lease != stale.lease
    with pytest.raises(TransitionLost):
        await MOVES[move][0](store, stale)
    assert await store.get(stale.id) == fresh
    await store.books_add_up()


@pytest.mark.parametrize("move", sorted(MOVES))
async def test_an_old_lease_does_not_count_after_the_next_one_was_given_back(store: Store, move: str) -> None:
    stale = await store.running()
    store.later(61)
    await store.jobs.reschedule(await store.claimed(stale.id), next_at=store.now)
    with pytest.raises(TransitionLost):
        await MOVES[move][0](store, stale)
    await store.books_add_up()


async def test_failing_gives_the_hold_back_and_keeps_what_it_cost_the_operator(store: Store) -> None:
    job = await store.running()
    failed = await store.jobs.fail(job, failure="content", code="1301", cost_micros=99, now=store.now)
    assert (failed.status, failed.failure, failed.failure_code) == (JobStatus.FAILED, "content", "1301")
    assert (failed.due_at, failed.finished_at, failed.lease) == (store.now, store.now, None)
    assert await store.ledger(job.id) == [("hold", 5, 420_000), ("release", 5, 99)]


async def test_failing_a_finished_job_keeps_the_cost_that_the_provider_told(store: Store) -> None:
    failed = await store.jobs.fail(await store.succeeded(), failure="result", code="", now=store.now)
    assert await store.ledger(failed.id) == [("hold", 5, 420_000), ("release", 5, 300_000)]


async def test_a_finished_job_that_fails_keeps_the_estimate_in_the_budget_where_the_provider_told_nothing(
    store: Store,
) -> None:
    failed = await store.jobs.fail(await store.succeeded(cost_micros=None), failure="result", code="", now=store.now)
    assert await store.ledger(failed.id) == [("hold", 5, 420_000), ("release", 5, 420_000)]
    assert failed.cost_micros is None


@pytest.mark.parametrize(("billed", "kept"), [(True, 420_000), (False, 0)])
async def test_a_running_job_that_fails_stays_in_the_budget_only_if_it_will_be_billed(
    store: Store, *, billed: bool, kept: int
) -> None:
    failed = await store.jobs.fail(await store.running(), failure="deadline", code="", now=store.now, billed=billed)
    assert await store.ledger(failed.id) == [("hold", 5, 420_000), ("release", 5, kept)]


@pytest.mark.parametrize(
    ("first", "last", "cost"),
    [(90_000, 300_000, 390_000), (90_000, None, 510_000), (None, 300_000, 300_000), (None, None, None)],
)
async def test_what_an_attempt_that_failed_was_charged_is_a_part_of_the_cost(
    store: Store, first: int | None, last: int | None, cost: int | None
) -> None:
    running = await store.running()
    await store.jobs.requeue(running, attempt=2, next_at=store.now, cost_micros=first)
    again = await store.waiting()
    assert again is not None
    await store.jobs.record_task(again, task_id="second", next_at=store.now, now=store.now)
    done = await store.jobs.succeed(
        await store.claimed(again.id), result_url="u", cost_micros=last, cost_units="3", now=store.now
    )
    assert (done.cost_micros, done.cost_units) == (cost, "3")
    delivered = await store.jobs.delivered(done, channel_id=1, message_id=2, now=store.now)
    assert await store.ledger(delivered.id) == [("hold", 5, 420_000), ("settle", 5, cost or 420_000)]
    await store.books_add_up()


async def test_delivering_settles_what_the_provider_charged(store: Store) -> None:
    job = await store.succeeded()
    done = await store.jobs.delivered(job, channel_id=6, message_id=66, now=store.now)
    assert (done.delivered_at, done.message_channel_id, done.message_id, done.lease) == (store.now, 6, 66, None)
    assert await store.ledger(job.id) == [("hold", 5, 420_000), ("settle", 5, 300_000)]


async def test_delivering_settles_the_estimate_where_the_provider_told_nothing(store: Store) -> None:
    job = await store.delivered(cost_micros=None)
    assert await store.ledger(job.id) == [("hold", 5, 420_000), ("settle", 5, 420_000)]


async def test_many_deliveries_of_one_job_settle_once(store: Store) -> None:
    buried = await store.at("undeliverable")
    await store.accept()
    moves = (store.jobs.delivered(buried, channel_id=1, message_id=n, now=store.now) for n in range(5))
    answers = await asyncio.gather(*moves, return_exceptions=True)
    assert sum(isinstance(answer, Job) for answer in answers) == 1
    assert sum(isinstance(answer, TransitionLost) for answer in answers) == 4
    await store.books_add_up()


async def test_of_a_delivery_and_a_refund_at_once_only_one_happens(store: Store) -> None:
    buried = await store.at("undeliverable")
    await store.accept()
    answers = await asyncio.gather(
        store.jobs.delivered(buried, channel_id=1, message_id=2, now=store.now),
        store.jobs.fail(buried, failure="operator", code="", now=store.now),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, TransitionLost) for answer in answers) == 1
    await store.books_add_up()


async def test_a_delivered_job_cannot_be_refunded_by_failing_it(store: Store) -> None:
    job = await store.delivered()
    await store.accept()
    closing = await store.claimed(job.id)
    with pytest.raises(TransitionLost):
        await store.jobs.fail(closing, failure="internal", code="", now=store.now)
    await store.books_add_up()


async def test_a_job_without_its_hold_cannot_end_and_says_so_aloud(store: Store) -> None:
    job = await store.succeeded()
    await store.database.transact(lambda tx: tx.execute("UPDATE accounts SET held = 0"))
    with pytest.raises(StoreError) as caught:
        await store.jobs.delivered(job, channel_id=1, message_id=2, now=store.now)
    assert not isinstance(caught.value, TransitionLost)
    assert await store.get(job.id) == job


async def test_the_database_itself_lets_a_hold_end_once(store: Store) -> None:
    job = await store.delivered()
    line = (
        "INSERT INTO ledger (id, job_id, owner, period, unit, kind, held, at) "
        "SELECT $2, job_id, owner, period, unit, 'release', -held, at FROM ledger WHERE id = $1"
    )
    ids = f"{job.id}:hold:{job.owner}:{job.period}", f"{job.id}:release:{job.owner}:{job.period}"
    with pytest.raises(StoreError):
        await store.database.transact(lambda tx: tx.execute(line, *ids))


async def test_only_the_person_who_asked_may_cancel(store: Store) -> None:
    job = await store.accept()
    for job_id, user_id in ((job.id, 2), ("nothing", 1)):
        with pytest.raises(JobUnknown):
            await store.jobs.cancel(job_id, user_id=user_id, now=store.now)
    cancelled = await store.jobs.cancel(job.id, user_id=1, now=store.now)
    assert (cancelled.status, cancelled.due_at) == (JobStatus.CANCELLED, store.now)
    assert await store.ledger(job.id) == [("hold", 5, 420_000), ("release", 5, 0)]


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage != "queued"])
async def test_only_a_waiting_job_can_be_cancelled(store: Store, stage: str) -> None:
    job = await store.at(stage)
    await store.accept()
    with pytest.raises(TooLateToCancel) as caught:
        await store.jobs.cancel(job.id, user_id=1, now=store.now)
    assert caught.value.status is job.status
    assert await store.get(job.id) == job
    await store.books_add_up()


async def test_cancelling_many_times_at_once_releases_once(store: Store) -> None:
    job = await store.accept()
    await store.accept()
    cancels = (store.jobs.cancel(job.id, user_id=1, now=store.now) for _ in range(5))
    answers = await asyncio.gather(*cancels, return_exceptions=True)
    assert sum(isinstance(answer, Job) for answer in answers) == 1
    await store.books_add_up()


async def test_of_a_cancel_and_a_claim_at_once_only_one_happens(store: Store) -> None:
    job = await store.accept()
    cancelled, claimed = await asyncio.gather(
        store.jobs.cancel(job.id, user_id=1, now=store.now), store.waiting(), return_exceptions=True
    )
    assert isinstance(cancelled, Job) == (claimed is None)
    await store.books_add_up()


async def test_a_requeued_job_waits_again_under_its_old_hold(store: Store) -> None:
    job = await store.running()
    queued = await store.jobs.requeue(job, attempt=2, next_at=store.now + timedelta(seconds=5))
    assert (queued.status, queued.attempt, queued.tries, queued.task_id) == (JobStatus.QUEUED, 2, 1, None)
    assert queued.external_id == f"{job.id}-2"
    assert await store.waiting() is None
    store.later(5)
    assert await store.waiting() is not None
    assert await store.ledger(job.id) == [("hold", 5, 420_000)]


async def test_rescheduling_keeps_the_progress_unless_there_is_news_of_it(store: Store) -> None:
    job = await store.jobs.reschedule(await store.running(), next_at=store.now, progress=0.5)
    again = await store.jobs.reschedule(await store.claimed(job.id), next_at=store.now, tries=3)
    assert (job.progress, again.progress, again.tries, again.lease) == (0.5, 0.5, 3, None)


async def test_a_post_is_looked_for_from_the_last_time_that_it_was_begun(store: Store) -> None:
    first = await store.jobs.begin_posting(await store.succeeded(), at=store.now)
    again = await store.jobs.begin_posting(first, at=store.later(5), directly=True)
    assert (first.posting_directly, again.posting_directly, again.posting_at) == (False, True, store.now)
    assert again.lease == first.lease


async def test_nobody_posts_without_a_lease(store: Store) -> None:
    job = await store.jobs.reschedule(await store.succeeded(), next_at=store.now)
    with pytest.raises(TransitionLost):
        await store.jobs.begin_posting(job, at=store.now)


@pytest.mark.parametrize("move", ["record_task", "requeue", "fail"])
async def test_a_dead_letter_that_was_decided_is_none_any_more(store: Store, move: str) -> None:
    buried = await store.at("unknown")
    assert [job.id for job in await store.lookup.dead_letters(most=5)] == [buried.id]
    decided = await MOVES[move][0](store, buried)
    assert decided.dead_letter is None
    assert await store.lookup.dead_letters(most=5) == []


async def test_a_buried_job_keeps_its_hold_and_is_due_to_close_its_card(store: Store) -> None:
    buried = await store.at("undeliverable")
    assert (buried.finished, buried.due_at) == (True, store.now)
    closed = await store.jobs.close(await store.claimed(buried.id))
    assert (closed.due_at, closed.lease) == (None, None)
    assert await store.ledger(buried.id) == [("hold", 5, 420_000)]


async def test_the_first_card_counts_and_changes_nothing_else(store: Store) -> None:
    job = await store.running()
    await store.jobs.record_card(job, channel_id=3, message_id=33)
    await store.jobs.record_card(job, channel_id=4, message_id=44)
    assert await store.get(job.id) == replace(job, card_channel_id=3, card_message_id=33)
