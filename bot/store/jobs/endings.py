"""Ending a job from outside, whatever it is at: what waits is taken back, what a provider may have is charged."""

from datetime import datetime
from typing import Final

from bot.domain import Job, JobStatus
from bot.store.community.cases import withdraw
from bot.store.database import Transaction
from bot.store.jobs.transitions import move
from bot.store.money import ledger

# The condition of jobs that can be ended: they still hold credits.
UNENDED: Final = "delivered_at IS NULL AND status NOT IN ('failed', 'cancelled')"

_WAITING: Final = frozenset({JobStatus.PENDING, JobStatus.QUEUED})


async def take_back(tx: Transaction, job: Job, *, failure: str, now: datetime) -> Job:
    """No provider has heard of it: `CANCELLED`, and everything that it holds is released; `failure` says by whom.

    Raises:
        TransitionLost: the job is not as the caller knows it any more.
    """
    cancelled = await move(tx, job, JobStatus.CANCELLED, failure=failure, finished_at=now, due_at=now, lease=None)
    await ledger.release(tx, cancelled, now=now)
    await withdraw(tx, job.id, now=now)
    return cancelled


async def give_up(tx: Transaction, job: Job, *, failure: str, now: datetime) -> Job:
    """End a job on behalf of its person, wherever it is: what a provider may have made is charged, or it would be free.

    Raises:
        TransitionLost: the job is not as the caller knows it any more.
    """
    if job.status in _WAITING:
        return await take_back(tx, job, failure=failure, now=now)
    changes = {"failure": failure, "failure_code": "", "finished_at": now, "due_at": now, "lease": None}
    failed = await move(tx, job, JobStatus.FAILED, cost_micros=job.charged(None, billed=True), **changes)
    await ledger.settle(tx, failed, now=now)
    await withdraw(tx, job.id, now=now)
    return failed
