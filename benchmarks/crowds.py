"""One question for many: questions a job and seconds late, by how many are under way, how long they take, how unlike.

The real watch and the real Kling provider against an account in memory, in virtual time, seeded. Each line also says
what asking about everything every four seconds would cost: who does not know when jobs end notices half of them within
two seconds with no fewer. Then once more over HTTP against the sandbox, in real time.

Jobs that begin together know how long 20 of those before took, some of each time, as the bot does of those that ended
within an hour. Where it knew the latest 20 to end, which of 500 unlike jobs (600 s, cv 0.5) that came at once are the
slowest, half of the next 500 were noticed two minutes late (measured), with half the questions.
"""

import asyncio
import random
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count as numbers
from math import exp
from statistics import fmean, median, quantiles
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import httpx
from aiohttp import web

from benchmarks._figures import Figure, Measured
from benchmarks._optimum import Cost, log_normal
from benchmarks.asking import play
from bot.domain import Job, JobStatus, Spread, VideoRequest
from bot.provider.kling import Kling
from bot.provider.transport import Transport
from bot.service.jobs.watcher import Watch
from bot.settings import Settings
from bot.store.jobs.claims import Woken
from sandbox.faults import Faults
from sandbox.providers import Providers
from tests import jobs

COUNTS: Final = (25, 100, 500)
MEANS: Final = (60.0, 240.0, 600.0)
CVS: Final = (0.05, 0.25, 0.5)
PAST: Final = 20  # jobs that the history goes back
SPACING: Final = 0.5  # seconds between two jobs that come together
LEAST: Final[float] = Settings.model_fields["poll_seconds_min"].default
MOST: Final[float] = Settings.model_fields["poll_seconds_max"].default
REAL: Final = 15.0  # seconds that a task of the sandbox takes
DAY: Final = datetime(2026, 3, 5, tzinfo=UTC)
JOB: Final = jobs.job(
    provider="kling", request=VideoRequest(model="kling-v3", prompt="a fox"), status=JobStatus.RUNNING
)


_EVERY_4: Final = "asking about everything every 4 s, half noticed within 2 s"


def _asked(count: int, mean: float, cv: float) -> Figure:
    wanted = {25: 0.3, 500: 0.1}.get(count)
    name = f"questions a job, {count} under way, {mean:.0f} s, cv {cv}"
    return Figure(name=name, unit="questions", floor=_EVERY_4, at_most=wanted)


def _late(count: int, mean: float, cv: float) -> Figure:
    return Figure(name=f"late, the middle, {count} under way, {mean:.0f} s, cv {cv}", unit="s", at_most=2)


_CROWDS: Final = [(count, mean, cv) for count in COUNTS for mean in MEANS for cv in CVS]
_OVER_HTTP: Final = (
    Figure(name=f"questions a job, {COUNTS[0]} tasks of {REAL:.0f} s, over HTTP", unit="questions", at_most=0.3),
    Figure(name=f"late, the middle, {COUNTS[0]} tasks of {REAL:.0f} s, over HTTP", unit="s", at_most=2),
)
FIGURES: Final = (*(figure(*each) for each in _CROWDS for figure in (_asked, _late)), *_OVER_HTTP)


def measure() -> list[Measured]:
    """What each crowd costs, coming evenly, and what one costs over HTTP."""
    return [*_crowds(), *asyncio.run(_over_http())]


def _crowds() -> Iterator[Measured]:
    for count, mean, cv in _CROWDS:
        come, at_once = steady(mean, cv, count=count, jobs=max(300, count)), together(mean, cv, count=count)
        alone = list(play(mean, cv, jobs=300, step=None))
        each, late = fmean(job.questions for job in alone), median(job.late for job in alone)
        begun = f"begun together {at_once.questions:.2f} questions, {at_once.late:.1f} s late"
        yield _asked(count, mean, cv).found(come.questions, floor=f"{floor(mean, count):.2f}; {begun}")
        yield _late(count, mean, cv).found(come.late, floor=f"one by one: {each:.1f} questions, {late:.1f} s late")


