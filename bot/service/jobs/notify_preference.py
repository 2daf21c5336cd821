"""Reads how people want to hear of their videos, whenever one is posted."""

import logging

from bot.domain import Notify
from bot.domain.notify import PREFERENCE, parse_notify
from bot.errors import StoreError
from bot.store.member.preferences import PreferenceStore, of_user

log = logging.getLogger(__name__)


class NotifyPreferences:
    """Answers how to tell a person; with the default where the database does not."""

    def __init__(self, preferences: PreferenceStore) -> None:
        self._preferences = preferences

    async def of(self, user_id: int) -> Notify:
        """Read a person's choice."""
        try:
            kept = await self._preferences.read([of_user(user_id)])
        except StoreError as exc:
            log.info("no preference to go by", extra={"detail": str(exc)})
            return Notify.PING
        return parse_notify(kept.get(PREFERENCE))
