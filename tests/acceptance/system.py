"""One sandbox with its people, the bot in this process or in its own, and what must be true when both are gone."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest

from bot.app import run
from bot.provider.base import VideoProvider
from bot.settings import Settings
from bot.store.database import Database
from bot.wiring.world import World
from sandbox.server import Sandbox
from tests.acceptance.database import BotDatabase, ServerDatabase
from tests.acceptance.forks import Forked
from tests.acceptance.people import Json, People
from tests.counting import counted_once
from tests.patience import unhurried

ROOT: Final = Path(__file__).parents[2]
CRASHING: Final = str(Path(__file__).with_name("crashing.py"))
PROMPT: Final = "a paper boat in the rain"
SMALL: Final[dict[str, Any]] = {"prompt": PROMPT, "duration": 3, "aspect": "1:1"}
ON_FILE: Final = pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # marks what is about a file
ON_SERVER: Final = pytest.mark.parametrize("database", ["postgres"], indirect=True)  # likewise, about a server
_EXPECTED: Final = (None, 0, -signal.SIGKILL)  # exit codes of a process that did not fail by itself
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


def around_database(wrap: Callable[[Database], Any]) -> Callable[[World], World]:
    """What puts something around the bot's database."""
    return lambda world: replace(world, database=wrap(world.database))


def around_providers(wrap: Callable[[VideoProvider], Any]) -> Callable[[World], World]:
    """What puts something around each of the bot's video services."""
    return lambda world: replace(world, providers={name: wrap(each) for name, each in world.providers.items()})