def floor(mean: float, count: int) -> float:
    """Compute the questions a job of asking every four seconds, while so many are under way."""
    return mean / count / 4


def steady(mean: float, cv: float, *, count: int, jobs: int) -> Cost:
    """Play jobs that come by chance, about so many at a time; the lateness is the median."""
    world = _World(mean, cv)
    asyncio.run(world.play(mean / count, jobs=count))
    world.forget()
    asyncio.run(world.play(mean / count, jobs=jobs))
    return world.cost()


def together(mean: float, cv: float, *, count: int, rounds: int = 3) -> Cost:
    """Play jobs that come so many at once, again and again; the lateness is the median."""
    world = _World(mean, cv)
    for _ in range(rounds):
        asyncio.run(world.burst(count))
    return world.cost()


class _World:
    """An account whose tasks end by chance, and a watch over them, in virtual time."""

    def __init__(self, mean: float, cv: float) -> None:
        self._rand = random.Random(1)  # noqa: S311 (no secret)
        self._mean, self._parts = mean, log_normal(mean, cv)
        self._past = deque((self._took() for _ in range(PAST)), maxlen=PAST)
        self._all: list[float] = []  # of the jobs that came together
        self._numbers = numbers(1)
        self._account: list[tuple[str, float, float]] = []  # task, begin and end, the oldest first
        self._under_way: dict[str, tuple[Job, float]] = {}
        self._late: list[float] = []
        self._questions = 0
        self.now = 0.0
        self._next_at = 0.0
        transport = Transport(
            provider="kling",
            base_url="http://kling.example",
            token=lambda: "key",
            transport=httpx.MockTransport(self._answer),
        )
        self._watch = _watch(Kling(transport=transport), clock=self._clock)

    async def play(self, gap: float, *, jobs: int) -> None:
        """Let jobs come, one in `gap` seconds on average, until so many have been noticed."""
        done = len(self._late) + jobs
        while len(self._late) < done:
            pause = await self._look()
            if self._next_at <= self.now + pause:
                self.now = max(self.now, self._next_at)
                self._begin()
                self._next_at += self._rand.expovariate(1 / gap)
            else:
                self.now += pause

    async def burst(self, count: int) -> None:
        """Let so many jobs come at once, and all end; their history is of all of them, not of the slowest."""
        begun = [self.now + SPACING * number for number in range(count)]
        history, self._all = list(self._past), []
        while begun or self._under_way:
            pause = await self._look()
            if begun and begun[0] <= self.now + pause:
                self.now = max(self.now, begun.pop(0))
                self._begin(history)
            else:
                self.now += pause
        self._past.extend(self._rand.sample(self._all, min(PAST, len(self._all))))

    def forget(self) -> None:
        """Count nothing of what was until now."""
        self._late.clear()
        self._questions = 0

    def cost(self) -> Cost:
        """Tell the questions a job, and how late half of the ends were noticed at the most."""
        return Cost(self._questions / len(self._late), median(self._late))

    async def _look(self) -> float:
        """Have the watch do what is to do; tell for how long there is nothing."""
        pause = await self._watch.work()
        for name, (job, end) in list(self._under_way.items()):
            if self._watch.ended(job) is not None:
                del self._under_way[name]
                self._late.append(self.now - end)
                self._past.append((self._clock() - (job.submitted_at or DAY)).total_seconds())
                self._all.append(self._past[-1])
        return max(pause, 0.001 if pause else 0.0)

    def _begin(self, history: list[float] | None = None) -> None:
        name, end = f"{next(self._numbers):016x}", self.now + self._took()
        now = self._clock()
        job = replace(JOB, id=name, task_id=name, submitted_at=now, deadline_at=now + timedelta(days=1))
        self._account.append((name, self.now, end))
        self._under_way[name] = job, end
        assert self._watch.take(job, Spread.of(history or self._past, guess=self._mean))

    def _took(self) -> float:
        return exp(self._rand.gauss(self._parts.middle, self._parts.sigma))

    def _clock(self) -> datetime:
        return DAY + timedelta(seconds=self.now)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        """Answer as the list, `/tasks` and the query of one task do."""
        self._questions += 1
        parts = urlsplit(request.url.raw_path.decode())
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        data: Any
        if "pageNum" in query:
            page, size = int(query["pageNum"]), int(query["pageSize"])
            data = [self._entry(*each) for each in self._account[::-1][(page - 1) * size : page * size]]
        elif "task_ids" in query:
            data = [self._entry(*each) for each in self._account if each[0] in query["task_ids"].split(",")]
        else:
            data = next(self._entry(*each) for each in self._account if parts.path.endswith(each[0]))
        return httpx.Response(200, json={"code": 0, "data": data})

    def _entry(self, name: str, _begin: float, end: float) -> dict[str, Any]:
        status = "failed" if end <= self.now else "processing"
        return {"task_id": name, "task_status": status, "task_info": {"external_task_id": name}}


