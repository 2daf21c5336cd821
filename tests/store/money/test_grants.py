"""Credits that come from people: grants, gifts and requests for credits, each once, and what a person sees of them."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from bot.domain import AuditEntry, Case, CaseKind, CaseState, Fund, Funding, Job, Kind, StatementEntry
from bot.domain.quota import extra_of, owner_of, pool_of
from bot.errors import CaseDecided, GiftTooLarge, QuotaExceeded, StoreError
from bot.store.community.audit import AuditStore
from bot.store.community.cases import CaseStore
from bot.store.money.grants import Gift, GrantStore
from bot.store.money.ledger import LedgerLine, enter
from bot.store.money.statements import StatementStore
from bot.store.outbox import OutboxStore
from tests.store.conftest import Store
from tests.store.interrupted import InterruptedDatabase, InterruptionError

GUILD = 7


def entry(store: Store, key: str = "1") -> AuditEntry:
    return AuditEntry(id=key, guild_id=GUILD, actor_id=9, action="granted", at=store.now)


async def grant(store: Store, amount: int, *, key: str = "1", user_id: int = 1, note: str = "") -> int:
    return await GrantStore(store.database).grant(entry(store, key), user_id=user_id, amount=amount, note=note)


def own(allowance: int = 10) -> Fund:
    return Fund(owner=owner_of(user_id=1, guild_id=GUILD), period="2026-03-05", allowance=allowance)


def extra(user_id: int = 1) -> Fund:
    return Fund(owner=extra_of(user_id=user_id, guild_id=GUILD))


async def ask(store: Store, *sources: Fund, **changes: int) -> Job:
    job = store.job(guild_id=GUILD, **changes)
    return (await store.jobs.accept(job, funding=Funding(sources=sources), most=99, now=store.now))[0]


def given(user_id: int = 1, period: str = "2026-03-05") -> Fund:
    return replace(extra(user_id), period=period)


def gift(amount: int, *, key: str = "g", allowance: int = 10, giver: int = 1, period: str = "2026-03-05") -> Gift:
    theirs = Fund(owner=owner_of(user_id=giver, guild_id=GUILD), period=period, allowance=allowance)
    return Gift(
        key=key,
        guild_id=GUILD,
        giver_id=giver,
        receiver_id=3 - giver,
        credits=amount,
        sources=(theirs, given(giver, period), extra(giver)),
    )


async def left(store: Store, fund: Fund) -> int:
    return (await store.lookup.account(fund)).balance


def ask_for_more(store: Store, key: str = "1", *, credits_: int = 20, user_id: int = 1) -> Case:
    return Case(
        id=f"more-{key}",
        kind=CaseKind.MORE,
        guild_id=GUILD,
        channel_id=5,
        user_id=user_id,
        body={"credits": credits_},
        created_at=store.now,
    )


async def latest(store: Store, user_id: int = 1, most: int = 9) -> list[StatementEntry]:
    return await StatementStore(store.database).latest(user_id=user_id, guild_id=GUILD, most=most)


async def test_a_grant_counts_once_is_recorded_and_never_expires(store: Store) -> None:
    assert [await grant(store, 20), await grant(store, 20), await grant(store, 5, key="2")] == [20, 20, 25]
    store.later(400 * 86_400)
    assert await left(store, extra()) == 25
    assert sorted(each.id for each in await AuditStore(store.database).of_guild(GUILD, most=9)) == ["1", "2"]
    await store.books_add_up()


async def test_who_is_given_credits_is_told_once_and_who_loses_some_is_not(store: Store) -> None:
    for key, amount in (("1", 20), ("1", 20), ("2", -5), ("3", 0)):
        await grant(store, amount, key=key)
    rows = await store.rows("SELECT kind, subject_id FROM outbox WHERE kind = 'grant'")
    assert [(row["kind"], row["subject_id"]) for row in rows] == [("grant", "1")]


async def test_of_a_grant_that_is_taken_back_only_what_is_left_goes(store: Store) -> None:
    await grant(store, 20)
    await ask(store, own(0), extra(), credits=5)
    assert await grant(store, -100, key="2") == 0
    assert await left(store, extra()) == 0
    assert (await store.lookup.account(extra())).allowance == 5
    assert await grant(store, -100, key="3") == 0
    await store.books_add_up()


async def test_the_record_says_how_many_credits_have_really_moved(store: Store) -> None:
    await grant(store, 20)
    store.later(1)
    for key, amount in (("2", -50), ("2", -50), ("3", -50), ("4", 0)):
        assert await grant(store, amount, key=key) == 0
    assert sorted(line.amount for line in await latest(store)) == [-20, 20]
    told = await AuditStore(store.database).of_guild(GUILD, most=9)
    assert [(each.id, each.detail["credits"]) for each in told] == [("2", 20), ("1", 20)]
    await store.books_add_up()


async def test_a_request_draws_on_the_allowance_then_the_pool_then_what_was_granted(store: Store) -> None:
    await grant(store, 20)
    pool = Fund(owner=pool_of("team", guild_id=GUILD), period="2026-03", allowance=4)
    job = await ask(store, own(3), pool, extra(), credits=9)
    assert [await left(store, each) for each in (own(3), pool, extra())] == [0, 0, 18]
    with pytest.raises(QuotaExceeded) as caught:
        await ask(store, own(3), pool, extra(), credits=19)
    assert (caught.value.balance, caught.value.allowance) == (18, 3)
    await store.jobs.cancel(job.id, user_id=1, now=store.now)
    assert [await left(store, each) for each in (own(3), pool, extra())] == [3, 4, 20]
    await store.books_add_up()


async def test_a_gift_takes_from_the_allowance_first_and_each_part_expires_as_it_would_have(store: Store) -> None:
    await grant(store, 20)
    assert await GrantStore(store.database).give(gift(12), now=store.now) == 18
    assert [await left(store, each) for each in (own(), extra(), given(2), extra(2))] == [0, 18, 10, 2]
    assert (await store.lookup.account(own())).settled == 10
    await store.books_add_up()


async def test_there_and_back_an_allowance_is_still_one_that_expires(store: Store) -> None:
    grants = GrantStore(store.database)
    await grants.give(gift(10), now=store.now)
    for number in range(3):
        assert await grants.give(gift(8, key=f"b{number}", giver=2, allowance=0), now=store.now) == 2
        assert await grants.give(gift(8, key=f"c{number}", allowance=10), now=store.now) == 0
    assert [await left(store, each) for each in (given(), given(2), extra(), extra(2))] == [0, 10, 0, 0]
    await store.books_add_up()


async def test_credits_of_a_video_that_failed_go_back_to_where_they_expire(store: Store) -> None:
    await grant(store, 20, user_id=2)
    await GrantStore(store.database).give(gift(10), now=store.now)
    theirs = replace(own(0), owner=owner_of(user_id=2, guild_id=GUILD))
    job = await ask(store, theirs, given(2), extra(2), credits=14, user_id=2)
    assert [await left(store, each) for each in (given(2), extra(2))] == [0, 16]
    await store.jobs.cancel(job.id, user_id=2, now=store.now)
    assert [await left(store, each) for each in (given(2), extra(2))] == [10, 20]
    await store.books_add_up()


async def test_a_gift_that_is_repeated_in_another_period_is_still_the_same(store: Store) -> None:
    await GrantStore(store.database).give(gift(4), now=store.now)
    tomorrow = gift(4, period="2026-03-06")
    assert await GrantStore(store.database).give(tomorrow, now=store.later(86_400)) == 10
    assert [await left(store, each) for each in (given(2), given(2, "2026-03-06"))] == [4, 0]


async def test_who_was_never_given_anything_has_no_account_for_it(store: Store) -> None:
    await ask(store, own(), given(), extra(), credits=5)
    assert [row["owner"] for row in await store.rows("SELECT owner FROM accounts")] == [own().owner]


async def test_the_same_gift_again_moves_nothing_and_says_what_is_left(store: Store) -> None:
    answers = [await GrantStore(store.database).give(gift(4), now=store.now) for _ in range(3)]
    assert answers == [6, 6, 6]
    assert await left(store, given(2)) == 4


async def test_more_than_there_is_cannot_be_given_nor_what_is_held(store: Store) -> None:
    await ask(store, own(), credits=5)
    with pytest.raises(GiftTooLarge) as caught:
        await GrantStore(store.database).give(gift(6), now=store.now)
    assert (caught.value.price, caught.value.balance) == (6, 5)
    assert await store.rows("SELECT * FROM ledger WHERE kind = 'gift'") == []


async def test_gifts_and_requests_at_once_never_spend_a_credit_twice(store: Store) -> None:
    gifts = [GrantStore(store.database).give(gift(3, key=str(number)), now=store.now) for number in range(5)]
    asked = [ask(store, own(), extra(), credits=3) for _ in range(5)]
    answers = await asyncio.gather(*gifts, *asked, return_exceptions=True)
    assert sum(isinstance(answer, GiftTooLarge | QuotaExceeded) for answer in answers) == 7
    await store.books_add_up()


@pytest.mark.parametrize("cut", range(1, 9))
async def test_a_gift_that_is_cut_off_anywhere_has_not_been_given(store: Store, cut: int) -> None:
    await grant(store, 20)
    interrupted = InterruptedDatabase(store.database, cut=cut)
    with pytest.raises(InterruptionError):
        await GrantStore(interrupted).give(gift(12), now=store.now)
    assert [await left(store, each) for each in (own(), extra(), given(2), extra(2))] == [10, 20, 0, 0]
    await store.books_add_up()
    assert await GrantStore(interrupted).give(gift(12), now=store.now) == 18


async def test_a_line_takes_no_more_than_is_left_whoever_writes_it(store: Store) -> None:
    await grant(store, 5)
    line = LedgerLine(id="x", owner=extra().owner, period="", kind="gift")
    for much in (replace(line, held=6), replace(line, settled=6), replace(line, granted=-6)):
        with pytest.raises(StoreError, match="the books do not add up"):
            await store.database.transact(partial(enter, line=much, now=store.now))
    assert await left(store, extra()) == 5
    await store.books_add_up()


async def test_a_member_has_one_open_request_for_credits_at_a_time(store: Store) -> None:
    grants, stale = GrantStore(store.database), store.now - timedelta(days=7)
    assert [await grants.ask_for_more(ask_for_more(store, key), stale=stale) for key in "112"] == [True, False, False]
    assert await grants.ask_for_more(ask_for_more(store, "3", user_id=2), stale=stale)
    assert [row["id"] for row in await store.rows("SELECT id FROM cases ORDER BY id")] == ["more-1", "more-3"]


async def test_a_request_that_nobody_decided_or_could_see_does_not_keep_one_from_asking(store: Store) -> None:
    grants = GrantStore(store.database)
    await grants.ask_for_more(ask_for_more(store), stale=store.now - timedelta(days=7))
    item = await store.announced()
    assert item is not None
    await OutboxStore(store.database).give_up(item, reason="discord_10003")
    assert await grants.ask_for_more(ask_for_more(store, "2"), stale=store.now - timedelta(days=7))
    store.later(8 * 86_400)
    assert await grants.ask_for_more(ask_for_more(store, "3"), stale=store.now - timedelta(days=7))
    rows = await store.rows("SELECT state FROM cases ORDER BY id")
    assert [row["state"] for row in rows] == ["expired", "expired", "open"]


async def test_who_asks_again_changes_the_request_and_its_message(store: Store) -> None:
    grants, cases, stale = GrantStore(store.database), CaseStore(store.database), store.now - timedelta(days=7)
    outbox = OutboxStore(store.database)
    await grants.ask_for_more(ask_for_more(store), stale=stale)
    item = await store.announced()
    assert item is not None
    await grants.ask_for_more(replace(ask_for_more(store, "2"), body={"credits": 3}), stale=stale)
    await outbox.posted(item, message_id=9, now=store.now)  # what it says is out of date by now
    again, case = await store.announced(), await cases.case("more-1")
    assert again is not None
    assert case is not None
    assert (again.subject_id, again.message_id, dict(case.body)) == ("more-1", 9, {"credits": 3})
    await outbox.posted(again, message_id=9, now=store.now)
    store.later(600)
    assert await store.announced() is None


@pytest.mark.parametrize("given", [20, 7, 0])
async def test_a_request_is_decided_once_with_what_is_given_and_its_record(store: Store, given: int) -> None:
    grants, case = GrantStore(store.database), ask_for_more(store)
    await grants.ask_for_more(case, stale=store.now)
    decided = await grants.decide(case, entry(store, "a"), given=given)
    assert (decided.state, decided.decided_by) == (CaseState.APPROVED if given else CaseState.DENIED, 9)
    with pytest.raises(CaseDecided):
        await grants.decide(case, entry(store, "b"), given=20)
    assert await left(store, extra()) == given
    assert [each.id for each in await AuditStore(store.database).of_guild(GUILD, most=9)] == ["a"]
    await store.books_add_up()


async def test_of_two_admins_who_decide_at_once_one_does(store: Store) -> None:
    grants, case = GrantStore(store.database), ask_for_more(store)
    await grants.ask_for_more(case, stale=store.now)
    deciding = [grants.decide(case, entry(store, key), given=20 if key == "a" else 0) for key in "ab"]
    answers = await asyncio.gather(*deciding, return_exceptions=True)
    assert sum(isinstance(answer, CaseDecided) for answer in answers) == 1
    await store.books_add_up()


@pytest.mark.parametrize("cut", range(1, 6))
async def test_a_decision_that_is_cut_off_anywhere_is_still_to_be_made(store: Store, cut: int) -> None:
    interrupted, case = InterruptedDatabase(store.database), ask_for_more(store)
    await GrantStore(store.database).ask_for_more(case, stale=store.now)
    interrupted.cut = cut
    with pytest.raises(InterruptionError):
        await GrantStore(interrupted).decide(case, entry(store, "a"), given=20)
    assert await left(store, extra()) == 0
    await GrantStore(interrupted).decide(case, entry(store, "b"), given=20)
    assert await left(store, extra()) == 20


async def test_a_statement_has_what_happened_the_latest_first(store: Store) -> None:
    await grant(store, 20, note="thanks")
    store.later(1)
    await GrantStore(store.database).give(gift(12), now=store.now)
    store.later(1)
    job = await ask(store, own(0), extra(), credits=5)
    store.later(1)
    await store.jobs.cancel(job.id, user_id=1, now=store.now)
    entries = await latest(store)
    assert [(each.kind, each.amount) for each in entries] == [
        (Kind.RELEASE, 5),
        (Kind.HOLD, -5),
        (Kind.GIFT, -12),
        (Kind.GRANT, 20),
    ]
    assert [each.other_id for each in entries[2:]] == [2, 9]
    assert entries[3].note == "thanks"
    assert entries[0].job is not None
    assert entries[0].job.id == job.id
    assert [(each.kind, each.amount, each.other_id) for each in await latest(store, 2)] == [(Kind.GIFT, 12, 1)]
    assert len(await latest(store, most=2)) == 2


async def test_a_statement_counts_a_job_as_a_whole_and_says_nothing_of_others_in_a_pool(store: Store) -> None:
    pool = Fund(owner=pool_of("team", guild_id=GUILD), period="2026-03", allowance=40)
    await ask(store, own(3), pool, credits=9)
    theirs = replace(own(0), owner=owner_of(user_id=2, guild_id=GUILD))
    await ask(store, theirs, pool, credits=7, user_id=2)
    assert [(each.kind, each.amount) for each in await latest(store)] == [(Kind.HOLD, -9)]
    assert [(each.kind, each.amount) for each in await latest(store, 2)] == [(Kind.HOLD, -7)]


async def test_what_was_spent_is_said_without_being_taken_twice(store: Store) -> None:
    await store.delivered()
    entries = await latest(store)
    assert sorted((each.kind, each.amount) for each in entries) == [(Kind.HOLD, -5), (Kind.SETTLE, -5)]
