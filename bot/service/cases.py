"""What moderators decide: held requests and videos, and reports of videos. Wishes for credits are the admins'."""

from __future__ import annotations

import contextlib
import logging
from hashlib import blake2s
from typing import TYPE_CHECKING

from bot.domain.case import Case, CaseKind, CaseState
from bot.domain.job import JobStatus
from bot.domain.member import Member
from bot.errors import CaseUnknown, ResultForgotten, StoreUnavailable
from bot.service.notifier import Alert, Trouble

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta

    from bot.domain.guild import AuditEntry
    from bot.domain.job import Job
    from bot.service.cards import Cards
    from bot.service.delivery import Delivery
    from bot.service.operator import OperatorDesk
    from bot.service.results import Removed, Results
    from bot.store.cases import CaseStore
    from bot.store.decisions import Decisions
    from bot.store.guilds import GuildStore
    from bot.store.lookup import Lookup

log = logging.getLogger(__name__)


class Cases:
    """The use cases of moderators. Every method may raise `StoreUnavailable`: then nothing has happened.

    That somebody may decide is for the caller to have asked. `can_scan` is whether texts and videos can be scanned.
    """

    def __init__(
        self,
        *,
        store: CaseStore,
        decisions: Decisions,
        guilds: GuildStore,
        lookup: Lookup,
        results: Results,
        delivery: Delivery,
        cards: Cards,
        desk: OperatorDesk,
        deadline: timedelta,
        can_scan: bool,
        clock: Callable[[], datetime],
        wake: Callable[[], None],
    ) -> None:
        self._store, self._decisions, self._guilds, self._lookup = store, decisions, guilds, lookup
        self._results, self._delivery, self._cards, self._desk = results, delivery, cards, desk
        self._deadline, self._clock, self._wake = deadline, clock, wake
        self.can_scan = can_scan

    async def read(self, case_id: str, *, guild_id: int | None, channel_id: int | None) -> Case:
        """A case, for somebody in the channel where it is decided.

        Raises:
            CaseUnknown: there is no such case there.
        """
        case = await self._store.case(case_id)
        if case is None or (case.guild_id, case.channel_id) != (guild_id, channel_id):
            raise CaseUnknown
        return case

    async def approve(self, case: Case, entry: AuditEntry) -> Job:
        """Let a held request be made, or a held video be posted.

        Raises:
            CaseDecided: somebody else was first, or it has passed.
        """
        job = await self._decisions.approve(case, entry, deadline=self._deadline)
        log.info("approved", extra={"case": case.id, "job": job.id})
        return await self._told(job)

    async def deny(self, case: Case, entry: AuditEntry, *, reason: str) -> Job:
        """Let a held request, or a held video, come to nothing; its author reads the reason.

        Raises:
            CaseDecided: somebody else was first, or it has passed.
        """
        job = await self._decisions.deny(case, entry, reason=reason)
        log.info("denied", extra={"case": case.id, "job": job.id})
        if job.result_url is not None:
            await self._delivery.discard(job)
        return await self._told(job)

    async def report(
        self, job_id: str, *, guild_id: int | None, message: tuple[int, int], by: int, reason: str, detail: str
    ) -> None:
        """Bring a reported result before the guild's moderators; where nobody can be asked there, before the operator.

        `message` is its channel and id; `detail` is what the operator reads, safe to show. The same person's reports of
        the same result are one.
        """
        case = await self._report(job_id, guild_id=guild_id, message=message, by=by, reason=reason)
        if case is None:
            await self._desk.tell(Alert(trouble=Trouble.REPORT, subject=job_id, detail=detail))
        elif await self._store.open(case):
            log.info("reported", extra={"case": case.id, "job": job_id})
            self._wake()

    async def _report(
        self, job_id: str, *, guild_id: int | None, message: tuple[int, int], by: int, reason: str
    ) -> Case | None:
        job = await self._lookup.job(job_id)
        if guild_id is None or job is None or job.destination.guild_id != guild_id:
            return None
        channel_id = (await self._guilds.state(guild_id)).policy.moderation.channel_id
        if channel_id is None:
            return None
        return Case(
            id=f"report-{_one_of(job_id, by)}",
            kind=CaseKind.REPORT,
            guild_id=guild_id,
            channel_id=channel_id,
            user_id=job.user_id,
            job_id=job_id,
            body={"channel": message[0], "message": message[1], "by": by, "reason": reason},
            created_at=self._clock(),
        )

    async def dismiss(self, case: Case, entry: AuditEntry) -> None:
        """Nothing follows from a report.

        Raises:
            CaseDecided: somebody else was first.
        """
        await self._decisions.settle_report(case, CaseState.DISMISSED, entry)
        self._wake()

    async def remove(self, case: Case, entry: AuditEntry) -> Removed:
        """Take the reported video away. Deleting twice is harmless, so that comes first.

        Raises:
            ResultForgotten: its records are gone.
            CaseDecided: somebody else was first.
            ChannelClosed, DiscordBusy: Discord does not let us, or may later.
        """
        job = await self._lookup.job(case.job_id or "")
        if job is None:
            raise ResultForgotten
        moderator = Member(user_id=entry.actor_id, guild_id=case.guild_id, moderates=True)
        place = {"channel_id": case.body["channel"], "message_id": case.body["message"]}
        removed = await self._results.remove(job, moderator, **place)
        await self._decisions.settle_report(case, CaseState.APPROVED, entry)
        self._wake()
        return removed

    async def block(self, case: Case, entry: AuditEntry, *, until: datetime, reason: str) -> None:
        """Let the one whom a case is about ask for nothing until then at least; the case stays to be decided."""
        await self._guilds.block_longer(entry, user_id=case.user_id, until=until, reason=reason)
        self._wake()

    async def _told(self, job: Job) -> Job:
        """Have the news shown, and everything done that follows."""
        self._wake()
        if job.status is JobStatus.QUEUED:  # and maybe for long; of the rest the worker tells at once
            with contextlib.suppress(StoreUnavailable):  # the next look at the queue shows it
                await self._cards.show(job)
        return job


def _one_of(job_id: str, by: int) -> str:
    """The same for the same person's reports of the same result; who that is cannot be read from it."""
    return blake2s(f"{job_id}:{by}".encode(), digest_size=8).hexdigest()
