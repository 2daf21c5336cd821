"""Carries out what moderators decide: held requests and videos, and reports of videos."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from bot.domain import EVERYWHERE, AuditEntry, Case, CaseKind, CaseState, Job, JobStatus, Member, OutboxKind, Report
from bot.errors import CaseUnknown, ChannelClosed, OwnReport, ResultForgotten, StoreUnavailable
from bot.service.jobs.cards import Cards
from bot.service.jobs.files import ResultFiles
from bot.service.jobs.results import RemovalOutcome, Results
from bot.service.outbox import OutboxPoster
from bot.store.community.cases import CaseStore
from bot.store.community.guilds import GuildStore
from bot.store.community.reports import ReportStore
from bot.store.jobs.queries import JobQueryStore
from bot.store.jobs.review_decisions import ReviewDecisionStore
from bot.values import dataclass

log = logging.getLogger(__name__)

HASTE: Final = 10.0  # seconds that somebody who reports waits to hear who has it


class ReportOutcome(StrEnum):
    """Says who has a report."""

    MODERATORS = "moderators"  # it is in their channel
    OPERATOR = "operator"  # it is in the operator's channel, or their direct messages
    KEPT = "kept"  # nobody yet; it is shown as soon as somebody can be
    BEFORE = "before"  # the person has reported the same before; that counts


@dataclass(frozen=True, kw_only=True, slots=True)
class Covered:
    """In how many messages a video is covered by now, and whether others are as soon as Discord takes that."""

    messages: int
    more: bool


class Cases:
    """Does what moderators ask for. Every method may raise `StoreUnavailable`: then nothing has happened.

    That somebody may decide is for the caller to have asked. `can_scan` is whether texts and videos can be scanned.
    """

    def __init__(
        self,
        *,
        store: CaseStore,
        reports: ReportStore,
        decisions: ReviewDecisionStore,
        guilds: GuildStore,
        lookup: JobQueryStore,
        results: Results,
        files: ResultFiles,
        cards: Cards,
        outbox: OutboxPoster,
        deadline: timedelta,
        can_scan: bool,
        clock: Callable[[], datetime],
        wake: Callable[[], None],
    ) -> None:
        self._store, self._reports, self._decisions = store, reports, decisions
        self._guilds, self._lookup = guilds, lookup
        self._results, self._files, self._cards, self._outbox = results, files, cards, outbox
        self._deadline, self._clock, self._wake = deadline, clock, wake
        self.can_scan = can_scan

    async def read(self, case_id: str, *, guild_id: int | None, channel_id: int | None) -> Case:
        """Read a case, for somebody in the channel where it is decided.

        Raises:
            CaseUnknown: there is no such case there.
        """
        case = await self._store.case(case_id)
        if case is None or (case.guild_id, case.channel_id) != (guild_id, channel_id):
            raise CaseUnknown
        return case

    async def of_guild(self, case_id: str, *, guild_id: int) -> Case:
        """Read a case for somebody who runs its guild, or with `EVERYWHERE` the bot; the operator's are theirs alone.

        Raises:
            CaseUnknown: there is no such case there.
        """
        case = await self._store.case(case_id)
        if case is None or (guild_id != EVERYWHERE and (case.guild_id != guild_id or case.for_operator)):
            raise CaseUnknown
        return case

    async def approve(self, case: Case, entry: AuditEntry) -> Job:
        """Let a held request be made, or a held video be posted.

        Raises:
            CaseDecided: somebody else was first, or it has passed.
        """
        job = await self._decisions.approve(case, entry, deadline=self._deadline)
        log.info("approved", extra={"case": case.id, "job": job.id})
        return await self._show_card(job)

    async def deny(self, case: Case, entry: AuditEntry, *, reason: str) -> Job:
        """Let a held request, or a held video, come to nothing; its author reads the reason.

        Raises:
            CaseDecided: somebody else was first, or it has passed.
        """
        job = await self._decisions.deny(case, entry, reason=reason)
        log.info("denied", extra={"case": case.id, "job": job.id})
        if job.result_url is not None:
            await self._files.discard(job)
        return await self._show_card(job)

    async def check_reportable(self, job_id: str, *, by: int) -> Job | None:
        """Check that somebody may report a result, and read its job, if there are records of it.

        Raises:
            OwnReport: it is their own.
        """
        job = await self._lookup.job(job_id)
        if job is not None and job.user_id == by:
            raise OwnReport
        return job

    async def report(
        self, job_id: str, *, guild_id: int | None, message: tuple[int, int], by: int, reason: str, key: str
    ) -> ReportOutcome:
        """Bring a reported result before those who decide, and say who has it now.

        `message` is its channel and id. Reports by others of the same result go with the first; `key` is the
        interaction's id.

        Raises:
            OwnReport: it is their own.
        """
        job, now = await self.check_reportable(job_id, by=by), self._clock()
        new = Case(
            id=f"report-{key}",
            kind=CaseKind.REPORT,
            guild_id=guild_id or 0,
            channel_id=0,
            user_id=job.user_id if job else 0,
            job_id=job_id,
            body={"channel": message[0], "message": message[1]},
            created_at=now,
        )
        case = await self._reports.add(Report(user_id=by, reason=reason, at=now), key=key, case=new)
        if case is None:
            return ReportOutcome.BEFORE
        log.info("reported", extra={"case": case.id, "job": job_id})
        return await self._outcome_of_report(case.id)

    async def _outcome_of_report(self, case_id: str) -> ReportOutcome:
        """Have a report shown at once, if that can be done soon, and say who has it now."""
        with contextlib.suppress(TimeoutError, StoreUnavailable):  # it is due still, and the next round sees to it
            async with asyncio.timeout(HASTE):
                left = await self._outbox.post_now(OutboxKind.CASE, case_id)
            case = await self._store.case(case_id)
            if case is not None and left is not None and left.message_id is not None and left.due_at is None:
                return ReportOutcome.OPERATOR if case.for_operator else ReportOutcome.MODERATORS
        self._wake()
        return ReportOutcome.KEPT

    async def dismiss(self, case: Case, entry: AuditEntry) -> None:
        """Dismiss a report: nothing follows from it.

        Raises:
            CaseDecided: somebody else was first.
        """
        await self._decisions.settle_report(case, CaseState.DISMISSED, entry)
        self._wake()

    async def remove(self, case: Case, entry: AuditEntry) -> RemovalOutcome:
        """Take the reported video away. Deleting twice is harmless, so that comes first.

        Raises:
            ResultForgotten: its records are gone.
            CaseDecided: somebody else was first.
            ChannelClosed, DiscordBusy: Discord does not let us, or may later.
        """
        job = await self._reported(case)
        moderator = Member(user_id=entry.actor_id, guild_id=case.guild_id, moderates=True)
        place = {"channel_id": case.body["channel"], "message_id": case.body["message"]}
        removed = await self._results.remove(job, moderator, **place)
        await self._decisions.settle_report(case, CaseState.APPROVED, entry)
        self._wake()
        return removed

    async def uncover(self, case: Case, entry: AuditEntry) -> Covered | None:
        """Uncover the video that was covered, wherever that was, and say how far that went.

        None where it was covered from its beginning, by the settings of its server, and so stays covered.

        Raises:
            ResultForgotten: its records are gone.
            ChannelClosed: Discord lets us change none of its messages.
        """
        job = await self._reported(case)
        if not await self._decisions.uncover(job.id, entry):
            return None
        return await self._carry_out_cover(case, job)

    async def cover(self, case: Case, entry: AuditEntry) -> Covered:
        """Cover the reported video wherever it was posted, and say how far that went; the case stays to be decided.

        Raises:
            ResultForgotten: its records are gone.
            ChannelClosed: Discord lets us cover none of its messages.
        """
        job = await self._reported(case)
        await self._decisions.cover(job.id, entry)
        return await self._carry_out_cover(case, job)

    async def _reported(self, case: Case) -> Job:
        """Read the job whose video a case is about.

        Raises:
            ResultForgotten: its records are gone.
        """
        job = await self._lookup.job(case.job_id or "")
        if job is None:
            raise ResultForgotten
        return job

    async def _carry_out_cover(self, case: Case, job: Job) -> Covered:
        """Have a video's messages covered, or uncovered, now; see `cover`."""
        left = await self._outbox.post_now(OutboxKind.COVER, job.id)
        self._wake()
        if left is not None and left.given_up is not None:
            raise ChannelClosed(channel_id=case.body["channel"])
        now = await self._store.case(case.id)
        messages = 0 if now is None else int(now.body.get("covered", 0))
        return Covered(messages=messages, more=left is not None and left.due_at is not None)

    async def block(self, case: Case, entry: AuditEntry, *, until: datetime, reason: str) -> None:
        """Block the member whom a case is about until then at least; the case stays to be decided."""
        await self._guilds.block_longer(entry, user_id=case.user_id, until=until, reason=reason)
        self._wake()

    async def _show_card(self, job: Job) -> Job:
        """Have a job's card say what was decided, and wake those who go on with it."""
        self._wake()
        if job.status is JobStatus.QUEUED:  # and maybe for long; of the rest the worker tells at once
            with contextlib.suppress(StoreUnavailable):  # the next look at the queue shows it
                await self._cards.show(job)
        return job
