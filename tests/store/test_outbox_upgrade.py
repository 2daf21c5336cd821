"""A database of before there was an outbox: what it still had to post, or had posted, stands in the outbox."""

from typing import Any

import pytest

from bot.store.database import Database, Transaction
from bot.store.migrate import migrate, shipped
from bot.store.outbox import OutboxStore
from tests.store.conftest import START, Store

OLD = 13  # the migrations that such a database has
JOB = (
    "INSERT INTO jobs (id, idempotency_key, user_id, locale, guild_id, channel_id, upload_limit, private, provider, "
    "request, eta_key, status, attempt, tries, owner, period, credits, usd_micros, created_at, deadline_at, "
    "removed_at) "
    "VALUES ($1, $1, 1, 'en-US', 7, 5, 9, 0, 'kirin', '{}', 'x', 'succeeded', 1, 0, 'o', 'p', 5, 1, 1, 2, $2)"
)
GALLERY = "INSERT INTO gallery (job_id, channel_id, at, due_at, tries, posting_at, message_id) VALUES"
COPY = (
    "INSERT INTO copies (nonce, job_id, guild_id, channel_id, posting_at, message_id, withdrawn, tries, due_at) VALUES"
)
ROWS = (
    f"{GALLERY} ('hung', 9, 10, NULL, 1, 11, 900)",
    f"{GALLERY} ('meant', 9, 10, 20, 2, 11, NULL)",
    f"{GALLERY} ('left', 9, 10, NULL, 12, 11, NULL)",
    f"{COPY} ('c-there', 'hung', 8, 6, 30, 600, 1, 0, NULL)",
    f"{COPY} ('c-lost', 'hung', 8, 6, 30, NULL, 0, 3, 40)",
    "INSERT INTO removals (job_id, due_at, tries) VALUES ('gone', 50, 4)",
)


@pytest.fixture
async def upgraded(database: Database) -> Store:
    """A database with something of every kind, brought up to date."""
    await migrate(database, now=START, migrations=[each for each in shipped() if each.version <= OLD])

    async def fill(tx: Transaction) -> None:
        for job_id, removed_at in (("hung", None), ("meant", None), ("left", None), ("gone", 5)):
            await tx.execute(JOB, job_id, removed_at)
        for sql in ROWS:
            await tx.execute(sql)

    await database.transact(fill)
    await migrate(database, now=START)
    return Store(database)


async def test_what_was_to_be_posted_and_what_was_stands_in_the_outbox(upgraded: Store) -> None:
    found = {
        f"{row['kind']} {row['subject_id']}": tuple(
            row[name] for name in ("channel_id", "due_at", "attempts", "posting_at", "message_id", "unwanted")
        )
        for row in await upgraded.rows("SELECT * FROM outbox")
    }
    assert found == {
        "gallery hung": (9, None, 1, 11, 900, 0),
        "gallery meant": (9, 20, 2, 11, None, 0),
        "gallery left": (9, None, 12, 11, None, 0),
        "repost c-there": (6, None, 0, 30, 600, 1),
        "repost c-lost": (6, 40, 3, 30, None, 0),
        "removal gone": (None, 50, 4, None, None, 0),
    }
    given_up = await upgraded.rows("SELECT subject_id FROM outbox WHERE given_up IS NOT NULL ORDER BY subject_id")
    assert [row["subject_id"] for row in given_up] == ["left"]


async def test_everything_that_was_due_can_be_claimed_once(upgraded: Store) -> None:
    outbox, claimed = OutboxStore(upgraded.database), list[Any]()
    while item := await outbox.claim(now=upgraded.now, until=upgraded.later(60)):
        claimed.append(item.subject_id)
        await outbox.drop(item)
    assert sorted(claimed) == sorted(["meant", "c-lost", "gone"])
