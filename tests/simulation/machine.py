"""The machine on which the bot runs: it starts processes, kills them at any await, and stops them in order."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Any, Final, TypeVar, cast

from bot.app import GRACE
from bot.clock import DatabaseClock, SteadyClock
from bot.domain.sharing import Process, Role, new_process_id
from bot.errors import LockTaken, ShotcallerError, StoreError
from bot.service.jobs.offered_models import OfferedModels
from bot.service.processes import Processes, ProcessWatch
from bot.service.services import Services
from bot.service.signals import SharedSignals, Signals
from bot.settings import Settings
from bot.store.processes import ProcessStore
from bot.wiring.build import Bot, build
from bot.wiring.processes import Together
from bot.wiring.world import World as Surroundings
from tests.models import CAPABILITIES
from tests.simulation import loop
from tests.simulation.discord_server import Ports
from tests.simulation.disk import Disk, LoopDatabase
from tests.simulation.server import Server
from tests.simulation.video_services import Files, Looks, Service
from tests.simulation.world import World

T = TypeVar("T")

SOONEST: Final = 1.5  # seconds until a process that has ended is there again, at the least
ABSENCES: Final = (4, 4, 4, 60, 300)  # seconds more, on average: some are an update
PAUSES: Final = (5, 20, 60, 120)  # seconds
STOPS: Final = 0.25  # of the processes that do not go on after an effect, those that only stop for a while
ONE: Final = (Role.WHOLE,)
SEVERAL: Final = ((Role.WHOLE, Role.WORKER), (Role.GATEWAY, Role.WORKER, Role.WORKER))
SLOWER: Final = 4  # times as seldom as on a real server it is looked who lives, and at the clocks


class Machine:
    """Keeps the processes of the bot running, one of each of these roles, as supervisors do."""

    def __init__(
        self,
        world: World,
        *,
        roles: Sequence[Role],
        settings: Settings,
        disk: Disk,
        services: dict[str, Service],
        ports: Ports,
    ) -> None:
        self._world, self._settings, self._disk, self._ports = world, settings, disk, ports
        self._services, self._files, self._looks = services, Files(world), Looks(world)
        self._shared, self._server = len(roles) > 1, Server(world)
        self._running: dict[int, _BotProcess] = {}  # by the place of their role
        self._roles = roles
        world.kill_at_effects(self._maybe_kill)

    def start_all(self) -> None:
        """Start every process that is not there."""
        for place in range(len(self._roles)):
            self._start(place)

    def kill(self, why: str) -> None:
        """End one of the processes on the spot, and start another in its place in a while."""
        if self._running:
            self._kill(self._any(), why)

    def kill_all(self, why: str) -> None:
        """End every process on the spot."""
        for process in tuple(self._running.values()):
            self._kill(process, why)

    def stop(self) -> None:
        """Ask a process to end, as a supervisor does before an update."""
        if self._running:
            process = self._any()
            self._world.event(f"stop {process.place}")
            self._world.counted["stops"] += 1
            process.stopping.set()

    def pause(self) -> None:
        """Let a process stand still for a while."""
        if self._running:
            self._pause_for(self._any(), "any moment")

    def go_on(self) -> None:
        """Let every process that stands still go on."""
        for process in self._running.values():
            self._go_on(process)

    def call_back(self, provider: str, external_id: str, body: bytes) -> None:
        """Bring a service's callback to a process, if there is one."""
        process = self._any() if self._running else None
        if process is not None and process.bot is not None and process.stopped_at is None:
            process.context.run(process.bot.callbacks.receive, provider, external_id, body)

    async def ask(self, what: str, call: Callable[[Services], Awaitable[T]]) -> T | ShotcallerError | None:
        """Ask the bot for something as a person does; the answer, the error, or None where nobody answers any more."""
        process = self._running.get(0)  # of several, the others have no connection to Discord's gateway
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

    def kill_owner(self, why: str) -> None:
        """End the process whose code is running, a moment later."""
        self._maybe_kill(why, loop.owner())

    def _maybe_kill(self, what: str, sender: loop.Process | None) -> None:
        if isinstance(sender, _BotProcess) and self._world.chance(self._world.weather.kill):
            end = self._pause_for if self._world.random.random() < STOPS else self._kill
            self._world.loop.call_soon(end, sender, f"after {what}", context=self._world.loop.world)

    def _answer(self, answer: "asyncio.Future[Any]", what: str, task: "asyncio.Task[Any]") -> None:
        if answer.done() or task.cancelled():
            if not answer.done():
                answer.set_result(None)
        elif (trouble := task.exception()) is None:
            answer.set_result(task.result())
        else:
            self._world.is_wrong(f"somebody who wanted {what} met {trouble!r}")
            answer.set_result(None)

    def _any(self) -> "_BotProcess":
        return self._world.random.choice(list(self._running.values()))

    def _start(self, place: int) -> None:
        if place in self._running:
            return
        process = self._running[place] = _BotProcess(self._world.loop, place)
        self._world.event(f"start {place}")
        self._world.counted["starts"] += 1
        process.main = self._world.loop.create_task(self._live(process), context=process.context)
        process.main.add_done_callback(partial(self._ended, process), context=self._world.loop.world)

    def _kill(self, process: "_BotProcess", why: str) -> None:
        if self._running.get(process.place) is process:
            self._world.event(f"kill {process.place}: {why}")
            self._world.counted["kills"] += 1
            self._remove(process)

    def _pause_for(self, process: "_BotProcess", why: str) -> None:
        if self._running.get(process.place) is process and process.stopped_at is None:
            self._world.event(f"pause {process.place}: {why}")
            self._world.counted["pauses"] += 1
            process.stop()
            self._world.later(self._world.random.choice(PAUSES), partial(self._go_on, process))

    def _ended(self, process: "_BotProcess", task: "asyncio.Task[Any]") -> None:
        if self._running.get(process.place) is not process:
            return
        trouble = None if task.cancelled() else _reason(task.exception())
        if trouble is not None and not isinstance(trouble, ShotcallerError):
            self._world.is_wrong(f"the process ended: {trouble!r}")
        self._world.event(f"ended {process.place}: {type(trouble).__name__}")
        self._remove(process)

    def _remove(self, process: "_BotProcess") -> None:
        del self._running[process.place]
        self._world.loop.kill(process)
        process.leave()
        random = self._world.random
        pause = SOONEST + random.expovariate(1 / random.choice(ABSENCES))
        self._world.later(pause, partial(self._start, process.place))

    def _go_on(self, process: "_BotProcess") -> None:
        if process.alive and process.stopped_at is not None:
            self._world.event(f"{process.place} goes on")
            process.go_on()

    # -- what a process does

    async def _live(self, process: "_BotProcess") -> None:
        """Do what `bot.app` does."""
        async with LoopDatabase(self._disk) as database, self._together(process, database) as together:
            bot = build(self._settings, self._surroundings(database, together))
            await bot.given_up.recall()
            await bot.worker.recover()
            await bot.services.left_guilds.work()
            bot.scheduler.wake()
            process.bot = bot
            async with asyncio.TaskGroup() as group:
                worker = group.create_task(bot.worker.run(), name="worker")
                loops = (together, bot.outbox, bot.callbacks, bot.copies_elsewhere, bot.scheduler)
                others = [group.create_task(each.run()) for each in loops]
                await process.stopping.wait()
                bot.worker.stop()
                await asyncio.wait([worker], timeout=GRACE)
                for task in (worker, *others):
                    task.cancel()

    @asynccontextmanager
    async def _together(self, process: "_BotProcess", database: LoopDatabase) -> AsyncIterator[Together]:
        """Do what `bot.wiring.processes` does."""
        world = self._world
        if not self._shared:
            clock = SteadyClock(wall=world.wall, monotonic=world.loop.time)
            yield Together(processes=Processes(), signals=Signals(), clock=clock)
            return
        session = self._server.session(process)
        skew = timedelta(minutes=world.random.choice((-60, 0, 60)))
        shared_clock = DatabaseClock(session.now, wall=lambda: world.moment() + skew, monotonic=world.loop.time)
        await shared_clock.measure()
        role = self._roles[process.place]
        shards = (0,) if role is Role.GATEWAY else ()
        this = Process(id=new_process_id(), role=role, shards=shards, started_at=shared_clock())
        processes = Processes(this, shared=True)
        signals = SharedSignals(session, me=processes.me, rand=world.random.random)
        watch = ProcessWatch(
            processes, store=ProcessStore(database), session=session, clock=shared_clock, sleep=_seldom
        )
        work = asyncio.create_task(session.run())
        loops = [work]
        try:
            await watch.enter()
            works = (watch.run(), shared_clock.run(sleep=_seldom), signals.run())
            loops += [asyncio.create_task(each) for each in works]
            yield Together(processes=processes, signals=signals, clock=shared_clock, loops=loops)
        finally:
            for each in loops:
                each.cancel()
            await asyncio.gather(*loops, return_exceptions=True)
            try:
                await watch.leave()
            except StoreError:
                world.event(f"{process.place} could not say that it leaves")

    def _surroundings(self, database: LoopDatabase, together: Together) -> Surroundings:
        world = self._world
        return Surroundings(
            database=database,
            purge=database.purge,
            providers=self._services,
            fetcher=self._files,
            notifier=self._ports,
            result_poster=self._ports,
            staff=self._ports,
            clock=together.clock,
            models=OfferedModels(list(CAPABILITIES.values()), clock=together.clock),
            moment=world.moment,
            processes=together.processes,
            signals=together.signals,
            media=cast("Any", self._looks),
            rand=world.random.random,
            seconds=world.loop.time,
        )


class _BotProcess(loop.Process):
    """A process of the bot, and who waits for an answer of it."""

    def __init__(self, the_loop: loop.SimulatedLoop, place: int) -> None:
        super().__init__(the_loop)
        self.place = place
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


async def _seldom(seconds: float) -> None:
    await asyncio.sleep(SLOWER * seconds)


def _reason(trouble: BaseException | None) -> BaseException | None:
    """Find what has ended a process because another one does what it did."""
    if isinstance(trouble, BaseExceptionGroup):
        found = [_reason(each) for each in trouble.exceptions]
        return next((each for each in found if isinstance(each, LockTaken)), trouble)
    return trouble
