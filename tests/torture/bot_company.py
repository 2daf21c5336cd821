"""Several processes of one bot on a PostgreSQL of their own, and what happens to them, their lines and the server."""

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from random import Random
from time import monotonic
from typing import Final

import aiohttp

from sandbox.server import Sandbox
from tests.acceptance.database import ServerDatabase, Unreadable
from tests.acceptance.forks import Forked
from tests.acceptance.people import People
from tests.acceptance.system import System
from tests.cut_line import Line, line_to
from tests.fresh_databases import FreshDatabases
from tests.patience import FIRST_ANSWER
from tests.postgres_server import Server, own_server, standby_of
from tests.torture.bot_process import FPS, GENERATE_SECONDS, HOUR, LEAPING, Dangers

WORKER: Final = "none"
COMPANY: Final = ("0/2", "1/2", WORKER, WORKER, WORKER)
ALONE: Final = ("0/1",)  # it moves the jobs where no worker lives
ELSEWHERE: Final = "elsewhere"  # a channel of a guild that the other gateway has
GONE: Final = 6.0  # seconds that the server is gone at most, unless told otherwise
STOPPED: Final = 8.0  # seconds that a process is stopped at most: its lease ends, and the others take it for dead
CUT: Final = 6.0  # seconds that a line is cut at most
PAUSE: Final = 0.2  # seconds between two looks at a process, and before another takes its place
READY: Final = 300.0  # seconds until everybody is there


class Place:
    """A place in the company, where one process after the other lives, as a supervisor sees to it."""

    def __init__(self, system: System, name: str, *, shards: str, line: Line, **settings: object) -> None:
        self.name, self.line, self.busy, self.talks = name, line, False, shards != WORKER
        self.bad_ends: list[int] = []  # exit codes of processes that were asked to end
        self._system, self._settings, self._ahead = system, {**settings, "shards": shards}, 0.0
        self._clock, self.log = system.folder / f"{name}.ahead", system.folder / f"{name}.log"
        self.leap(0)
        self._process = self._begin()

    def _begin(self) -> Forked:
        self._asked = self._killed = False
        self._said_before = self._said()
        return self._system.spawn_into(
            self.log, [LEAPING, str(self._clock)], database_url=self.line.url, **self._settings
        )

    def _said(self) -> int:
        return self.log.stat().st_size if self.log.exists() else 0

    def kill(self) -> None:
        self._killed = True
        self._process.kill()

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    def ask_to_end(self) -> None:
        """Ask the process to end gracefully; once: at its very end it hears of nothing."""
        if not self._asked:
            self._asked = True
            self._process.send_signal(signal.SIGTERM)

    def _judge(self, code: int) -> None:
        """Note where a process that was asked to end, and nothing else, did not say that all is well."""
        early = code == -signal.SIGTERM and self._said() == self._said_before  # before it could hear of it
        if self._asked and not self._killed and code != 0 and not early:
            self.bad_ends.append(code)

    def leap(self, seconds: float) -> None:
        """Put the clock of these processes forward, or back."""
        self._ahead += seconds
        written = self._clock.with_suffix(".new")
        written.write_text(str(self._ahead))
        written.replace(self._clock)

    async def keep(self) -> None:
        """Start the process again whenever it has ended, for ever."""
        while True:
            await asyncio.sleep(PAUSE)
            if self._process.returncode is not None:
                self._judge(self._process.returncode)
                await asyncio.sleep(PAUSE)
                self._process = self._begin()

    async def end(self) -> None:
        """Kill the process for good."""
        self._process.send_signal(signal.SIGCONT)
        self._process.kill()
        await self._process.wait()