class _Quiet:
    """The watch's neighbours: a database in which every job can be woken, and callbacks that never come."""

    async def wake(self, names: list[str], **_: Any) -> dict[str, Woken]:
        return dict.fromkeys(names, Woken.YES)

    async def running(self, *_: Any, **__: Any) -> list[Job]:
        return []

    def trusted(self, _: str) -> bool:
        return False

    def note_answered(self) -> None:
        """All is well."""


def _watch(kling: Kling, *, clock: Any) -> Watch:
    quiet: Any = _Quiet()
    return Watch(
        kling.id,
        kling,
        health=quiet,
        claims=quiet,
        forecaster=quiet,
        callbacks=quiet,
        owns=lambda _: True,
        least=timedelta(seconds=LEAST),
        most=timedelta(seconds=MOST),
        clock=clock,
        rand=lambda: 0.5,
        wake=lambda: None,
    )


async def _over_http() -> list[Measured]:
    """Follow 25 tasks of the sandbox that were begun within a few seconds, as the bot does, without a database."""
    async with _sandbox() as (providers, questions):
        transport = Transport(provider="kling", base_url=providers.public_url, token=lambda: providers.kling_key)
        async with transport:
            kling, under_way, late = Kling(transport=transport, prefix="/kling"), dict[str, Job](), list[float]()
            watch = _watch(kling, clock=lambda: datetime.now(UTC))
            for number in range(COUNTS[0]):
                task = await kling.submit(JOB.request, external_id=f"{number:016x}")
                now = datetime.now(UTC)
                job = replace(
                    JOB, id=f"{number:016x}", task_id=task.id, submitted_at=now, deadline_at=now + timedelta(hours=1)
                )
                under_way[job.id] = job
                watch.take(job, Spread.of([REAL * (0.95 + 0.005 * each) for each in range(PAST)], guess=REAL))
                await asyncio.sleep(0.1)
            while under_way:
                await asyncio.sleep(min(0.2, await watch.work()))
                ended = [name for name, job in under_way.items() if watch.ended(job) is not None]
                finished = {row["external_id"]: row["finished_at"] for row in providers.tasks()}
                late += [time.time() - finished[name] for name in ended]
                for name in ended:
                    del under_way[name]
    asked, noticed = _OVER_HTTP
    return [
        asked.found(len(questions) / COUNTS[0]),
        noticed.found(median(late), floor=f"19 in 20 within {quantiles(late, n=20)[-1]:.1f} s"),
    ]


@asynccontextmanager
async def _sandbox() -> AsyncIterator[tuple[Providers, list[str]]]:
    """Serve the sandbox's video services, whose tasks all fail in the end: nothing has to be drawn."""
    questions: list[str] = []

    @web.middleware
    async def noting(request: web.Request, handler: Any) -> web.StreamResponse:
        if request.method == "GET":
            questions.append(request.path_qs)
        response: web.StreamResponse = await handler(request)
        return response

    faults, app = Faults(), web.Application(middlewares=[noting])
    faults.add({"target": "kling", "kind": "task_failed", "count": COUNTS[0]})
    async with Providers(faults=faults, generate_seconds=REAL) as providers:
        providers.attach(app)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        providers.public_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield providers, questions
        await runner.cleanup()
