"""A job's states: every change of its status, in one transaction with its money, its place in the queue and its case.

Nothing else writes a job's status or that it was delivered, or has the ledger hold, settle or release its price; a
test looks for that. Each function takes part in its caller's transaction, says what it starts from, and raises
`TransitionLost` where the job isn't as the caller knows it.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any, Final

from bot.domain import CaseState, Funding, Job, JobStatus, millis
from bot.domain.eta import similarity_key
from bot.domain.job import GIVEN_UP, TRANSITIONS
from bot.errors import TransitionLost
from bot.store.community.cases import withdraw
from bot.store.database import Database, Transaction
from bot.store.jobs.at_work import recount
from bot.store.jobs.fair_queue import end_turn, keep_turn, leave, take_turn
from bot.store.locks import MANY_JOBS, requests_of
from bot.store.money import ledger

# The condition of jobs that can be ended: they still hold credits.
UNENDED: Final = "delivered_at IS NULL AND status NOT IN ('failed', 'cancelled')"

_INSERT: Final = (
    "INSERT INTO jobs (id, idempotency_key, user_id, locale, guild_id, channel_id, upload_limit, private, provider, "
    "request, eta_key, status, attempt, tries, owner, period, credits, usd_micros, created_at, deadline_at, due_at, "
    "parent_id, origin, public_locale, prompt, queue_id, priority, spoiler, review, asked_at) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0, $14, $15, $16, $17, $18, $19, $20, "
    "$21, $22, $23, $24, $25, $26, $27, $28, $29) "
    "ON CONFLICT (idempotency_key) DO NOTHING RETURNING *"
)


async def keep_still(tx: Transaction, user_id: int) -> None:
    """Let no request of a person come to be, and no job of theirs end, until this transaction ends."""
    await tx.alone(requests_of(user_id))
    await tx.alone(MANY_JOBS)
    await tx.execute(f"UPDATE jobs SET user_id = user_id WHERE user_id = $1 AND {UNENDED}", user_id)  # noqa: S608 (constant)


async def enter(tx: Transaction, job: Job, *, funding: Funding, now: datetime) -> Job | None:
    """Keep a new job, `PENDING` or else `QUEUED`, and hold its price; None where its idempotency key is known already.

    Raises:
        QuotaExceeded, GuildQuotaExceeded, BudgetExceeded: see `ledger.hold`.
    """
    row = await tx.one(_INSERT, *_columns(job))
    if row is None:
        return None
    kept = Job.from_row(row)
    await ledger.hold(tx, kept, funding=funding, now=now)
    if kept.status is JobStatus.PENDING:
        return kept
    turn = await take_turn(tx, kept)  # after the hold: who is refused has kept nobody of this provider waiting
    return replace(kept, turn=turn)


async def queue(tx: Transaction, job: Job, *, due_at: datetime, **changes: Any) -> Job:
    """Let a job wait for its provider: `QUEUED`.

    One whose submission came to nothing is next, since it was; any other goes behind what its author has waiting.
    """
    queued = await move(
        tx, job, JobStatus.QUEUED, due_at=due_at, task_id=None, progress=None, called_at=None, **changes
    )
    if job.status is JobStatus.PENDING or job.dead_letter is not None:
        queued = replace(queued, turn=await take_turn(tx, queued))
    else:
        await keep_turn(tx, queued)
    await recount(tx, job, queued)
    return queued


async def begin_submitting(tx: Transaction, job_id: str, *, lease: str, until: datetime) -> Job | None:
    """Claim a job for submission; None where it waits no more.

    The claim is the intent: the job is `SUBMITTING` from here on, since the provider may hear of it any moment.
    """
    row = await tx.one(
        "UPDATE jobs SET status = 'submitting', lease = $2, due_at = $3 WHERE id = $1 AND status = 'queued' "
        "RETURNING *",
        *(job_id, lease, millis(until)),
    )
    if row is None:
        return None
    job = Job.from_row(row)
    await end_turn(tx, job)
    await recount(tx, replace(job, status=JobStatus.QUEUED), job)
    return job


async def deliver(tx: Transaction, job: Job, *, channel_id: int, message_id: int, now: datetime) -> Job:
    """Write that a finished video is in front of its person, and settle; due at once to close the card."""
    demand(job, job.status is JobStatus.SUCCEEDED and job.delivered_at is None)
    place = {"message_channel_id": channel_id, "message_id": message_id}
    done = await update(tx, job, delivered_at=now, due_at=now, lease=None, tries=0, dead_letter=None, **place)
    await ledger.settle(tx, done, now=now)
    return done


async def hand_over(tx: Transaction, job_id: str, *, now: datetime) -> bool:
    """Write that a kept video has reached its person by hand, and settle; whether it was still kept.

    Needs no lease: whoever hands it over is no worker, and a worker that is closing the card finds it changed.
    """
    row = await tx.one(
        "UPDATE jobs SET delivered_at = $2, due_at = $2, lease = NULL, tries = 0, dead_letter = NULL "
        "WHERE id = $1 AND dead_letter = 'undeliverable' AND delivered_at IS NULL RETURNING *",
        job_id,
        millis(now),
    )
    if row is not None:
        await ledger.settle(tx, Job.from_row(row), now=now)
    return row is not None


async def fail(
    tx: Transaction,
    job: Job,
    *,
    failure: str,
    now: datetime,
    code: str = "",
    cost_micros: int | None = None,
    billed: bool = False,
    case: CaseState | None = CaseState.WITHDRAWN,
) -> Job:
    """Let a job come to nothing: `FAILED`, due at once to close the card.

    The hold is settled where the job was given up on its person's account (`Job.given_up`), or what a provider may
    have made would be free; else it is released. Budgets keep what the provider charged, `cost_micros`; where that
    isn't known, the estimate, if the job is `billed` all the same, given up or finished. A moderator's open case about
    the job ends as `case`; None leaves it to the caller.
    """
    billed = billed or failure in GIVEN_UP or job.status is JobStatus.SUCCEEDED
    cost = job.charged(cost_micros, billed=billed)
    reason = {"failure": failure, "failure_code": code}
    failed = await move(tx, job, JobStatus.FAILED, cost_micros=cost, finished_at=now, due_at=now, **reason)
    if failed.given_up:
        await ledger.settle(tx, failed, now=now)
    else:
        await ledger.release(tx, failed, now=now, billed=billed)
    await _make_room(tx, job, failed)
    if case is not None:
        await withdraw(tx, job.id, now=now, state=case)
    return failed


async def cancel(tx: Transaction, job: Job, *, now: datetime, failure: str | None = None) -> Job:
    """Take a job back that no provider has heard of: `CANCELLED`, and its hold is released; `failure` says by whom.

    A moderator's open case about it is withdrawn.
    """
    cancelled = await move(tx, job, JobStatus.CANCELLED, failure=failure, finished_at=now, due_at=now)
    await ledger.release(tx, cancelled, now=now)
    await _make_room(tx, job, cancelled)
    await withdraw(tx, job.id, now=now)
    return cancelled


async def give_up(tx: Transaction, job: Job, *, failure: str, now: datetime) -> Job:
    """End a job on its person's account, wherever it is: `cancel` where that can be, else `fail`."""
    end = cancel if job.cancellable else fail
    return await end(tx, job, failure=failure, now=now)


