"""Plays the day of a seed, from the first process to the last message, and says what was wrong with it."""

import asyncio
import gc
import logging
import secrets
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Final

from pydantic import SecretStr

from bot.domain import RunningLimits
from bot.domain.job import submission_of
from bot.errors import DestinationBusy, ShotcallerError
from bot.service.ports import Result
from bot.settings import Settings
from tests.funding import GIVEN_UP
from tests.simulation.books import Books
from tests.simulation.discord_server import Ports, SimulatedDiscord, channel
from tests.simulation.disk import Disk
from tests.simulation.endings import wrong_at_the_end
from tests.simulation.loop import SimulatedLoop, owner
from tests.simulation.machine import ONE, SEVERAL, Machine
from tests.simulation.people import Community
from tests.simulation.video_services import Service
from tests.simulation.world import TRANSACTIONS, World

LONGEST: Final = 24 * 3600.0  # seconds after the day until everything has to be at its end
KEPT_CARDS: Final = 0.25  # the share of days on which the cards of posted videos are kept
LOOK: Final = 600.0  # seconds between two looks at all the books
SETTINGS: Final = Settings(
    discord_token=SecretStr("token"),
    kirin_api_key=SecretStr("key"),
    monthly_budget_usd=None,
    max_jobs_per_user=4,
)