@dataclass(kw_only=True)
class System:
    """Where a test plays. `folder` is the test's own; the bot keeps its data there."""

    sandbox: Sandbox
    people: People
    folder: Path
    client: aiohttp.ClientSession
    database: BotDatabase

    @property
    def data(self) -> Path:
        """The bot's data folder."""
        return self.folder / "data"

    def id_of(self, kind: str, name: str) -> str:
        """The id of one of the sandbox's `channels` or `users`."""
        found: str = self.sandbox.describe()["discord"][kind][name]
        return found

    def price_table(self, *, seconds: int, credits_: int) -> Path:
        """Write a price table of the operator's own: a standard video of exactly this length costs this much."""
        file, rate = self.folder / "prices.toml", 'provider = "kirin"\nmodel = "kirin_v3_t2v"\nmode = "std"'
        file.write_text(f"[[rate]]\n{rate}\nseconds = {seconds}\ncredits = {credits_}\nusd = 1.5\n", encoding="utf-8")
        return file

    def environment(self, **changes: object) -> dict[str, str]:
        """The settings of a bot that is to live here, by the names of their variables."""
        return {
            **self.sandbox.settings(),
            "DATABASE_URL": self.database.url,
            "DATA_DIR": str(self.data),
            "KLING_MODELS": "kling-v1",
            "DIRECT_CREDITS": "60",
            "LEASE_SECONDS": "3",  # a submission has to be sent within it; after a kill it is waited for
            "POLL_SECONDS_MIN": "0.05",
            "POLL_SECONDS_MAX": "0.1",
            **{name.upper(): str(value) for name, value in changes.items()},
        }

    @asynccontextmanager
    async def bot(
        self, *, substitute: Callable[[World], World] = lambda world: world, **changes: object
    ) -> AsyncIterator[None]:
        """The bot in this process, connected; at the end it is stopped as a supervisor stops it."""
        with unhurried():
            async with self._bot(substitute, **changes):
                yield

    @asynccontextmanager
    async def _bot(self, substitute: Callable[[World], World], **changes: object) -> AsyncIterator[None]:
        environment = self.environment(**changes)
        values = {name.lower(): value for name, value in environment.items() if value}  # a blank is no setting
        settings = Settings.load(env_file=None, **values)
        await self.database.prepare()
        life = asyncio.create_task(run(settings, substitute=substitute), name="the bot")
        self.people.alive = lambda: life.result() if life.done() else None
        try:
            with counted_once(("start", type(self.database), *sorted(changes))):
                await self.people.online()
            yield
            with counted_once(("end", type(self.database), *sorted(changes))):
                await _end_greetings()
                signal.raise_signal(signal.SIGTERM)
                await life
        finally:
            self.people.alive = lambda: None
            life.cancel()
            await asyncio.wait([life])
            await _end_greetings()
            for number in _SIGNALS:
                asyncio.get_running_loop().remove_signal_handler(number)

    @property
    def log(self) -> Path:
        """What the bots that are processes of their own have printed."""
        return self.folder / "bot.log"

    def spawn(self, arguments: Sequence[str], **changes: object) -> Forked:
        """A bot that is a process of its own; whoever asks for it ends it."""
        return self.spawn_into(self.log, arguments, **changes)

    def spawn_into(self, log: Path, arguments: Sequence[str], /, **changes: object) -> Forked:
        """The same, which prints into this file."""
        environment = {
            **{name: value for name, value in os.environ.items() if name.startswith(("PATH", "COVERAGE"))},
            **self.environment(**changes),
            "PYTHONPATH": str(ROOT),
        }
        return Forked(arguments, environment=environment, folder=self.folder, log=log)

    @asynccontextmanager
    async def process(
        self, *, arguments: Sequence[str] = ("-m", "bot", "run"), **changes: object
    ) -> AsyncIterator[Forked]:
        """The bot as a process of its own, connected unless it died before; killed at the end if it still runs."""
        process, log = self.spawn(arguments, **changes), self.log

        def alive() -> None:
            assert process.returncode in _EXPECTED, log.read_text()

        self.people.alive = alive
        try:
            yield process
        finally:
            self.people.alive = lambda: None
            process.kill()
            await process.wait()
            await self.people.until(self.left, what="the end of its connection")

    async def crashes(self, message: Json, custom_id: str, *, point: str, user: str = "ana") -> None:
        """Have somebody press a button of a bot that is killed at `point`."""
        async with self.process(arguments=[CRASHING, str(self.folder / "points"), point]) as process:
            await self.people.online()
            await self.people.presses(message, custom_id, user=user)

            async def dead() -> bool:
                return process.returncode is not None

            await self.people.until(dead, what=f"the end {point}")
            assert process.returncode == -signal.SIGKILL

    async def left(self) -> bool:
        """Whether no bot is connected."""
        return await self.people.connected() == 0

    async def rest(self) -> None:
        """Wait until the bot has nothing left to do."""

        async def resting() -> bool:
            return self.database.resting()

        await self.people.until(resting, what="the end of every job")

    async def check(self) -> None:
        """What must be true after every test, whatever happened in it."""
        wrong = [each for each in await self.people.requests() if each["problems"]]
        assert wrong == [], wrong
        assert self.sandbox.discord.own_problems == [], self.sandbox.discord.own_problems
        self.database.check()
        jobs = {job["id"]: job for job in self.database.jobs()}
        kept = {f"{ident}.mp4" for ident, job in jobs.items() if job["dead_letter"] == "undeliverable"}
        files = {file.name for file in self.data.glob("results/*")}
        if isinstance(self.database, ServerDatabase):  # what a bot was writing when it was killed goes a minute later
            files -= {name for name in files if ".mp4." in name}
        # A bot that was stopped while it delivered leaves what it has fetched to the next start.
        assert files - kept == {name for name in files - kept if _on_its_way(jobs.get(name.partition(".")[0]))}
        assert kept <= files


def _on_its_way(job: dict[str, Any] | None) -> bool:
    """Whether a job is made and has not reached anybody."""
    return job is not None and job["status"] == "succeeded" and not job["delivered_at"] and not job["dead_letter"]


async def _end_greetings() -> None:
    """End discord.py's greeting: once connected it waits two seconds for guilds, even when it is closed by then."""
    greetings = [task for task in asyncio.all_tasks() if "_delay_" in str(task.get_coro())]
    for task in greetings:
        task.cancel()
    await asyncio.gather(*greetings, return_exceptions=True)
