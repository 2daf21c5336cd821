"""The clerk: brings cases before the moderators, and says in the same message how they were decided.

A case is the intent to post it; `posting_at` is written before the post, and a post that may have happened is looked
for before it is repeated.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from bot.domain import backoff
from bot.domain.case import CaseKind, CaseState
from bot.errors import DestinationBusy, DestinationLost, ResultTooLarge, ResultUnavailable, ResultUnusable
from bot.service.notifier import Alert, CannotTell, Posted, Trouble

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.domain.case import Case
    from bot.domain.job import Job
    from bot.service.copies import Copies
    from bot.service.operator import OperatorDesk
    from bot.service.staff import Staff
    from bot.store.cases import CaseStore
    from bot.store.lookup import Lookup

log = logging.getLogger(__name__)

PATIENCE: Final = 240.0  # seconds that one case may take: a video is fetched, maybe made smaller, and uploaded
LEASE: Final = timedelta(minutes=5)  # a little longer
TRIES: Final = 12  # before a case is left: about an hour and a half
WITHOUT: Final = 3  # tries before a case is posted without its video, which is not to be had
WAIT_CAP: Final = 600.0  # seconds at the most between two tries
FILE_LIMIT: Final = 10 * 1024 * 1024  # bytes a file that Discord takes in every channel


class Clerk:
    """Posts and edits the messages of cases; `moment` is the present by Discord's clock, `patience` is in seconds."""

    def __init__(
        self,
        *,
        cases: CaseStore,
        lookup: Lookup,
        copies: Copies,
        staff: Staff,
        desk: OperatorDesk,
        clock: Callable[[], datetime],
        moment: Callable[[], datetime],
        rand: Callable[[], float],
        patience: float = PATIENCE,
    ) -> None:
        self._cases, self._lookup, self._copies, self._staff, self._desk = cases, lookup, copies, staff, desk
        self._clock, self._moment, self._rand, self._patience = clock, moment, rand, patience
        self._recovered = False

    async def see_to_all(self) -> None:
        """Post and edit whatever is due. A chore: what is cut short is due again.

        Raises:
            StoreUnavailable: the database refuses.
        """
        if not self._recovered:
            await self._cases.recover(now=self._clock())
            self._recovered = True
        while (case := await self._cases.claim(now=self._clock(), until=self._clock() + LEASE)) is not None:
            try:
                async with asyncio.timeout(self._patience):
                    await self._see_to(case)
            except (DestinationBusy, TimeoutError) as exc:
                await self._later(case, str(exc) or "slow")
            except DestinationLost as exc:
                await self._leave(case, exc.reason)

    async def _see_to(self, case: Case) -> None:
        job = await self._lookup.job(case.job_id) if case.job_id is not None else None
        place = case.message_id
        if place is None and case.posting_at is not None:
            place = await self._found(case)
        if place is not None:
            await self._staff.edit_case(replace(case, message_id=place), job=job)
        elif case.state is CaseState.OPEN:
            await self._cases.begin_posting(case, at=self._moment())
            place = (await self._post(case, job)).message_id
            log.info("a case is posted", extra={"case": case.id})
        await self._cases.shown(case, message_id=place)

    async def _found(self, case: Case) -> int | None:
        """The message of an earlier try.

        Raises:
            DestinationBusy: it may be there, and that cannot be seen now.
        """
        sighting = await self._staff.find_case(case)
        if isinstance(sighting, CannotTell):
            raise DestinationBusy(sighting.reason)
        return sighting.message_id if isinstance(sighting, Posted) else None

    async def _post(self, case: Case, job: Job | None) -> Posted:
        if case.kind is not CaseKind.RESULT or job is None:
            return await self._staff.post_case(case, job=job, film=None)
        try:
            async with self._copies.film(job, limit=FILE_LIMIT) as film:
                return await self._staff.post_case(case, job=job, film=film)
        except (ResultUnusable, ResultTooLarge, ResultUnavailable) as exc:
            if case.tries < WITHOUT:
                raise DestinationBusy(exc.reason) from exc
            return await self._staff.post_case(case, job=job, film=None)

    async def _later(self, case: Case, reason: str) -> None:
        tries = case.tries + 1
        if tries >= TRIES:
            await self._leave(case, reason)
            return
        log.info("a case waits", extra={"case": case.id, "reason": reason, "tries": tries})
        wait = backoff.delay(tries, rand=self._rand, cap=WAIT_CAP)
        await self._cases.later(case, due_at=self._clock() + wait)

    async def _leave(self, case: Case, reason: str) -> None:
        """Nobody can be asked, so nobody will decide: what hangs on it runs out in its time."""
        await self._cases.later(case, due_at=None)
        if case.state is CaseState.OPEN:
            await self._desk.tell(Alert(trouble=Trouble.CASE, subject=case.id, detail=f"<#{case.channel_id}> {reason}"))
