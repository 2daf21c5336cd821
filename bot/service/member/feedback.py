"""What people want the operator to know: kept first, then told, so that nothing of it is lost."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from bot.domain import Note
from bot.errors import DestinationBusy, DestinationLost, StoreUnavailable
from bot.service.ports.notifier import CannotTell, Posted
from bot.service.ports.staff import Staff
from bot.store.member.feedback import FeedbackStore

log = logging.getLogger(__name__)

MOST: Final = 5  # from one person within `WITHIN`
WITHIN: Final = timedelta(days=1)
HASTE: Final = 10.0  # seconds that somebody waits to hear whether the operator has it
AT_ONCE: Final = 20


class Feedback:
    """The way to the operator. What they can't be shown is kept, and tried again at every round."""

    def __init__(
        self, *, store: FeedbackStore, staff: Staff, clock: Callable[[], datetime], moment: Callable[[], datetime]
    ) -> None:
        self._store, self._staff, self._clock, self._moment = store, staff, clock, moment
        self._telling = asyncio.Lock()

    async def give(self, text: str, *, key: str, user_id: int, guild_id: int | None) -> bool:
        """Keep what somebody wrote; whether the operator has it now. `key` makes a repeat harmless.

        Raises:
            TooMuchFeedback: they have written enough for a day.
            StoreUnavailable: it is not kept.
        """
        now = self._clock()
        await self._store.keep(
            text, key=key, user_id=user_id, guild_id=guild_id, now=now, most=MOST, since=now - WITHIN
        )
        log.info("feedback", extra={"key": key})
        with contextlib.suppress(TimeoutError, StoreUnavailable):
            async with asyncio.timeout(HASTE):
                await self.work()
            note = await self._store.note(key)
            return note is not None and note.message_id is not None
        return False

    async def work(self) -> None:
        """Tell the operator what they have not had yet, the oldest first; delete the messages that are unwanted."""
        async with self._telling:
            try:
                for note in await self._store.unwanted(most=AT_ONCE):
                    await self._take_back(note)
                for note in await self._store.not_yet_told(most=AT_ONCE):
                    await self._tell(note)
            except (DestinationBusy, DestinationLost) as exc:
                log.info("feedback waits", extra={"reason": exc.reason})

    async def _tell(self, note: Note) -> None:
        """Post a note in the first place that takes it, unless a dead process has.

        Raises:
            DestinationLost: none takes it.
            DestinationBusy: one may, later.
        """
        found = await self._find_post(note)
        if found is None:
            found = await self._post(note)
        await self._store.mark_told(note.key, message_id=found, now=self._clock())

    async def _post(self, note: Note) -> int:
        closed = DestinationLost("nobody")
        async for channel_id in self._staff.operator_places():
            placed = replace(note, channel_id=channel_id)
            await self._store.begin_posting(placed, at=self._moment())
            try:
                return (await self._staff.post_note(placed)).message_id
            except DestinationLost as exc:
                closed = exc
        raise closed

    async def _find_post(self, note: Note) -> int | None:
        """The message of a note, also that of an earlier try which was not written down.

        Raises:
            DestinationBusy: it may be there, and that cannot be seen now.
        """
        if note.message_id is not None or note.posting_at is None:
            return note.message_id
        sighting = await self._staff.find_note(note)
        if isinstance(sighting, CannotTell) and not sighting.closed:
            raise DestinationBusy(sighting.reason)
        return sighting.message_id if isinstance(sighting, Posted) else None

    async def _take_back(self, note: Note) -> None:
        """Delete the message first: the row is what knows of it."""
        message_id = await self._find_post(note)
        if message_id is not None:
            try:
                await self._staff.delete_note(replace(note, message_id=message_id))
            except DestinationLost as exc:
                log.info("a message to the operator stays", extra={"key": note.key, "reason": exc.reason})
        await self._store.forget(note)