@dataclass(frozen=True, kw_only=True)
class Day:
    """How long a simulated day is, how much happens in it, and how likely the bot is several processes."""

    hours: float = 0.1
    requests: int = 8
    several: float = 0.25


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of a seed: what was wrong, a digest of all that happened, the last of it, and what was counted."""

    seed: int
    wrong: tuple[str, ...]
    digest: str
    latest: tuple[str, ...]
    counted: Counter[str]


def simulate(seed: int, day: Day, *, tell: Callable[[str], None] | None = None) -> Outcome:
    """Play the day of a seed."""
    random = Random(seed)  # noqa: S311 (a seed that replays is the point)
    loop = SimulatedLoop(random)
    with tempfile.TemporaryDirectory(prefix="simulation-") as folder, _seeded(random), _undisturbed():
        simulation = Simulation(loop, random, day, Path(folder), tell=tell)
        with simulation.overheard():
            try:
                loop.run_until_complete(simulation.play())
            finally:
                asyncio.set_event_loop(loop)  # what a coroutine begins when it is closed has to be buried too
                simulation.end()
                asyncio.set_event_loop(None)
                loop.close()
        return Outcome(
            seed=seed,
            wrong=tuple(simulation.world.wrong),
            digest=simulation.world.digest(),
            latest=tuple(simulation.world.latest),
            counted=simulation.world.counted,
        )


class Simulation:
    """A world with all that is in it."""

    def __init__(
        self, loop: SimulatedLoop, random: Random, day: Day, folder: Path, *, tell: Callable[[str], None] | None
    ) -> None:
        self._day, self._seconds = day, day.hours * 3600
        begins = timedelta(hours=24) - timedelta(hours=day.hours) * random.uniform(0.1, 0.9)
        world = self.world = World(loop, random, begins=begins, tell=tell)
        self._disk = Disk(loop, random, slowness=random.choice((0.0005, 0.003, 0.02)), committed=self._committed)
        limits = RunningLimits(per_provider=random.randint(2, 5), per_user=2, per_guild=3, total=6)
        self._books = Books(self._disk, limits=limits, wrong=world.is_wrong, seen=world.event)
        self._services = {name: self._service(name) for name in ("kirin", "kling")}
        self._discord = SimulatedDiscord(world)
        changes = {
            "data_dir": folder,
            "running_per_provider": limits.per_provider,
            "running_per_user": limits.per_user,
            "running_per_guild": limits.per_guild,
            "running_total": limits.total,
            "job_deadline_minutes": random.choice((10, 20)),
            "keep_cards": random.random() < KEPT_CARDS,
        }
        roles = random.choice(SEVERAL) if random.random() < day.several else ONE
        self._keeps_cards = bool(changes["keep_cards"])
        self._transactions = TRANSACTIONS * (1 + len(roles))
        self._machine = Machine(
            world,
            roles=roles,
            settings=SETTINGS.model_copy(update=changes),
            disk=self._disk,
            services=self._services,
            ports=Ports(world, self._discord, made_of=self._made_of, card_may_go=self._card_may_go),
        )
        self._community = Community(world, self._machine, self._disk, self._discord, members=4 + day.requests // 12)

    def _service(self, name: str) -> Service:
        return Service(
            id=name,
            world=self.world,
            remembers=name == "kling",
            tells_cost=name == "kirin",
            expected=self._expected,
            call_back=self._call_back,
        )

    def _call_back(self, provider: str, external_id: str, body: bytes) -> None:
        self._machine.call_back(provider, external_id, body)

    async def play(self) -> None:
        """Play the day, then let the weather clear up, and wait until everything has come to its end."""
        world = self.world
        self._machine.start_all()
        self._community.live(requests=self._day.requests, seconds=self._seconds)
        self._plan_troubles()
        await self._wait(self._seconds)
        world.weather.clear_up()
        world.event("the weather clears up")
        self._calm()
        ends = world.loop.time() + LONGEST
        while not world.over.is_set() and not self._at_rest():
            if world.loop.time() > ends:
                world.is_wrong(f"not at its end: {self._waiting()}")
                break
            self._calm()
            await self._community.go_on()
            await self._community.decide_all()
            await self._wait(60)
        self._books.whole()
        if not world.over.is_set():
            things = (self._disk, self._discord, self._services, self._community)
            for what in wrong_at_the_end(*things, keeps_cards=self._keeps_cards):
                world.is_wrong(what)

    def end(self) -> None:
        """End what still runs."""
        self.world.weather.clear_up()
        self._machine.kill_all("the end")
        self.world.loop.bury_all()
        self._disk.connection.close()

    async def _wait(self, seconds: float) -> None:
        until = self.world.loop.time() + seconds
        while (left := until - self.world.loop.time()) > 0 and not self.world.over.is_set():
            try:
                async with asyncio.timeout(min(left, LOOK)):
                    await self.world.over.wait()
            except TimeoutError:
                if left > LOOK:
                    self._books.whole()

    # -- troubles

    def _plan_troubles(self) -> None:
        world, random = self.world, self.world.random
        for trouble, most in (
            (self._kill, 3),
            (self._stop, 1),
            (self._pause, 2),
            (self._clock_leaps, 1),
            (self._disk_is_full, 2),
            (self._service_is_gone, 2),
            (self._channel_closes, 2),
        ):
            for _ in range(random.randint(0, most)):
                world.later(random.uniform(0, self._seconds), trouble)

    def _kill(self) -> None:
        self._machine.kill("any moment")

    def _stop(self) -> None:
        self._machine.stop()

    def _pause(self) -> None:
        self._machine.pause()

    def _clock_leaps(self) -> None:
        self.world.counted["clock leaps"] += 1
        self.world.set_clock(timedelta(minutes=self.world.random.choice((-90, -10, 10, 90))))

    def _disk_is_full(self) -> None:
        self._disk.refuses = True
        self.world.event("the disk is full")
        self.world.counted["disk full"] += 1
        self.world.later(self.world.random.expovariate(1 / 30), self._disk_has_room)

    def _disk_has_room(self) -> None:
        self._disk.refuses = False
        self.world.event("the disk has room")

    def _service_is_gone(self) -> None:
        service = self.world.random.choice(list(self._services.values()))
        service.gone_until = self.world.loop.time() + self.world.random.expovariate(1 / 60)
        self.world.event(f"{service.id} is gone")
        self.world.counted["service gone"] += 1

    def _channel_closes(self) -> None:
        channel_id = channel(self.world.random.choice(self._community.guilds), self.world.random.randint(1, 3))
        self._discord.close(channel_id)
        self.world.event(f"channel {channel_id} closes")
        self.world.counted["channel closed"] += 1
        if self.world.random.random() < 0.7:
            self.world.later(self.world.random.expovariate(1 / 200), partial(self._discord.closed.discard, channel_id))

    def _calm(self) -> None:
        self._disk.refuses = False
        self._discord.closed.clear()
        self._machine.go_on()

    # -- what is looked at

    def _committed(self) -> None:
        self.world.happens("transactions", most=self._transactions, what="a commit")
        if self._books.look():
            self._machine.kill_owner("a commit")

    def _expected(self, external_id: str) -> str | None:
        """Say what is wrong with a submission by this name now: its job must be on its way there.

        Or it was given up just then, as its person has everything deleted: `docs/money.md` has it charged, since a
        service may have it.
        """
        job_id, attempt = submission_of(external_id)
        rows = self._disk.rows("SELECT status, attempt, failure FROM jobs WHERE id = $1", job_id)
        if not rows:
            return "there is no such job"
        if rows[0]["attempt"] == attempt and rows[0]["failure"] in GIVEN_UP:
            return None
        if (rows[0]["status"], rows[0]["attempt"]) != ("submitting", attempt):
            return f"the job is {rows[0]['status']}, attempt {rows[0]['attempt']}"
        return None

    def _made_of(self, result: Result) -> str:
        """Tell what is in a file that is posted: the work of one of its job's submissions."""
        if not result.file.exists():
            raise DestinationBusy("no file")
        content = result.file.read_text()
        works = {work.id: work for service in self._services.values() for work in service.works.values()}
        work = works.get(content)
        if work is None or submission_of(work.external_id)[0] != result.job.id:
            self.world.is_wrong(f"for job {result.job.id} the file {content!r} is posted")
        elif not work.billed or (work.ready_at or 0) > self.world.loop.time():
            self.world.is_wrong(f"for job {result.job.id} the file {content!r} is posted, which is not made yet")
        return content

    def _card_may_go(self, job_id: str) -> bool:
        """Tell whether a job's video is written down as posted, or a message tells how it ended: its card may go."""
        rows = self._disk.rows("SELECT delivered_at FROM jobs WHERE id = $1", job_id)
        return not rows or rows[0]["delivered_at"] is not None or bool(self._discord.of("end", job_id))

    def _at_rest(self) -> bool:
        return not self._waiting() and not self._community.busy

    def _waiting(self) -> list[str]:
        jobs = self._disk.rows("SELECT id, status FROM jobs WHERE due_at IS NOT NULL")
        items = self._disk.rows("SELECT kind, subject_id FROM outbox WHERE due_at IS NOT NULL")
        deletions = self._disk.rows(  # one is not over before the period of an account is, but no video waits for that
            "SELECT user_id FROM deletions WHERE EXISTS "
            "(SELECT 1 FROM jobs WHERE jobs.user_id = deletions.user_id AND jobs.created_at <= deletions.at)"
        )
        return [
            *(f"job {each[0]} ({each[1]})" for each in jobs),
            *(f"{each[0]} {each[1]}" for each in items),
            *(f"the deletion of {each[0]}" for each in deletions),
        ]

    @contextmanager
    def overheard(self) -> Iterator[None]:
        """Note what the bot writes to its log that nobody should ever read there."""
        log, listener = logging.getLogger("bot"), _Listener(self.world)
        level, propagates = log.level, log.propagate
        log.addHandler(listener)
        log.setLevel(logging.ERROR)
        log.propagate = False
        self.world.loop.set_exception_handler(self._unhandled)
        try:
            yield
        finally:
            log.removeHandler(listener)
            log.setLevel(level)
            log.propagate = propagates

    def _unhandled(self, _loop: object, context: dict[str, object]) -> None:
        """Note what went wrong in a callback; what nobody has asked for any more is nobody's trouble."""
        if "never retrieved" not in str(context["message"]):
            self.world.is_wrong(f"{context['message']}: {context.get('exception')!r}")


