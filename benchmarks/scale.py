"""Videos a second of CPU of one, two and four workers on one PostgreSQL, whose video service and Discord cost nothing.

A crowd waits in the database. Real processes claim, submit, ask, deliver and close through the bot's own services. What
counts is the CPU of the processes; that of the server is told apart, and the clock says little on two cores. The server
makes no syncs and writes no full pages here.
"""

import asyncio
import json
import os
import tempfile
import time
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import asyncpg

from benchmarks._figures import Figure, Measured
from benchmarks._funding import funding
from benchmarks._processes import process
from benchmarks._scaled_worker import POLLS
from benchmarks.fairness import queued_job
from bot.clock import utc_now
from bot.domain import Destination, Job, millis
from bot.store.database import Transaction
from bot.store.jobs.jobs import JobStore
from bot.store.migrate import migrate
from bot.store.postgres import PostgresDatabase
from tests.postgres_server import Server, started_server

GUILDS: Final = 150
EACH: Final = 2  # jobs of each, of as many people
JOBS: Final = GUILDS * EACH
PAST: Final = 20  # jobs before them, which say how long one takes
TOOK: Final = 300  # milliseconds
BEFORE: Final = 10**9  # the guild of those
PROCESSES: Final = (1, 2, 4)
ROUNDS: Final = 2
BATCH: Final = 200  # jobs accepted together
CHANNELS: Final = 4_194_304  # between two ids that Discord makes one after the other
LOOK: Final = 0.2  # seconds between two looks whether all is done
TICK: Final = 1 / os.sysconf("SC_CLK_TCK")  # seconds

_ONE: Final = Figure(name="videos a second of CPU, one process", unit="videos")
_RATIOS: Final = tuple(
    Figure(name=f"the same, {number} processes", floor="one process", at_least=0.9, before=before)
    for number, before in ((2, "0.8 × (a prototype)"), (4, "0.6 × (a prototype)"))
)
_WITH_SERVER: Final = tuple(
    Figure(name=f"the same with the CPU of PostgreSQL, {number} processes", floor="one process") for number in (2, 4)
)
_CLOCK: Final = tuple(
    Figure(name=f"videos a second by the clock, {number} processes", unit="videos") for number in PROCESSES
)
_SERVER: Final = Figure(name="CPU of PostgreSQL a video", unit="ms")
_ACCEPT_WAL: Final = Figure(name="WAL to accept a video", unit="KB")
_WAL: Final = Figure(name=f"WAL to make and deliver it, {POLLS} questions", unit="KB")
_COMMITS: Final = Figure(name="transactions to make and deliver it", unit="transactions")
_DISCORD: Final = Figure(name="requests to Discord that count, of one in a channel", unit="requests")
FIGURES: Final = (_ONE, *_RATIOS, *_WITH_SERVER, *_CLOCK, _SERVER, _ACCEPT_WAL, _WAL, _COMMITS, _DISCORD)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Run:
    """What some processes took for the whole crowd: seconds, bytes, transactions, and their calls to the outside."""

    cpu: float
    server_cpu: float
    seconds: float
    wal: float
    commits: int
    calls: Counter[str]


