"""What people want the operator to know: kept first, then told, so that nothing of it is lost."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from bot.errors import DestinationBusy, DestinationLost
from bot.service.notifier import Alert, Trouble

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.service.notifier import Notifier
    from bot.store.feedback import FeedbackStore

log = logging.getLogger(__name__)

MOST: Final = 5  # from one person within `WITHIN`
WITHIN: Final = timedelta(days=1)


class Feedback:
    """The way to the operator. `reachable` is whether there is a channel; without one everything is kept until then."""

    def __init__(
        self,
        *,
        store: FeedbackStore,
        notifier: Notifier,
        reachable: bool,
        clock: Callable[[], datetime],
        wake: Callable[[], None],
    ) -> None:
        self._store, self._notifier, self._reachable = store, notifier, reachable
        self._clock, self._wake = clock, wake

    async def give(self, text: str, *, key: str, user_id: int, guild_id: int | None) -> None:
        """Keep what somebody wrote; `key` makes a repeat harmless. The operator gets it a moment later.

        Raises:
            TooMuchFeedback: they have written enough for a day.
            StoreUnavailable: it is not kept.
        """
        now = self._clock()
        await self._store.keep(
            text, key=key, user_id=user_id, guild_id=guild_id, now=now, most=MOST, since=now - WITHIN
        )
        log.info("feedback", extra={"key": key, "reachable": self._reachable})
        self._wake()

    async def work(self) -> None:
        """Tell the operator what they have not had yet, the oldest first."""
        if not self._reachable:
            return
        for each in await self._store.untold(most=20):
            place = f"guild {each.guild_id}" if each.guild_id else "DM"
            alert = Alert(trouble=Trouble.FEEDBACK, subject=f"<@{each.user_id}> ({place})", detail=each.text)
            try:
                await self._notifier.alert(alert)
            except (DestinationBusy, DestinationLost) as exc:
                log.warning("feedback waits", extra={"key": each.key, "reason": exc.reason})
                return
            await self._store.told(each.key, now=self._clock())
