"""What is held about a person: nothing is overlooked when it is told, or when it is deleted."""

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from bot.domain import Case, CaseKind, Failure, JobStatus, Remover, Report
from bot.domain.quota import extra_of
from bot.store.community.cases import CaseStore
from bot.store.community.reports import ReportStore
from bot.store.database import Transaction
from bot.store.jobs.results import ResultStore
from bot.store.privacy.deletion import Deletion, DeletionStore
from bot.store.privacy.export import HELD, NOBODYS, PrivacyStore, mentions, without
from tests.funding import plain
from tests.store.conftest import Store
from tests.store.personal_data import OTHER, PERSON, SECRET, STRANGER, everywhere, tables, traces

# How columns are called in which people stand.
OF_PEOPLE = re.compile(r"(.*_)?user_id|actor_id|\w+_by|owner|scope|queue_id")
# Columns of those names in which nobody does.
EXCUSED = {("budget_alerts", "owner")}


async def fulfil(store: Store, deletion: Deletion, *, urgent: bool = False) -> bool:
    """Do what a service does for a deletion; whether nothing is left to do."""
    deletions = DeletionStore(store.database)
    await deletions.end_jobs(deletion, now=store.now)
    await deletions.clear(deletion, now=store.now)
    for job, _ in await deletions.closed(deletion, urgent=urgent, most=100):
        await deletions.forget(job)
    return await deletions.finish(deletion, urgent=urgent, now=store.now)


async def delete(store: Store, user_id: int = PERSON) -> Deletion:
    deletion = await DeletionStore(store.database).ask(user_id, messages=False, now=store.later(1))
    await fulfil(store, deletion)
    return deletion


async def test_every_table_either_tells_of_people_or_says_why_it_has_none(store: Store) -> None:
    found = await tables(store)
    assert sorted(found) == sorted({*HELD, *NOBODYS})
    named = {(table, name) for table, columns in found.items() for name in columns if OF_PEOPLE.fullmatch(name)}
    assert {table for table, _ in named - EXCUSED} <= set(HELD)


async def test_everything_about_a_person_is_told(store: Store) -> None:
    await everywhere(store)
    await store.delivered(user_id=OTHER)
    await DeletionStore(store.database).ask(PERSON, messages=False, now=store.now)
    held = await PrivacyStore(store.database).held(PERSON)
    assert {table for table, rows in held.items() if rows} == set(HELD)
    assert str(OTHER) not in str(held)
    assert held["jobs"][0]["request"]["prompt"] == "a fox on the ice"
    assert held["jobs"][0]["created_at"].startswith("2026-03-05T12:00")


@pytest.mark.parametrize("stage", ["delivered", "undeliverable", "succeeded"])
async def test_where_a_video_lies_is_told_once_it_is_delivered(store: Store, stage: str) -> None:
    job = await store.at(stage)
    (told,) = (await PrivacyStore(store.database).held(1))["jobs"]
    assert told["result_url"] == (job.result_url if stage == "delivered" else None)


@pytest.mark.parametrize("by", Remover)
async def test_where_a_video_lies_is_not_told_once_a_moderator_has_deleted_it(store: Store, by: Remover) -> None:
    job = await store.delivered()
    await ResultStore(store.database).remove(job.id, by=by, now=store.now)
    (told,) = (await PrivacyStore(store.database).held(1))["jobs"]
    assert told["result_url"] == (job.result_url if by is Remover.AUTHOR else None)


async def test_of_others_nothing_is_told(store: Store) -> None:
    await everywhere(store)
    held = await PrivacyStore(store.database).held(OTHER)
    assert not any(held.values())


async def test_who_reported_a_video_is_not_told_to_its_author(store: Store) -> None:
    sql = (
        "INSERT INTO cases (id, kind, guild_id, channel_id, user_id, body, decided_by, created_at) "
        "VALUES ($1, $2, 7, 5, $3, $4, $5, 0) RETURNING 1"
    )
    await store.rows(sql, "r", "report", PERSON, f'{{"reporter": {OTHER}, "words": "awful"}}', OTHER)
    await store.rows(sql, "q", "request", PERSON, '{"then_result": true}', None)
    privacy = PrivacyStore(store.database)
    told = {case["id"]: case for case in (await privacy.held(PERSON))["cases"]}
    assert told["r"]["body"] is None
    assert told["r"]["decided_by"] is None
    assert told["q"]["body"] == {"then_result": True}
    (mine,) = (await privacy.held(OTHER))["cases"]
    assert mine["body"] == {"reporter": OTHER, "words": "awful"}
    assert mine["user_id"] is None


