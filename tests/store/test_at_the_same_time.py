"""The same call many times at once, over several connections of one PostgreSQL: no other than one after the other."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, Final, TypeVar

import pytest

from bot.domain import (
    AuditEntry,
    Case,
    CaseKind,
    CaseState,
    Fund,
    Funding,
    Job,
    ModerationPolicy,
    OutboxKind,
    Remover,
    Report,
)
from bot.domain.quota import extra_of, owner_of
from bot.errors import CaseDecided, PresetNameTaken, Refused, TooManyJobs, TooManyPresets, TooMuchFeedback
from bot.store.community.cases import CaseStore
from bot.store.community.reports import ReportStore
from bot.store.community.strikes import StrikeStore
from bot.store.jobs.dead_letters import DeadLetterStore
from bot.store.jobs.messages import MessageStore
from bot.store.jobs.results import ResultStore
from bot.store.member.drafts import DraftStore
from bot.store.member.feedback import FeedbackStore
from bot.store.member.library import LibraryStore
from bot.store.member.preferences import PreferenceStore
from bot.store.member.presets import PresetStore
from bot.store.money.grants import Gift, GrantStore
from bot.store.outbox import OutboxStore
from bot.store.periodic_tasks import PeriodicTaskStore
from bot.store.privacy.deletion import DeletionStore
from bot.store.privacy.left_guilds import LeftGuild, LeftGuildStore
from bot.store.told_troubles import ToldTroubleStore
from tests.store.conftest import LEASE, Store

T = TypeVar("T")

TIMES: Final = 8  # at once
ROUNDS: Final = range(4)
MOST: Final = 3
DAY: Final = timedelta(days=1)


async def at_once(stores: list[Store], call: Callable[[Store, int], Awaitable[T]]) -> tuple[list[T], list[type]]:
    """Carry out a call many times at once; what was answered, and the types of what was refused in words."""
    calls = (call(stores[number % len(stores)], number) for number in range(TIMES))
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    refused: list[type] = []
    answers: list[T] = []
    for each in outcomes:
        if isinstance(each, Refused):
            refused.append(type(each))
        elif isinstance(each, BaseException):
            raise each
        else:
            answers.append(each)
    return answers, refused


def entry(store: Store, id_: str = "e") -> AuditEntry:
    return AuditEntry(id=id_, guild_id=7, actor_id=9, action="granted", at=store.now)


def case_of(store: Store, id_: str, kind: CaseKind = CaseKind.REPORT, **changes: Any) -> Case:
    values: dict[str, Any] = {"guild_id": 7, "channel_id": 5, "user_id": 1, "created_at": store.now} | changes
    return Case(id=id_, kind=kind, **values)


@pytest.mark.parametrize("number", ROUNDS)
async def test_nobody_has_too_many_jobs_wherever_they_ask(stores: list[Store], number: int) -> None:
    wanted = [stores[0].job(guild_id=guild_id, user_id=number) for guild_id in range(1, TIMES + 1)]

    async def ask(store: Store, n: int) -> Job:
        own = Fund(owner=wanted[n].owner, period=wanted[n].period, allowance=9)
        funding = Funding(sources=(own,))  # no account is common to all of them
        return (await store.jobs.accept(wanted[n], funding=funding, most=MOST, now=store.now))[0]

    answers, refused = await at_once(stores, ask)
    assert (len(answers), set(refused)) == (MOST, {TooManyJobs})
    await stores[0].books_add_up()


async def save(store: Store, id_: str, name: str, *, user_id: int = 1) -> Any:
    presets = PresetStore(store.database)
    return await presets.save(id_, user_id=user_id, kind="video", name=name, body={}, most=MOST, now=store.now)


async def test_nobody_keeps_too_many_presets(stores: list[Store]) -> None:
    for user_id in ROUNDS:

        async def keep(store: Store, n: int, user_id: int = user_id) -> Any:
            return await save(store, f"{user_id}-{n}", f"n{n}", user_id=user_id)

        answers, refused = await at_once(stores, keep)
        assert (len(answers), set(refused)) == (MOST, {TooManyPresets})


async def test_a_name_means_one_preset_of_a_person(stores: list[Store]) -> None:
    for user_id in ROUNDS:

        async def keep(store: Store, n: int, user_id: int = user_id) -> Any:
            return await save(store, f"{user_id}-{n}", "fox", user_id=user_id)

        answers, _ = await at_once(stores, keep)
        assert sum(new for _, new in answers) == 1
        assert len({preset.id for preset, _ in answers}) == 1


async def test_a_guild_has_a_name_once_and_no_more_than_so_many(stores: list[Store]) -> None:
    for same in (True, False):
        made = [(await save(stores[0], f"{same}{n}", "fox" if same else f"n{n}", user_id=n))[0] for n in range(TIMES)]

        async def share(store: Store, n: int, made: Any = made, guild_id: int = 7 + same) -> Any:
            return await PresetStore(store.database).share(made[n], guild_id=guild_id, most=MOST)

        answers, refused = await at_once(stores, share)
        expected = (1, {PresetNameTaken}) if same else (MOST, {TooManyPresets})
        assert (len(answers), set(refused)) == expected


async def test_of_presets_of_one_name_one_comes_back_to_its_author(stores: list[Store]) -> None:
    presets = PresetStore(stores[0].database)
    made: Any = []
    for n in range(TIMES):
        preset, _ = await save(stores[0], f"{n}", "fox")
        made.append(await presets.share(preset, guild_id=n + 1, most=MOST))
    answers, refused = await at_once(stores, lambda store, n: PresetStore(store.database).unshare(made[n]))
    assert (len(answers), set(refused)) == (1, {PresetNameTaken})


async def test_a_member_asks_for_more_once_at_a_time(stores: list[Store]) -> None:
    for user_id in ROUNDS:

        async def ask(store: Store, n: int, user_id: int = user_id) -> bool:
            case = case_of(store, f"{user_id}-{n}", CaseKind.MORE, user_id=user_id, body={"credits": n})
            return await GrantStore(store.database).ask_for_more(case, stale=store.now - DAY)

        answers, _ = await at_once(stores, ask)
        assert sum(answers) == 1
    assert len(await stores[0].rows("SELECT id FROM cases")) == len(ROUNDS)


async def test_a_person_is_heard_only_so_often(stores: list[Store]) -> None:
    for user_id in ROUNDS:

        async def keep(store: Store, n: int, user_id: int = user_id) -> bool:
            return await FeedbackStore(store.database).keep(
                "cats",
                key=f"{user_id}-{n}",
                user_id=user_id,
                guild_id=7,
                now=store.now,
                most=MOST,
                since=store.now - DAY,
            )

        answers, refused = await at_once(stores, keep)
        assert (len(answers), set(refused)) == (MOST, {TooMuchFeedback})


async def test_every_strike_counts_and_enough_of_them_block(stores: list[Store]) -> None:
    rules = ModerationPolicy(strikes=4, strike_days=2, block_hours=5)
    for user_id in ROUNDS:

        async def strike(store: Store, n: int, user_id: int = user_id) -> int:
            outcome = await StrikeStore(store.database).strike(
                key=f"{user_id}-{n}", guild_id=7, user_id=user_id, reason="r", rules=rules, now=store.now
            )
            return outcome.count

        answers, _ = await at_once(stores, strike)
        assert sorted(answers) == [1, 1, 2, 2, 3, 3, 4, 4]


async def test_every_star_is_counted_and_a_person_has_one_or_none(stores: list[Store]) -> None:
    job = await stores[0].delivered()

    async def toggle(store: Store, user_id: int) -> tuple[bool, int]:
        return await LibraryStore(store.database).toggle(job.id, user_id=user_id, now=store.now)

    answers, _ = await at_once(stores, toggle)
    assert sorted(answers) == [(True, n) for n in range(1, TIMES + 1)]
    answers, _ = await at_once(stores, lambda store, _: toggle(store, TIMES))
    assert Counter(starred for starred, _ in answers) == {True: TIMES // 2, False: TIMES // 2}
    assert await LibraryStore(stores[0].database).stars(job.id) == TIMES


async def test_who_reports_a_video_stands_in_its_one_case(stores: list[Store]) -> None:
    for number in ROUNDS:

        async def report(store: Store, n: int, *, user_id: int | None = None, number: int = number) -> Case | None:
            new = case_of(store, f"{number}-{n}", job_id=f"j{number}")
            about = Report(user_id=n + 1 if user_id is None else user_id, reason="r", at=store.now)
            return await ReportStore(store.database).add(about, key=f"{number}-{n}-{user_id}", case=new)

        answers, _ = await at_once(stores, report)
        assert len({each.id for each in answers if each}) == 1
        assert None not in answers
        answers, _ = await at_once(stores, partial(report, user_id=99))
        assert len([each for each in answers if each]) == 1


async def test_a_report_finds_no_case_that_is_going(stores: list[Store]) -> None:
    first, second = stores[:2]
    for number in range(10):
        old = case_of(first, f"old-{number}", job_id=f"j{number}", user_id=100 + number)
        await ReportStore(first.database).add(Report(user_id=1, reason="r", at=first.now), key=f"a{number}", case=old)
        deletion = await DeletionStore(first.database).ask(100 + number, messages=False, now=first.later(1))
        new = case_of(first, f"new-{number}", job_id=f"j{number}", user_id=100 + number)
        report = Report(user_id=2, reason="r", at=first.now)
        case, _ = await asyncio.gather(
            ReportStore(second.database).add(report, key=f"b{number}", case=new),
            DeletionStore(first.database).clear(deletion, now=first.now),
        )
        assert case is not None
        kept = await CaseStore(first.database).case(case.id)
        assert kept is None or (kept.state is CaseState.OPEN) is (case.id == new.id)


async def test_the_post_of_a_deleted_video_is_taken_away(stores: list[Store]) -> None:
    first, second = stores[:2]
    outbox, messages = OutboxStore(first.database), MessageStore(first.database)
    for number in range(10):
        job = await first.delivered()
        kind = OutboxKind.GALLERY
        await outbox.announce_once(kind, job.id, guild_id=7, channel_id=9, now=first.now)
        item = await outbox.claim_this(kind, job.id, now=first.now, until=first.now + LEASE)
        assert item is not None
        await outbox.begin_posting(item, channel_id=9, at=first.now)

        async def remove(job_id: str = job.id) -> list[int]:
            await ResultStore(first.database).remove(job_id, by=Remover.AUTHOR, now=first.now)
            gone = await outbox.claim_this(OutboxKind.REMOVAL, job_id, now=first.now, until=first.now + LEASE)
            places = await messages.to_remove(await first.get(job_id))
            if gone is not None:
                await outbox.drop(gone)
            return [place.message_id for place in places]

        found, _ = await asyncio.gather(
            remove(), OutboxStore(second.database).posted(item, message_id=number + 100, now=first.now)
        )
        again = await outbox.item(OutboxKind.REMOVAL, job.id)
        assert number + 100 in found or again is not None


async def test_a_claim_passes_over_a_job_that_is_being_cancelled(stores: list[Store]) -> None:
    first, second = stores[:2]
    for _ in range(10):
        going, staying = await first.accept(), await first.accept()
        _, claimed = await asyncio.gather(
            first.jobs.cancel(going.id, user_id=1, now=first.now), second.waiting(), return_exceptions=True
        )
        assert claimed is not None
        assert not isinstance(claimed, BaseException)
        for left in (going.id, staying.id):
            job = await first.get(left)
            if job.status == "queued":
                await first.jobs.cancel(left, user_id=1, now=first.now)
    await first.counts_are_what_a_scan_finds()


async def test_a_guild_that_comes_back_is_there_whatever_was_about_to_be_forgotten(stores: list[Store]) -> None:
    first, second = stores[:2]
    for guild_id in range(100, 110):
        left = LeftGuildStore(first.database)
        await left.left(guild_id, now=first.now)
        await save(first, f"g{guild_id}", "fox", user_id=guild_id)
        gone = LeftGuild(guild_id=guild_id, at=first.now)
        await asyncio.gather(left.forget(gone), LeftGuildStore(second.database).joined(guild_id, now=first.now))
        (row,) = await first.rows("SELECT left_at FROM guilds WHERE guild_id = $1", guild_id)
        assert row["left_at"] is None


def extra(user_id: int = 1) -> Fund:
    return Fund(owner=extra_of(user_id=user_id, guild_id=7))


async def test_a_job_ends_while_its_accounts_lose_their_name(stores: list[Store]) -> None:
    first, second = stores[:2]
    for user_id in range(1, 9):
        await GrantStore(first.database).grant(entry(first, f"g{user_id}"), user_id=user_id, amount=50, note="")
        deletion = await DeletionStore(first.database).ask(user_id, messages=False, now=first.later(1))
        jobs = []
        for _ in range(3):
            job = first.job(user_id=user_id)
            await first.jobs.accept(job, funding=Funding(sources=(extra(user_id),)), most=9, now=first.now)
            jobs.append(job)
        await asyncio.gather(
            DeletionStore(second.database).clear(deletion, now=first.now),
            *(
                stores[n].jobs.cancel(each.id, user_id=user_id, now=first.now)
                for n, each in zip((0, 2, 3), jobs, strict=True)
            ),
        )
        await first.books_add_up()


async def test_jobs_are_given_up_while_somebody_claims_them(stores: list[Store]) -> None:
    first, second = stores[:2]
    for user_id in range(1, 21):
        for _ in range(3):
            await first.running(user_id=user_id)
        deletions = DeletionStore(first.database)
        deletion = await deletions.ask(user_id, messages=False, now=first.later(60))
        claims = [second.claims.due(now=first.now, lease_until=first.now + LEASE, most=1) for _ in range(3)]
        given_up, *_ = await asyncio.gather(deletions.end_jobs(deletion, now=first.now), *claims)
        assert given_up == 3
    await first.books_add_up()


async def test_of_many_who_decide_about_credits_one_does(stores: list[Store]) -> None:
    for number in ROUNDS:
        case = case_of(stores[0], f"c{number}", CaseKind.MORE, user_id=number + 1, body={"credits": 5})
        await GrantStore(stores[0].database).ask_for_more(case, stale=stores[0].now - DAY)

        async def decide(store: Store, n: int, case: Case = case) -> Case:
            return await GrantStore(store.database).decide(case, entry(store, f"{case.id}-{n}"), given=5)

        answers, refused = await at_once(stores, decide)
        assert (len(answers), set(refused)) == (1, {CaseDecided})
        assert (await stores[0].lookup.account(extra(number + 1))).balance == 5


async def test_a_gift_and_a_grant_count_once(stores: list[Store]) -> None:
    first = stores[0]
    answers, _ = await at_once(
        stores, lambda store, _: GrantStore(store.database).grant(entry(store), user_id=1, amount=50, note="")
    )
    assert set(answers) == {50}
    own = Fund(owner=owner_of(user_id=1, guild_id=7), period="2026-03-05", allowance=10)
    gift = Gift(key="g", guild_id=7, giver_id=1, receiver_id=2, credits=20, sources=(own, extra()))
    answers, _ = await at_once(stores, lambda store, _: GrantStore(store.database).give(gift, now=store.now))
    assert set(answers) == {40}
    await first.books_add_up()


async def test_a_decision_that_comes_twice_is_carried_out_once(stores: list[Store]) -> None:
    first = stores[0]
    for number in ROUNDS:
        unknown, waiting = await first.unknown(), await first.accept(user_id=2)
        wrote, cancelled = entry(first, f"w{number}"), entry(first, f"c{number}")

        async def both(
            store: Store, n: int, ids: tuple[str, str] = (unknown.id, waiting.id), by: Any = (wrote, cancelled)
        ) -> str:
            letters = DeadLetterStore(store.database)
            done = await (letters.cancel(by[1], ids[1]) if n % 2 else letters.write_off(by[0], ids[0], billed=False))
            return done.id

        answers, refused = await at_once(stores, both)
        assert refused == []
        assert Counter(answers) == {unknown.id: TIMES // 2, waiting.id: TIMES // 2}
    await first.books_add_up()


async def test_the_same_request_is_kept_once(stores: list[Store]) -> None:
    wanted = stores[0].job()
    answers, refused = await at_once(
        stores, lambda store, n: store.accept(replace(wanted, id=f"job-{n}"), allowance=wanted.credits, most=1)
    )
    assert refused == []
    assert len({job.id for job in answers}) == 1
    await stores[0].books_add_up()


async def test_what_is_to_be_done_once_is_one_callers(stores: list[Store]) -> None:
    async def task(store: Store, _: int) -> bool:
        return await PeriodicTaskStore(store.database).take("t", now=store.now, every=DAY)

    async def trouble(store: Store, _: int) -> bool:
        return await ToldTroubleStore(store.database).take("t", "s", now=store.now, quiet=DAY)

    for take in (task, trouble):
        for days in (0, 2):
            for store in stores:
                store.later(days * 86_400)
            assert sum((await at_once(stores, take))[0]) == 1


async def test_no_change_of_choices_or_drafts_is_lost(stores: list[Store]) -> None:
    first = stores[0]
    await at_once(
        stores, lambda store, n: PreferenceStore(store.database).change("user:1", {f"k{n}": n}, now=store.now)
    )
    assert await PreferenceStore(first.database).read(["user:1"]) == {f"k{n}": n for n in range(TIMES)}
    draft = await DraftStore(first.database).begin("d", user_id=1, guild_id=7, kind="k", body={}, now=first.now)
    answers, _ = await at_once(stores, lambda store, n: DraftStore(store.database).save(draft, {"n": n}, now=store.now))
    assert len([each for each in answers if each]) == 1
