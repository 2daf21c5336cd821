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

_LIBRARIES: Final = "import discord, pydantic, httpx, aiosqlite"
_IMPORTS: Final = {
    "the bot's imports": "from bot.__main__ import import_app; import_app()",
    "these and of dropping what they leave behind": (
        "from bot.__main__ import drop_garbage, import_app; import_app(); drop_garbage()"
    ),
    "`import bot.app` alone": "import bot.app",
    "the libraries that the bot needs": _LIBRARIES,
}
_BARE: Final = "import discord"
_CPU: Final = tuple(
    Figure(name=f"CPU of {name}", floor=f"`{_BARE}`", at_most=most, before=before)
    for name, most, before in zip(_IMPORTS, (1.6, None, None, None), ("2.5 ×", "", "2.5 ×", ""), strict=True)
)
_CPU_OURS: Final = Figure(name="CPU of the bot's imports beside those libraries", floor=f"`{_LIBRARIES}`", at_most=1.5)
_IDLE: Final = Figure(name="memory of a bot that waits", floor="a bare bot of discord.py", at_most=1.6, before="1.6 ×")
_IDLE_OURS: Final = Figure(
    name="memory of a bot that waits beside those libraries", floor="a bare bot that imports them, too", at_most=1.4
)
FIGURES: Final = (*_CPU, _CPU_OURS, _IDLE, _IDLE_OURS)


def measure() -> list[Measured]:
    """The best of interleaved rounds, with everything compiled before, as where the bot is installed."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = folder
        *ours, bare = _seconds_of_each([*_IMPORTS.values(), _BARE])
        asyncio.run(_idle())
        idle, floor, libraries = asyncio.run(_idle())
        imports, *_, needed = ours
    return [
        *(
            figure.found(each / bare, floor=f"{bare * 1000:.0f} ms, ours {each * 1000:.0f} ms")
            for figure, each in zip(_CPU, ours, strict=True)
        ),
        _CPU_OURS.found(imports / needed, floor=f"{needed * 1000:.0f} ms, ours {imports * 1000:.0f} ms"),
        _IDLE.found(idle / floor, floor=f"{floor / 2**20:.1f} MB, ours {idle / 2**20:.1f} MB"),
        _IDLE_OURS.found(idle / libraries, floor=f"{libraries / 2**20:.1f} MB, ours {idle / 2**20:.1f} MB"),
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


async def _idle() -> list[int]:
    """The memory of our bot, of a bare one, and of that with our libraries, connected and waiting, in bytes."""
    found = []
    bare = ("-m", "benchmarks._bare_bot")
    with_libraries = (
        "-c",
        f"{_HIDE}{_LIBRARIES}; import runpy; runpy.run_module('benchmarks._bare_bot', None, '__main__')",
    )
    for arguments in (("-c", _RUN), bare, with_libraries):
        async with AsyncExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            session = await stack.enter_async_context(aiohttp.ClientSession())
            described = await stack.enter_async_context(sandbox())
            bot = await stack.enter_async_context(process(*arguments, env=bot_settings(described, folder)))
            await People(session, described).until_connected()
            await asyncio.sleep(2)
            found.append(memory(bot.pid, "VmRSS"))
    return found
