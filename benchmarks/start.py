"""What a start costs, against discord.py alone: CPU of the imports, and memory of a process that waits for commands."""

import asyncio
import os
import sys
import tempfile
from contextlib import AsyncExitStack
from typing import Final

import aiohttp

from benchmarks._figures import Figure, Measured
from benchmarks._processes import People, bot_settings, memory, process, sandbox

ROUNDS: Final = 5
# httpx imports these for its command line where they are; of our packages only those for development need them.
_HIDE: Final = "import sys; sys.modules.update(dict.fromkeys(('click', 'rich'))); "
_RUN: Final = f"{_HIDE}from bot.__main__ import main; main(['run'])"

_IMPORT: Final = Figure(name="CPU of `import bot.app`", floor="`import discord`", at_most=1.6, before="2.5 ×")
_IDLE: Final = Figure(name="memory of a bot that waits", floor="a bare bot of discord.py", at_most=1.6, before="1.6 ×")
FIGURES: Final = (_IMPORT, _IDLE)


def measure() -> list[Measured]:
    """The best of interleaved rounds."""
    ours, bare = float("inf"), float("inf")
    for _ in range(ROUNDS):
        ours = min(ours, _seconds("import bot.app"))
        bare = min(bare, _seconds("import discord"))
    idle, floor = asyncio.run(_idle())
    return [
        _IMPORT.found(ours / bare, floor=f"{bare * 1000:.0f} ms, ours {ours * 1000:.0f} ms"),
        _IDLE.found(idle / floor, floor=f"{floor / 2**20:.1f} MB, ours {idle / 2**20:.1f} MB"),
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