class BotCompany:
    """One bot of several processes: see `Tortured`. What happens to a process goes on while other things happen."""

    def __init__(
        self, system: System, *, server: Server, standby: Server | None, places: Sequence[Place], crowd: list[str]
    ) -> None:
        self.system, self.suffered = system, Counter[str]()
        self.channels: tuple[str, ...] = ("general", ELSEWHERE)
        self.gone, self.places = GONE, places
        self.server, self.standby, self._crowd, self._trouble = server, standby, crowd, asyncio.Lock()
        self._under_way: set[asyncio.Task[None]] = set()
        system.people.alive = self._alive

    @property
    def dangers(self) -> Dangers:
        """See `Tortured`."""
        return {
            "kill": (9, self._kill),
            "end": (4, self._end),
            "stop": (5, self._stop),
            "cut": (4, self._cut),
            "leap": (3, self._leap),
            "restart": (2, self._restart),
            "outage": (2, self._outage),
        }

    async def somebody(self, random: Random) -> dict[str, str]:
        """See `Tortured`."""
        return {"user": self._crowd.pop(), "channel": random.choice(self.channels)}

    async def calm(self) -> None:
        """See `Tortured`; whoever is there then goes on."""
        while self._under_way:
            await asyncio.gather(*self._under_way)
        await self.complete()

    async def complete(self) -> None:
        """Wait until everybody is there.

        Raises:
            AssertionError: they do not come.
        """
        gateways, end = sum(each.talks for each in self.places), monotonic() + READY
        while monotonic() < end:
            with suppress(Unreadable):
                entered = self.system.database.rows("SELECT id FROM processes")
                if len(entered) == len(self.places) and len(await self.system.people.shards()) == gateways:
                    return
            await asyncio.sleep(PAUSE)
        raise AssertionError(f"not everybody came back: {self.last_words()}")

    def last_words(self) -> str:
        """The end of everybody's log."""
        return "\n".join(f"{each.name}: {each.log.read_text()[-1500:]}" for each in self.places)

    def _alive(self) -> None:
        """Raise what has gone wrong in the background."""
        for task in self._under_way:
            if task.done() and not task.cancelled():
                task.result()
        bad_ends = {each.name: each.bad_ends for each in self.places if each.bad_ends}
        if bad_ends:
            raise AssertionError(f"asked to end, processes ended with {bad_ends}: {self.last_words()}")

    async def _kill(self, random: Random) -> None:
        self.suffered["kills"] += 1
        random.choice(self.places).kill()

    async def _end(self, random: Random) -> None:
        """End a process gracefully."""
        self.suffered["ended and started again"] += 1
        random.choice(self.places).ask_to_end()

    async def _stop(self, random: Random) -> None:
        """Stop a process for so long that it is taken for dead, or nearly."""
        place, seconds = random.choice(self.places), random.uniform(0.5, STOPPED)
        if not place.busy:
            self.suffered["stopped for a while"] += 1
            self._go_on(self._stopped(place, seconds))

    async def _stopped(self, place: Place, seconds: float) -> None:
        place.busy = True
        place.signal(signal.SIGSTOP)
        await asyncio.sleep(seconds)
        place.signal(signal.SIGCONT)
        place.busy = False

    async def _cut(self, random: Random) -> None:
        """Cut the line of a process to the server, which hears nothing of it."""
        place, seconds = random.choice(self.places), random.uniform(0, CUT)
        if place.line.whole:
            self.suffered["lines cut"] += 1
            self._go_on(self._cut_off(place.line, seconds))

    async def _cut_off(self, line: Line, seconds: float) -> None:
        line.cut()
        await asyncio.sleep(seconds)
        line.mend()

    async def _leap(self, random: Random) -> None:
        self.suffered["clock leaps"] += 1
        random.choice(self.places).leap(random.choice([-HOUR, HOUR]))

    async def _restart(self, _random: Random) -> None:
        await self._crash("crashes of the server", 0)

    async def _outage(self, random: Random) -> None:
        await self._crash("outages of the server", random.uniform(self.gone / 2, self.gone))

    async def _crash(self, name: str, seconds: float) -> None:
        if not self._trouble.locked():
            self.suffered[name] += 1
            self._go_on(self._crashed(seconds))

    async def _crashed(self, seconds: float) -> None:
        async with self._trouble:
            await asyncio.to_thread(self.server.stop, "immediate")
            await asyncio.sleep(seconds)
            await asyncio.to_thread(self.server.start)

    def _go_on(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._under_way.add(task)
        task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[None]) -> None:
        """Forget what has passed; what has gone wrong is kept until somebody looks."""
        if not task.cancelled() and task.exception() is None:
            self._under_way.discard(task)


@asynccontextmanager
async def bot_company(
    folder: Path,
    videos: Path,
    *,
    asks: int,
    company: Sequence[str] = COMPANY,
    generate_seconds: float = GENERATE_SECONDS,
    standby: bool = False,
    **settings: object,
) -> AsyncIterator[BotCompany]:
    """Run a sandbox, a server, and a bot whose processes have these shards, until the end of the `async with`.

    With a `standby` the address of the database names that server, too, and nobody's line can be cut.
    """
    await asyncio.to_thread(folder.mkdir, parents=True)
    sandbox = Sandbox(
        generate_seconds=generate_seconds,
        cache_dir=videos,
        fps=FPS,
        environment={},
        identify_seconds=0,
        first_answer_seconds=FIRST_ANSWER,
    )
    async with AsyncExitStack() as stack:
        server = stack.enter_context(own_server())
        databases = FreshDatabases(server=server, prefix="company")
        url = await databases.url(folder)
        second = stack.enter_context(standby_of(server)) if standby else None
        if second is not None:
            url = server.url_with(second, databases.name_of(folder))
        await stack.enter_async_context(sandbox)
        client = await stack.enter_async_context(aiohttp.ClientSession())
        people, database = People(client, sandbox.control), ServerDatabase(url)
        system = System(sandbox=sandbox, people=people, folder=folder, client=client, database=database)
        crowd = await people.crowd(asks)
        home = int(sandbox.describe()["discord"]["guild_id"])
        await people.found("elsewhere", shard=(1 - (home >> 22) % 2, 2), channel=ELSEWHERE)
        places = []
        for number, shards in enumerate(company):
            line = Line(url=url) if standby else await stack.enter_async_context(line_to(url))
            name = "worker" if shards == WORKER else "gateway"
            place = Place(system, f"{name}-{number}", shards=shards, line=line, **settings)
            places.append(place)
            stack.push_async_callback(place.end)
            keeper = asyncio.create_task(place.keep())
            stack.callback(keeper.cancel)
        bot = BotCompany(system, server=server, standby=second, places=places, crowd=crowd)
        await bot.complete()
        yield bot
