"""A sandbox with a real client in it, whose library knows nothing of sandboxes."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import discord
import yarl
from discord import app_commands

from sandbox.discord.openapi import Document
from sandbox.server import Sandbox
from tests.patience import FIRST_ANSWER, PATIENCE


class LibraryClient:
    """The sandbox with a real client in it."""

    def __init__(self, sandbox: Sandbox, control: aiohttp.ClientSession) -> None:
        self.sandbox = sandbox
        self._control = control

    async def post(self, name: str, /, **body: Any) -> dict[str, Any]:
        async with self._control.post(f"{self.sandbox.control}/{name}", json=body) as answer:
            found: dict[str, Any] = await answer.json()
            assert answer.status == 200, found
            return found

    async def look(self, name: str, /, **query: str) -> Any:
        async with self._control.get(f"{self.sandbox.control}/{name}", params=query) as answer:
            return await answer.json()

    async def act(self, name: str, /, *, settled: Callable[[Any], Any], **body: Any) -> dict[str, Any]:
        """Do something and wait until what came of it is as far as wanted."""
        interaction = (await self.post(name, **body))["interaction_id"]
        async with asyncio.timeout(PATIENCE):
            while not settled(seen := await self.look(f"interactions/{interaction}")):  # noqa: ASYNC110 - a server's state
                await asyncio.sleep(0.02)
        return {**seen, "id": interaction}

    @staticmethod
    def session(trace: aiohttp.TraceConfig) -> aiohttp.ClientSession:
        """A session as a client's library has one."""
        return aiohttp.ClientSession(trace_configs=[trace])

    @staticmethod
    def at_once(client: discord.Client) -> None:
        """Have the shards of a client begin without its pauses, where they are of different buckets."""

        async def begin(_shard_id: int | None, *, initial: bool = False) -> None:
            del initial

        setattr(client, "before_identify_hook", begin)  # noqa: B010 - discord.py means it to be replaced in a subclass

    @asynccontextmanager
    async def run(
        self, client: discord.Client, play: Callable[[app_commands.CommandTree[Any]], None]
    ) -> AsyncIterator[app_commands.CommandTree[Any]]:
        """The client with its commands, logged in, synced and ready."""
        tree: app_commands.CommandTree[Any] = app_commands.CommandTree(client)
        play(tree)
        async with client:
            await client.login(self.sandbox.discord.world.token)
            await tree.sync()
            connected = asyncio.create_task(client.connect())
            await client.wait_until_ready()
            while any(guild.unavailable for guild in client.guilds):  # noqa: ASYNC110 - it waits for them only so long
                await asyncio.sleep(0.01)
            yield tree
            await client.close()
            await connected


@asynccontextmanager
async def opened(document: Document | None, *, clock: Callable[[], float] = time.time) -> AsyncIterator[LibraryClient]:
    """A sandbox with a client; nothing may be wrong with what the client asks, nor with what it is answered."""
    before = discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY
    kept = Sandbox(openapi=document, environment={}, clock=clock, first_answer_seconds=FIRST_ANSWER)
    async with kept as sandbox, aiohttp.ClientSession() as control:
        described = sandbox.describe()["discord"]
        discord.http.Route.BASE = described["api"]
        discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(described["gateway"])
        yield LibraryClient(sandbox, control)
        discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = before
        assert sandbox.discord.own_problems == []
        assert [row.seen() for row in sandbox.discord.requests if row.problems] == []
