"""Queries a job, and how late its end is noticed, where the service calls back: at a hundredth of a real job's time.

Jobs of 240 s, with a coefficient of variation of 0.25, take 2.4 s here. A callback's way through the bot is not scaled:
nothing on it waits for the job. What only the net finds is late by a hundred times what stands here. The floor is a
POST to a server that does nothing.
"""

import asyncio
import logging
import random
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from itertools import count
from math import sqrt
from statistics import median, quantiles
from typing import Any, Final

import aiohttp
from aiohttp import web
from pydantic import SecretStr

from benchmarks._figures import Figure, Measured
from benchmarks._funding import funding
from bot.clock import SteadyClock, utc_now
from bot.domain import DeadLetter, Destination, Job, JobStatus, RunningLimits, VideoRequest
from bot.domain.callback import CallbackAddresses
from bot.errors import FaultClass
from bot.provider.base import Task, TaskFailure, TaskStatus
from bot.service.jobs.offered_models import OfferedModels
from bot.service.ports import NotPosted
from bot.settings import Settings
from bot.store.jobs.claims import ClaimStore
from bot.store.jobs.jobs import JobStore
from bot.store.migrate import migrate
from bot.store.sqlite import SQLiteDatabase
from bot.web.callbacks import serve_callbacks
from bot.wiring.build import Bot, build
from bot.wiring.world import World

JOBS: Final = 200
FIRST: Final = 20  # before them, to show that callbacks arrive
USUAL: Final = 2.4  # seconds
VARIATION: Final = 0.25  # the coefficient
FORGETS: Final = {"every end called back": 0, "one in 20 forgotten": 20, "never called back": 1}  # one in so many
POSTS: Final = 200
REQUEST: Final = VideoRequest(model="kirin_v3_t2v", prompt="a fox")
_POST: Final = "a POST to a server that does nothing"
_BOUNDS: Final = {"every end called back": (1.5, 300)}  # queries, and milliseconds until noticed
_QUERIES: Final = tuple(
    Figure(name=f"queries a job, {what}", unit="queries", at_most=_BOUNDS.get(what, (None, None))[0])
    for what in FORGETS
)
_NOTICED: Final = tuple(
    Figure(name=f"until its end is noticed, {what}", unit="ms", floor=_POST, at_most=_BOUNDS.get(what, (None, None))[1])
    for what in FORGETS
)
_STRANGERS: Final = (Figure(name="a forged call", floor=_POST), Figure(name="a call that is repeated", floor=_POST))
FIGURES: Final = (*_QUERIES, *_NOTICED, *_STRANGERS)
LIMITS: Final = RunningLimits(per_provider=JOBS, per_user=JOBS, per_guild=JOBS, total=JOBS, abreast=JOBS)
SETTINGS: Final = Settings(
    discord_token=SecretStr("token"),
    kirin_api_key=SecretStr("key"),
    monthly_budget_usd=None,
    poll_seconds_min=0.02,
    poll_seconds_max=0.2,
    running_per_provider=JOBS,
    running_per_user=JOBS,
    running_per_guild=JOBS,
    running_total=JOBS,
)


class Silent:
    """A notifier that nobody hears: what is looked for was never posted, and all else is answered with nothing."""

    def __getattr__(self, name: str) -> Any:
        async def nothing(*_: Any, **__: Any) -> Any:
            return NotPosted() if name.startswith("find") else None

        return nothing


