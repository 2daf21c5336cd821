"""A database of before there was an outbox: what it still had to post, or had posted, stands in the outbox."""

from typing import Any

import pytest

from bot.store.database import SchemaDatabase, Transaction
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
AUDIT = "INSERT INTO audit (id, guild_id, actor_id, action, detail, at, told_at) VALUES"
BUDGET = "INSERT INTO budget_alerts (owner, period, ceiling, percent, used, at) VALUES"
CASE = (
    "INSERT INTO cases (id, kind, guild_id, channel_id, user_id, body, state, created_at, due_at, tries, posting_at, "
    "message_id) VALUES"
)
FEEDBACK = "INSERT INTO feedback (id, user_id, guild_id, body, at, told_at, posting_at, channel_id, message_id) VALUES"
ROWS = (
    "INSERT INTO chores (name, due_at) VALUES ('cases', 1), ('retention', 1)",
    f"{GALLERY} ('hung', 9, 10, NULL, 1, 11, 900)",
    f"{GALLERY} ('meant', 9, 10, 20, 2, 11, NULL)",
    f"{GALLERY} ('left', 9, 10, NULL, 12, 11, NULL)",
    f"{COPY} ('c-there', 'hung', 8, 6, 30, 600, 1, 0, NULL)",
    f"{COPY} ('c-lost', 'hung', 8, 6, 30, NULL, 0, 3, 40)",
    "INSERT INTO removals (job_id, due_at, tries) VALUES ('gone', 50, 4)",
    f"{CASE} ('shown', 'more', 7, 70, 1, '{{}}', 'denied', 10, NULL, 0, 11, 700)",
    f"{CASE} ('waits', 'report', 7, 0, 1, '{{}}', 'open', 10, 60, 5, NULL, NULL)",
    f"{CASE} ('stuck', 'more', 8, 70, 2, '{{}}', 'open', 10, NULL, 12, 11, NULL)",
    f"{CASE} ('never', 'more', 7, 70, 3, '{{}}', 'withdrawn', 10, NULL, 0, NULL, NULL)",
    f"{AUDIT} ('told', 7, 1, 'x', '{{}}', 1, 2)",
    f"{AUDIT} ('untold', 7, 1, 'x', '{{}}', 3, NULL)",
    f"{BUDGET} ('budget:bot', '2026-03', 9, 50, 5, 3)",
    f"{BUDGET} ('budget:bot', '2026-03', 9, 80, 8, 4)",
    f"{FEEDBACK} ('heard', 1, 7, 'x', 1, 2, 3, 99, 990)",
    f"{FEEDBACK} ('unheard', 1, 7, 'x', 1, NULL, 3, 99, NULL)",
    f"{FEEDBACK} ('unwanted', 0, NULL, '', 1, 2, 3, 99, 991)",
    f"{FEEDBACK} ('long ago', 1, 7, 'x', 1, 2, NULL, NULL, NULL)",
)


@pytest.fixture
async def upgraded(database: SchemaDatabase) -> Store:
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
        "case shown": (70, None, 0, 11, 700, 0),
        "case waits": (0, 60, 5, None, None, 0),
        "case stuck": (70, None, 12, 11, None, 0),
        "audit untold": (None, 3, 0, None, None, 0),
        "budget budget:bot:2026-03:9": (None, 3, 0, None, None, 0),
        "feedback heard": (99, None, 0, 3, 990, 0),
        "feedback unheard": (99, 1, 0, 3, None, 0),
        "feedback unwanted": (99, 1, 0, 3, 991, 1),
    }
    assert [row["name"] for row in await upgraded.rows("SELECT name FROM chores")] == ["retention"]
    given_up = await upgraded.rows("SELECT subject_id FROM outbox WHERE given_up IS NOT NULL ORDER BY subject_id")
    assert [row["subject_id"] for row in given_up] == ["left", "stuck"]
    assert [row["id"] for row in await upgraded.rows("SELECT id FROM feedback ORDER BY id")] == [
        *("heard", "long ago", "unheard"),
    ]


async def test_everything_that_was_due_can_be_claimed_once(upgraded: Store) -> None:
    outbox, claimed = OutboxStore(upgraded.database), list[Any]()
    while item := await outbox.claim(now=upgraded.now, until=upgraded.later(60)):
        claimed.append(item.subject_id)
        await outbox.drop(item)
    assert sorted(claimed) == sorted(
        ["meant", "c-lost", "gone", "waits", "untold", "budget:bot:2026-03:9", "unheard", "unwanted"]
    )
