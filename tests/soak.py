"""Plays a month of a busy bot in minutes: `make soak ARGS="--days 30 --videos 1000"`.

The bot's own worker, outbox, watcher and scheduler work on a SQLite file, with a video service and a Discord that cost
nothing. A day is as long as its videos take; then the clock leaps to the next one, so that what is done once a day is
done. After each day is looked what the process holds: memory, descriptors, tasks, what it remembers; and what lies on
the disk. Whatever grows with the videos that are over would be seen. `--write` writes docs/reliability.md.
"""

import argparse
import asyncio
import gc
import logging
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr

from bot.clock import SteadyClock, utc_now
from bot.domain import Destination
from bot.domain.quota import owner_of, period_of
from bot.service.jobs.offered_models import OfferedModels
from bot.settings import Settings
from bot.store.jobs.jobs import JobStore
from bot.store.migrate import migrate
from bot.store.sqlite import SQLiteDatabase
from bot.wiring.build import Bot, build
from bot.wiring.world import Sizes, World
from tests import jobs
from tests.effortless import Discord, Files, Media, Service
from tests.funding import plain
from tests.torture.reliability_page import write_soak

GUILDS: Final = 20
PEOPLE: Final = 200
CHANNELS: Final = 4_194_304  # between two ids that Discord makes one after the other
WAVE: Final = 100  # videos that are asked for at once
MOST: Final = 100_000
MEGABYTE: Final = 1024 * 1024
LOOK: Final = 0.05  # seconds between two looks whether all is over
_UNDER_WAY: Final = "SELECT id FROM jobs WHERE due_at IS NOT NULL LIMIT 1"
TOO_LONG: Final = 600.0  # seconds for a wave
LATE: Final = 60.0  # seconds after which what is still at work counts as left over


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """What a process holds and the disk has after some videos; memory and disk in MB."""

    videos: int
    memory: float
    descriptors: int
    tasks: int
    objects: int
    database: float
    results: int
    cpu: float  # seconds a thousand videos

    @property
    def line(self) -> str:
        held = f"{self.memory:.0f} MB of memory, {self.descriptors} descriptors, {self.tasks} tasks"
        kept = f"{self.objects:,} objects; database {self.database:.1f} MB, {self.results} files of videos"
        return f"{self.videos:,} videos: {held}, {kept}; {self.cpu:.1f} s of CPU a 1,000"


class Days:
    """A wall clock that leaps to the next day."""

    def __init__(self) -> None:
        self._ahead = timedelta(0)

    def __call__(self) -> datetime:
        return utc_now() + self._ahead

    def leap(self) -> None:
        self._ahead += timedelta(days=1)


