"""Lets those who run a guild look through its jobs, take one back, and decide about dead letters."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from bot.domain import EVERYWHERE, AuditEntry, DeadLetter, Job, JobFilter, LedgerEntry, is_possible_id
from bot.domain.standing import JobTrail
from bot.errors import GuildJobUnknown
from bot.service.jobs.eta import Forecaster, JobView
from bot.service.jobs.files import ResultFiles
from bot.store.jobs.dead_letters import DeadLetterStore
from bot.store.jobs.guild_jobs import GuildJobStore
from bot.store.jobs.queries import JobQueryStore
from bot.values import dataclass

PAGE: Final = 8  # jobs on a page
CANDIDATES: Final = 100  # jobs that one is chosen from


# The decisions that may be taken about a job, by what it waits for.
_UNKNOWN: Final = ("recheck", "retry", "free", "billed")
_UNDELIVERED: Final = ("deliver", "close")


def possible_decisions(job: Job) -> tuple[str, ...]:
    """List the decisions that those who run a job's guild may take about it."""
    if job.dead_letter is not None:
        return _UNKNOWN if job.dead_letter is DeadLetter.OUTCOME_UNKNOWN else _UNDELIVERED
    return ("cancel",) if job.cancellable else ()


def is_prompt_private(job: Job) -> bool:
    """Say whether a job's prompt is its author's alone: asked for privately, or in direct messages."""
    return job.destination.guild_id is None or (job.destination.private and job.shared_at is None)


def message_of(job: Job) -> tuple[int, int, int] | None:
    """Find the message of a job that others see too, its video or its card, as guild, channel and message."""
    place = job.destination
    if place.guild_id is None or is_prompt_private(job):
        return None
    video = (job.message_channel_id, job.message_id) if job.removed_at is None else (None, None)
    for channel_id, message_id in (video, (job.card_channel_id, job.card_message_id)):
        if message_id is not None and channel_id == place.channel_id:
            return place.guild_id, place.channel_id, message_id
    return None


def decision_entry(decision: str, job: Job, *, entry_id: str, by: int, at: datetime) -> AuditEntry:
    """Make the audit entry of a decision about a job, which it names without a word of the prompt."""
    message = message_of(job)
    return AuditEntry(
        id=entry_id,
        guild_id=job.destination.guild_id or EVERYWHERE,
        actor_id=by,
        action=f"job_{decision}",
        at=at,
        detail={
            "job": job.id,
            "member": job.user_id,
            "credits": job.credits,
            "since": job.created_at.isoformat(),
            **({} if message is None else {"message": message}),
        },
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class JobsPage:
    """Some of a guild's jobs, and whether there are more after them."""

    views: tuple[JobView, ...]
    skip: int
    more: bool


class GuildJobs:
    """Does what admins ask for about jobs. Every method may raise `StoreUnavailable`: then nothing has changed.

    Where a guild's id is asked for, `EVERYWHERE` stands for all of them and direct messages: the operator's view.
    """

    def __init__(
        self,
        *,
        store: GuildJobStore,
        dead_letters: DeadLetterStore,
        lookup: JobQueryStore,
        forecaster: Forecaster,
        files: ResultFiles,
        deadline: timedelta,
        wake: Callable[[], None],
    ) -> None:
        self._store, self._dead_letters, self._lookup = store, dead_letters, lookup
        self._forecaster, self._files = forecaster, files
        self._deadline, self._wake = deadline, wake

    async def page(
        self, job_filter: JobFilter, *, guild_id: int, user_id: int | None = None, skip: int = 0, most: int = PAGE
    ) -> JobsPage:
        """List the jobs that a filter finds, the newest first, perhaps one member's alone."""
        jobs = await self._store.jobs(job_filter, guild_id=guild_id, user_id=user_id, skip=skip, most=most + 1)
        views = tuple([await self._forecaster.view(job) for job in jobs[:most]])
        return JobsPage(views=views, skip=skip, more=len(jobs) > most)

    async def candidates(self, job_filter: JobFilter, *, guild_id: int) -> Sequence[Job]:
        """List the latest of the jobs that a filter finds, to choose one from."""
        return await self._store.jobs(job_filter, guild_id=guild_id, most=CANDIDATES)

    async def job(self, job_id: str, *, guild_id: int) -> JobView:
        """Read one job of a guild.

        Raises:
            GuildJobUnknown: the guild has no such job.
        """
        job = await self._lookup.job(job_id) if is_possible_id(job_id) else None
        if job is None or guild_id not in {EVERYWHERE, job.destination.guild_id}:
            raise GuildJobUnknown(job_id=job_id)
        return await self._forecaster.view(job)

    async def ledger_entries(self, job: Job) -> Sequence[LedgerEntry]:
        """Read a job's lines in the ledger, in their order."""
        return await self._store.ledger_entries(job.id)

    async def trail(self, job: Job) -> JobTrail:
        """Read what else is kept about a job: what was posted of it beside its own messages, and what was decided."""
        return await self._store.trail(job.id)

    async def decide(self, decision: str, entry: AuditEntry, job: Job) -> Job:
        """Carry out one of the `possible_decisions` about a job.

        Raises:
            DeadLetterGone: it is about a dead letter, and that is none any more.
            TooLateToCancel: the provider may have heard of it already.
        """
        match decision:
            case "cancel":
                return await self.cancel(entry, job)
            case "recheck":
                return await self.look_again(entry, job)
            case "retry" | "deliver":
                return await self.retry(entry, job)
        return await self.write_off(entry, job, billed=decision == "billed")

    async def cancel(self, entry: AuditEntry, job: Job) -> Job:
        """Take somebody's waiting job back.

        Raises:
            TooLateToCancel: the provider may have heard of it already.
        """
        return self._after_move(await self._dead_letters.cancel(entry, job.id))

    async def look_again(self, entry: AuditEntry, job: Job) -> Job:
        """Ask the provider once more what became of a submission in doubt.

        Raises:
            DeadLetterGone: it is in doubt no more.
        """
        return self._after_move(
            await self._dead_letters.look_again(entry, job.id, deadline_at=entry.at + self._deadline)
        )

    async def retry(self, entry: AuditEntry, job: Job) -> Job:
        """Submit a job in doubt once more, which may be charged twice, or deliver a kept video once more.

        Raises:
            DeadLetterGone: the job waits for no decision.
        """
        if job.dead_letter is DeadLetter.UNDELIVERABLE:
            return self._after_move(await self._dead_letters.deliver_again(entry, job.id))
        return self._after_move(
            await self._dead_letters.submit_again(entry, job.id, deadline_at=entry.at + self._deadline)
        )

    async def write_off(self, entry: AuditEntry, job: Job, *, billed: bool) -> Job:
        """Give a dead letter up; its person's credits are free again. See `DeadLetterStore.write_off` for `billed`.

        Raises:
            DeadLetterGone: the job waits for no decision.
        """
        failed = self._after_move(await self._dead_letters.write_off(entry, job.id, billed=billed))
        await self._files.discard(failed)  # killed before this, the next start removes the file
        return failed

    def _after_move(self, job: Job) -> Job:
        self._wake()
        return job
