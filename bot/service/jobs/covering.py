"""Covers a reported video wherever it was posted: where its message stands, its shares, its copies, the gallery's.

The decision is a row before anything is done; whatever Discord does not take now is tried again, also after a crash.
What is covered already is left as it is, so that a repeat changes nothing.
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
    """Covers the messages of a video, and has the open cases about it say how many they are."""

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
        """Cover what carries the video; one message that Discord does not let us edit does not keep the others.

        Raises:
            DestinationBusy: some are still to be covered.
            DestinationLost: none can be, and one is there.
        """
        job, covered, busy, closed = await self._lookup.job(item.subject_id), 0, "", ""
        if job is None:
            return None
        for place in await self._places(job):
            try:
                covered += await self._result_poster.cover(
                    job.id, channel_id=place.channel_id, message_id=place.message_id
                )
            except DestinationBusy as exc:
                busy = exc.reason
            except DestinationLost as exc:
                log.info("a message stays uncovered", extra={"job": job.id, "reason": exc.reason})
                closed = exc.reason
        await self._cases.note_covered(job.id, messages=covered, now=self._clock())
        if busy:
            raise DestinationBusy(busy)
        if closed and not covered:
            raise DestinationLost(closed)
        return None

    async def _places(self, job: Job) -> list[MessagePlace]:
        """List the messages with a video, those first that were reported: of them alone there may be no record."""
        reported = [
            MessagePlace(channel_id=case.body["channel"], message_id=case.body["message"])
            for case in await self._cases.open_reports(job.id)
        ]
        return list(dict.fromkeys([*reported, *await self._messages.with_video(job)]))
