"""What the operator's page rests on, on every database: links that work once, sessions, and what is counted there."""

import asyncio
from datetime import timedelta

from bot.domain import EVERYWHERE, AuditEntry, Case, CaseKind
from bot.domain.standing import SpendBy
from bot.domain.visitor import Lifetimes, Visitor
from bot.store.community.cases import CaseStore
from bot.store.community.page_sessions import PageSessionStore
from bot.store.jobs.standing import StandingStore
from tests.store.conftest import Store

LIFETIMES = Lifetimes(idle=timedelta(hours=1), whole=timedelta(hours=8))
VISITOR = Visitor(user_id=3, guild_id=7, locale="en-US")


async def invited(store: Store, link: str = "link") -> PageSessionStore:
    sessions = PageSessionStore(store.database)
    entry = AuditEntry(id=f"entry-{link}", guild_id=7, actor_id=3, action="page_link", at=store.now)
    await sessions.add_link(entry, link=link, locale="en-US", until=store.now + timedelta(minutes=5))
    return sessions


async def test_a_link_makes_one_session_for_however_many_at_once(store: Store) -> None:
    sessions = await invited(store)
    found = await asyncio.gather(
        *(
            sessions.use_link("link", session=f"s{n}", entry_id=f"e{n}", now=store.now, lifetimes=LIFETIMES)
            for n in range(5)
        )
    )
    assert [each for each in found if each is not None] == [VISITOR]


async def test_a_session_is_used_and_ended(store: Store) -> None:
    sessions = await invited(store)
    await sessions.use_link("link", session="s", entry_id="e", now=store.now, lifetimes=LIFETIMES)
    for used in (True, False):
        assert await sessions.visitor("s", now=store.now, idle=LIFETIMES.idle, used=used) == VISITOR
    assert await sessions.visitor("t", now=store.now, idle=LIFETIMES.idle, used=True) is None
    assert await sessions.end("s", action="page_signed_out", entry_id="f", now=store.now)
    assert not await sessions.end("s", action="page_signed_out", entry_id="g", now=store.now)
    assert await sessions.visitor("s", now=store.now, idle=LIFETIMES.idle, used=False) is None


async def test_what_is_under_way_is_counted_with_the_oldest(store: Store) -> None:
    first = await store.accept()
    store.later(60)
    await store.accept()
    case = Case(id="1", kind=CaseKind.REPORT, guild_id=8, channel_id=5, user_id=1, created_at=store.now)
    await CaseStore(store.database).open(case)
    standing = StandingStore(store.database)
    everywhere = await standing.standing(EVERYWHERE, since=first.created_at)
    (queued,) = everywhere.states
    assert (queued.name, queued.count, queued.oldest_at) == ("queued", 2, first.created_at)
    assert [(pile.name, pile.count) for pile in everywhere.cases] == [("report", 1)]
    assert (everywhere.pace.jobs, everywhere.pace.waited) == (2, None)
    elsewhere = await standing.standing(8, since=first.created_at)
    assert (elsewhere.states, elsewhere.dead_letters, elsewhere.pace.jobs) == ((), (), 0)
    assert [case.id for case in await standing.open_cases(8, most=5)] == ["1"]
    assert [await standing.open_cases(each, most=5) for each in (7,)] == [[]]


async def test_spend_is_added_up_in_every_way(store: Store) -> None:
    job = await store.delivered()
    for by, name in (
        (SpendBy.DAY, job.created_at.date().isoformat()),
        (SpendBy.SERVER, str(job.destination.guild_id)),
        (SpendBy.MEMBER, str(job.user_id)),
        (SpendBy.MODEL, f"{job.provider} {job.request.model}"),
    ):
        for place in (EVERYWHERE, job.destination.guild_id or 0):
            (line,) = await StandingStore(store.database).spend(by, place, since=job.created_at)
            assert (line.name, line.jobs, line.failed, line.credits) == (name, 1, 0, job.credits)
            assert line.estimated == job.usd_micros
    pace = (await StandingStore(store.database).standing(EVERYWHERE, since=job.created_at)).pace
    assert pace.made is not None
