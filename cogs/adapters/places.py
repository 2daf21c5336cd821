"""Guilds and channels as the gateway has told of them, and where it has not, as Discord answers when asked."""

import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias, TypeVar

import discord

from bot.errors import DestinationLost
from bot.values import dataclass
from cogs.adapters.posting import mapped_errors

FRESH: Final = 10.0  # seconds for which an answer about who sees a channel is believed
KEPT: Final = 600.0  # the same, about a guild's name and language
MOST: Final = 1000  # answers remembered

Channel: TypeAlias = discord.abc.GuildChannel | discord.Thread
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Audience:
    """Who sees a channel: everybody in its guild, or some; and whether it is for adults alone."""

    everybody: bool
    adults: bool


class Places:
    """Looks at guilds and channels. A process without the gateway, or with other shards, has to ask Discord.

    Raises `DestinationLost` or `DestinationBusy`, as `mapped_errors`, where Discord does not answer.
    """

    def __init__(self, client: discord.Client, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._client, self._clock = client, clock
        self._answers: dict[tuple[str, int], tuple[float, Any]] = {}

    async def guild(self, guild_id: int, *, within: float = KEPT) -> discord.Guild:
        """Find a guild with its name, language and roles; an answer of Discord's is not older than `within` seconds."""
        known = self._client.get_guild(guild_id)
        if known is not None and not known.unavailable:
            return known
        return await self._asked("guild", guild_id, self._client.fetch_guild, within=within)

    async def audience(self, channel_id: int) -> Audience:
        """Find out who sees a channel or a thread of a guild.

        Raises:
            DestinationLost: it is none, or gone, or the bot may not look at it.
            DestinationBusy: Discord does not say.
        """
        channel, private = await self._channel(channel_id), False
        if isinstance(channel, discord.Thread):  # everything but this is its channel's
            private = channel.is_private()
            channel = await self._channel(channel.parent_id)
        if isinstance(channel, discord.Thread):
            raise DestinationLost("no_channel_of_a_guild")
        everyone = (await self.guild(channel.guild.id, within=FRESH)).default_role
        here = channel.overwrites_for(everyone).view_channel
        seen = everyone.permissions.view_channel if here is None else here
        everybody = not private and (seen or everyone.permissions.administrator)
        return Audience(everybody=everybody, adults=bool(getattr(channel, "nsfw", False)))

    async def _channel(self, channel_id: int) -> Channel:
        found: Any = self._client.get_channel(channel_id)
        if found is None:  # an archived thread has to be asked for, too
            found = await self._asked("channel", channel_id, self._client.fetch_channel, within=FRESH)
        if not isinstance(found, discord.abc.GuildChannel | discord.Thread):
            raise DestinationLost("no_channel_of_a_guild")
        return found

    async def _asked(self, kind: str, key: int, ask: Callable[[int], Awaitable[T]], *, within: float) -> T:
        """Ask Discord, unless it has answered just now."""
        at, known = self._answers.get((kind, key), (float("-inf"), None))
        if known is not None and self._clock() - at <= within:
            answer: T = known
            return answer
        began = self._clock()
        try:
            async with mapped_errors():
                answer = await ask(key)
        except discord.InvalidData as exc:  # a kind of channel that discord.py does not know
            raise DestinationLost("no_channel_of_a_guild") from exc
        self._answers.pop((kind, key), None)
        self._answers[kind, key] = began, answer
        while len(self._answers) > MOST:
            del self._answers[next(iter(self._answers))]
        return answer