class Soak:
    """A bot with its work."""

    def __init__(self, bot: Bot, database: SQLiteDatabase, folder: Path, days: Days, clock: SteadyClock) -> None:
        self.bot, self._database, self._folder, self._days, self._clock = bot, database, folder, days, clock
        self._jobs, self._numbers, self._made = JobStore(database), count(1), 0
        self._at_rest = len(asyncio.all_tasks())

    async def day(self, videos: int) -> Look:
        """Have so many videos made, and the clock leap to the next day; what is there then."""
        begin = time.process_time()
        for asked in range(0, videos, WAVE):
            await self._wave(min(WAVE, videos - asked))
        cpu = time.process_time() - begin
        self._made += videos
        self._days.leap()
        self.bot.worker.wake()
        await asyncio.sleep(LOOK)
        await self.bot.retention.work()
        await self._database.purge()
        await self._end_what_is_over()
        return self._look(cpu / videos * 1000)

    async def _wave(self, videos: int) -> None:
        await asyncio.gather(*(self._ask() for _ in range(videos)))
        self.bot.worker.wake()
        left: object = True
        async with asyncio.timeout(TOO_LONG):
            while left:
                await asyncio.sleep(LOOK)
                left = await self._database.transact(lambda tx: tx.one(_UNDER_WAY))

    async def _end_what_is_over(self) -> None:
        """Wait for tasks that still end, and for files that are still deleted."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LATE):
                while (  # noqa: ASYNC110 - whatever is left tells nobody that it ends
                    len(asyncio.all_tasks()) > self._at_rest or any((self._folder / "results").iterdir())
                ):
                    await asyncio.sleep(LOOK)

    async def _ask(self) -> None:
        number, now = next(self._numbers), self._clock()
        guild, person = number % GUILDS + 1, number % PEOPLE + 1
        job = jobs.job(
            id=f"{number:016x}",
            idempotency_key=f"interaction-{number}",
            user_id=person,
            destination=Destination(guild_id=guild, channel_id=guild * CHANNELS, upload_limit=10_000_000),
            owner=owner_of(user_id=person, guild_id=guild),
            period=period_of(now),
            created_at=now,
            due_at=now,
            deadline_at=now + timedelta(hours=1),
        )
        accepted, _ = await self._jobs.accept(replace(job, credits=5), funding=plain(job, MOST), most=MOST, now=now)
        await self.bot.cards.introduce(accepted)

    def _look(self, cpu: float) -> Look:
        gc.collect()
        return Look(
            videos=self._made,
            memory=_memory(),
            descriptors=len(list(Path("/proc/self/fd").iterdir())),
            tasks=len(asyncio.all_tasks()),
            objects=len(gc.get_objects()),
            database=sum(each.stat().st_size for each in self._folder.glob("soak.db*")) / MEGABYTE,
            results=len(list((self._folder / "results").glob("*"))),
            cpu=cpu,
        )


def _memory() -> float:
    """The process's memory, in MB."""
    for line in Path("/proc/self/status").read_text("utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("the system does not tell")


@asynccontextmanager
async def soaking(folder: Path) -> AsyncIterator[Soak]:
    """A bot at work in a folder."""
    calls = Counter[str]()
    silent: Any = Discord(calls)
    service: Any = Service(calls, polls=2)
    media: Any = Media()
    settings = Settings(
        discord_token=SecretStr("token"),
        kirin_api_key=SecretStr("key"),
        monthly_budget_usd=None,
        data_dir=folder,
        poll_seconds_min=0.01,
        poll_seconds_max=0.05,
        submitting_per_provider=MOST,
        running_per_provider=MOST,
        running_per_user=MOST,
        running_per_guild=MOST,
        running_total=40,
        keep_prompts_days=7,
    )
    (folder / "results").mkdir()
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(SQLiteDatabase(str(folder / "soak.db")))
        days = Days()
        clock = SteadyClock(wall=days)
        await migrate(database, now=clock())
        world = World(
            database=database,
            purge=database.purge,
            providers={service.id: service},
            fetcher=Files(),
            notifier=silent,
            result_poster=silent,
            staff=silent,
            clock=clock,
            models=OfferedModels([], clock=clock),
            moment=days,
            media=media,
        )
        bot = build(settings, world, sizes=Sizes(deliveries=64))
        await bot.worker.recover()
        running = [
            asyncio.create_task(each.run())
            for each in (bot.worker, bot.outbox, bot.watcher, bot.scheduler, bot.callbacks)
        ]
        try:
            yield Soak(bot, database, folder, days, clock)
        finally:
            for each in running:
                each.cancel()
            await asyncio.gather(*running, return_exceptions=True)


async def soak(days: int, videos: int, *, tell: Callable[[str], object]) -> list[Look]:
    """Play so many days; what was there after each."""
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        async with soaking(Path(folder)) as soaked:
            looks = []
            for _ in range(days):
                looks.append(await soaked.day(videos))
                tell(looks[-1].line)
            return looks


def grown(looks: Sequence[Look]) -> list[str]:
    """What has grown with the videos that are over, from the second third of a run to its end."""
    before, after = looks[len(looks) // 3], looks[-1]
    thousands = (after.videos - before.videos) / 1000
    most = {  # beside what is filled once, such as caches
        "memory": 10 + 0.2 * thousands,
        "descriptors": 2,
        "tasks": 2,
        "objects": 5000 + 50 * thousands,
        "results": -before.results,
    }
    return [name for name, more in most.items() if getattr(after, name) - getattr(before, name) > more]


def table(looks: Sequence[Look]) -> str:
    """The figures of some days, and what a thousand videos more leave behind."""
    chosen = [looks[0], *(looks[max(0, len(looks) * part // 4 - 1)] for part in (1, 2, 3)), looks[-1]]
    rows = [
        "| videos | memory, MB | descriptors | tasks | objects | database, MB | files of videos | CPU a 1,000, s |",
        "|---|---|---|---|---|---|---|---|",
        *(
            f"| {each.videos:,} | {each.memory:.0f} | {each.descriptors} | {each.tasks} | {each.objects:,} | "
            f"{each.database:.1f} | {each.results} | {each.cpu:.1f} |"
            for each in dict.fromkeys(chosen)
        ),
    ]
    if (after := looks[-1]) is not (before := looks[len(looks) // 3]):
        thousand = (after.videos - before.videos) / 1000
        names = ("memory", "descriptors", "tasks", "objects", "database", "results")
        more = [f"{(getattr(after, name) - getattr(before, name)) / thousand:+.2f}" for name in names]
        rows.append(f"| **each 1,000 more, from a third on** | {' | '.join(more)} | |")
    return "".join(f"{row}\n" for row in rows)


def main(argv: Sequence[str] | None = None) -> int:
    """Carry it out; the exit code is 1 where something grows."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--days", type=int, default=30, help="how many days (default: %(default)s)")
    parser.add_argument("--videos", type=int, default=1000, help="how many videos a day (default: %(default)s)")
    parser.add_argument("--write", action="store_true", help="write the table of docs/reliability.md")
    arguments = parser.parse_args(argv)
    logging.disable(logging.ERROR)
    looks = asyncio.run(
        soak(arguments.days, arguments.videos, tell=lambda line: sys.stdout.write(f"{line}\n") and sys.stdout.flush())
    )
    wrong = grown(looks)
    sys.stdout.write(f"{table(looks)}{'grows: ' + ', '.join(wrong) if wrong else 'Nothing grows but the rows.'}\n")
    if arguments.write and not wrong:
        write_soak(table(looks))
    return min(1, len(wrong))


if __name__ == "__main__":
    sys.exit(main())
