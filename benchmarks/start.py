"""What a start costs, against discord.py alone: CPU of the imports, and memory of a process that waits for commands."""

import asyncio
import os
import sys
import tempfile
from contextlib import AsyncExitStack
from typing import Final

import aiohttp

from benchmarks._processes import People, bot_settings, memory, process, sandbox

ROUNDS: Final = 5
# httpx imports these for its command line where they are; of our packages only those for development need them.
_HIDE: Final = "import sys; sys.modules.update(dict.fromkeys(('click', 'rich'))); "
_RUN: Final = f"{_HIDE}from bot.__main__ import main; main(['run'])"


def measure() -> list[str]:
    """The best of interleaved rounds; the bounds are 1.6 times discord.py alone."""
    ours, bare = float("inf"), float("inf")
    for _ in range(ROUNDS):
        ours = min(ours, _seconds("import bot.app"))
        bare = min(bare, _seconds("import discord"))
    idle, floor = asyncio.run(_idle())
    return [
        f"import bot.app: {ours * 1000:.0f} ms CPU, discord.py alone {bare * 1000:.0f} ms, ratio {ours / bare:.2f}",
        f"idle: {idle / 2**20:.1f} MB, a bare bot {floor / 2**20:.1f} MB, ratio {idle / floor:.2f}",
    ]


def _seconds(statement: str) -> float:
    """Seconds of CPU of a whole process that does this and ends."""
    child = os.posix_spawn(sys.executable, [sys.executable, "-c", _HIDE + statement], os.environ)
    _, status, used = os.wait4(child, 0)
    if status:
        raise RuntimeError(statement)
    return used.ru_utime + used.ru_stime


async def _idle() -> tuple[int, int]:
    """The memory of our bot and of a bare one, both connected and with nothing to do, in bytes."""
    found = []
    for arguments in (("-c", _RUN), ("-m", "benchmarks._bare_bot")):
        async with AsyncExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            session = await stack.enter_async_context(aiohttp.ClientSession())
            described = await stack.enter_async_context(sandbox())
            bot = await stack.enter_async_context(process(*arguments, env=bot_settings(described, folder)))
            await People(session, described).until_connected()
            await asyncio.sleep(2)
            found.append(memory(bot.pid, "VmRSS"))
    return found[0], found[1]
