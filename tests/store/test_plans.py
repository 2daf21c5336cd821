"""Each index serves the query that the line above it names: asked of SQLite's planner, through the seam."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest

from bot.domain import Case, CaseKind, JobFilter, ModerationPolicy, Report, Row
from bot.domain.standing import SpendBy
from bot.store.community.audit import AuditStore
from bot.store.community.cases import with_reports, withdraw
from bot.store.community.page_sessions import PageSessionStore
from bot.store.community.reports import ReportStore
from bot.store.community.strikes import StrikeStore
from bot.store.database import Database, Transaction
from bot.store.figures import FigureStore
from bot.store.jobs.guild_jobs import GuildJobStore
from bot.store.jobs.messages import MessageStore
from bot.store.jobs.results import ResultStore
from bot.store.jobs.standing import StandingStore
from bot.store.member.drafts import DraftStore
from bot.store.member.feedback import FeedbackStore
from bot.store.member.library import LibraryQuery, LibraryStore
from bot.store.member.presets import PresetStore
from bot.store.member.private_answers import PrivateAnswerStore
from bot.store.migrate import migrate, shipped
from bot.store.money.grants import GrantStore
from bot.store.money.statements import StatementStore
from bot.store.money.usage import UsageStore
from bot.store.outbox import OutboxStore
from bot.store.privacy.anonymize import UNNAMED
from bot.store.privacy.deletion import COPIES_OF, Deletion, clear_texts, end_member, withdraw_cases
from bot.store.privacy.retention import RetentionStore
from bot.store.sqlite import SQLiteDatabase
from tests.store.conftest import LEASE, START, Store

T = TypeVar("T")

INDEX = re.compile(r"(CREATE|DROP) (?:UNIQUE )?INDEX (\w+)")


@dataclass
class Explaining:
    """A database that notes the plan of every statement before it carries it out."""

    database: Database
    plans: list[str] = field(default_factory=list)
    skip_locked: str = ""

    async def transact(self, work: Callable[[Transaction], Awaitable[T]], *, snapshot: bool = False) -> T:
        return await self.database.transact(lambda tx: work(_Explaining(tx, self.plans)), snapshot=snapshot)


@dataclass
class _Explaining:
    tx: Transaction
    plans: list[str]

    async def all(self, sql: str, *values: object) -> Sequence[Row]:
        await self._note(sql, values)
        return await self.tx.all(sql, *values)

    async def one(self, sql: str, *values: object) -> Row | None:
        await self._note(sql, values)
        return await self.tx.one(sql, *values)

    async def execute(self, sql: str, *values: object) -> int:
        await self._note(sql, values)
        return await self.tx.execute(sql, *values)

    async def alone(self, name: str) -> None:
        await self.tx.alone(name)

    async def _note(self, sql: str, values: tuple[object, ...]) -> None:
        steps = await self.tx.all(f"EXPLAIN QUERY PLAN {sql}", *values)
        self.plans.append(" / ".join(step["detail"] for step in steps))


@pytest.fixture
async def explained(tmp_path: Path) -> AsyncIterator[tuple[Store, list[str]]]:
    async with SQLiteDatabase(str(tmp_path / "shotcaller.db")) as database:
        await migrate(database, now=START)
        explaining = Explaining(database)
        store = Store(explaining)
        await store.accept()
        explaining.plans.clear()
        yield store, explaining.plans


async def _listed(store: Store, *, job_filter: JobFilter) -> None:
    await GuildJobStore(store.database).jobs(job_filter, guild_id=7, most=5)


def _credit_request(store: Store) -> Case:
    return Case(id="1", kind=CaseKind.MORE, guild_id=7, channel_id=5, user_id=1, created_at=store.now)


def _deletion(store: Store) -> Deletion:
    return Deletion(user_id=1, at=store.now, messages=False)


async def _strike(store: Store) -> None:
    rules = ModerationPolicy()
    await StrikeStore(store.database).strike(key="1", guild_id=7, user_id=1, reason="r", rules=rules, now=store.now)


QUERIES: dict[str, tuple[Callable[[Store], Awaitable[Any]], set[str]]] = {
    "due": (lambda s: s.due(), {"jobs_due"}),
    "waiting": (
        lambda s: s.waiting(),
        {"queues_in_order", "turns_in_order", "jobs_in_turn", "jobs_at_work", "jobs_on_their_way"},
    ),
    "overdue": (lambda s: s.overdue(), {"jobs_overdue"}),
    "recover": (lambda s: s.claims.recover(now=s.now), {"jobs_due", "jobs_backing_off"}),
    "next_due": (lambda s: s.claims.next_due(now=s.now), {"jobs_due", "jobs_backing_off"}),
    # The last two where a row that is read as it is written may be referred to.
    "accept": (lambda s: s.accept(), {"jobs_unfinished", "outbox_of_job", "favourites_of_job"}),
    "of_user": (lambda s: s.lookup.of_user(1, guild_id=7, most=5), {"jobs_of_user"}),
    "outlook": (
        lambda s: s.lookup.waiting(s.job(turn=2)),
        {
            *("turns_in_order", "jobs_in_turn", "jobs_at_work"),
            *("jobs_at_work_everywhere", "jobs_at_provider", "jobs_of_queue_at_work"),
        },
    ),
    "first_waiting": (
        lambda s: s.lookup.first_waiting("kirin", most=5),
        {"queues_in_order", "turns_in_order", "jobs_in_turn"},
    ),
    "durations": (lambda s: s.lookup.durations(s.job().request), {"jobs_like"}),
    "dead_letters": (lambda s: s.lookup.dead_letters(most=5), {"jobs_dead"}),
    **{
        f"jobs_{job_filter}": (partial(_listed, job_filter=job_filter), {index})
        for job_filter, index in (
            (JobFilter.LATEST, "jobs_of_guild"),
            (JobFilter.WAITING, "jobs_open_in_guild"),
            (JobFilter.RUNNING, "jobs_open_in_guild"),
            (JobFilter.DEAD, "jobs_dead_in_guild"),
            (JobFilter.EVERYWHERE, "jobs_dead"),
        )
    },
    "postings": (lambda s: GuildJobStore(s.database).ledger_entries("job-0001"), {"ledger_of_job"}),
    "usage": (
        lambda s: UsageStore(s.database).of_day(7, s.now.date(), begin=s.now, end=s.later(86_400)),
        {"jobs_of_guild", "ledger_ends", "ledger_of_job", "ledger_of_owner"},
    ),
    "drift": (lambda s: UsageStore(s.database).drift(7, begin=s.now, end=s.later(86_400)), {"jobs_of_guild"}),
    "audit_of_guild": (lambda s: AuditStore(s.database).of_guild(7, most=5), {"audit_of_guild"}),
    "cases_of_job": (lambda s: s.database.transact(lambda tx: withdraw(tx, "job-0001", now=s.now)), {"cases_of_job"}),
    "cases_of_user": (
        lambda s: s.database.transact(lambda tx: withdraw_cases(tx, _deletion(s), now=s.now)),
        {"cases_of_user"},
    ),
    "reports_of_a_case": (
        lambda s: s.database.transact(lambda tx: with_reports(tx, _credit_request(s))),
        {"reports_of_case"},
    ),
    "report": (
        lambda s: ReportStore(s.database).add(
            Report(user_id=1, reason="", at=s.now), key="a", case=replace(_credit_request(s), job_id="job-0001")
        ),
        {"reports_once", "cases_of_job"},
    ),
    "reports_of_user": (
        lambda s: s.database.transact(lambda tx: clear_texts(tx, _deletion(s))),
        {"reports_of_user"},
    ),
    "wish": (lambda s: GrantStore(s.database).ask_for_more(_credit_request(s), stale=s.now), {"cases_one_wish"}),
    "statement": (
        lambda s: StatementStore(s.database).latest(user_id=1, guild_id=7, most=5),
        {"jobs_of_user", "ledger_of_job", "ledger_of_owner"},
    ),
    "strike": (_strike, {"strikes_of_member"}),
    "children": (lambda s: ResultStore(s.database).children("job-0001"), {"jobs_of_parent"}),
    "inbox": (lambda s: ResultStore(s.database).inbox(1, most=5), {"jobs_in_inbox"}),
    "stars": (lambda s: LibraryStore(s.database).stars("job-0001"), {"favourites_of_job"}),
    "starred": (
        lambda s: LibraryStore(s.database).videos(LibraryQuery(favourites=True), user_id=1, guild_id=7, skip=0, most=5),
        {"favourites_of_user"},
    ),
    "library": (
        lambda s: LibraryStore(s.database).videos(LibraryQuery(text="fox"), user_id=1, guild_id=7, skip=0, most=5),
        {"jobs_of_user"},
    ),
    "outbox": (
        lambda s: OutboxStore(s.database).claim(now=s.now, until=s.now + LEASE),
        {"outbox_due", "outbox_in_turn"},
    ),
    "outbox_next_due": (lambda s: OutboxStore(s.database).next_due(), {"outbox_due", "outbox_in_turn"}),
    "reposts": (
        lambda s: MessageStore(s.database).has_repost("job-0001", message_id=1),
        {"outbox_of_job"},
    ),
    "direct_copies": (
        lambda s: s.database.transact(lambda tx: tx.execute(COPIES_OF, 1)),
        {"direct_copies_of_user"},
    ),
    "private_answers": (lambda s: PrivateAnswerStore(s.database).forget(now=s.now), {"private_answers_over"}),
    "page_sessions": (
        lambda s: PageSessionStore(s.database).forget(now=s.now),
        {"page_links_over", "page_sessions_over"},
    ),
    "open_cases": (lambda s: StandingStore(s.database).open_cases(7, most=5), {"cases_open"}),
    "standing": (
        lambda s: StandingStore(s.database).standing(7, since=s.now),
        {"jobs_open_in_guild", "jobs_dead_in_guild", "jobs_of_guild", "cases_open"},
    ),
    "spend": (lambda s: StandingStore(s.database).spend(SpendBy.DAY, 0, since=s.now), {"jobs_of_guild"}),
    "latest_draft": (lambda s: DraftStore(s.database).latest(user_id=1, kind="studio"), {"drafts_of_user"}),
    "presets": (
        lambda s: PresetStore(s.database).visible(user_id=1, guild_id=7, kind="video"),
        {"presets_own", "presets_shared"},
    ),
}


# --- what is forgotten in time, and what the operator is told
QUERIES |= {
    "figures": (lambda s: FigureStore(s.database).read(), {"jobs_overdue", "jobs_undelivered", "jobs_dead_in_guild"}),
    "forget_texts": (
        lambda s: RetentionStore(s.database).forget_texts(before=s.now, most=5),
        {"jobs_to_forget"},
    ),
    "actor": (
        lambda s: s.database.transact(lambda tx: tx.execute(UNNAMED, 1)),
        {"ledger_of_actor"},
    ),
    "feedback": (
        lambda s: FeedbackStore(s.database).keep(
            "x", key="k", user_id=1, guild_id=None, now=s.now, most=5, since=s.now - LEASE
        ),
        {"feedback_of_user"},
    ),
    "member_ends": (
        lambda s: s.database.transact(lambda tx: end_member(tx, 1, now=s.now)),
        {"members_of_user"},
    ),
}


@pytest.mark.parametrize("name", sorted(QUERIES))
async def test_a_query_takes_the_index_that_is_there_for_it(explained: tuple[Store, list[str]], name: str) -> None:
    store, plans = explained
    ask, indexes = QUERIES[name]
    await ask(store)
    plan = " / ".join(plans)
    used = set(re.findall(r"USING (?:COVERING )?INDEX (?!sqlite_)(\w+)", plan))
    assert used == indexes, plan
    assert "TEMP B-TREE FOR ORDER BY" not in plan, plan
    short = "SCAN (picked|known|lately|provider_rests|processes)"
    assert not re.search(r"SCAN \w+( /|$)", re.sub(short, "", plan)), plan


def test_every_index_is_asked_for_by_some_query() -> None:
    made: set[str] = set()
    for verb, name in (found for migration in shipped() for found in INDEX.findall(migration.sql)):
        (made.add if verb == "CREATE" else made.remove)(name)
    assert made == set.union(*(indexes for _, indexes in QUERIES.values()))


async def test_the_figures_of_the_whole_bot_read_no_row_of_what_has_ended(explained: tuple[Store, list[str]]) -> None:
    store, plans = explained
    await FigureStore(store.database).read()
    plan = " / ".join(plans)
    assert not re.search(r"SCAN (jobs|outbox|ledger|accounts|j|l)( /|$)", plan), plan
    assert "TEMP B-TREE FOR ORDER BY" not in plan, plan
