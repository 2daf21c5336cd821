"""The machine on which the bot runs: it starts processes, kills them at any await, and stops them in order."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final, TypeVar, cast

from bot.app import GRACE
from bot.clock import SteadyClock
from bot.errors import ShotcallerError
from bot.service.jobs.offered_models import OfferedModels
from bot.service.services import Services
from bot.settings import Settings
from bot.wiring.build import Bot, build
from bot.wiring.world import World as Surroundings
from tests.models import CAPABILITIES
from tests.simulation.discord_server import Ports
from tests.simulation.disk import Disk, LoopDatabase
from tests.simulation.loop import Process
from tests.simulation.video_services import Files, Looks, Service
from tests.simulation.world import World

T = TypeVar("T")

SOONEST: Final = 1.5  # seconds until a process that has ended is there again, at the least


class Machine:
    """Keeps one process of the bot running, as a supervisor does."""

    def __init__(
        self, world: World, *, settings: Settings, disk: Disk, services: dict[str, Service], ports: Ports
    ) -> None:
        self._world, self._settings, self._disk, self._ports = world, settings, disk, ports
        self._services, self._files, self._looks = services, Files(world), Looks(world)
        self._process: _BotProcess | None = None
        world.kill_at_effects(self._maybe_kill)

    @property
    def bot(self) -> Bot | None:
        """The bot, while it is there for people."""
        return self._process.bot if self._process is not None else None

    def start(self) -> None:
        """Start a process, unless there is one."""
        if self._process is None:
            process = self._process = _BotProcess()
            self._world.event("start")
            self._world.counted["starts"] += 1
            work = self._live(process)
            process.main = self._world.loop.create_task(work, context=process.context)
            process.main.add_done_callback(partial(self._ended, process), context=self._world.loop.world)

    def kill(self, why: str) -> None:
        """End the process on the spot, and start another in a while."""
        if self._process is None:
            return
        process, self._process = self._process, None
        self._world.event(f"kill: {why}")
        self._world.counted["kills"] += 1
        self._world.loop.kill(process)
        process.leave()
        self._start_later()

    def stop(self) -> None:
        """Ask the process to stop, as a supervisor does before an update."""
        if self._process is not None:
            self._world.event("stop")
            self._world.counted["stops"] += 1
            self._process.stopping.set()

    def call_back(self, provider: str, external_id: str, body: bytes) -> None:
        """Bring a service's callback to the process, if there is one."""
        if self._process is not None and self._process.bot is not None:
            receive = self._process.bot.callbacks.receive
            self._process.context.run(receive, provider, external_id, body)

    async def ask(self, what: str, call: Callable[[Services], Awaitable[T]]) -> T | ShotcallerError | None:
        """Ask the bot for something as a person does; the answer, the error, or None where nobody answers any more."""
        process = self._process
        if process is None or process.bot is None:
            return None
        self._world.event(f"ask: {what}")
        answer: asyncio.Future[Any] = self._world.loop.create_future()
        task = self._world.loop.create_task(_answered(call, process.bot.services), context=process.context)
        process.asked[answer] = None
        task.add_done_callback(partial(self._answer, answer, what), context=self._world.loop.world)
        try:
            said: T | ShotcallerError | None = await answer
        finally:
            process.asked.pop(answer, None)
        if said is not None:
            self._world.event(f"answer: {what}: {type(said).__name__}")
        return said

    def _answer(self, answer: "asyncio.Future[Any]", what: str, task: "asyncio.Task[Any]") -> None:
        if answer.done() or task.cancelled():
            if not answer.done():
                answer.set_result(None)
        elif (trouble := task.exception()) is None:
            answer.set_result(task.result())
        else:
            self._world.is_wrong(f"somebody who wanted {what} met {trouble!r}")
            answer.set_result(None)

    async def _live(self, process: "_BotProcess") -> None:
        """Do what `bot.app` does."""
        async with LoopDatabase(self._disk) as database:
            bot = build(self._settings, self._surroundings(database))
            await bot.given_up.recall()
            await bot.worker.recover()
            await bot.services.left_guilds.work()
            bot.scheduler.wake()
            process.bot = bot
            async with asyncio.TaskGroup() as group:
                worker = group.create_task(bot.worker.run(), name="worker")
                others = [group.create_task(each.run()) for each in (bot.outbox, bot.callbacks, bot.scheduler)]
                await process.stopping.wait()
                bot.worker.stop()
                await asyncio.wait([worker], timeout=GRACE)
                for task in (worker, *others):
                    task.cancel()

    def _surroundings(self, database: LoopDatabase) -> Surroundings:
        world = self._world
        clock = SteadyClock(wall=world.wall, monotonic=world.loop.time)
        return Surroundings(
            database=database,
            purge=database.purge,
            providers=self._services,
            fetcher=self._files,
            notifier=self._ports,
            result_poster=self._ports,
            staff=self._ports,
            clock=clock,
            models=OfferedModels(list(CAPABILITIES.values()), clock=clock),
            moment=world.moment,
            media=cast("Any", self._looks),
            rand=world.random.random,
            seconds=world.loop.time,
        )

    def _maybe_kill(self, what: str) -> None:
        if self._world.chance(self._world.weather.kill):
            self._world.loop.call_soon(self.kill, f"after {what}", context=self._world.loop.world)

    def _ended(self, process: "_BotProcess", task: "asyncio.Task[Any]") -> None:
        if self._process is not process:
            return
        trouble = None if task.cancelled() else task.exception()
        if trouble is not None and not isinstance(trouble, ShotcallerError):
            self._world.is_wrong(f"the process ended: {trouble!r}")
        self._world.event(f"ended: {type(trouble).__name__}")
        self._process = None
        self._world.loop.kill(process)
        process.leave()
        self._start_later()

    def _start_later(self) -> None:
        random = self._world.random
        self._world.later(SOONEST + random.expovariate(1 / random.choice((4, 4, 4, 60))), self.start)


class _BotProcess(Process):
    """A process of the bot, and who waits for an answer of it."""

    def __init__(self) -> None:
        super().__init__()
        self.bot: Bot | None = None
        self.main: asyncio.Task[None] | None = None
        self.stopping = asyncio.Event()
        self.asked: dict[asyncio.Future[Any], None] = {}

    def leave(self) -> None:
        """Leave everybody who waits without an answer."""
        self.bot = None
        for answer in tuple(self.asked):
            if not answer.done():
                answer.set_result(None)


async def _answered(call: Callable[[Services], Awaitable[T]], services: Services) -> T | ShotcallerError:
    try:
        return await call(services)
    except ShotcallerError as exc:
        return exc