async def test_who_reported_a_video_is_forgotten_with_their_words(store: Store) -> None:
    about = Case(
        id="r",
        kind=CaseKind.REPORT,
        guild_id=7,
        channel_id=5,
        user_id=OTHER,
        job_id="1",
        created_at=store.now,
        body={"message": 5},
    )
    await ReportStore(store.database).add(Report(user_id=PERSON, reason=SECRET, at=store.now), key="a", case=about)
    await store.rows("UPDATE cases SET decided_by = $1 RETURNING 1", PERSON)
    await store.rows("UPDATE outbox SET posting_at = 1, message_id = 50, due_at = NULL RETURNING 1")
    (mine,) = (await PrivacyStore(store.database).held(PERSON))["reports"]
    assert mine["reason"] == SECRET
    await delete(store)
    (case,) = await store.rows("SELECT * FROM cases")
    assert (case["user_id"], case["state"]) == (OTHER, "open")
    item = await store.announced()
    assert item is not None, "its message is to be edited"
    assert (item.subject_id, item.message_id) == ("r", 50)
    assert [(each["user_id"], each["reason"]) for each in await store.rows("SELECT * FROM reports")] == [(0, "")]
    assert await traces(store) == []


async def test_what_moderators_were_shown_of_somebody_is_to_be_taken_out(store: Store) -> None:
    cases = CaseStore(store.database)
    for name, message_id, state in (("seen", 50, "denied"), ("waits", 51, "open"), ("unseen", None, "open")):
        case = Case(
            id=name,
            kind=CaseKind.MORE,
            guild_id=len(name),
            channel_id=5,
            user_id=PERSON,
            created_at=store.now,
            body={"why": SECRET},
        )
        await cases.open(case)
        await store.rows("UPDATE cases SET state = $2 WHERE id = $1 RETURNING 1", name, state)
        await store.rows(
            "UPDATE outbox SET posting_at = $2, message_id = $2, due_at = NULL WHERE subject_id = $1 RETURNING 1",
            name,
            message_id,
        )
    await delete(store)
    due = {row["subject_id"]: row["due_at"] for row in await store.rows("SELECT * FROM outbox")}
    left = {row["id"]: (row["state"], due.pop(row["id"])) for row in await store.rows("SELECT * FROM cases")}
    assert left == {"seen": ("denied", 0), "waits": ("withdrawn", 0)}
    assert due == {}
    assert await traces(store) == []


@pytest.mark.parametrize(
    ("value", "found"),
    [(12, True), ("<@12>", True), ({"a": ["12"]}, True), (123, False), ("x312", False), (None, False)],
)
def test_a_person_is_found_by_the_whole_number(value: Any, found: bool) -> None:  # noqa: FBT001 (a parameter)
    assert mentions(value, 12) is found
    assert not mentions(without(value, 12), 12)


async def test_deleting_leaves_no_trace_once_the_period_is_over(store: Store) -> None:
    await everywhere(store)
    await store.delivered(user_id=OTHER)
    deletion = await delete(store)
    await store.rows("UPDATE outbox SET due_at = NULL RETURNING 1")  # shown by whoever shows cases
    assert not await fulfil(store, deletion)
    left = await traces(store)
    assert {each.partition(".")[0] for each in left} == {"accounts", "ledger", "deletions", "strikes"}
    assert SECRET not in str(left)
    store.later(86400 * 2)
    await store.rows("DELETE FROM strikes RETURNING 1")  # as when they count no longer
    assert await fulfil(store, deletion)
    assert await traces(store) == []
    assert [job["user_id"] for job in await store.rows("SELECT user_id FROM jobs ORDER BY id")] == [STRANGER, OTHER]
    await store.books_add_up()