async def give_up_each(database: Database, jobs: Iterable[Job], *, only: str, failure: str, now: datetime) -> int:
    """Give up jobs that `only`, SQL, is still true of, as they are by then, each in a transaction; count them."""

    async def give_up_now(tx: Transaction, job: Job) -> bool:
        # Kept to itself, or somebody would claim it in between.
        row = await tx.one(f"UPDATE jobs SET status = status WHERE id = $1 AND {only} RETURNING *", job.id)  # noqa: S608 (a constant of the caller)
        if row is not None:
            await give_up(tx, Job.from_row(row), failure=failure, now=now)
        return row is not None

    return sum([await database.transact(partial(give_up_now, job=job)) for job in jobs])


async def move(tx: Transaction, job: Job, target: JobStatus, **changes: Any) -> Job:
    """Move a job to `target`, where `TRANSITIONS` has such a step, and give its lease back.

    A new state begins without tries and misses, and a dead letter is decided by it. `fail` and `cancel` end a job.
    Where it waits or is at work before, the caller sees to its place there.

    Raises:
        TransitionLost: there is no such step, or the job is not as the caller knows it any more.
    """
    demand(job, target in TRANSITIONS[job.status] and job.delivered_at is None)
    begun: dict[str, Any] = {"lease": None, "tries": 0, "misses": 0, "dead_letter": None, "telling_at": None}
    return await update(tx, job, status=target, **(begun | changes))


