"""How much of a core it takes to follow 10,000 and 20,000 jobs of 240 s, asked about when the bot would.

Each job's age is any moment of its time, and it is due when the rule says so of that age. Nothing ends meanwhile: what
would have is overdue and asked about, which is a little more than a real crowd.

What is bounded is the share of a core that all questions take that fall due. Where the machine has other work, the
worker gets less of it and falls behind: the share that it had is smaller then, and how late it asks says so.
"""

import asyncio
import random
import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import timedelta
from math import exp
from typing import Final

from pydantic import SecretStr

from benchmarks._figures import Figure, Measured
from benchmarks._funding import funding
from benchmarks._optimum import log_normal
from benchmarks._worker import REQUEST, Polled, new_job, polled, video_service
from benchmarks.asking import History, rule_now
from bot.clock import utc_now
from bot.domain import EVERYWHERE, Spread, millis, millis_of
from bot.domain.eta import first_guess
from bot.settings import Settings
from bot.store.database import Transaction
from bot.store.jobs.jobs import JobStore
from bot.store.migrate import migrate
from bot.store.sqlite import SQLiteDatabase

CROWDS: Final = (10_000, 20_000)
MEAN: Final = 240.0  # seconds
CV: Final = 0.25
PAST: Final = 20  # jobs before them
BATCH: Final = 500  # jobs accepted together
LATENCY: Final = 0.1  # seconds that the video service takes to answer
WARM_UP: Final = 3.0  # seconds
SECONDS: Final = 20.0
SETTINGS: Final = Settings(
    discord_token=SecretStr("token"),
    kirin_api_key=SecretStr("key"),
    monthly_budget_usd=None,
    running_per_provider=CROWDS[-1],
    running_per_user=1,
    running_per_guild=CROWDS[-1],
    running_total=CROWDS[-1],
)
_CORE: Final = tuple(
    Figure(name=f"of a core, {crowd:,} at work", unit="%", at_most=most, before=before)
    for crowd, most, before in zip(CROWDS, (None, 60), ("106 %", ""), strict=True)
)
_HAD: Final = tuple(Figure(name=f"of a core, as it was had, {crowd:,} at work", unit="%") for crowd in CROWDS)
_POLLS: Final = tuple(Figure(name=f"questions a second, {crowd:,} at work", unit="questions") for crowd in CROWDS)
_EACH: Final = tuple(Figure(name=f"CPU a question, {crowd:,} at work", unit="ms") for crowd in CROWDS)
_LATE: Final = tuple(
    Figure(name=f"until a question that is due is asked, {crowd:,} at work", unit="s", at_most=1) for crowd in CROWDS
)
FIGURES: Final = (*_CORE, *_HAD, *_POLLS, *_EACH, *_LATE)


def measure() -> list[Measured]:
    """Follow each crowd for some seconds."""
    found = [asyncio.run(_follow(crowd)) for crowd in CROWDS]
    return [
        *(
            figure.found(100 * each.cpu_each * each.due / each.seconds)
            for figure, (each, _) in zip(_CORE, found, strict=True)
        ),
        *(figure.found(100 * each.cpu / each.seconds) for figure, (each, _) in zip(_HAD, found, strict=True)),
        *(figure.found(each.polls / each.seconds) for figure, (each, _) in zip(_POLLS, found, strict=True)),
        *(figure.found(each.cpu_each * 1000) for figure, (each, _) in zip(_EACH, found, strict=True)),
        *(figure.found(late) for figure, (_, late) in zip(_LATE, found, strict=True)),
    ]


async def _follow(crowd: int) -> tuple[Polled, float]:
    """What it took, and how many seconds the question that is overdue the longest was late at the end."""
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        base = await stack.enter_async_context(video_service(latency=LATENCY))
        database = await stack.enter_async_context(SQLiteDatabase(f"{folder}/bench.db"))
        await migrate(database, now=utc_now())
        jobs, rand = JobStore(database), random.Random(1)  # noqa: S311 (no secret)
        for begin in range(0, PAST + crowd, BATCH):
            batch = [new_job(number) for number in range(begin, min(begin + BATCH, PAST + crowd))]
            await asyncio.gather(*(jobs.accept(job, funding=funding(job), most=1, now=job.created_at) for job in batch))
        await database.transact(lambda tx: _begin(tx, crowd, rand))
        found = await polled(database, base, SETTINGS, warm_up=WARM_UP, seconds=SECONDS)
        now = millis(utc_now())
        due = await database.transact(lambda tx: tx.one("SELECT min(due_at) AS at FROM jobs WHERE status = 'running'"))
    return found, max(0, now - (due["at"] if due else now)) / 1000


async def _begin(tx: Transaction, crowd: int, rand: random.Random) -> None:
    """Let the first jobs have been made, and the others be at work."""
    now = utc_now()
    past = [_seconds(rand) for _ in range(PAST)]
    for number, took in enumerate(past):
        await tx.execute(
            "UPDATE jobs SET status = 'succeeded', due_at = NULL, "
            "submitted_at = $2, finished_at = $3, delivered_at = $3 WHERE id = $1",
            *(new_job(number).id, millis(now), millis(now + timedelta(seconds=took))),
        )
    spread = Spread.of(past, guess=first_guess(REQUEST))
    for number, (age, due) in zip(range(PAST, PAST + crowd), _moments(History(spread, MEAN), rand), strict=False):
        await tx.execute(
            "UPDATE jobs SET status = 'running', task_id = id, submitted_at = $2, due_at = $3 WHERE id = $1",
            *(f"{number:016x}", millis(now) - millis_of(age), millis(now) + millis_of(due)),
        )
    await tx.execute("DELETE FROM queues")
    await tx.execute("DELETE FROM turns")
    for queue_id in (1, EVERYWHERE):
        await tx.execute("INSERT INTO at_work (queue_id, provider, jobs) VALUES ($1, 'kirin', $2)", queue_id, crowd)


def _moments(history: History, rand: random.Random) -> Iterator[tuple[timedelta, timedelta]]:
    """Of jobs at work: how old each is, and after how long it is asked about."""
    rule, longest = rule_now(rand), 4 * MEAN
    while True:
        took = _seconds(rand)
        if rand.random() * longest > took:
            continue  # of the jobs that are at work at any moment, more are long ones
        age, asked = rand.random() * took, 0.0
        while asked <= age:
            asked += rule(asked, history, (None, None))
        yield timedelta(seconds=age), timedelta(seconds=asked - age)


def _seconds(rand: random.Random) -> float:
    parts = log_normal(MEAN, CV)
    return exp(rand.gauss(parts.middle, parts.sigma))