class _Listener(logging.Handler):
    def __init__(self, world: World) -> None:
        super().__init__(logging.ERROR)
        self._world = world

    def emit(self, record: logging.LogRecord) -> None:
        trouble, process = record.exc_info[1] if record.exc_info else None, owner()
        if process is not None and not process.alive:
            return  # what a coroutine says that is closed
        if trouble is not None and not isinstance(trouble, ShotcallerError):
            self._world.is_wrong(f"{record.getMessage()}: {trouble!r}")


@contextmanager
def _seeded(random: Random) -> Iterator[None]:
    """Let the ids that `secrets` makes come from the seed: it is asked for them in many places, and by one function."""
    before = secrets.token_bytes
    secrets.token_bytes = lambda nbytes=None: random.randbytes(nbytes or 32)
    try:
        yield
    finally:
        secrets.token_bytes = before


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Keep the garbage collector from closing things at moments that no seed decides, and take them away at the end.

    A coroutine of a killed process may want to wait for something when it is closed, and what it would have waited
    for is not begun. That is as it should be.
    """
    collects, hook = gc.isenabled(), sys.unraisablehook
    gc.disable()
    gc.freeze()
    sys.unraisablehook = lambda told: None if isinstance(told.object, Coroutine) else hook(told)
    try:
        yield
    finally:
        with warnings.catch_warnings(action="ignore", category=RuntimeWarning):
            gc.collect()
        gc.unfreeze()
        sys.unraisablehook = hook
        if collects:
            gc.enable()
