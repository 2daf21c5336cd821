"""The guarded moves of a job inside a transaction: every one says what it starts from, and fails if that is gone."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.domain import Job, JobStatus
from bot.domain.job import TRANSITIONS
from bot.domain.row import millis
from bot.errors import TransitionLost
from bot.store.database import Transaction
from bot.store.jobs.fair_queue import leave


def demand(job: Job, condition: bool) -> None:  # noqa: FBT001 (reads as a sentence)
    """Refuse a step that the job, as the caller knows it, is not ready for."""
    if not condition:
        raise TransitionLost(f"{job.id} is {job.status} and not ready for that")


async def move(tx: Transaction, job: Job, target: JobStatus, **changes: Any) -> Job:
    """Move a job to `target`, if the plan knows such a step; a dead letter is decided by it.

    Raises:
        TransitionLost: there is no such step, or the job is not as the caller knows it any more.
    """
    demand(job, target in TRANSITIONS[job.status] and job.delivered_at is None)
    moved = await update(tx, job, status=target, dead_letter=None, telling_at=None, **changes)
    if job.status is JobStatus.QUEUED:
        await leave(tx, job)
    return moved


async def update(tx: Transaction, job: Job, **changes: Any) -> Job:
    """Change columns of a job whose status, lease and delivery are still as the caller knows them.

    Raises:
        TransitionLost: they are not.
    """
    assignments = ", ".join(f"{column} = ${number}" for number, column in enumerate(changes, start=5))
    row = await tx.one(
        # The column names are keyword arguments of this module, never from outside.
        f"UPDATE jobs SET {assignments} "  # noqa: S608
        "WHERE id = $1 AND status = $2 AND coalesce(lease, '') = $3 AND coalesce(delivered_at, 0) = $4 RETURNING *",
        job.id,
        str(job.status),
        job.lease or "",
        millis(job.delivered_at) if job.delivered_at else 0,
        *(_stored(value) for value in changes.values()),
    )
    if row is None:
        raise TransitionLost(f"{job.id} is not {job.status} under this lease any more")
    return Job.from_row(row)


async def read(tx: Transaction, column: str, value: str) -> Job:
    """The job with this value in that column.

    Raises:
        TransitionLost: there is none.
    """
    row = await tx.one(f"SELECT * FROM jobs WHERE {column} = $1", value)  # noqa: S608 (a name from this module)
    if row is None:
        raise TransitionLost(f"job {value} has vanished")
    return Job.from_row(row)


def _stored(value: object) -> object:
    """A value as its column keeps it."""
    if isinstance(value, datetime):
        return millis(value)
    return str(value) if isinstance(value, StrEnum) else value
