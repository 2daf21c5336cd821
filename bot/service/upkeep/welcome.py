"""Introduces the bot in a guild that it is new in."""

from functools import partial
from typing import Final

from bot.domain import OutboxItem, OutboxKind
from bot.service.outbox import OutboxHandler, UnrecordedPosts
from bot.service.ports import Staff
from bot.store.privacy.left_guilds import LeftGuildStore

TRIES: Final = 20  # an hour or two: later nobody would know why it comes


class WelcomePoster(OutboxHandler):
    """Says in one message what the bot does and how to set it up. Where it may not write, nothing is said."""

    kind = OutboxKind.WELCOME
    tries = TRIES

    def __init__(self, *, store: LeftGuildStore, staff: Staff, posts: UnrecordedPosts) -> None:
        self._store, self._staff, self._posts = store, staff, posts

    async def handle(self, item: OutboxItem) -> int | None:
        """Post the message, unless it is there or the bot is not any more."""
        place = {"guild_id": item.guild_id or 0, "channel_id": item.channel_id or 0}
        if not await self._store.is_in(place["guild_id"]):
            return None
        await self._posts.post(
            item,
            place_id=place["channel_id"],
            look=lambda since: self._staff.find_welcome(**place, since=since),
            post=partial(self._staff.welcome, **place),
        )
        return None
