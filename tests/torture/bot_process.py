"""The bot's process, and what happens to it: it is killed, paused, started again, and its clock leaps."""

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Final, Protocol

import aiohttp

from sandbox.discord.openapi import Document
from sandbox.server import Sandbox
from tests.acceptance.database import FileDatabase
from tests.acceptance.forks import Forked
from tests.acceptance.people import People
from tests.acceptance.system import System

LEAPING: Final = str(Path(__file__).with_name("leaping.py"))
FPS: Final = 4  # frames a second of the videos: nobody looks at them
GENERATE_SECONDS: Final = 0.4
HOUR: Final = 3600.0


# What can happen, how often beside the others, and how it is done.
Dangers = Mapping[str, tuple[int, Callable[[Random], Awaitable[None]]]]


class Tortured(Protocol):
    """A bot, of one process or of several, beside one sandbox. `suffered` counts what was done to it."""

    system: System
    suffered: Counter[str]
    channels: tuple[str, ...]

    @property
    def dangers(self) -> Dangers:
        """What can happen to it."""

    async def somebody(self, random: Random) -> dict[str, str]:
        """Find somebody who asks, and the channel where they do."""

    async def calm(self) -> None:
        """Let the last danger pass."""


class BotProcess:
    """One bot through all its processes, one after the other: see `Tortured`."""

    channels: tuple[str, ...] = ("general",)

    def __init__(self, system: System, **settings: object) -> None:
        self.system, self.suffered = system, Counter[str]()
        self._settings, self._clock, self._ahead = settings, system.folder / "ahead", 0.0
        self._process: Forked | None = None
        system.people.alive = self._alive

    @property
    def dangers(self) -> Dangers:
        """See `Tortured`."""
        return {
            "kill": (9, lambda _: self.killed()),
            "pause": (3, lambda random: self.paused(random.uniform(0.5, 4))),
            "leap": (3, lambda random: self.leapt(random.choice([-HOUR, HOUR]))),
        }

    async def somebody(self, random: Random) -> dict[str, str]:
        """See `Tortured`."""
        (user,) = await self.system.people.crowd(1)
        return {"user": user, "channel": random.choice(self.channels)}

    async def calm(self) -> None:
        """See `Tortured`; the bot is started once more."""
        await self.killed()

    def _alive(self) -> None:
        """Raise where the bot has ended by itself."""
        if self._process is not None and self._process.returncode is not None:
            raise AssertionError(f"the bot has ended by itself: {self.system.log.read_text()[-2000:]}")

    async def begin(self) -> None:
        """Start the bot, and wait until it is connected."""
        self.leap(0)
        self._process = self.system.spawn([LEAPING, str(self._clock)], **self._settings)
        await self.system.people.online()

    async def end(self) -> None:
        """Kill the bot -9."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            await process.wait()
            await self.system.people.until(self.system.left, what="the end of its connection")

    async def killed(self) -> None:
        """Kill the bot -9 and start it again."""
        self.suffered["kills"] += 1
        await self.end()
        await self.begin()

    async def paused(self, seconds: float) -> None:
        """Stop the bot for so long, as a machine does that goes to sleep."""
        self.suffered["pauses"] += 1
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)
            await asyncio.sleep(seconds)
            self._process.send_signal(signal.SIGCONT)

    async def leapt(self, seconds: float) -> None:
        """Put the bot's clock forward, or back."""
        self.suffered["clock leaps"] += 1
        self.leap(seconds)

    def leap(self, seconds: float) -> None:
        """Put the clock of this bot, and of those after it, forward or back."""
        self._ahead += seconds
        written = self._clock.with_suffix(".new")
        written.write_text(str(self._ahead))
        written.replace(self._clock)


def seeded(seed: object) -> Random:
    """Make chance that repeats itself."""
    return Random(str(seed))  # noqa: S311 - the same moments for the same seed; nothing is kept secret by it


@asynccontextmanager
async def bot_process(
    folder: Path, videos: Path, *, document: Document | None = None, **settings: object
) -> AsyncIterator[BotProcess]:
    """Run a sandbox, and a bot in it, until the end of the `async with`."""
    await asyncio.to_thread(folder.mkdir, parents=True)
    # Sessions begin at once: a bot that is started again would wait for its turn, and nothing here is about that.
    sandbox = Sandbox(
        generate_seconds=GENERATE_SECONDS,
        cache_dir=videos,
        fps=FPS,
        openapi=document,
        environment={},
        identify_seconds=0,
    )
    async with sandbox, aiohttp.ClientSession() as client:
        people, database = People(client, sandbox.control), FileDatabase(folder / "data" / "shotcaller.db")
        system = System(sandbox=sandbox, people=people, folder=folder, client=client, database=database)
        bot = BotProcess(system, operator_channel_id=system.id_of("channels", "showcase"), **settings)
        await bot.begin()
        try:
            yield bot
        finally:
            await bot.end()
