"""A database of before anything was counted: what waits and what is at work is counted from its jobs."""

from functools import partial
from itertools import product

import pytest

from bot.domain import JobStatus
from bot.store.database import SchemaDatabase
from bot.store.migrate import migrate, shipped
from tests.store.conftest import START, Store
from tests.store.test_upgrade import put

OLD = 15  # the migrations that such a database has
STATEMENTS = (
    "UPDATE jobs SET queue_id = guild_id",
    "UPDATE jobs SET dead_letter = 'outcome_unknown' WHERE status = 'submitting' AND user_id = 1",
    *(
        f"INSERT INTO {table} ({key}, served) SELECT {key}, 1 FROM jobs WHERE status = 'queued' GROUP BY {key}"  # noqa: S608 (constants)
        for table, key in (("queues", "provider, queue_id"), ("turns", "provider, queue_id, priority, user_id"))
    ),
)


@pytest.fixture
async def upgraded(database: SchemaDatabase) -> Store:
    """Jobs of two people in two guilds at two providers, one in every state, brought up to date."""
    await migrate(database, now=START, migrations=[each for each in shipped() if each.version <= OLD])
    store = Store(database)
    for provider, guild_id, user_id, status in product(("kirin", "kling"), (7, 8), (1, 1, 2), JobStatus):
        job = store.job(provider=provider, guild_id=guild_id, user_id=user_id, status=status)
        await database.transact(partial(put, job=job, kinds=[]))
    for statement in STATEMENTS:
        await store.rows(f"{statement} RETURNING 1")
    await migrate(database, now=START)
    store.later(1)
    return store


async def test_what_waits_and_what_is_at_work_is_counted(upgraded: Store) -> None:
    await upgraded.counts_are_what_a_scan_finds()
    # At each provider 2 guilds have 3 running, and of 3 that were submitted 2 in doubt.
    assert await upgraded.rows("SELECT provider, jobs FROM at_work WHERE queue_id = 0 ORDER BY provider") == [
        {"provider": "kirin", "jobs": 8},
        {"provider": "kling", "jobs": 8},
    ]


async def test_jobs_that_were_there_are_counted_on_as_they_move(upgraded: Store) -> None:
    claimed = [await upgraded.waiting("kirin"), await upgraded.waiting("kling"), await upgraded.waiting("kirin")]
    await upgraded.counts_are_what_a_scan_finds()
    for job in claimed:
        assert job is not None
        await upgraded.jobs.requeue(job, attempt=2, next_at=upgraded.now)
    await upgraded.counts_are_what_a_scan_finds()