async def test_amounts_stay_when_names_go(store: Store) -> None:
    await store.delivered(user_id=PERSON)
    before = await store.rows("SELECT sum(held) AS held, sum(settled) AS settled, count(*) AS n FROM ledger")
    await store.rows("UPDATE jobs SET due_at = NULL RETURNING 1")
    deletion = await delete(store)
    store.later(86400 * 2)
    assert await fulfil(store, deletion)
    assert await store.rows("SELECT sum(held) AS held, sum(settled) AS settled, count(*) AS n FROM ledger") == before
    owners = {row["owner"] for row in await store.rows("SELECT owner FROM accounts")}
    assert all(re.fullmatch(r"gone:[0-9a-f]{16}@guild:7|budget:bot", owner) for owner in owners)
    await store.books_add_up()


async def test_deleting_is_no_second_allowance(store: Store) -> None:
    await store.delivered(user_id=PERSON, credits=8)
    await store.rows("UPDATE jobs SET due_at = NULL RETURNING 1")
    await delete(store)
    with pytest.raises(Exception, match="8 of 2"):
        await store.accept(user_id=PERSON, credits=8, allowance=10)
    await store.accept(user_id=PERSON, credits=2, allowance=10)


async def test_deleting_and_asking_again_gets_nobody_more_videos_than_their_credits_pay_for(store: Store) -> None:
    for _ in range(3):
        await store.running(user_id=PERSON, credits=6, allowance=20)
        await delete(store)
    with pytest.raises(Exception, match="6 of 2"):
        await store.accept(user_id=PERSON, credits=6, allowance=20)
    await store.books_add_up()


async def test_what_comes_after_a_deletion_is_no_part_of_it(store: Store) -> None:
    deletion = await delete(store)
    store.later(10)
    job = await store.accept(user_id=PERSON)
    await store.rows(
        "INSERT INTO drafts (id, user_id, kind, body, updated_at) VALUES ('d', $1, 'x', '{}', 0) RETURNING 1", PERSON
    )
    store.later(86400 * 2)
    await fulfil(store, deletion, urgent=True)
    assert (await store.get(job.id)).status is JobStatus.QUEUED
    assert len(await store.rows("SELECT * FROM drafts")) == 1


async def test_a_deletion_that_is_taken_up_late_leaves_what_was_asked_for_since_to_its_moderators(store: Store) -> None:
    deletion = await DeletionStore(store.database).ask(PERSON, messages=False, now=store.now)
    store.later(10)
    wanted = store.job(user_id=PERSON, status=JobStatus.PENDING)
    case = Case(
        id="request-1",
        kind=CaseKind.REQUEST,
        guild_id=7,
        channel_id=9,
        user_id=PERSON,
        job_id=wanted.id,
        created_at=store.now,
    )
    await store.jobs.accept(wanted, funding=plain(wanted, 1000), most=9, now=store.now, case=case)
    await fulfil(store, deletion)
    assert [row["state"] for row in await store.rows("SELECT state FROM cases")] == ["open"]
    assert (await store.get(wanted.id)).status is JobStatus.PENDING


@pytest.mark.parametrize(
    ("stage", "status", "credits_", "usd"),
    [
        ("queued", JobStatus.CANCELLED, 0, 0),
        ("submitting", JobStatus.FAILED, 5, 420_000),
        ("running", JobStatus.FAILED, 5, 420_000),
        ("succeeded", JobStatus.FAILED, 5, 300_000),
        ("unknown", JobStatus.FAILED, 5, 420_000),
        ("undeliverable", JobStatus.FAILED, 5, 300_000),
    ],
)
async def test_a_deletion_gives_back_what_waited_and_charges_what_a_provider_may_have(
    store: Store, stage: str, status: JobStatus, credits_: int, usd: int
) -> None:
    job = await store.at(stage)
    deletions = DeletionStore(store.database)
    deletion = await deletions.ask(job.user_id, messages=False, now=store.later(1))
    assert await deletions.end_jobs(deletion, now=store.now) == 1
    assert await deletions.end_jobs(deletion, now=store.now) == 0
    ended = await store.get(job.id)
    assert ended.status is status
    assert ended.failure == Failure.ABANDONED
    assert ended.ended_by_author
    accounts = {row["owner"]: (row["held"], row["settled"]) for row in await store.rows("SELECT * FROM accounts")}
    assert accounts == {"user:1@guild:7": (0, credits_), "budget:bot": (0, usd)}
    await store.books_add_up()


