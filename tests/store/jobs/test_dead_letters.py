"""Decisions about other people's jobs: one transaction each, guarded against everybody who may be faster."""

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from bot.domain import AuditEntry, DeadLetter, Job, JobStatus
from bot.errors import DeadLetterGone, JobUnknown, StoreUnavailable, TooLateToCancel, TransitionLost
from bot.store.database import Transaction
from bot.store.jobs.dead_letters import DeadLetterStore
from bot.store.jobs.results import ResultStore
from tests.store.conftest import Store

Decision = Callable[[DeadLetterStore, AuditEntry, Job], Awaitable[Job]]

HOUR = timedelta(hours=1)


@pytest.fixture
def letters(store: Store) -> DeadLetterStore:
    return DeadLetterStore(store.database)


def entry(store: Store, number: int = 1, **detail: Any) -> AuditEntry:
    return AuditEntry(id=f"i-{number}", guild_id=7, actor_id=99, action="job_decided", at=store.now, detail=detail)


async def audited(store: Store) -> list[tuple[str, int, dict[str, Any]]]:
    rows = await store.rows("SELECT * FROM audit ORDER BY at, id")
    return [(row["id"], row["actor_id"], json.loads(row["detail"])) for row in rows]


async def usd(store: Store) -> tuple[int, int]:
    (row,) = await store.rows("SELECT held, settled FROM accounts WHERE owner = 'budget:bot'")
    return row["held"], row["settled"]


DECISIONS: dict[str, Decision] = {
    "look": lambda letters, by, job: letters.look_again(by, job.id, deadline_at=by.at + HOUR),
    "submit": lambda letters, by, job: letters.submit_again(by, job.id, deadline_at=by.at + HOUR),
    "deliver": lambda letters, by, job: letters.deliver_again(by, job.id),
    "write_off": lambda letters, by, job: letters.write_off(by, job.id, billed=False),
    "write_off_billed": lambda letters, by, job: letters.write_off(by, job.id, billed=True),
    "cancel": lambda letters, by, job: letters.cancel(by, job.id),
}
FITTING = (
    *(("unknown", name) for name in ("look", "submit", "write_off", "write_off_billed")),
    *(("undeliverable", name) for name in ("deliver", "write_off", "write_off_billed")),
)


async def test_a_submission_in_doubt_is_asked_about_again_under_a_new_deadline(
    store: Store, letters: DeadLetterStore
) -> None:
    job = await store.unknown()
    store.later(7200)
    await letters.look_again(entry(store, note="x"), job.id, deadline_at=store.now + HOUR)
    (found,) = await store.due()
    assert (found.id, found.status, found.dead_letter) == (job.id, JobStatus.SUBMITTING, None)
    assert (found.attempt, found.tries, found.deadline_at) == (1, 0, store.now + HOUR)
    assert await store.ledger(job.id) == [("hold", 5, 420_000)]
    assert await audited(store) == [("i-1", 99, {"note": "x"})]
    await store.books_add_up()


async def test_submitting_again_is_a_new_attempt_that_waits_its_turn(store: Store, letters: DeadLetterStore) -> None:
    job = await store.unknown()
    store.later(7200)
    await letters.submit_again(entry(store), job.id, deadline_at=store.now + HOUR)
    claimed = await store.waiting()
    assert claimed is not None
    assert (claimed.id, claimed.attempt, claimed.external_id) == (job.id, 2, f"{job.id}-2")
    assert await store.ledger(job.id) == [("hold", 5, 420_000)]
    await store.books_add_up()


async def test_a_running_job_that_was_lost_sight_of_is_asked_about_or_submitted_under_no_task(
    store: Store, letters: DeadLetterStore
) -> None:
    job = await store.jobs.mark_dead_letter(await store.running(), reason=DeadLetter.OUTCOME_UNKNOWN, now=store.now)
    looked = await letters.look_again(entry(store), job.id, deadline_at=store.now + HOUR)
    assert (looked.status, looked.task_id, looked.dead_letter) == (JobStatus.RUNNING, job.task_id, None)
    (claimed,) = await store.due()
    await store.jobs.mark_dead_letter(claimed, reason=DeadLetter.OUTCOME_UNKNOWN, now=store.now)
    waiting = await letters.submit_again(entry(store, 2), job.id, deadline_at=store.now + HOUR)
    assert (waiting.status, waiting.task_id, waiting.attempt) == (JobStatus.QUEUED, None, 2)
    await store.books_add_up()


async def test_submitting_again_goes_behind_those_of_its_person_that_wait(
    store: Store, letters: DeadLetterStore
) -> None:
    job = await store.unknown()
    waiting = [await store.accept() for _ in range(2)]
    again = await letters.submit_again(entry(store), job.id, deadline_at=store.now + HOUR)
    turns = [each.turn for each in (*waiting, again)]
    assert turns == sorted(set(turns))