async def update(tx: Transaction, job: Job, **changes: Any) -> Job:
    """Change columns of a job whose status, lease, delivery and dead letter are still as the caller knows them.

    Raises:
        TransitionLost: they are not.
    """
    assignments = ", ".join(f"{column} = ${number}" for number, column in enumerate(changes, start=6))
    row = await tx.one(
        # The column names are keyword arguments of this package, never from outside.
        f"UPDATE jobs SET {assignments} "  # noqa: S608
        "WHERE id = $1 AND status = $2 AND coalesce(lease, '') = $3 AND coalesce(delivered_at, 0) = $4 "
        "AND coalesce(dead_letter, '') = $5 RETURNING *",
        job.id,
        str(job.status),
        job.lease or "",
        millis(job.delivered_at) if job.delivered_at else 0,
        str(job.dead_letter or ""),
        *(_stored(value) for value in changes.values()),
    )
    if row is None:
        raise TransitionLost(f"{job.id} is not {job.status} under this lease any more")
    return Job.from_row(row)


async def _make_room(tx: Transaction, job: Job, ended: Job) -> None:
    """Take a job that has ended out of its queue, or from its provider: after its money, in the order of all locks."""
    if job.status is JobStatus.QUEUED:
        await leave(tx, job)
    await recount(tx, job, ended)


def demand(job: Job, condition: bool) -> None:  # noqa: FBT001 (reads as a sentence)
    """Refuse a step that the job, as the caller knows it, is not ready for."""
    if not condition:
        raise TransitionLost(f"{job.id} is {job.status} and not ready for that")


async def read(tx: Transaction, column: str, value: str) -> Job:
    """Read the job with this value in that column.

    Raises:
        TransitionLost: there is none.
    """
    row = await tx.one(f"SELECT * FROM jobs WHERE {column} = $1", value)  # noqa: S608 (a name from this package)
    if row is None:
        raise TransitionLost(f"job {value} has vanished")
    return Job.from_row(row)


def _stored(value: object) -> object:
    """A value as its column keeps it."""
    if isinstance(value, datetime):
        return millis(value)
    return str(value) if isinstance(value, StrEnum) else value


def _columns(job: Job) -> tuple[object, ...]:
    """The values of `_INSERT`, in its order; whatever state a new job may say, it begins in one of two."""
    place = job.destination
    status = JobStatus.PENDING if job.status is JobStatus.PENDING else JobStatus.QUEUED
    return (
        *(job.id, job.idempotency_key, job.user_id, job.locale),
        *(place.guild_id, place.channel_id, place.upload_limit, int(place.private)),
        *(job.provider, job.request.model_dump_json(), similarity_key(job.request), str(status), job.attempt),
        *(job.owner, job.period, job.credits, job.usd_micros),
        *(millis(job.created_at), millis(job.deadline_at), millis(job.due_at or job.created_at)),
        *(job.parent_id, str(job.origin), job.public_locale, job.request.text().casefold()),
        *(job.queue_id, job.priority, int(job.spoiler), job.review and str(job.review)),
        millis(job.asked_at) if job.asked_at else None,
    )
