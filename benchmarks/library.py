"""One person's pages and searches among 100,000 videos, against bare `sqlite3` looking at every one of them."""

import asyncio
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from benchmarks._figures import Figure, Measured
from benchmarks._funding import funding
from bot.domain import Destination, Job, JobStatus, VideoRequest
from bot.domain.quota import owner_of, period_of
from bot.store.jobs.jobs import JobStore
from bot.store.member.library import LibraryQuery, LibraryStore
from bot.store.migrate import migrate
from bot.store.sqlite import SQLiteDatabase

VIDEOS: Final = 100_000
ROUNDS: Final = 5
NOW: Final = datetime(2026, 3, 5, 12, tzinfo=UTC)
PROMPT: Final = "a paper boat on a river in the rain, cinematic light, slow camera, number {number}"
FLOOR: Final = "SELECT count(*) FROM jobs WHERE user_id = 1 AND prompt LIKE '%zebra%'"


@dataclass(frozen=True)
class Question:
    """Something that a person asks of their library."""

    name: str
    wanted: LibraryQuery
    skip: int = 0


QUESTIONS: Final = (
    Question("first page", LibraryQuery()),
    Question("last page", LibraryQuery(), skip=VIDEOS - 5),
    Question("a text that many have", LibraryQuery(text="BOAT")),
    Question("a text that one has", LibraryQuery(text="number 17,")),
    Question("a text that none has", LibraryQuery(text="zebra")),
    Question("another model", LibraryQuery(model="kling-v1")),
)

FIGURES: Final = tuple(
    Figure(name=each.name, floor="`sqlite3` looking at all videos of the person") for each in QUESTIONS
)


def measure() -> list[Measured]:
    """The best of interleaved rounds."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(f"{folder}/bench.db"))


async def _measure(path: str) -> list[Measured]:
    await _fill(path)
    best: dict[str, float] = {}
    async with SQLiteDatabase(path) as database:
        library_store = LibraryStore(database)
        with closing(sqlite3.connect(path)) as bare:
            for _ in range(ROUNDS):
                start = time.perf_counter()
                bare.execute(FLOOR).fetchone()
                _note(best, "bare", start)
                for each in QUESTIONS:
                    start = time.perf_counter()
                    await library_store.videos(each.wanted, user_id=1, guild_id=None, skip=each.skip, most=6)
                    _note(best, each.name, start)
    floor = best.pop("bare")
    return [
        figure.found(seconds / floor, floor=f"{floor * 1000:.1f} ms, ours {seconds * 1000:.1f} ms")
        for figure, seconds in zip(FIGURES, best.values(), strict=True)
    ]


def _note(best: dict[str, float], name: str, start: float) -> None:
    best[name] = min(best.get(name, float("inf")), time.perf_counter() - start)


async def _fill(path: str) -> None:
    """Accept one video, and copy its row as often as it takes."""
    async with SQLiteDatabase(path) as database:
        await migrate(database, now=NOW)
        await JobStore(database).accept(_job(), funding=funding(_job()), most=100, now=NOW)
    await asyncio.to_thread(_copy, Path(path))


def _copy(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.row_factory = sqlite3.Row
        first = dict(connection.execute("SELECT * FROM jobs").fetchone())
        marks = ", ".join("?" * len(first))
        connection.executemany(f"INSERT INTO jobs VALUES ({marks})", _rows(first))  # noqa: S608 (question marks)


def _rows(first: dict[str, object]) -> Iterator[tuple[object, ...]]:
    created = int(str(first["created_at"]))
    for number in range(1, VIDEOS):
        made = {
            "id": f"{number:016x}",
            "idempotency_key": str(number),
            "prompt": PROMPT.format(number=f"{number},"),
            "status": "succeeded",
            "created_at": created + number,
            "delivered_at": created + number,
            "due_at": None,
        }
        yield tuple({**first, **made}.values())


def _job() -> Job:
    return Job(
        id="f" * 16,
        idempotency_key="first",
        user_id=1,
        locale="en-US",
        destination=Destination(guild_id=7, channel_id=5, upload_limit=10_000_000),
        provider="kirin",
        request=VideoRequest(model="kirin_v3_t2v", prompt="the first"),
        status=JobStatus.QUEUED,
        attempt=1,
        tries=0,
        owner=owner_of(user_id=1, guild_id=7),
        period=period_of(NOW),
        credits=5,
        usd_micros=420_000,
        created_at=NOW,
        deadline_at=NOW + timedelta(hours=1),
    )
