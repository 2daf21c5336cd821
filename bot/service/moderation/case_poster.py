"""The clerk: brings cases before the moderators, and says in the same message how they were decided.

A case is the intent to post it; `posting_at` is written before the post, and a post that may have happened is looked
for before it is repeated. A report is shown wherever somebody can be shown it, and never given up.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from weakref import WeakValueDictionary

from bot.domain import Case, CaseKind, CaseState, Job, backoff
from bot.errors import DestinationBusy, DestinationLost, ResultTooLarge, ResultUnavailable, ResultUnusable
from bot.service.jobs.copies import Copies
from bot.service.ports.notifier import Alert, CannotTell, Posted, Trouble
from bot.service.ports.operator_alerts import OperatorAlerts
from bot.service.ports.staff import Staff
from bot.store.community.cases import CaseStore
from bot.store.community.guilds import GuildStore
from bot.store.jobs.queries import JobQueryStore

log = logging.getLogger(__name__)

PATIENCE: Final = 240.0  # seconds that one case may take: a video is fetched, maybe made smaller, and uploaded
LEASE: Final = timedelta(minutes=5)  # a little longer
TRIES: Final = 12  # before a case is left: about an hour and a half
WITHOUT: Final = 3  # tries before a case is posted without its video, which is not to be had
WAIT_CAP: Final = 600.0  # seconds at the most between two tries
REST: Final = timedelta(hours=1)  # before a report that nobody could be shown is tried again
FILE_LIMIT: Final = 10 * 1024 * 1024  # bytes a file that Discord takes in every channel


class CasePoster:
    """Posts and edits the messages of cases; `moment` is the present by Discord's clock, `patience` is in seconds."""

    def __init__(
        self,
        *,
        cases: CaseStore,
        guilds: GuildStore,
        lookup: JobQueryStore,
        copies: Copies,
        staff: Staff,
        operator_alerts: OperatorAlerts,
        clock: Callable[[], datetime],
        moment: Callable[[], datetime],
        rand: Callable[[], float],
        patience: float = PATIENCE,
    ) -> None:
        self._cases, self._guilds, self._lookup = cases, guilds, lookup
        self._copies, self._staff, self._operator_alerts = copies, staff, operator_alerts
        self._clock, self._moment, self._rand, self._patience = clock, moment, rand, patience
        self._recovered = False
        self._under_way: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def post_due_cases(self) -> None:
        """Post and edit whatever is due. A chore: what is cut short is due again.

        Raises:
            StoreUnavailable: the database refuses.
        """
        if not self._recovered:
            await self._cases.recover(now=self._clock())
            self._recovered = True
        while (case := await self._cases.claim(now=self._clock(), until=self._clock() + LEASE)) is not None:
            async with self._exclusively(case.id):
                await self._try(case)

    async def post_now(self, case_id: str) -> None:
        """Post or edit one case now, if that is due; somebody waits to hear what becomes of it.

        Raises:
            StoreUnavailable: the database refuses.
        """
        async with self._exclusively(case_id):
            case = await self._cases.claim_this(case_id, now=self._clock(), until=self._clock() + LEASE)
            if case is not None:
                await self._try(case)

    def _exclusively(self, case_id: str) -> asyncio.Lock:
        return self._under_way.setdefault(case_id, asyncio.Lock())

    async def _try(self, case: Case) -> None:
        try:
            async with asyncio.timeout(self._patience):
                await self._post_or_edit(case)
        except (DestinationBusy, TimeoutError) as exc:
            await self._postpone(case, str(exc) or "slow")
        except DestinationLost as exc:
            await self._give_up(case, exc.reason)

    async def _post_or_edit(self, case: Case) -> None:
        job = await self._lookup.job(case.job_id) if case.job_id is not None else None
        place = await self._place(case)
        if place is not None and await self._edit(replace(case, message_id=place), job):
            log.info("a case is brought up to date", extra={"case": case.id})
        elif case.state is CaseState.OPEN and (place is None or case.kind is CaseKind.REPORT):
            place = await self._post_somewhere(case, job)
            log.info("a case is posted", extra={"case": case.id})
        await self._cases.shown(case, message_id=place)

    async def _place(self, case: Case) -> int | None:
        """Its message, also that of an earlier try which was not written down.

        Raises:
            DestinationBusy: it may be there, and that cannot be seen now.
        """
        if case.message_id is not None or case.posting_at is None:
            return case.message_id
        sighting = await self._staff.find_case(case)
        if isinstance(sighting, CannotTell):
            if sighting.closed and case.kind is CaseKind.REPORT:
                return None  # whatever is in a closed place nobody reads; there are others
            raise DestinationBusy(sighting.reason)
        return sighting.message_id if isinstance(sighting, Posted) else None

    async def _edit(self, case: Case, job: Job | None) -> bool:
        """Whether its message says now how it stands; that of an open report may be gone, and has to be posted anew."""
        try:
            await self._staff.edit_case(case, job=job)
        except DestinationLost:
            if case.state is not CaseState.OPEN or case.kind is not CaseKind.REPORT:
                raise
            return False
        return True

    async def _post_somewhere(self, case: Case, job: Job | None) -> int | None:
        """Post a case where it belongs; a report in the first of its places that takes it. None where it has closed.

        Raises:
            DestinationLost: none does.
            DestinationBusy: one may, later.
        """
        closed = DestinationLost("nobody")
        async for place in self._places(case, job):
            if not await self._cases.begin_posting(place, at=self._moment()):
                return None
            try:
                return (await self._post(place, job)).message_id
            except DestinationLost as exc:
                closed = exc
        raise closed

    async def _places(self, case: Case, job: Job | None) -> AsyncIterator[Case]:
        """A case as it would be posted: a report with the moderators of the video's guild, or else for the operator."""
        if case.kind is not CaseKind.REPORT:
            yield case
            return
        if job is not None and job.destination.guild_id == case.guild_id:
            moderators = (await self._guilds.state(case.guild_id)).policy.moderation.channel_id
            if moderators is not None:
                yield replace(case, channel_id=moderators, for_operator=False)
        async for channel_id in self._staff.operator_places():
            yield replace(case, channel_id=channel_id, for_operator=True)

    async def _post(self, case: Case, job: Job | None) -> Posted:
        if case.kind is not CaseKind.RESULT or job is None:
            return await self._staff.post_case(case, job=job, video=None)
        try:
            async with self._copies.video(job, limit=FILE_LIMIT) as video:
                return await self._staff.post_case(case, job=job, video=video)
        except (ResultUnusable, ResultTooLarge, ResultUnavailable) as exc:
            if case.tries < WITHOUT:
                raise DestinationBusy(exc.reason) from exc
            return await self._staff.post_case(case, job=job, video=None)

    async def _postpone(self, case: Case, reason: str) -> None:
        tries = case.tries + 1
        if tries >= TRIES and case.state is CaseState.OPEN:
            await self._give_up(case, reason)
            return
        log.info("a case waits", extra={"case": case.id, "reason": reason, "tries": tries})
        wait = backoff.delay(tries, rand=self._rand, cap=WAIT_CAP) if tries < TRIES else REST
        await self._cases.later(case, due_at=self._clock() + wait)

    async def _give_up(self, case: Case, reason: str) -> None:
        """Nobody can be asked, so nobody will decide: what hangs on it runs out in its time. A report is kept."""
        if case.state is not CaseState.OPEN:
            await self._cases.later(case, due_at=None)
        elif case.kind is CaseKind.REPORT:
            log.warning("a report is kept: nobody can be shown it", extra={"case": case.id, "reason": reason})
            await self._cases.later(case, due_at=self._clock() + REST)
        else:
            await self._cases.later(case, due_at=None)
            await self._operator_alerts.tell(
                Alert(trouble=Trouble.CASE, subject=case.id, detail=f"<#{case.channel_id}> {reason}")
            )
