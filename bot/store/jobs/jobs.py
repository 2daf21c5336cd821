"""Keeps jobs, and moves them on for whoever has their lease; `transitions` has the rules of that."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from bot.domain import Case, DeadLetter, Funding, Job, JobStatus, Price, VideoRequest, millis
from bot.errors import AskedJustNow, BudgetExceeded, JobUnknown, TooLateToCancel, TooManyJobs, TransitionLost
from bot.store.community.cases import open_case
from bot.store.database import Store, Transaction, transaction
from bot.store.jobs import transitions
from bot.store.jobs.at_work import recount
from bot.store.jobs.fair_queue import UNFINISHED
from bot.store.jobs.provider_rests import end_rest, rest, rest_in_doubt
from bot.store.jobs.transitions import demand, move, read, update
from bot.store.locks import requests_of
from bot.store.money import budget_alerts

_DOUBTFUL: Final = frozenset({JobStatus.SUBMITTING, JobStatus.RUNNING, JobStatus.SUCCEEDED})


class JobStore(Store):
    """The jobs of one database. Every method is one transaction and may raise `StoreUnavailable`."""

    async def accept(
        self,
        job: Job,
        *,
        funding: Funding,
        most: int,
        now: datetime,
        case: Case | None = None,
        alone_since: datetime | None = None,
    ) -> tuple[Job, bool]:
        """Keep a new job, `QUEUED` or `PENDING`, hold its price, and open the case that has to approve it.

        The stored job, and whether it is new.

        A repeat of the same idempotency key returns the first job and holds nothing.

        Raises:
            AskedJustNow: the person has asked for the same from the same video since `alone_since`.
            QuotaExceeded: the balance does not cover it.
            GuildQuotaExceeded, BudgetExceeded: what is above the person's balance does not cover it.
            TooManyJobs: the person has `most` unfinished jobs already.
        """

        async def work(tx: Transaction) -> tuple[Job, bool]:
            await tx.alone(requests_of(job.user_id))  # their jobs are counted, whatever accounts pay for them
            kept = await transitions.enter(tx, job, funding=funding, now=now)
            if kept is None:
                return await read(tx, "idempotency_key", job.idempotency_key), False
            if alone_since is not None:
                price = Price(credits=job.credits, usd_micros=job.usd_micros)
                await _demand_alone(
                    tx,
                    job.request,
                    user_id=job.user_id,
                    parent_id=job.parent_id,
                    since=alone_since,
                    price=price,
                    but=job.id,
                )
            count = await tx.one(
                f"SELECT count(*) AS n FROM jobs WHERE user_id = $1 AND {UNFINISHED}",  # noqa: S608 (constant)
                job.user_id,
            )
            if count and count["n"] > most:
                raise TooManyJobs(limit=most)
            if case is not None:
                await open_case(tx, case)
            return kept, True

        try:
            return await self._database.transact(work)
        except BudgetExceeded as exc:
            refusal = exc
            await self._database.transact(lambda tx: budget_alerts.note_refusal(tx, refusal, now=now))
            raise

    @transaction
    async def check_alone(
        self,
        tx: Transaction,
        request: VideoRequest,
        *,
        user_id: int,
        parent_id: str | None,
        since: datetime,
        price: Price,
    ) -> None:
        """Let a person ask for a video, from another one or from none, only if they have not since then.

        Raises:
            AskedJustNow: they have, and what came of it has not failed and was not taken back.
        """
        await _demand_alone(tx, request, user_id=user_id, parent_id=parent_id, since=since, price=price)

    @transaction
    async def record_task(
        self, tx: Transaction, job: Job, *, task_id: str, next_at: datetime, now: datetime, attempt: int | None = None
    ) -> Job:
        """Write that the provider has taken a job: `RUNNING`, to be asked about at `next_at`. It rests no longer.

        `attempt` is the submission that it has taken, where that isn't the present one.
        """
        changes = {"task_id": task_id, "submitted_at": now, "due_at": next_at, "attempt": attempt or job.attempt}
        running = await move(tx, job, JobStatus.RUNNING, **changes)
        await recount(tx, job, running)
        await end_rest(tx, job.provider)
        return running

    @transaction
    async def requeue(
        self,
        tx: Transaction,
        job: Job,
        *,
        attempt: int,
        next_at: datetime,
        rests: bool = False,
        cost_micros: int | None = None,
    ) -> Job:
        """Let a job whose submission came to nothing wait until `next_at`, for its next attempt. It keeps its turn.

        What the provider charged for it all the same is a part of what the job costs in the end. Where it takes nothing
        just now, it `rests` until then.
        """
        changes = {"attempt": attempt, "tries": job.tries + 1, "cost_micros": job.charged(cost_micros)}
        queued = await transitions.queue(tx, job, due_at=next_at, **changes)
        if rests:
            await rest(tx, job.provider, until=next_at)
        return queued

    @transaction
    async def doubt(
        self, tx: Transaction, job: Job, *, next_at: datetime, now: datetime, pause: Callable[[int], timedelta]
    ) -> Job:
        """Write that a submission ended in doubt: the job is looked for at `next_at`, and its provider rests.

        `pause` says how long after so many doubts in a row: the next may be one, too, and be a dead letter.
        """
        doubtful = await update(tx, job, due_at=next_at, lease=None, tries=0)
        await rest_in_doubt(tx, job.provider, now=now, pause=pause)
        return doubtful

    async def reschedule(
        self, job: Job, *, next_at: datetime, tries: int = 0, misses: int | None = None, progress: float | None = None
    ) -> Job:
        """Have the same step carried out again at `next_at`, and give the lease back; None changes nothing."""
        known = {"misses": misses, "progress": progress}
        changes = {name: value for name, value in known.items() if value is not None}
        return await self._keep(job, due_at=next_at, lease=None, tries=tries, **changes)

    async def keep_leased(self, job: Job, *, until: datetime) -> Job:
        """Keep the lease of a job for that long.

        Raises:
            TransitionLost: it is not the caller's any more.
        """
        demand(job, job.lease is not None)
        return await self._keep(job, due_at=until)

    async def look_on(self, job: Job, *, attempt: int, next_at: datetime) -> Job:
        """Have a restored job's submissions looked for from that attempt on, at `next_at`; give the lease back."""
        return await self._keep(job, look_from=attempt, due_at=next_at, lease=None, tries=0)

    async def know(self, job: Job, *, until: datetime) -> Job:
        """Write that nothing was done elsewhere for a restored job beyond what its row says; keep its lease.

        Raises:
            TransitionLost: it is not the caller's any more.
        """
        demand(job, job.lease is not None)
        return await self._keep(job, look_from=None, look_to=None, posting_at=None, due_at=until)

    async def succeed(
        self, job: Job, *, result_url: str, cost_micros: int | None, now: datetime, cost_units: str | None = None
    ) -> Job:
        """Write that the provider has finished a job, and what it cost; the lease stays, for delivering at once."""
        return await self._move(
            job,
            JobStatus.SUCCEEDED,
            result_url=result_url,
            cost_micros=job.charged(cost_micros, billed=True),
            cost_units=cost_units,
            finished_at=now,
            progress=1.0,
            lease=job.lease,
        )

    @transaction
    async def fail(
        self,
        tx: Transaction,
        job: Job,
        *,
        failure: str,
        code: str,
        now: datetime,
        cost_micros: int | None = None,
        billed: bool = False,
    ) -> Job:
        """Let a job come to nothing; see `transitions.fail`."""
        cost: dict[str, Any] = {"cost_micros": cost_micros, "billed": billed}
        return await transitions.fail(tx, job, failure=failure, code=code, now=now, **cost)

    @transaction
    async def cancel(self, tx: Transaction, job_id: str, *, user_id: int, now: datetime) -> Job:
        """Cancel a person's own job; see `transitions.cancel`.

        Raises:
            JobUnknown: there is no such job, or it is not that person's.
            TooLateToCancel: the provider may have heard of it already.
        """
        row = await tx.one("SELECT * FROM jobs WHERE id = $1 AND user_id = $2", job_id, user_id)
        if row is None:
            raise JobUnknown(job_id=job_id)
        job = Job.from_row(row)
        try:
            return await transitions.cancel(tx, job, now=now)
        except TransitionLost as exc:
            raise TooLateToCancel(job_id=job_id, status=job.status) from exc

    async def begin_posting(self, job: Job, *, at: datetime, directly: bool = False) -> Job:
        """Write that the result may be in the channel, or `directly` with its person, from that moment on.

        The moment is Discord's, and so is that of every earlier post: whoever begins anew knows that there was none.

        Raises:
            TransitionLost: it is not the caller's to post, or not any more.
        """
        demand(job, job.lease is not None and job.status is JobStatus.SUCCEEDED and not job.finished)
        return await self._keep(job, posting_at=at, posting_directly=directly)

    @transaction
    async def delivered(self, tx: Transaction, job: Job, *, channel_id: int, message_id: int, now: datetime) -> Job:
        """Write that a job's person has its video; see `transitions.deliver`.

        Raises:
            TransitionLost: it has been delivered already.
        """
        place = {"channel_id": channel_id, "message_id": message_id}
        return await transitions.deliver(tx, job, **place, now=now)

    async def mark_dead_letter(self, job: Job, *, reason: DeadLetter, now: datetime) -> Job:
        """Write that a job can't be delivered or decided by itself. Its hold stays.

        Raises:
            TransitionLost: no provider has heard of it, or it has ended.
        """
        demand(job, job.status in _DOUBTFUL and job.delivered_at is None)
        looked = {"look_from": None, "look_to": None} if job.status is JobStatus.SUBMITTING else {}
        return await self._keep(job, dead_letter=reason, due_at=now, lease=None, tries=0, misses=0, **looked)

    async def begin_telling(self, job: Job, *, at: datetime) -> Job:
        """Write that a job's requester may have been told from that moment of Discord's clock on how it ended.

        Raises:
            TransitionLost: it has not ended, or is not the caller's any more.
        """
        demand(job, job.finished)
        return await self._keep(job, telling_at=job.telling_at or at)

    @transaction
    async def moved(self, tx: Transaction, job: Job) -> Job:
        """Read a job, as it is now, that the caller has moved, perhaps.

        Raises:
            TransitionLost: somebody else has it.
        """
        present = await read(tx, "id", job.id)
        demand(present, present.lease in (None, job.lease))
        return present

    @transaction
    async def record_card(self, tx: Transaction, job: Job, *, channel_id: int, message_id: int) -> None:
        """Write where a job's card is; the first one counts. Needs no lease: whoever posts it may be no worker."""
        await tx.execute(
            "UPDATE jobs SET card_channel_id = $2, card_message_id = $3 WHERE id = $1 AND card_message_id IS NULL",
            job.id,
            channel_id,
            message_id,
        )

    @transaction
    async def move_card(self, tx: Transaction, job: Job, *, channel_id: int, message_id: int) -> None:
        """Write that another message is a job's card from now on."""
        await tx.execute(
            "UPDATE jobs SET card_channel_id = $2, card_message_id = $3 WHERE id = $1", job.id, channel_id, message_id
        )

    async def close(self, job: Job) -> Job:
        """Write that nothing is left to do for a job: it is never due again.

        Raises:
            TransitionLost: it is unfinished; it would be lost.
        """
        demand(job, job.finished)
        return await self._keep(job, due_at=None, lease=None)

    @transaction
    async def _move(self, tx: Transaction, /, job: Job, target: JobStatus, **changes: Any) -> Job:
        moved = await move(tx, job, target, **changes)
        await recount(tx, job, moved)
        return moved

    @transaction
    async def _keep(self, tx: Transaction, /, job: Job, **changes: Any) -> Job:
        kept = await update(tx, job, **changes)
        await recount(tx, job, kept)
        return kept


async def _demand_alone(
    tx: Transaction,
    request: VideoRequest,
    *,
    user_id: int,
    parent_id: str | None,
    since: datetime,
    price: Price,
    but: str = "",
) -> None:
    """Refuse what a person has asked for since then, from the same video or none; `but` would be the second job."""
    row = await tx.one(
        "SELECT 1 FROM jobs WHERE user_id = $1 AND created_at > $2 AND coalesce(parent_id, '') = $3 AND request = $4 "
        "AND id <> $5 AND status NOT IN ('failed', 'cancelled') LIMIT 1",
        *(user_id, millis(since), parent_id or "", request.model_dump_json(), but),
    )
    if row is not None:
        raise AskedJustNow(price=price.credits)
