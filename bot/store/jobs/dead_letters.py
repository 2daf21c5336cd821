"""Carries out what admins decide about other people's jobs, be they dead letters or waiting.

Each step is one transaction: the job, its money, and the line that says who decided it. An interaction is carried out
once: a repeat finds its line there.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime

from bot.domain import AuditEntry, DeadLetter, Failure, Job
from bot.errors import DeadLetterGone, JobUnknown, TooLateToCancel, TransitionLost
from bot.store.community.audit import record, recorded
from bot.store.database import Store, Transaction, transaction
from bot.store.jobs import transitions
from bot.store.jobs.at_work import recount
from bot.store.jobs.transitions import demand, update


class DeadLetterStore(Store):
    """Decides jobs in one database. Every method is one transaction and may raise `StoreUnavailable`."""

    async def look_again(self, entry: AuditEntry, job_id: str, *, deadline_at: datetime) -> Job:
        """Have the provider asked once more, until `deadline_at`, what became of a job that it was silent about.

        Raises:
            DeadLetterGone: that is not in doubt any more.
        """

        async def step(tx: Transaction, job: Job) -> Job:
            changes = {"deadline_at": deadline_at, "due_at": entry.at, "lease": None, "tries": 0}
            again = await update(tx, job, dead_letter=None, **changes)
            await recount(tx, job, again)
            return again

        return await self._decide(entry, job_id, step, only=DeadLetter.OUTCOME_UNKNOWN)

    async def submit_again(self, entry: AuditEntry, job_id: str, *, deadline_at: datetime) -> Job:
        """Submit a job that the provider was silent about once more; the provider may then charge twice.

        Raises:
            DeadLetterGone: that is not in doubt any more.
        """

        async def step(tx: Transaction, job: Job) -> Job:
            changes = {"attempt": job.attempt + 1, "deadline_at": deadline_at}
            return await transitions.queue(tx, job, due_at=entry.at, **changes)

        return await self._decide(entry, job_id, step, only=DeadLetter.OUTCOME_UNKNOWN)

    async def deliver_again(self, entry: AuditEntry, job_id: str) -> Job:
        """Have a kept video offered to its channel and its person once more.

        Raises:
            DeadLetterGone: it has reached somebody, or been decided about.
        """

        async def step(tx: Transaction, job: Job) -> Job:
            return await update(tx, job, dead_letter=None, telling_at=None, due_at=entry.at, lease=None, tries=0)

        return await self._decide(entry, job_id, step, only=DeadLetter.UNDELIVERABLE)

    async def write_off(self, entry: AuditEntry, job_id: str, *, billed: bool) -> Job:
        """Fail a dead letter, and free its credits.

        `billed` is whether the provider charges for it all the same: then budgets keep the estimate, or what it said.
        A finished video has been charged, whatever is said.

        Raises:
            DeadLetterGone: it has been decided about, or has reached its person.
        """

        async def step(tx: Transaction, job: Job) -> Job:
            return await transitions.fail(tx, job, failure=Failure.WRITTEN_OFF, billed=billed, now=entry.at)

        return await self._decide(entry, job_id, step)

    @transaction
    async def cancel(self, tx: Transaction, entry: AuditEntry, job_id: str) -> Job:
        """Cancel somebody's waiting job, and free its credits.

        Raises:
            JobUnknown: there is no such job.
            TooLateToCancel: the provider may have heard of it already.
        """
        job = await _job(tx, job_id)
        try:
            demand(job, not await recorded(tx, entry))
            cancelled = await transitions.cancel(tx, job, failure=Failure.BY_ADMIN, now=entry.at)
        except TransitionLost as exc:
            if await recorded(tx, entry):
                return await _job(tx, job_id)
            raise TooLateToCancel(job_id=job_id, status=job.status) from exc
        await record(tx, entry)
        return cancelled

    @transaction
    async def _decide(
        self,
        tx: Transaction,
        entry: AuditEntry,
        job_id: str,
        step: Callable[[Transaction, Job], Awaitable[Job]],
        *,
        only: DeadLetter | None = None,
    ) -> Job:
        job = await _job(tx, job_id)
        try:
            demand(job, not await recorded(tx, entry))
            demand(job, job.dead_letter is not None and job.dead_letter is (only or job.dead_letter))
            decided = await step(tx, job)
        except TransitionLost as exc:
            if await recorded(tx, entry):  # perhaps a moment ago
                return await _job(tx, job_id)
            raise DeadLetterGone(job_id=job_id) from exc
        await record(tx, entry)
        return decided


async def _job(tx: Transaction, job_id: str) -> Job:
    row = await tx.one("SELECT * FROM jobs WHERE id = $1", job_id)
    if row is None:
        raise JobUnknown(job_id=job_id)
    return Job.from_row(row)
