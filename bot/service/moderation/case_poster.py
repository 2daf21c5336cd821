"""Brings cases before the moderators, and says in the same message how they were decided.

A report is shown wherever somebody can be shown it, and never given up.
"""

import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import datetime
from typing import Final

from bot.domain import Case, CaseKind, CaseState, Job, OutboxItem, OutboxKind
from bot.errors import DestinationBusy, DestinationLost, ResultTooLarge, ResultUnavailable, ResultUnusable
from bot.service.jobs.copies import Copies
from bot.service.operator_alerts import OperatorAlerts
from bot.service.outbox import OutboxHandler, find_message, first_open
from bot.service.ports import Alert, Staff, Trouble
from bot.store.community.cases import CaseStore
from bot.store.community.guilds import GuildStore
from bot.store.jobs.queries import JobQueryStore

log = logging.getLogger(__name__)

TRIES: Final = 20  # before a case is left: about an hour and a half
WITHOUT: Final = 3  # tries before a case is posted without its video, which is not to be had
FILE_LIMIT: Final = 10 * 1024 * 1024  # bytes a file that Discord takes in every channel


class CasePoster(OutboxHandler):
    """Posts and edits the messages of cases; `moment` is the present by Discord's clock."""

    kind = OutboxKind.CASE
    tries = TRIES

    def __init__(
        self,
        *,
        cases: CaseStore,
        guilds: GuildStore,
        lookup: JobQueryStore,
        copies: Copies,
        staff: Staff,
        operator_alerts: OperatorAlerts,
        moment: Callable[[], datetime],
    ) -> None:
        self._cases, self._guilds, self._lookup = cases, guilds, lookup
        self._copies, self._staff, self._operator_alerts = copies, staff, operator_alerts
        self._moment = moment

    async def handle(self, item: OutboxItem) -> int | None:
        """Bring the case's message up to date, or post it where it is open and has none."""
        case = await self._cases.case(item.subject_id)
        if case is None:
            return None
        job = await self._lookup.job(case.job_id) if case.job_id is not None else None
        message_id = await find_message(
            item,
            lambda since: self._staff.find_case(case, since=since),
            # Whatever is in a closed place nobody reads; for a report there are others.
            closed_is_none=case.kind is CaseKind.REPORT,
        )
        if message_id is not None and await self._edit(case, message_id, job):
            return message_id
        if case.state is CaseState.OPEN and (message_id is None or case.kind is CaseKind.REPORT):
            return await first_open(self._places(case, job), lambda place: self._post(place, item, job))
        return message_id

    async def keeps(self, item: OutboxItem, *, lost: bool, reason: str) -> bool:
        """Keep a report until somebody can be shown it; tell the operator of another case that nobody will decide."""
        case = await self._cases.case(item.subject_id)
        if case is None:
            return False
        if case.state is not CaseState.OPEN:
            return not lost
        if case.kind is CaseKind.REPORT:
            log.warning("a report is kept: nobody can be shown it", extra={"case": case.id, "reason": reason})
            return True
        detail = f"<#{case.channel_id}> {reason}"
        await self._operator_alerts.tell(Alert(trouble=Trouble.CASE, subject=case.id, detail=detail))
        return False

    async def _edit(self, case: Case, message_id: int, job: Job | None) -> bool:
        """Edit a case's message; False where that of an open report is gone, and has to be posted anew."""
        try:
            await self._staff.edit_case(case, message_id=message_id, job=job)
        except DestinationLost:
            if case.state is not CaseState.OPEN or case.kind is not CaseKind.REPORT:
                raise
            return False
        return True

    async def _places(self, case: Case, job: Job | None) -> AsyncIterator[Case]:
        """List a case as it may be posted: a report to the moderators of the video's guild, or else to the operator."""
        if case.kind is not CaseKind.REPORT:
            yield case
            return
        if job is not None and job.destination.guild_id == case.guild_id:
            moderators = (await self._guilds.state(case.guild_id)).policy.moderation.channel_id
            if moderators is not None:
                yield replace(case, channel_id=moderators, for_operator=False)
        async for channel_id in self._staff.operator_places():
            yield replace(case, channel_id=channel_id, for_operator=True)

    async def _post(self, place: Case, item: OutboxItem, job: Job | None) -> int | None:
        """Post a case with its video, if that is to be had; None where it was decided meanwhile."""
        if not await self._cases.begin_posting(place, item, at=self._moment()):
            return None
        if place.kind is not CaseKind.RESULT or job is None:
            return (await self._staff.post_case(place, job=job, video=None)).message_id
        try:
            async with self._copies.video(job, limit=FILE_LIMIT) as video:
                return (await self._staff.post_case(place, job=job, video=video)).message_id
        except (ResultUnusable, ResultTooLarge, ResultUnavailable) as exc:
            if item.attempts <= WITHOUT:
                raise DestinationBusy(exc.reason) from exc
            return (await self._staff.post_case(place, job=job, video=None)).message_id
