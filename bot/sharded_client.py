"""Makes the client of a process, which may have some of the bot's shards, all of them, or none."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any
from weakref import WeakValueDictionary

import discord
from discord.http import Route

from bot.client import Shotcaller
from bot.domain.sharing import Process, Role
from bot.introduction import welcome_channels

log = logging.getLogger(__name__)


class ShardedShotcaller(Shotcaller, discord.AutoShardedClient):
    """The bot in a process that has some of its shards: those of `shards`, of `shard_count` in all."""

    def __init__(self, *, shards: Sequence[int], shard_count: int, **parts: Any) -> None:
        super().__init__(shard_ids=list(shards), shard_count=shard_count, **parts)
        self._shards = tuple(shards)
        self._told: dict[int, dict[int, discord.Guild]] = {}  # by shard, as of when it last began a session
        self._gone: dict[int, dict[int, discord.Guild]] = {}  # likewise, and kept by discord.py all the same

    @property
    def own_shards(self) -> Sequence[int]:
        """The numbers of the shards that this process has."""
        return self._shards

    @property
    def shard_latencies(self) -> Mapping[int, float]:
        """The seconds that the gateway of each shard takes to answer; not a number where it has not yet."""
        return dict(self.latencies)

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        """Find the guilds that are gone the moment a session begins: discord.py keeps those of the session before."""
        if event == "shard_connect":
            (shard,) = args
            here, before = {guild.id: guild for guild in self._guilds_of(shard)}, self._told.get(shard, {})
            # Those that were told of just now are new objects, and none of them has been shown yet.
            gone = {key: each for key, each in here.items() if not each.unavailable or before.get(key) is each}
            self._told[shard], self._gone[shard] = here, gone
        super().dispatch(event, *args, **kwargs)

    def _guilds_of(self, shard: int) -> list[discord.Guild]:
        return [guild for guild in self.guilds if guild.shard_id == shard]

    async def on_connect(self) -> None:
        """Leave it to each shard."""

    async def on_ready(self) -> None:
        """Leave it to each shard."""

    async def on_shard_connect(self, shard_id: int) -> None:
        """Notice which guilds of a shard are gone: those in an outage are listed all the same."""
        await self._compare(shard_id, told=False)

    async def on_shard_ready(self, shard_id: int) -> None:
        """Write to the log that a shard is ready, and notice guilds that came meanwhile, told of as available."""
        log.info("connected to Discord", extra={"shard": shard_id, "guilds": len(self._guilds_of(shard_id))})
        await self._compare(shard_id, told=True)

    async def _compare(self, shard: int, *, told: bool) -> None:
        gone = self._gone.get(shard, {})
        there = [guild for guild in self._guilds_of(shard) if gone.get(guild.id) is not guild]
        await self.services.left_guilds.compare(
            [guild.id for guild in there],
            shard=shard,
            of=self.shard_count,
            told=told,
            welcome_in=welcome_channels(there, now=self.services.now()),
        )


def edit_in_turn(http: discord.http.HTTPClient) -> None:
    """Have a client edit the messages of a channel one after the other.

    discord.py forgets, when it hears what is left of a limit, the requests that it has not heard of yet, and lets as
    many more go: where many cards are edited, a tenth of all was too much for Discord.
    """
    request, locks = http.request, WeakValueDictionary[str, asyncio.Lock]()

    async def in_turn(route: Route, **more: Any) -> Any:
        if route.method != "PATCH":
            return await request(route, **more)
        lock = locks.setdefault(f"{route.key} {route.major_parameters}", asyncio.Lock())
        async with lock:
            return await request(route, **more)

    setattr(http, "request", in_turn)  # noqa: B010 - the client makes its own, and shares it with all that it makes


def new_client(process: Process, **parts: Any) -> Shotcaller:
    """Make the client of a process: with its shards where it has some, without the gateway where it is a worker."""
    client: Shotcaller
    if process.shards:
        client = ShardedShotcaller(shards=process.shards, shard_count=process.shard_count, **parts)
    else:
        client = Shotcaller(gateway=process.role is not Role.WORKER, **parts)
    edit_in_turn(client.http)
    client.http.user_agent += (
        f" Shotcaller/{process.version or '0'} ({process.id})"  # to be told apart in a proxy's log
    )
    return client