async def test_a_kept_video_is_due_to_be_delivered_again(store: Store, letters: DeadLetterStore) -> None:
    job = await store.undeliverable()
    store.later(60)
    await letters.deliver_again(entry(store), job.id)
    (found,) = await store.due()
    assert (found.id, found.status, found.dead_letter, found.tries) == (job.id, JobStatus.SUCCEEDED, None, 0)
    posting = await store.jobs.begin_posting(found, at=store.now)
    await store.jobs.delivered(posting, channel_id=5, message_id=1, now=store.now)
    assert await store.ledger(job.id) == [("hold", 5, 420_000), ("settle", 5, 300_000)]
    await store.books_add_up()


@pytest.mark.parametrize(("billed", "spent"), [(False, 0), (True, 420_000)])
async def test_a_doubt_that_is_written_off_frees_the_credits_and_keeps_what_was_billed(
    store: Store, letters: DeadLetterStore, *, billed: bool, spent: int
) -> None:
    job = await store.unknown()
    failed = await letters.write_off(entry(store), job.id, billed=billed)
    assert (failed.status, failed.failure, failed.dead_letter) == (JobStatus.FAILED, "written_off", None)
    assert failed.due_at == store.now, "its card has to say so"
    assert await store.ledger(job.id) == [("hold", 5, 420_000), ("release", 5, spent)]
    assert await usd(store) == (0, spent)
    await store.books_add_up()


@pytest.mark.parametrize(("cost", "spent"), [(300_000, 300_000), (None, 420_000)])
async def test_a_finished_video_that_is_written_off_stays_on_the_budget(
    store: Store, letters: DeadLetterStore, cost: int | None, spent: int
) -> None:
    job = await store.succeeded(cost_micros=cost)
    await store.jobs.mark_dead_letter(job, reason=DeadLetter.UNDELIVERABLE, now=store.now)
    await letters.write_off(entry(store), job.id, billed=False)
    assert await usd(store) == (0, spent)
    assert await store.ledger(job.id) == [("hold", 5, 420_000), ("release", 5, spent)]
    await store.books_add_up()


@pytest.mark.parametrize("stage", ["accept", "submitting", "running", "succeeded", "delivered", "failed", "cancelled"])
@pytest.mark.parametrize("name", sorted(set(DECISIONS) - {"cancel"}))
async def test_what_is_no_dead_letter_is_nobodys_to_decide(
    store: Store, letters: DeadLetterStore, stage: str, name: str
) -> None:
    job = await store.at(stage)
    with pytest.raises(DeadLetterGone):
        await DECISIONS[name](letters, entry(store), job)
    assert await store.get(job.id) == job
    assert await audited(store) == []


@pytest.mark.parametrize(
    ("stage", "name"), [("unknown", "deliver"), ("undeliverable", "look"), ("undeliverable", "submit")]
)
async def test_a_decision_fits_one_kind_of_dead_letter(
    store: Store, letters: DeadLetterStore, stage: str, name: str
) -> None:
    job = await store.at(stage)
    with pytest.raises(DeadLetterGone):
        await DECISIONS[name](letters, entry(store), job)
    assert await store.get(job.id) == job


@pytest.mark.parametrize(
    ("stage", "first", "second"),
    [(stage, first, second) for stage, first in FITTING for also, second in FITTING if stage == also],
)
async def test_of_two_admins_the_first_decides(store: Store, stage: str, first: str, second: str) -> None:
    letters = DeadLetterStore(store.database)
    job = await store.at(stage)
    decided = await DECISIONS[first](letters, entry(store, 1), job)
    with pytest.raises(DeadLetterGone):
        await DECISIONS[second](letters, entry(store, 2), job)
    assert await store.get(job.id) == decided
    assert [each[0] for each in await audited(store)] == ["i-1"]
    await store.books_add_up()


@pytest.mark.parametrize(("stage", "name"), FITTING)
async def test_an_interaction_that_comes_twice_decides_once(
    store: Store, letters: DeadLetterStore, stage: str, name: str
) -> None:
    job = await store.at(stage)
    decided = await DECISIONS[name](letters, entry(store), job)
    assert await DECISIONS[name](letters, entry(store), job) == decided
    await store.books_add_up()


@pytest.mark.parametrize(("stage", "name"), FITTING)
async def test_a_worker_that_is_about_to_close_the_card_does_not_undo_a_decision(
    store: Store, letters: DeadLetterStore, stage: str, name: str
) -> None:
    job = await store.at(stage)
    held = await store.claimed(job.id)
    decided = await DECISIONS[name](letters, entry(store), job)
    with pytest.raises(TransitionLost):
        await store.jobs.close(held)
    assert await store.get(job.id) == decided
    assert decided.due_at is not None


