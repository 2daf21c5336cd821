"""What goes by its age: only what is older than it is kept, nothing that is still needed, and never at a wrong date."""

from datetime import datetime, timedelta

import pytest

from bot.domain import AuditEntry, CaseState, Failure, JobStatus, OutboxKind
from bot.errors import TransitionLost
from bot.store.community.cases import CaseStore
from bot.store.community.guilds import GuildStore
from bot.store.jobs.messages import MessagePlace, MessageStore
from bot.store.jobs.results import ResultStore
from bot.store.outbox import OutboxStore
from bot.store.privacy.retention import LEAP, RetentionStore
from tests.store.conftest import Store


def millis(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


async def close(store: Store) -> None:
    await store.rows("UPDATE jobs SET due_at = NULL WHERE delivered_at IS NOT NULL RETURNING 1")


async def test_old_texts_are_taken_out_of_closed_jobs(store: Store) -> None:
    retention, done = RetentionStore(store.database), await store.delivered()
    await close(store)
    assert await retention.forget_texts(before=done.created_at, most=10) == 0
    assert await retention.forget_texts(before=store.later(1), most=10) == 1
    assert await retention.forget_texts(before=store.now, most=10) == 0
    job = await store.get(done.id)
    assert job.request.forgotten
    assert (job.request.text(), job.request.model, job.credits) == ("", "kirin_v3_t2v", done.credits)
    assert await store.rows("SELECT id FROM jobs WHERE prompt <> '' OR request LIKE '%fox%'") == []


@pytest.mark.parametrize("stage", ["queued", "submitting", "running", "succeeded", "unknown", "undeliverable"])
async def test_the_text_of_a_job_that_may_need_it_stays(store: Store, stage: str) -> None:
    job = await store.at(stage)
    await store.rows("UPDATE jobs SET due_at = NULL RETURNING 1")
    assert await RetentionStore(store.database).forget_texts(before=store.later(1), most=10) == 0
    assert not (await store.get(job.id)).request.forgotten


async def test_the_text_of_a_job_whose_card_is_not_closed_stays(store: Store) -> None:
    await store.delivered()
    assert await RetentionStore(store.database).forget_texts(before=store.later(1), most=10) == 0
    await close(store)
    assert await RetentionStore(store.database).forget_texts(before=store.now, most=10) == 1


async def test_texts_are_forgotten_so_many_at_once(store: Store) -> None:
    for _ in range(3):
        await store.delivered()
    await close(store)
    retention, before = RetentionStore(store.database), store.later(60)
    assert [await retention.forget_texts(before=before, most=2) for _ in range(3)] == [2, 1, 0]


async def test_a_video_that_nobody_fetches_expires_and_is_charged(store: Store) -> None:
    retention, job = RetentionStore(store.database), await store.undeliverable()
    assert await retention.unfetched(before=job.created_at, most=10) == []
    (old,) = await retention.unfetched(before=store.later(1), most=10)
    failed = await retention.expire(old, now=store.now)
    assert (failed.status, failed.failure, failed.dead_letter) == (JobStatus.FAILED, Failure.EXPIRED, None)
    assert await store.ledger(job.id) == [("hold", 5, 420_000), ("settle", 5, 300_000)]
    await store.books_add_up()


async def test_a_video_fetched_a_moment_ago_does_not_expire(store: Store) -> None:
    retention, job = RetentionStore(store.database), await store.undeliverable()
    (old,) = await retention.unfetched(before=store.later(1), most=10)
    assert await ResultStore(store.database).received(job.id, now=store.now)
    with pytest.raises(TransitionLost):
        await retention.expire(old, now=store.now)
    await store.books_add_up()


async def test_a_job_whose_outcome_nobody_knows_does_not_expire(store: Store) -> None:
    await store.unknown()
    assert await RetentionStore(store.database).unfetched(before=store.later(1), most=10) == []


async def test_a_clock_is_believed_when_it_goes_on_as_clocks_do(store: Store) -> None:
    believable = RetentionStore(store.database).believable
    steps = [
        (timedelta(0), False),  # nothing to compare with
        (timedelta(days=1), True),
        (LEAP + timedelta(days=2), False),  # it leaps,
        (LEAP + timedelta(days=3), True),  # and goes on from there
        (timedelta(days=2), False),  # it is set back,
        (timedelta(days=3), True),  # and goes on
    ]
    assert [await believable(store.now + step) for step, _ in steps] == [expected for _, expected in steps]


async def test_records_go_by_their_age_and_what_nobody_decides_runs_out_first(store: Store) -> None:
    now = store.now
    for name, at in (("old", now - timedelta(days=10)), ("new", now)):
        await store.rows(
            "INSERT INTO audit (id, guild_id, actor_id, action, detail, at) "
            "VALUES ($1, 7, 1, 'x', '{}', $2) RETURNING 1",
            *(name, millis(at)),
        )
        for state in ("open", "denied"):
            await store.rows(
                "INSERT INTO cases (id, kind, guild_id, channel_id, user_id, body, state, created_at) "
                "VALUES ($1, 'report', 7, 5, 1, '{}', $2, $3) RETURNING 1",
                *(f"{name}-{state}", state, millis(at)),
            )
        for told in (None, 1):
            await store.rows(
                "INSERT INTO feedback (id, user_id, body, at) VALUES ($1, 1, 'x', $2) RETURNING 1",
                *(f"{name}-{told}", millis(at)),
            )
        await store.rows(
            "INSERT INTO outbox (kind, subject_id, created_at, due_at) VALUES ('feedback', $1, $2, $3) RETURNING 1",
            *(f"{name}-None", millis(at), millis(now + timedelta(days=1))),
        )
    retention, before = RetentionStore(store.database), now - timedelta(days=5)
    await retention.trim(texts=None, records=now - timedelta(days=20), now=now)
    assert len(await store.rows("SELECT id FROM cases")) + len(await store.rows("SELECT id FROM audit")) == 6
    await retention.trim(texts=before, records=before, now=now)

    async def left() -> set[str]:
        tables = ("audit", "cases", "feedback")
        found = [row for each in tables for row in await store.rows(f"SELECT id FROM {each}")]  # noqa: S608 (names of the schema)
        return {row["id"] for row in found}

    kept = {"new", "new-open", "new-denied", "old-None", "new-None", "new-1"}
    assert await left() == {*kept, "old-open"}
    due = await store.announced()
    assert due is not None
    assert (due.subject_id, await store.announced()) == ("old-open", None)
    expired = await CaseStore(store.database).case("old-open")
    assert expired is not None
    assert expired.state is CaseState.EXPIRED
    await OutboxStore(store.database).drop(due)
    await retention.trim(texts=before, records=before, now=now)
    assert await left() == kept


async def test_where_copies_were_sent_is_forgotten_with_the_texts(store: Store) -> None:
    job, messages = await store.delivered(), MessageStore(store.database)
    for message_id, days in ((1, 31), (2, 29)):
        place, at = MessagePlace(channel_id=9, message_id=message_id), store.now - timedelta(days=days)
        await messages.sent_directly(job.id, place, user_id=2, now=at)
    retention, long_ago = RetentionStore(store.database), store.now - timedelta(days=400)
    for texts, left in ((None, [1, 2]), (store.now - timedelta(days=30), [2])):
        await retention.trim(texts=texts, records=long_ago, now=store.now)
        assert [row["message_id"] for row in await store.rows("SELECT * FROM direct_copies ORDER BY sent_at")] == left


async def test_what_was_given_up_is_forgotten_after_a_month(store: Store) -> None:
    for name, days in (("old", 31), ("new", 29)):
        await store.rows(
            "INSERT INTO outbox (kind, subject_id, created_at, given_up) VALUES ('budget', $1, $2, 'x') RETURNING 1",
            *(name, millis(store.now - timedelta(days=days))),
        )
    outbox, long_ago = OutboxStore(store.database), store.now - timedelta(days=400)
    await RetentionStore(store.database).trim(texts=None, records=long_ago, now=store.now)
    assert [row["subject_id"] for row in await store.rows("SELECT subject_id FROM outbox")] == ["new"]
    assert await outbox.given_up() == [(OutboxKind.BUDGET, "x", 1)]


async def test_what_a_job_hangs_on_is_not_ended_by_its_age(store: Store) -> None:
    await store.rows(
        "INSERT INTO cases (id, kind, guild_id, channel_id, user_id, job_id, body, created_at) "
        "VALUES ('request-1', 'request', 7, 5, 1, '1', '{}', 1) RETURNING 1"
    )
    await RetentionStore(store.database).trim(texts=store.now, records=store.now, now=store.now)
    assert [row["state"] for row in await store.rows("SELECT state FROM cases")] == ["open"]


async def test_blocks_end_and_strikes_count_as_long_as_their_guild_decides(store: Store) -> None:
    now = store.now
    for user_id, until, allowance in ((1, now, None), (2, now, 5), (3, now + timedelta(days=1), None)):
        await store.rows(
            "INSERT INTO members (guild_id, user_id, allowance, period, blocked_until, block_reason) "
            "VALUES (7, $1, $2, 'day', $3, 'spam') RETURNING 1",
            *(user_id, allowance, millis(until)),
        )
    for name, guild_id, days in (("a", 7, 2), ("b", 7, 4), ("c", 8, 2)):
        await store.rows(
            "INSERT INTO strikes (id, guild_id, user_id, reason, at) VALUES ($1, $2, 1, '', $3) RETURNING 1",
            *(name, guild_id, millis(now - timedelta(days=days))),
        )
    entry = AuditEntry(id="m", guild_id=7, actor_id=1, action="x", at=now)
    await GuildStore(store.database).change(
        entry,
        lambda policy: policy.changed(moderation=policy.moderation.model_copy(update={"strikes": 3, "strike_days": 3})),
    )
    await RetentionStore(store.database).end_sanctions(now=store.later(1))
    members = {row["user_id"]: row["block_reason"] for row in await store.rows("SELECT * FROM members")}
    assert members == {2: "", 3: "spam"}
    assert [row["id"] for row in await store.rows("SELECT id FROM strikes")] == ["a"]
