"""What share of a bot's requests Discord refuses as too many: eight processes that post as fast as they can."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from random import Random
from typing import Any, Final

import aiohttp
import discord

from benchmarks._figures import Figure, Measured
from bot.client import use_addresses
from bot.discord_answers import DiscordClock, trace_answers
from bot.discord_pace import Pace
from bot.domain.sharing import Process, Role
from bot.service.processes import Processes
from bot.sharded_client import new_client
from cogs.ui.explain import explain
from cogs.ui.translator import in_every_language
from sandbox.server import Sandbox

PROCESSES: Final = tuple(Process(id=f"{number:016x}", role=Role.WORKER, version="bench") for number in range(8))
CHANNELS: Final = 63  # of as many guilds
POSTS: Final = 8  # in each channel
FIGURES: Final = (
    Figure(
        name="429s of eight processes that share out channels and keep one pace",
        unit="%",
        floor="the same, but anybody posts anywhere as it can",
        at_most=2,
        before="38–44 % with four",
    ),
    Figure(name="posts a second then", unit="a second", floor="45 that the pace allows"),
)


def measure() -> list[Measured]:
    """One run of each."""
    apart, _ = asyncio.run(_run(shared=False))
    share, posts = asyncio.run(_run(shared=True))
    return [
        FIGURES[0].found(100 * share, floor=f"{100 * apart:.0f} %"),
        FIGURES[1].found(posts),
    ]


async def _run(*, shared: bool) -> tuple[float, float]:
    """Post everything; the share of 429s among all requests, and posts a second."""
    async with Sandbox(environment={}) as sandbox, AsyncExitStack() as stack:
        described = sandbox.describe()["discord"]
        use_addresses(api=described["api"], gateway=described["gateway"])
        channels = await _channels(sandbox)
        clients = [await stack.enter_async_context(_client(each, described, shared=shared)) for each in PROCESSES]
        for client in clients:
            await client.login(described["token"])
        choose = _owner(clients) if shared else _anybody(clients)
        began = asyncio.get_running_loop().time()
        posts = [
            choose(channel).get_partial_messageable(channel).send(f"{number}")
            for number in range(POSTS)
            for channel in channels
        ]
        await asyncio.gather(*posts, return_exceptions=True)  # discord.py gives up what was refused five times
        took = asyncio.get_running_loop().time() - began
        requests = sandbox.discord.requests
        return sum(each.limited is not None for each in requests) / len(requests), len(posts) / took


async def _channels(sandbox: Sandbox) -> list[int]:
    """The channels of some guilds, made for this one after the other: their ids tell whose they are."""
    found: list[int] = []
    async with aiohttp.ClientSession() as session:
        for number in range(CHANNELS):
            sandbox.clock.advance(1.037)
            body = {"name": f"guild {number}", "channels": [f"room-{number}"]}
            async with session.post(f"{sandbox.control}/guilds", json=body) as answer:
                found += map(int, (await answer.json())["channels"].values())
    return found


def _client(process: Process, described: dict[str, Any], *, shared: bool) -> discord.Client:
    trace = trace_answers(DiscordClock(), api=described["api"])
    processes = Processes(process)
    processes.note(PROCESSES)
    if shared:
        Pace(part=lambda: processes.pace).watch(trace, api=described["api"])
    return new_client(process, guild_ids=(), trace=trace, explain=explain, translate=in_every_language)


def _owner(clients: Sequence[discord.Client]) -> Callable[[int], discord.Client]:
    by_id = {process.id: client for process, client in zip(PROCESSES, clients, strict=True)}
    alive = Processes(PROCESSES[0])
    alive.note(PROCESSES)
    return lambda channel: by_id[alive.owner(channel)]


def _anybody(clients: Sequence[discord.Client]) -> Callable[[int], discord.Client]:
    rand = Random(1)  # noqa: S311 (no secret)
    return lambda _channel: rand.choice(clients)
