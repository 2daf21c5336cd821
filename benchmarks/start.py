"""What a start costs, against discord.py alone: CPU of the imports, and memory of a process that waits for commands."""

import asyncio
import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Final

import aiohttp

from benchmarks._figures import Figure, Measured
from benchmarks._processes import People, bot_settings, memory, process, sandbox

ROUNDS: Final = 9
# httpx imports these for its command line where they are; of our packages only those for development need them.
_HIDE: Final = "import sys; sys.modules.update(dict.fromkeys(('click', 'rich'))); "
_END: Final = "; import os; os._exit(0)"  # a bot that starts does not end
_RUN: Final = f"{_HIDE}from bot.__main__ import main; main(['run'])"

_IMPORTS: Final = {
    "the bot's imports": "from bot.__main__ import import_app; import_app()",
    "`import bot.app` alone": "import bot.app",
    "the libraries that the bot needs": "import discord, pydantic_settings, pydantic, httpx, httpx_aiohttp, aiosqlite",
}
_BARE: Final = "import discord"
_CPU: Final = tuple(
    Figure(name=f"CPU of {name}", floor=f"`{_BARE}`", at_most=most, before=before)
    for name, most, before in zip(_IMPORTS, (1.6, None, None), ("2.5 ×", "2.5 ×", ""), strict=True)
)
_IDLE: Final = Figure(name="memory of a bot that waits", floor="a bare bot of discord.py", at_most=1.6, before="1.6 ×")
FIGURES: Final = (*_CPU, _IDLE)


def measure() -> list[Measured]:
    """The best of interleaved rounds, with everything compiled before, as where the bot is installed."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = folder
        *ours, bare = _seconds_of_each([*_IMPORTS.values(), _BARE])
        asyncio.run(_idle())
        idle, floor = asyncio.run(_idle())
    return [
        *(
            figure.found(each / bare, floor=f"{bare * 1000:.0f} ms, ours {each * 1000:.0f} ms")
            for figure, each in zip(_CPU, ours, strict=True)
        ),
        _IDLE.found(idle / floor, floor=f"{floor / 2**20:.1f} MB, ours {idle / 2**20:.1f} MB"),
    ]


def _seconds_of_each(statements: Sequence[str]) -> list[float]:
    for each in statements:
        _seconds(each)
    rounds = [[_seconds(each) for each in statements] for _ in range(ROUNDS)]
    return [min(each) for each in zip(*rounds, strict=True)]


def _seconds(statement: str) -> float:
    """Seconds of CPU of a process that does this, without what its end takes."""
    child = os.posix_spawn(sys.executable, [sys.executable, "-c", _HIDE + statement + _END], os.environ)
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
