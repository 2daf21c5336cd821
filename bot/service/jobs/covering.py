"""Covers a reported video wherever it was posted, and uncovers it: in its message, its shares, copies, the gallery.

The decision is a row before anything is done; whatever Discord does not take now is tried again, also after a crash.
What is as it is to be already is left so: a repeat changes nothing, and the latest decision holds.
"""

import logging
from collections.abc import Callable
from datetime import datetime

from bot.domain import Job, OutboxItem, OutboxKind
from bot.errors import DestinationBusy, DestinationLost
from bot.service.jobs.copies import ResultPoster
from bot.service.outbox import OutboxHandler
from bot.store.community.cases import CaseStore
from bot.store.jobs.messages import MessagePlace, MessageStore
from bot.store.jobs.queries import JobQueryStore

log = logging.getLogger(__name__)


class CoverHandler(OutboxHandler):
    """Makes the messages of a video as covered as its job is, and has the cases about it say how many are covered."""

    kind = OutboxKind.COVER

    def __init__(
        self,
        *,
        messages: MessageStore,
        cases: CaseStore,
        lookup: JobQueryStore,
        result_poster: ResultPoster,
        clock: Callable[[], datetime],
    ) -> None:
        self._messages, self._cases, self._lookup = messages, cases, lookup
        self._result_poster, self._clock = result_poster, clock

    async def handle(self, item: OutboxItem) -> int | None:
        """Cover or uncover what carries the video; one message that we may not edit does not keep the others.

        Raises:
            DestinationBusy: some are still to be covered.
            DestinationLost: none can be changed, and one is there.
        """
        job, done, left, busy, closed = await self._lookup.job(item.subject_id), 0, 0, "", ""
        if job is None:
            return None
        for place in await self._places(job):
            try:
                done += await self._result_poster.cover(
                    job.id, channel_id=place.channel_id, message_id=place.message_id, covered=job.spoiler
                )
            except DestinationBusy as exc:
                left, busy = left + 1, exc.reason
            except DestinationLost as exc:
                log.info("a message stays as it is", extra={"job": job.id, "reason": exc.reason})
                left, closed = left + 1, exc.reason
        await self._cases.note_covered(job.id, messages=done if job.spoiler else left, now=self._clock())
        if busy:
            raise DestinationBusy(busy)
        if closed and not done:
            raise DestinationLost(closed)
        return None

    async def _places(self, job: Job) -> list[MessagePlace]:
        """List the messages with a video, those first that were reported: of them alone there may be no record."""
        reported = [
            MessagePlace(channel_id=case.body["channel"], message_id=case.body["message"])
            for case in await self._cases.reports(job.id)
            if "message" in case.body
        ]
        return list(dict.fromkeys([*reported, *await self._messages.with_video(job)]))
