"""Carries out decisions about held requests and videos: each is one transaction of case, job, money and audit.

The job is moved first and the case decided last, in the order in which a cancel does it, so that no two of them wait
for each other; whoever comes second finds the job moved or the case decided, and nothing of theirs happens.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeVar

from bot.domain import AuditEntry, Case, CaseKind, CaseState, Failure, Job, JobStatus, Review
from bot.domain.job import BY_MODERATOR
from bot.errors import CaseDecided, TransitionLost
from bot.store.community.audit import record
from bot.store.community.cases import decide, open_case
from bot.store.database import Store, Transaction, transaction
from bot.store.jobs.transitions import demand, fail, queue, read, update
from bot.store.outbox import announce_cover

T = TypeVar("T")


class ReviewDecisionStore(Store):
    """Decides cases in one database. Every method is one transaction and may raise `StoreUnavailable`."""

    @transaction
    async def hold(self, tx: Transaction, job: Job, *, case: Case, until: datetime) -> Job:
        """Keep a finished video back until its case is decided, or until then; gives the lease back."""
        demand(job, job.status is JobStatus.SUCCEEDED and job.lease is not None and not job.finished)
        held = await update(tx, job, review=Review.HELD, due_at=until, lease=None, tries=0)
        await open_case(tx, case)
        return held

    async def approve(self, case: Case, entry: AuditEntry, *, deadline: timedelta) -> Job:
        """Let a request take its turn in its queue, with that much time; or a video be posted.

        Raises:
            CaseDecided: it has been decided, or its job has passed.
        """

        async def work(tx: Transaction) -> Job:
            job = await self._waiting(tx, case)
            now = entry.at
            if case.kind is CaseKind.REQUEST:
                job = await queue(tx, job, due_at=now, deadline_at=now + deadline, review=None)
            else:
                job = await update(tx, job, review=Review.PASSED, deadline_at=now, due_at=now, lease=None)
            await _decided(tx, case, CaseState.APPROVED, entry)
            return job

        return await self._once(case, work)

    async def deny(self, case: Case, entry: AuditEntry, *, reason: str) -> Job:
        """Let a request, or a video, come to nothing: its credits are free again. The job keeps the reason.

        Raises:
            CaseDecided: as `approve`.
        """

        async def work(tx: Transaction) -> Job:
            job = await self._waiting(tx, case)
            job = await fail(tx, job, failure=Failure.DENIED, code=reason, now=entry.at, case=None)
            await _decided(tx, case, CaseState.DENIED, entry)
            return job

        return await self._once(case, work)

    @transaction
    async def expire(self, tx: Transaction, job: Job, *, now: datetime) -> Job:
        """Fail a job about which nobody has decided in time; the caller has its lease."""
        demand(job, job.status is JobStatus.PENDING or _held(job))
        return await fail(tx, job, failure=Failure.NOT_REVIEWED, now=now, case=CaseState.EXPIRED)

    async def settle_report(self, case: Case, state: CaseState, entry: AuditEntry) -> None:
        """Write down what became of a report.

        Raises:
            CaseDecided: it has been decided.
        """
        await self._once(case, lambda tx: _decided(tx, case, state, entry))

    @transaction
    async def cover(self, tx: Transaction, job_id: str, entry: AuditEntry) -> None:
        """Write that a reported video is covered from now on: its messages are to be, and whatever is posted of it."""
        await tx.execute("UPDATE jobs SET spoiler = $2 WHERE id = $1 AND spoiler = 0", job_id, BY_MODERATOR)
        await announce_cover(tx, job_id, now=entry.at)
        await record(tx, entry)

    @transaction
    async def uncover(self, tx: Transaction, job_id: str, entry: AuditEntry) -> bool:
        """Write that a moderator's cover is taken back: the video's messages are to be uncovered, and new ones plain.

        False where it was covered from its beginning, by the settings of its server: then it stays so.
        """
        if not await tx.execute(
            "UPDATE jobs SET spoiler = 0 WHERE id = $1 AND spoiler IN (0, $2)", job_id, BY_MODERATOR
        ):
            return False
        await announce_cover(tx, job_id, now=entry.at)
        await record(tx, entry)
        return True

    async def _waiting(self, tx: Transaction, case: Case) -> Job:
        """Read the job that waits for a case."""
        job = await read(tx, "id", case.job_id or "")
        requested = case.kind is CaseKind.REQUEST and job.status is JobStatus.PENDING
        demand(job, requested or (case.kind is CaseKind.RESULT and _held(job)))
        return job

    async def _once(self, case: Case, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """Carry out a decision, unless somebody else has moved the job, or decided, a moment before."""
        try:
            return await self._database.transact(work)
        except TransitionLost as exc:
            row = await self._database.transact(lambda tx: tx.one("SELECT state FROM cases WHERE id = $1", case.id))
            raise CaseDecided(state=row["state"] if row else str(CaseState.WITHDRAWN)) from exc


async def _decided(tx: Transaction, case: Case, state: CaseState, entry: AuditEntry) -> None:
    if await decide(tx, case.id, state, by=entry.actor_id, now=entry.at) is None:
        raise TransitionLost(f"{case.id} has been decided")
    await record(tx, entry)


def _held(job: Job) -> bool:
    return job.status is JobStatus.SUCCEEDED and job.review is Review.HELD