@pytest.mark.parametrize("name", ["deliver", "write_off"])
async def test_a_video_that_its_person_has_fetched_is_settled_and_not_decided_about(
    store: Store, letters: DeadLetterStore, name: str
) -> None:
    job = await store.undeliverable()
    assert await ResultStore(store.database).received(job.id, now=store.now)
    with pytest.raises(DeadLetterGone):
        await DECISIONS[name](letters, entry(store), job)
    assert await store.ledger(job.id) == [("hold", 5, 420_000), ("settle", 5, 300_000)]


@pytest.mark.parametrize(("name", "ends"), [("deliver", []), ("write_off", [("release", 5, 300_000)])])
async def test_a_video_that_is_fetched_after_a_decision_is_not_settled_by_that(
    store: Store, letters: DeadLetterStore, name: str, ends: list[tuple[str, int, int]]
) -> None:
    job = await store.undeliverable()
    await DECISIONS[name](letters, entry(store), job)
    assert not await ResultStore(store.database).received(job.id, now=store.now)
    assert await store.ledger(job.id) == [("hold", 5, 420_000), *ends]
    await store.books_add_up()


@pytest.mark.parametrize("status", [JobStatus.QUEUED, JobStatus.PENDING])
async def test_anybodys_waiting_job_is_cancelled_and_its_hold_released(
    store: Store, letters: DeadLetterStore, status: JobStatus
) -> None:
    job = await store.accept(user_id=3, status=status)
    cancelled = await letters.cancel(entry(store), job.id)
    assert (cancelled.status, cancelled.due_at) == (JobStatus.CANCELLED, store.now)
    assert await store.ledger(job.id) == [("hold", 5, 420_000), ("release", 5, 0)]
    assert len(await audited(store)) == 1
    await store.books_add_up()


@pytest.mark.parametrize(
    "stage", ["submitting", "running", "succeeded", "delivered", "failed", "cancelled", "unknown", "undeliverable"]
)
async def test_what_does_not_wait_is_not_cancelled(store: Store, letters: DeadLetterStore, stage: str) -> None:
    job = await store.at(stage)
    with pytest.raises(TooLateToCancel):
        await letters.cancel(entry(store), job.id)
    assert await store.get(job.id) == job
    assert await audited(store) == []


@pytest.mark.parametrize("name", sorted(DECISIONS))
async def test_a_job_that_nobody_knows_is_not_decided_about(store: Store, letters: DeadLetterStore, name: str) -> None:
    with pytest.raises(JobUnknown):
        await DECISIONS[name](letters, entry(store), store.job())


class _Dying:
    """A transaction whose last statement never comes back."""

    def __init__(self, inner: Transaction, table: str) -> None:
        self._inner, self._table = inner, table

    async def all(self, sql: str, *values: object) -> Any:
        return await self._inner.all(sql, *values)

    async def one(self, sql: str, *values: object) -> Any:
        found = await self._inner.one(sql, *values)
        self._die(sql)
        return found

    async def execute(self, sql: str, *values: object) -> int:
        changed = await self._inner.execute(sql, *values)
        self._die(sql)
        return changed

    async def alone(self, name: str) -> None:
        await self._inner.alone(name)

    def _die(self, sql: str) -> None:
        if sql.startswith(("UPDATE", "INSERT")) and self._table in sql:
            raise StoreUnavailable("killed")


class _Killed:
    skip_locked = ""

    def __init__(self, inner: Any, table: str) -> None:
        self._inner, self._table = inner, table

    async def transact(self, work: Any, *, snapshot: bool = False) -> Any:
        return await self._inner.transact(lambda tx: work(_Dying(tx, self._table)), snapshot=snapshot)


MONEY = ("write_off", "write_off_billed", "cancel")


@pytest.mark.parametrize(
    ("stage", "name", "table"),
    [
        (stage, name, table)
        for stage, name in (*FITTING, ("accept", "cancel"))
        for table in ("audit", "jobs", *(("ledger", "accounts") if name in MONEY else ()))
    ],
)
async def test_killed_after_any_statement_a_decision_has_not_happened(
    store: Store, stage: str, name: str, table: str
) -> None:
    job = await store.at(stage)
    with pytest.raises(StoreUnavailable, match="killed"):
        await DECISIONS[name](DeadLetterStore(_Killed(store.database, table)), entry(store), job)
    assert await store.get(job.id) == job
    assert await audited(store) == []
    await store.books_add_up()
    await DECISIONS[name](DeadLetterStore(store.database), entry(store), job)
    await store.books_add_up()


async def test_who_knew_a_job_before_it_was_lost_sight_of_moves_it_no_more(store: Store) -> None:
    free = await store.jobs.reschedule(await store.submitting(), next_at=store.now)
    await store.jobs.mark_dead_letter(free, reason=DeadLetter.OUTCOME_UNKNOWN, now=store.now)
    with pytest.raises(TransitionLost):
        await store.jobs.fail(free, failure="content", code="", now=store.now)
    await store.counts_are_what_a_scan_finds()
