"""Video services of a simulated world: tasks with their bill, and every way in which a call can go wrong."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Final

from bot.domain import VideoRequest
from bot.errors import (
    ContentRefused,
    FaultClass,
    OutcomeUnknown,
    ProviderBusy,
    ProviderError,
    ProviderUnavailable,
    ResultUnavailable,
    TaskExists,
    TaskUnknown,
)
from bot.provider.base import Task, TaskFailure, TaskResult, TaskStatus
from bot.service.media.probe import MediaInfo
from tests.simulation.world import World

NEWS: Final = b'{"task_status": "succeed", "status": "completed"}'
LONG: Final = 60.0  # seconds on average that work with a large file takes
TOO_EARLY: Final = 0.1  # of the tasks, those of which somebody says too early that they are done
ONE_BREATH: Final = 10.0  # seconds from an answer "there is no such task" to the submission that rests on it


@dataclass(kw_only=True)
class Work:
    """A task at a service. It is ready at `ready_at` (None: never), and has failed where it has a `failure`."""

    id: str
    external_id: str
    accepted_at: float
    ready_at: float | None
    failure: TaskFailure | None = None
    cost: Decimal = Decimal(0)

    @property
    def billed(self) -> bool:
        """Whether its video costs something: it will be there, whether somebody wants it or not."""
        return self.ready_at is not None and self.failure is None


@dataclass(kw_only=True)
class Service:
    """A video service. One that `remembers` takes an external id once, and knows which ones it never had."""

    id: str
    world: World
    remembers: bool
    tells_cost: bool
    expected: Callable[[str], str | None]  # what is wrong with a submission by this name, now
    call_back: Callable[[str, str, bytes], None]
    works: dict[str, Work] = field(default_factory=dict)
    twice: list[str] = field(default_factory=list)
    gone_until: float = -1.0
    longest_create: timedelta = timedelta(seconds=40)

    def __post_init__(self) -> None:
        self._numbers = count(1)
        self._under_way: dict[str, float] = {}  # until when a process may be submitting it
        self._missed: dict[str, float] = {}  # when somebody was told last that there is no such task
        self.find_is_authoritative = self.remembers

    # -- VideoProvider

    async def submit(
        self, request: VideoRequest, *, external_id: str, may_send: Callable[[], bool] = lambda: True
    ) -> Task:
        """See `VideoProvider`."""
        longest = self.longest_create.total_seconds()
        self._under_way[external_id] = self.world.loop.time() + longest
        try:
            async with asyncio.timeout(longest):
                return await self._submit(request, external_id, may_send)
        except TimeoutError as exc:
            raise OutcomeUnknown(provider=self.id, code="timeout") from exc
        finally:
            self._under_way.pop(external_id, None)

    async def _submit(self, request: VideoRequest, external_id: str, may_send: Callable[[], bool]) -> Task:
        world, sent_at = self.world, self.world.loop.time()
        if not may_send():
            raise ProviderUnavailable(provider=self.id, code="too late")
        if what := self.expected(external_id):
            world.is_wrong(f"{external_id} is submitted to {self.id}: {what}")
        world.event(f"{self.id} create {external_id}")
        self._refuse_if_gone()
        if world.chance(world.weather.provider):
            trouble = world.random.choice(("busy", "refused", "never arrives", "late", "content"))
            world.counted[f"create: {trouble}"] += 1
            if trouble == "refused":
                await asyncio.sleep(world.random.uniform(0.01, 5))
                raise ProviderUnavailable(provider=self.id, code="500")
            if trouble == "busy":
                await asyncio.sleep(world.random.uniform(0.01, 1))
                after = world.random.choice((None, 1.0, 20.0))
                raise ProviderBusy(provider=self.id, code="429", retry_after=after)
            if trouble == "content":
                await asyncio.sleep(0.1)
                raise ContentRefused(provider=self.id, code="1301")
            if trouble == "late":
                world.later(world.random.expovariate(1 / 8), lambda: self._take(request, external_id, sent_at))
            await asyncio.sleep(world.random.choice((0.1, 2.0, 30.0)))
            raise OutcomeUnknown(provider=self.id, code="timeout")
        work = await world.request(lambda: self._take(request, external_id, sent_at), what=f"{self.id} create")
        if world.chance(world.weather.provider):
            world.counted["create: lost answer"] += 1
            await asyncio.sleep(world.random.choice((0.0, 2.0, 30.0)))
            raise OutcomeUnknown(provider=self.id, code="reset")
        if work is None:
            raise TaskExists(provider=self.id, code="duplicate")
        return self._described(work)

    async def fetch(self, task_id: str) -> Task:
        """See `VideoProvider`."""
        self._maybe_fail()
        return await self.world.request(lambda: self._described(self._by_id(task_id)), what=f"{self.id} query")

    async def find(self, external_id: str) -> Task | None:
        """See `VideoProvider`."""
        if self.world.loop.time() < self._under_way.get(external_id, 0.0):
            self.world.is_wrong(f"{external_id} is looked for while a living process submits it")
        self._maybe_fail()
        found = await self.world.request(lambda: self._found(external_id), what=f"{self.id} find")
        if found is None:
            self._missed[external_id] = self.world.loop.time()
        return found

    async def check(self) -> None:
        """See `VideoProvider`."""
        self._maybe_fail()
        await self.world.request(lambda: None, what=f"{self.id} check")

    # -- what happens at the service

    def _take(self, request: VideoRequest, external_id: str, sent_at: float) -> Work | None:
        """Take a submission, wherever its sender is by now; None where its name is taken."""
        world, now = self.world, self.world.loop.time()
        known = self.works.get(external_id)
        if known is not None:
            rests_on = self._missed.get(external_id, -1.0)
            if not self.remembers or rests_on < sent_at - ONE_BREATH:
                self.twice.append(external_id)
                world.is_wrong(f"{external_id} was taken by {self.id}, and is submitted once more")
            return None
        work = Work(
            id=f"{self.id}-{next(self._numbers)}",
            external_id=external_id,
            accepted_at=now,
            ready_at=now + world.random.lognormvariate(4.0, 0.5),
            cost=Decimal(request.duration) * Decimal("0.05"),
        )
        if world.chance(world.weather.task):
            fault = world.random.choice((None, *FaultClass))
            if fault is None:
                work.ready_at = None
            elif fault is not FaultClass.OPERATOR:
                work.failure = TaskFailure(code="x", detail="", fault=fault)
        self.works[external_id] = work
        world.event(f"{self.id} takes {external_id}: {work.id}")
        world.counted["tasks"] += 1
        if world.chance(TOO_EARLY):
            self._call_back_at(now + world.random.uniform(0, 60), external_id)
        if work.ready_at is not None and world.chance(0.4):
            self._call_back_at(work.ready_at + 0.1, external_id)
        return work

    def _call_back_at(self, at: float, external_id: str) -> None:
        self.world.loop.call_at(at, self.call_back, self.id, external_id, NEWS, context=self.world.loop.world)

    def _found(self, external_id: str) -> Task | None:
        work = self.works.get(external_id)
        return None if work is None else self._described(work)

    def _by_id(self, task_id: str) -> Work:
        for work in self.works.values():
            if work.id == task_id:
                return work
        raise TaskUnknown(provider=self.id, code="404")

    def _described(self, work: Work) -> Task:
        now = self.world.loop.time()
        if work.ready_at is None or now < work.ready_at:
            share = 0.0 if work.ready_at is None else (now - work.accepted_at) / (work.ready_at - work.accepted_at)
            progress = round(share, 1) if self.tells_cost else None
            return Task(id=work.id, status=TaskStatus.WORKING, external_id=work.external_id, progress=progress)
        if work.failure is not None:
            return Task(id=work.id, status=TaskStatus.FAILED, external_id=work.external_id, failure=work.failure)
        return Task(
            id=work.id,
            status=TaskStatus.SUCCEEDED,
            external_id=work.external_id,
            result=TaskResult(url=f"https://{self.id}.example/{work.id}"),
            cost_usd=work.cost if self.tells_cost else None,
        )

    def _refuse_if_gone(self) -> None:
        if self.world.loop.time() < self.gone_until:
            raise ProviderUnavailable(provider=self.id, code="connect")

    def _maybe_fail(self) -> None:
        self._refuse_if_gone()
        if self.world.chance(self.world.weather.provider):
            kind: type[ProviderError] = self.world.random.choice((ProviderBusy, ProviderUnavailable))
            raise kind(provider=self.id, code="x")


class Files:
    """Fetches the files of finished videos: what is in one is the name of its task."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def download(self, url: str, path: Path, *, cap: int) -> int:
        """See `Fetcher`."""
        world = self._world
        await _work(world, most=2)
        if world.chance(world.weather.file):
            raise ResultUnavailable("unreachable")
        content = url.rpartition("/")[2].encode()
        assert len(content) <= cap
        await asyncio.to_thread(path.write_bytes, content)
        return len(content)


class Looks:
    """Looks at files without looking: all of them are fine."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def probe(self, path: Path) -> MediaInfo:
        """See `Media`."""
        await asyncio.sleep(self._world.random.uniform(0.01, 0.3))
        return await asyncio.to_thread(_look_at, path)

    async def fit(self, path: Path, *, limit: int, into: Path, comment: str) -> tuple[Path, MediaInfo]:
        """See `Media`."""
        await _work(self._world, most=3)
        info = await asyncio.to_thread(_look_at, path)
        assert info.size <= limit
        assert into != path
        assert comment
        return path, info


async def _work(world: World, *, most: float) -> None:
    """Work for a while: mostly for so many seconds at the most, but a large file takes longer than a lease."""
    slow = world.chance(world.weather.slow)
    await asyncio.sleep(world.random.expovariate(1 / LONG) if slow else world.random.uniform(0.05, most))


def _look_at(path: Path) -> MediaInfo:
    if not path.exists():
        raise ResultUnavailable("machine")
    return MediaInfo(
        width=1280,
        height=720,
        seconds=5.0,
        video_codec="h264",
        audio_codec=None,
        size=path.stat().st_size,
        fps=24.0,
        container="mp4",
        pixel_format="yuv420p",
        faststart=True,
    )
