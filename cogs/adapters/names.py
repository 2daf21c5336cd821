"""Tells what people, guilds and channels are called, by the services' `Names` protocol."""

import asyncio
import time
from collections.abc import Callable, Collection
from typing import Final

import discord

from bot.errors import DestinationBusy, DestinationLost
from bot.service.ports import Named, Names
from cogs.adapters.posting import mapped_errors

ASKED: Final = 20  # people that Discord is asked about for one page; the next look asks about more
ABREAST: Final = 5  # questions at the same time
PATIENCE: Final = 2.0  # seconds for all of them
KEPT: Final = 3600.0  # seconds for which an answer is good
MOST: Final = 5000  # names remembered
LONGEST: Final = 40  # characters of a name


class DiscordNames(Names):
    """Reads guilds and channels from what the gateway has told, and asks about people: of those it tells nothing."""

    def __init__(self, client: discord.Client, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._client, self._clock = client, clock
        self._people: dict[tuple[int, int | None], tuple[float, str]] = {}
        self._turns = asyncio.Semaphore(ABREAST)

    async def names(
        self,
        *,
        users: Collection[int] = (),
        guilds: Collection[int] = (),
        channels: Collection[int] = (),
        in_guild: int | None = None,
    ) -> Named:
        """See `Names`. Whoever is not told of in time is told of later."""
        unknown = [each for each in dict.fromkeys(users) if each and self._person(each, in_guild) is None][:ASKED]
        if unknown:
            asking = [asyncio.ensure_future(self._ask(each, in_guild)) for each in unknown]
            await asyncio.wait(asking, timeout=PATIENCE)
        found_guilds = {each: self._client.get_guild(each) for each in guilds}
        found_channels = {each: self._client.get_channel(each) for each in channels}
        return Named(
            users={each: name for each in users if (name := self._person(each, in_guild))},
            guilds={each: clean(guild.name) for each, guild in found_guilds.items() if guild and guild.name},
            channels={each: f"#{clean(name)}" for each, at in found_channels.items() if (name := _name_of(at))},
        )

    def _person(self, user_id: int, in_guild: int | None) -> str | None:
        """Tell somebody's name, if it was told lately; "" for somebody who is no more, or not there."""
        at, name = self._people.get((user_id, in_guild), (float("-inf"), ""))
        return name if self._clock() - at <= KEPT else None

    async def _ask(self, user_id: int, in_guild: int | None) -> None:
        name = ""
        try:
            async with self._turns, mapped_errors():
                name = clean(await self._fetch(user_id, in_guild))
        except DestinationBusy:
            return
        except DestinationLost:
            pass
        if len(self._people) >= MOST:
            self._people.clear()
        self._people[user_id, in_guild] = self._clock(), name

    async def _fetch(self, user_id: int, in_guild: int | None) -> str:
        guild = None if in_guild is None else self._client.get_guild(in_guild)
        person = await (self._client.fetch_user(user_id) if guild is None else guild.fetch_member(user_id))
        return person.display_name


def clean(name: str) -> str:
    """Take out of a name what would change the text around it, and cut it."""
    return "".join(char for char in name if char.isprintable())[:LONGEST].strip()


def _name_of(channel: object) -> str:
    name = getattr(channel, "name", None)
    return name if isinstance(name, str) else ""
