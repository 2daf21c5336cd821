"""Takes what people want the operator to know: kept first, then told, so that nothing of it is lost."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from bot.domain import OutboxItem, OutboxKind
from bot.errors import DestinationLost, StoreUnavailable
from bot.service.outbox import OutboxHandler, OutboxPoster, find_message, first_open
from bot.service.ports import Staff
from bot.store.member.feedback import FeedbackStore
from bot.store.outbox import OutboxStore

log = logging.getLogger(__name__)

MOST: Final = 5  # from one person within `WITHIN`
WITHIN: Final = timedelta(days=1)
HASTE: Final = 10.0  # seconds that somebody waits to hear whether the operator has it


class Feedback:
    """Brings feedback to the operator. What they can't be shown is kept, and tried again."""

    def __init__(self, *, store: FeedbackStore, outbox: OutboxPoster, clock: Callable[[], datetime]) -> None:
        self._store, self._outbox, self._clock = store, outbox, clock

    async def give(self, text: str, *, key: str, user_id: int, guild_id: int | None) -> bool:
        """Keep what somebody wrote, and say whether the operator has it now. `key` makes a repeat harmless.

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
                left = await self._outbox.post_now(OutboxKind.FEEDBACK, key)
                return left is not None and left.message_id is not None
        return False


class FeedbackPoster(OutboxHandler):
    """Tells the operator what people wrote, and deletes the messages of those who want everything deleted."""

    kind = OutboxKind.FEEDBACK

    def __init__(
        self, *, store: FeedbackStore, outbox: OutboxStore, staff: Staff, moment: Callable[[], datetime]
    ) -> None:
        self._store, self._outbox, self._staff, self._moment = store, outbox, staff, moment

    async def handle(self, item: OutboxItem) -> int | None:
        """Post a note in the first place that takes it, unless a dead process has; or delete its message."""
        message_id = await find_message(
            item,
            lambda since: self._staff.find_note(item.subject_id, channel_id=item.channel_id or 0, since=since),
            closed_is_none=True,
        )
        if item.unwanted:
            await self._delete(item, message_id)
            return None
        note = await self._store.note(item.subject_id)
        if message_id is not None or note is None:
            return message_id

        async def post(channel_id: int) -> int | None:
            if not await self._outbox.begin_posting(item, channel_id=channel_id, at=self._moment()):
                return None
            return (await self._staff.post_note(note, channel_id=channel_id)).message_id

        return await first_open(self._staff.operator_places(), post)

    async def keeps(self, item: OutboxItem, *, lost: bool, reason: str) -> bool:
        """Say that feedback is kept until the operator can be shown it."""
        log.info("feedback waits", extra={"key": item.subject_id, "reason": reason, "lost": lost})
        return True

    async def _delete(self, item: OutboxItem, message_id: int | None) -> None:
        if message_id is None:
            return
        try:
            await self._staff.delete_note(channel_id=item.channel_id or 0, message_id=message_id)
        except DestinationLost as exc:
            log.info("a message to the operator stays", extra={"key": item.subject_id, "reason": exc.reason})