class Hasty:
    """A database in which somebody claims what waits, as far as one may, after every transaction."""

    def __init__(self, store: Store) -> None:
        self._store, self.skip_locked = store, store.database.skip_locked

    async def transact(self, work: Callable[[Transaction], Awaitable[Any]], *, snapshot: bool = False) -> Any:
        answer = await self._store.database.transact(work, snapshot=snapshot)
        await self._store.waiting(per_user=1)
        return answer


async def test_what_waits_is_not_begun_in_the_place_of_what_is_given_up(store: Store) -> None:
    running, waiting = await store.running(), await store.accept()
    deletions = DeletionStore(Hasty(store))
    deletion = await deletions.ask(running.user_id, messages=False, now=store.later(1))
    assert await deletions.end_jobs(deletion, now=store.now) == 2
    assert (await store.get(waiting.id)).status is JobStatus.CANCELLED
    await store.books_add_up()


async def test_a_job_whose_card_is_not_closed_is_kept_until_time_is_up(store: Store) -> None:
    job = await store.running(user_id=PERSON)
    deletion = await delete(store)
    assert (await store.get(job.id)).failure == Failure.ABANDONED
    await fulfil(store, deletion, urgent=True)
    assert await store.lookup.job(job.id) is None


async def test_a_job_that_holds_credits_is_never_just_deleted(store: Store) -> None:
    job = await store.accept(user_id=PERSON)
    await DeletionStore(store.database).forget(job)
    assert (await store.get(job.id)).status is JobStatus.QUEUED
    await store.books_add_up()


async def test_a_block_outlives_a_deletion_and_a_strike_loses_its_words(store: Store) -> None:
    until = int((store.now + timedelta(days=3)).timestamp() * 1000)
    await store.rows(
        "INSERT INTO members (guild_id, user_id, blocked_until, block_reason, blocked_by) "
        "VALUES (7, $1, $2, 'spam', $3) RETURNING 1",
        *(PERSON, until, OTHER),
    )
    await store.rows(
        "INSERT INTO strikes (id, guild_id, user_id, reason, at) VALUES ('s', 7, $1, $2, 0) RETURNING 1", PERSON, SECRET
    )
    await delete(store)
    (member,) = await store.rows("SELECT * FROM members")
    assert (member["blocked_until"], member["block_reason"]) == (until, "spam")
    assert [strike["reason"] for strike in await store.rows("SELECT reason FROM strikes")] == [""]
    await delete(store, OTHER)
    assert await store.rows("SELECT blocked_by FROM members") == [{"blocked_by": None}]


async def test_granted_credits_go_with_their_name(store: Store) -> None:
    owner = extra_of(user_id=PERSON, guild_id=7)
    await store.rows("INSERT INTO accounts (owner, period, allowance) VALUES ($1, '', 30) RETURNING 1", owner)
    await store.rows(
        "INSERT INTO ledger (id, owner, period, unit, kind, granted, at, actor_id, note) "
        "VALUES ($1, $2, '', 'credits', 'grant', 30, 0, $3, 'well done') RETURNING 1",
        *(f"grant-1:{owner}", owner, OTHER),
    )
    await delete(store)
    (line,) = await store.rows("SELECT * FROM ledger")
    assert line["owner"].startswith("gone:")
    assert line["id"] == f"grant-1:{line['owner']}"
    assert (line["granted"], line["note"]) == (30, "")
    assert await store.rows("SELECT allowance FROM accounts WHERE owner = $1", line["owner"]) == [{"allowance": 30}]


async def test_a_deletion_is_done_once_and_the_second_one_covers_more(store: Store) -> None:
    deletions = DeletionStore(store.database)
    first = await deletions.ask(PERSON, messages=True, now=store.now)
    assert await deletions.clear(first, now=store.now)
    assert not await deletions.clear(first, now=store.now)
    second = await deletions.ask(PERSON, messages=False, now=store.later(60))
    assert [(each.at, each.messages) for each in await deletions.open()] == [(second.at, True)]
    assert not await deletions.clear(first, now=store.now)
    assert await deletions.clear(second, now=store.now)
    assert await deletions.finish(second, urgent=False, now=store.now)
    assert await deletions.open() == []
