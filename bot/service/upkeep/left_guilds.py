"""Ends what waits in a guild that the bot is removed from, and after a time of grace forgets all of it."""

import logging
from collections.abc import Callable, Collection, Mapping
from datetime import datetime

from bot.errors import StoreError
from bot.store.privacy.left_guilds import LeftGuild, LeftGuildStore

log = logging.getLogger(__name__)


class LeftGuilds:
    """Keeps track of the guilds that the bot is in, as Discord tells of them; an outage is never told as a removal.

    With `welcomes` the bot introduces itself, once, in a guild that it is new in.
    """

    def __init__(
        self,
        *,
        store: LeftGuildStore,
        clock: Callable[[], datetime],
        wake: Callable[[], None],
        wake_outbox: Callable[[], None],
        welcomes: bool,
    ) -> None:
        self._store, self._clock, self._wake = store, clock, wake
        self._wake_outbox, self._welcomes = wake_outbox, welcomes

    async def joined(self, guild_id: int, *, welcome_in: int | None = None) -> None:
        """Note that the bot has been added to a guild, perhaps again, with a channel to introduce itself in."""
        try:
            await self._store.joined(guild_id, now=self._clock(), welcome_in=welcome_in if self._welcomes else None)
            self._wake_outbox()
        except StoreError as exc:  # noticed at the next start
            log.warning("a guild could not be noted", extra={"guild": guild_id, "detail": str(exc)})

    async def left(self, guild_id: int) -> None:
        """Note that the bot was removed from a guild: nothing begins there any more, and nothing stays held for it."""
        log.info("removed from a guild", extra={"guild": guild_id})
        try:
            await self._store.left(guild_id, now=self._clock())
            await self.work()
        except StoreError as exc:
            log.warning("a guild could not be noted", extra={"guild": guild_id, "detail": str(exc)})

    async def compare(
        self,
        guild_ids: Collection[int],
        *,
        shard: int = 0,
        of: int = 1,
        told: bool = True,
        welcome_in: Mapping[int, int] | None = None,
    ) -> None:
        """Compare with all the guilds of a shard, of so many, that the bot is in, reachable just now or not.

        Those that Discord has only listed, and not `told` of yet, are not noted as new. `welcome_in` are channels to
        introduce itself in, by guild.
        """
        try:
            now = self._clock()
            where = welcome_in if self._welcomes else None
            gone = await self._store.compare(
                frozenset(guild_ids), shard=shard, of=of, now=now, told=told, welcome_in=where
            )
            self._wake_outbox()
            for guild_id in gone:
                log.info("a guild is gone", extra={"guild": guild_id})
            await self.work()
        except StoreError as exc:
            log.warning("the guilds could not be noted", extra={"detail": str(exc)})

    async def work(self) -> None:
        """Take back what waits in guilds that are gone. What a provider has already goes to its person by itself."""
        now = self._clock()
        if sum([await self._store.take_back_waiting(each, now=now) for each in await self._store.all_left()]):
            self._wake()

    async def forget(self, *, before: datetime) -> int:
        """Forget the guilds that were left before then, and count them."""
        return sum([await self._forget(each) for each in await self._store.all_left() if each.at < before])

    async def _forget(self, left_guild: LeftGuild) -> bool:
        while await self._store.end_all(left_guild, now=self._clock()):
            pass
        return await self._store.forget(left_guild)