def measure() -> list[Measured]:
    """The least CPU of some rounds, for each number of processes."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, range(os.cpu_count() or 1))  # several processes and a server need the cores there are
    return asyncio.run(_measure())


async def _measure() -> list[Measured]:
    server = started_server(user=os.getpid())
    accepting = await _fill(server.url("postgres"))
    rounds = [[await _run(server, number) for number in PROCESSES] for _ in range(ROUNDS)]
    one, *more = best = [min(runs, key=lambda run: run.cpu) for runs in zip(*rounds, strict=True)]
    discord = sum(count for name, count in one.calls.items() if name.startswith(("post", "edit", "tell")))
    return [
        _ONE.found(JOBS / one.cpu),
        *(
            figure.found(one.cpu / run.cpu, floor=_cpu(one.cpu, run.cpu))
            for figure, run in zip(_RATIOS, more, strict=True)
        ),
        *(
            figure.found(_whole(one) / _whole(run), floor=_cpu(_whole(one), _whole(run)))
            for figure, run in zip(_WITH_SERVER, more, strict=True)
        ),
        *(figure.found(JOBS / run.seconds) for figure, run in zip(_CLOCK, best, strict=True)),
        _SERVER.found(one.server_cpu / JOBS * 1000),
        _ACCEPT_WAL.found(accepting / 1000),
        _WAL.found(one.wal / JOBS / 1000),
        _COMMITS.found(one.commits / JOBS),
        _DISCORD.found(discord / JOBS),
    ]


def _whole(run: _Run) -> float:
    return run.cpu + run.server_cpu


def _cpu(one: float, ours: float) -> str:
    return f"{one / JOBS * 1000:.1f} ms a video, ours {ours / JOBS * 1000:.1f} ms"


async def _fill(url: str) -> float:
    """Have the crowd wait in a database; the bytes of WAL for each."""
    now = utc_now()
    crowd = [_job(number, number % GUILDS + 1, now=now) for number in range(JOBS)]
    past = [_job(BEFORE + number, BEFORE, now=now) for number in range(PAST)]
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(PostgresDatabase(url))
        await migrate(database, now=now)
        look = await asyncpg.connect(url)
        stack.push_async_callback(look.close)
        await _accept(database, past, now=now)
        await database.transact(_end)
        begin = await _log_position(look)
        await _accept(database, crowd, now=now)
        return (await _log_position(look) - begin) / JOBS


async def _accept(database: PostgresDatabase, jobs: list[Job], *, now: datetime) -> None:
    store = JobStore(database)
    for begin in range(0, len(jobs), BATCH):
        batch = jobs[begin : begin + BATCH]
        await asyncio.gather(*(store.accept(job, funding=funding(job), most=PAST, now=now) for job in batch))


async def _end(tx: Transaction) -> None:
    """Let the jobs before the crowd have been made."""
    now = millis(utc_now())
    await tx.execute(
        "UPDATE jobs SET status = 'succeeded', due_at = NULL, submitted_at = $2, finished_at = $3, delivered_at = $3 "
        "WHERE queue_id = $1",
        *(BEFORE, now, now + TOOK),
    )
    await tx.execute("DELETE FROM turns WHERE queue_id = $1", BEFORE)
    await tx.execute("DELETE FROM queues WHERE queue_id = $1", BEFORE)


def _job(number: int, guild: int, *, now: datetime) -> Job:
    return replace(
        queued_job(number, number + 1, guild),
        destination=Destination(guild_id=guild, channel_id=guild * CHANNELS, upload_limit=10_000_000),
        credits=5,
        usd_micros=1000,
        created_at=now,
        due_at=now,
        deadline_at=now + timedelta(hours=1),
    )


async def _run(server: Server, number: int) -> _Run:
    """Have some processes make the videos of a crowd, in a database of its own."""
    name = f"crowd_{time.monotonic_ns()}"
    admin = await asyncpg.connect(server.url("template1"))
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE postgres STRATEGY wal_log")
    await admin.close()
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        look = await asyncpg.connect(server.url(name))
        stack.push_async_callback(look.close)
        arguments = ("-m", "benchmarks._scaled_worker", server.url(name), folder)
        started = [process(*arguments, str(each), str(number)) for each in range(number)]
        workers = [await stack.enter_async_context(each) for each in started]
        for worker in workers:
            await _said(worker)
        wal, commits, cpu, begin = await _log_position(look), await _commits(look), _cpu_of(server), time.monotonic()
        for worker in workers:
            _tell(worker, b"go\n")
        await _until_done(look)
        seconds, server_cpu, wal = time.monotonic() - begin, _cpu_of(server) - cpu, await _log_position(look) - wal
        for worker in workers:
            _tell(worker, b"stop\n")
        told = [json.loads(await _said(worker)) for worker in workers]
        for worker in workers:
            await worker.wait()  # what its connections did is counted when they end
        return _Run(
            cpu=sum(each["cpu"] for each in told),
            server_cpu=server_cpu,
            seconds=seconds,
            wal=wal,
            commits=await _commits(look) - commits,
            calls=sum((Counter(each["calls"]) for each in told), Counter()),
        )


async def _until_done(look: Any) -> None:
    left = JOBS
    while left:
        await asyncio.sleep(LOOK)
        left = await look.fetchval("SELECT count(*) FROM jobs WHERE due_at IS NOT NULL")


def _tell(worker: asyncio.subprocess.Process, line: bytes) -> None:
    if worker.stdin is None:
        raise RuntimeError("no input")
    worker.stdin.write(line)


async def _said(worker: asyncio.subprocess.Process) -> bytes:
    if worker.stdout is None:
        raise RuntimeError("no output")
    return await worker.stdout.readline()


async def _log_position(look: Any) -> float:
    return float(await look.fetchval("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn"))


async def _commits(look: Any) -> int:
    return int(await look.fetchval("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"))


def _cpu_of(server: Server) -> float:
    """The seconds of CPU of a server so far, with its backends, those that have ended too."""
    server_id = (server.data / "postmaster.pid").read_text("utf-8").split()[0]
    ticks = 0
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = file.read_text("utf-8").rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        if file.parent.name == server_id:
            ticks += sum(map(int, fields[11:15]))
        elif fields[1] == server_id:
            ticks += sum(map(int, fields[11:13]))
    return ticks * TICK