class _Service:
    """A video service whose tasks end after a time and fail then; it calls back like the real ones, or forgets to."""

    id = "kirin"
    find_is_authoritative = True
    longest_create = timedelta(seconds=90)

    def __init__(self, *, forgets: int, client: aiohttp.ClientSession) -> None:
        self.queries: Counter[str] = Counter()
        self.late: dict[str, float] = {}
        self._forgets, self._client, self._rand = forgets, client, random.Random(7)  # noqa: S311 (a benchmark)
        self._ended: dict[str, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._numbers = count(1)
        self.addresses: CallbackAddresses | None = None

    async def submit(
        self, request: VideoRequest, *, external_id: str, may_send: Callable[[], bool] = lambda: True
    ) -> Task:
        """Begin a task."""
        assert request == REQUEST
        assert may_send()
        task = asyncio.create_task(self._work(external_id, next(self._numbers)), name=external_id)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return Task(id=external_id, status=TaskStatus.WAITING)

    async def fetch(self, task_id: str) -> Task:
        """Count the query, and how late it is where it is the first after the end."""
        self.queries[task_id] += 1
        if (ended := self._ended.get(task_id)) is None:
            return Task(id=task_id, status=TaskStatus.WORKING)
        self.late.setdefault(task_id, time.monotonic() - ended)
        failure = TaskFailure(code="1", detail="", fault=FaultClass.PERMANENT)
        return Task(id=task_id, status=TaskStatus.FAILED, failure=failure)

    async def find(self, external_id: str) -> Task | None:
        """Find nothing: nothing is ever in doubt."""
        assert external_id
        return None

    async def check(self) -> None:
        """All is well."""

    async def _work(self, external_id: str, number: int) -> None:
        seconds = _seconds(self._rand)
        await asyncio.sleep(seconds / 5)
        await self._call_back(external_id, number, b'{"status": "processing"}')
        await asyncio.sleep(seconds * 4 / 5)
        self._ended[external_id] = time.monotonic()
        await self._call_back(external_id, number, b'{"status": "failed"}')

    async def _call_back(self, external_id: str, number: int, body: bytes) -> None:
        assert self.addresses is not None
        if self._forgets == 0 or number % self._forgets:
            async with self._client.post(self.addresses.of(self.id, external_id), data=body) as answer:
                assert answer.status == 200


def measure() -> list[Measured]:
    """What jobs take for each share of callbacks that are forgotten, and what strangers' calls take."""
    logging.getLogger("bot").setLevel(logging.ERROR)  # every task fails, and says so
    return asyncio.run(_measure())


async def _measure() -> list[Measured]:
    bare = await _bare()
    floor = f"{bare * 1000:.1f} ms"
    queries, late = zip(*[await _of_jobs(forgets) for forgets in FORGETS.values()], strict=True)
    return [
        *(figure.found(each) for figure, each in zip(_QUERIES, queries, strict=True)),
        *(
            figure.found(
                median(each) * 1000, floor=f"{floor}; 95 in 100 after {quantiles(each, n=20)[-1] * 1000:.0f} ms"
            )
            for figure, each in zip(_NOTICED, late, strict=True)
        ),
        *(
            figure.found(each / bare, floor=f"{floor}, ours {each * 1000:.1f} ms")
            for figure, each in zip(_STRANGERS, await _strangers(), strict=True)
        ),
    ]


async def _of_jobs(forgets: int) -> tuple[float, list[float]]:
    """The queries a job, and after how many seconds the end of each was noticed."""
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(aiohttp.ClientSession())
        service = _Service(forgets=forgets, client=client)
        bot, jobs = await stack.enter_async_context(_running(service))
        await _make(bot, jobs, service, FIRST)
        queries = service.queries.total()
        service.late.clear()
        await _make(bot, jobs, service, JOBS)
        return (service.queries.total() - queries) / JOBS, list(service.late.values())


async def _strangers() -> tuple[float, float]:
    """What others' calls take: to an address that is none of ours, and again and again to one that is."""
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(aiohttp.ClientSession())
        service = _Service(forgets=0, client=client)
        bot, jobs = await stack.enter_async_context(_running(service))
        await _make(bot, jobs, service, 1)
        assert service.addresses is not None
        (ours,) = (service.addresses.of(service.id, each) for each in service.late)
        forged = await _seconds_a_post(client, f"{ours[:-1]}{'0' if ours[-1] != '0' else '1'}")
        return forged, await _seconds_a_post(client, ours)


async def _seconds_a_post(client: aiohttp.ClientSession, url: str) -> float:
    took = []
    for _ in range(POSTS):
        begin = time.monotonic()
        async with client.post(url, data=b'{"status": "completed"}') as answer:
            await answer.read()
        took.append(time.monotonic() - begin)
    return median(took)


@asynccontextmanager
async def _running(service: _Service) -> AsyncIterator[tuple[Bot, JobStore]]:
    """A bot at work that knows how long such jobs take, and is called back."""
    silent: Any = Silent()
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        database = await stack.enter_async_context(SQLiteDatabase(f"{folder}/bench.db"))
        await migrate(database, now=utc_now())
        jobs = JobStore(database)
        await _history(jobs, ClaimStore(database))
        offered = OfferedModels([], clock=utc_now)
        world = World(
            database=database,
            purge=database.purge,
            providers={service.id: service},
            fetcher=silent,
            notifier=silent,
            result_poster=silent,
            staff=silent,
            clock=SteadyClock(),
            models=offered,
            moment=utc_now,
        )
        bot = build(SETTINGS, world)
        addresses = CallbackAddresses(public_url="", secret="token")  # noqa: S106 (a benchmark's)
        serving = serve_callbacks(
            host="127.0.0.1", port=0, addresses=addresses, secrets={}, receive=bot.callbacks.receive
        )
        port = await stack.enter_async_context(serving)
        service.addresses = CallbackAddresses(public_url=f"http://127.0.0.1:{port}", secret=addresses.secret)
        loops = [asyncio.create_task(bot.worker.run()), asyncio.create_task(bot.callbacks.run())]
        yield bot, jobs
        bot.worker.stop()
        await loops[0]
        loops[1].cancel()
        await asyncio.wait(loops)


async def _make(bot: Bot, jobs: JobStore, service: _Service, number: int) -> None:
    """Have so many jobs made, and wait until the end of each was noticed."""
    already = len(service.late)
    for each in range(number):
        job = _job(f"{time.monotonic_ns():x}{each:04x}")
        await jobs.accept(job, funding=funding(job), most=10 * JOBS, now=job.created_at)
    bot.worker.wake()
    while len(service.late) < already + number:  # noqa: ASYNC110 (nothing would set an event)
        await asyncio.sleep(0.05)


async def _history(jobs: JobStore, claims: ClaimStore) -> None:
    """Write down how long twenty earlier jobs took."""
    rand = random.Random(3)  # noqa: S311 (a benchmark)
    for number in range(20):
        job = _job(f"{number:016x}")
        now = job.created_at
        await jobs.accept(job, funding=funding(job), most=JOBS, now=now)
        claimed = await claims.waiting("kirin", now=now, lease_until=now + timedelta(minutes=1), limits=LIMITS)
        assert claimed is not None
        await jobs.record_task(claimed, task_id=f"task-{number}", next_at=now, now=now)
        (due,) = await claims.due(now=now, lease_until=now + timedelta(minutes=1), most=1)
        ended = now + timedelta(seconds=_seconds(rand))
        made = await jobs.succeed(due, result_url="", cost_micros=None, now=ended)
        await jobs.mark_dead_letter(made, reason=DeadLetter.UNDELIVERABLE, now=now)  # nobody needs its video
        (letter,) = await claims.due(now=now, lease_until=now + timedelta(minutes=1), most=1)
        await jobs.close(letter)


def _seconds(rand: random.Random) -> float:
    sigma = sqrt(2 * (sqrt(1 + VARIATION**2) - 1))
    return rand.lognormvariate(0, sigma) * USUAL


def _job(name: str) -> Job:
    now = utc_now()
    return Job(
        id=name,
        idempotency_key=name,
        user_id=1,
        locale="en-US",
        destination=Destination(guild_id=1, channel_id=1, upload_limit=1),
        provider="kirin",
        request=REQUEST,
        status=JobStatus.QUEUED,
        attempt=1,
        tries=0,
        owner="user:1",
        period="today",
        credits=5,
        usd_micros=1,
        created_at=now,
        deadline_at=now + timedelta(hours=1),
    )


async def _bare() -> float:
    """Seconds from a POST to its answer, of a server that does nothing."""

    async def nothing(_: web.Request) -> web.Response:
        return web.Response()

    app = web.Application()
    app.router.add_post("/", nothing)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with aiohttp.ClientSession() as client:
        took = await _seconds_a_post(client, f"http://127.0.0.1:{runner.addresses[0][1]}/")
    await runner.cleanup()
    return took
