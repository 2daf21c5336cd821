"""Budgets: no more is begun than they cover, and their shares are noted once for every ceiling."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from bot.domain import UNLIMITED, Fund, Funding, Job, Unit
from bot.domain.quota import budget_of, guild_of
from bot.errors import BudgetExceeded, GuildQuotaExceeded, StoreError
from bot.store.money.budget_alerts import BudgetStore
from bot.store.outbox import OutboxStore
from tests.funding import plain
from tests.store.conftest import Store
from tests.store.interrupted import InterruptedDatabase, InterruptionError


def budget(ceiling: int, guild_id: int | None = 7, period: str = "2026-03") -> Fund:
    return Fund(owner=budget_of(guild_id), period=period, allowance=ceiling, unit=Unit.USD)


async def ask(store: Store, *caps: Fund, **changes: Any) -> Job:
    job = store.job(**changes)
    funding = Funding(sources=plain(job, 1000).sources, caps=caps)
    return (await store.jobs.accept(job, funding=funding, most=99, now=store.now))[0]


async def noted(store: Store) -> list[tuple[str, int, int]]:
    rows = await store.rows("SELECT * FROM budget_alerts ORDER BY owner, ceiling, percent")
    return [(row["owner"], row["ceiling"], row["percent"]) for row in rows]


async def test_a_budget_lets_begin_what_it_covers_and_refuses_the_rest(store: Store) -> None:
    answers = await asyncio.gather(*(ask(store, budget(1_000_000)) for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(answer, BudgetExceeded) for answer in answers) == 3
    with pytest.raises(BudgetExceeded) as caught:
        await ask(store, budget(1_000_000))
    refusal = caught.value
    assert (refusal.owner, refusal.period, refusal.ceiling, refusal.used) == (
        "budget:guild:7",
        "2026-03",
        1_000_000,
        840_000,
    )
    await store.books_add_up()


async def test_shares_are_noted_as_they_are_reached_and_the_last_when_nothing_fits(store: Store) -> None:
    await ask(store, budget(1_000_000))
    assert await noted(store) == []
    await ask(store, budget(1_000_000))
    assert [percent for *_, percent in await noted(store)] == [50, 80]
    with pytest.raises(BudgetExceeded):
        await ask(store, budget(1_000_000))
    with pytest.raises(BudgetExceeded):
        await ask(store, budget(1_000_000))
    assert [percent for *_, percent in await noted(store)] == [50, 80, 100]


async def test_a_raised_ceiling_has_shares_of_its_own_and_a_former_one_is_not_noted_twice(store: Store) -> None:
    await ask(store, budget(500_000))
    await ask(store, budget(2_000_000), usd_micros=700_000)
    with pytest.raises(BudgetExceeded):
        await ask(store, budget(500_000))
    assert await noted(store) == [
        *(("budget:guild:7", 500_000, percent) for percent in (50, 80, 100)),
        ("budget:guild:7", 2_000_000, 50),
    ]


async def test_a_video_that_cost_more_than_expected_is_charged_whole_and_its_share_noted(store: Store) -> None:
    job = await ask(store, budget(1_000_000))
    claimed = await store.waiting()
    assert claimed is not None
    await store.jobs.record_task(claimed, task_id="t", next_at=store.now, now=store.now)
    done = await store.jobs.succeed(await store.claimed(job.id), result_url="u", cost_micros=1_200_000, now=store.now)
    await store.jobs.delivered(done, channel_id=1, message_id=2, now=store.now)
    assert [percent for *_, percent in await noted(store)] == [50, 80, 100]
    with pytest.raises(BudgetExceeded):
        await ask(store, budget(1_000_000), usd_micros=1)
    await store.books_add_up()


async def test_without_a_ceiling_a_budget_counts_and_notes_nothing(store: Store) -> None:
    await ask(store, budget(UNLIMITED), usd_micros=10**12)
    assert await noted(store) == []
    assert (await store.lookup.account(budget(UNLIMITED))).held == 10**12


async def test_guild_and_bot_have_a_budget_each_and_the_narrower_one_decides(store: Store) -> None:
    await ask(store, budget(UNLIMITED), budget(500_000, None))
    with pytest.raises(BudgetExceeded) as caught:
        await ask(store, budget(UNLIMITED, 8), budget(500_000, None), guild_id=8)
    assert caught.value.owner == budget_of(None)
    assert (await store.lookup.account(budget(UNLIMITED, 8))).held == 0
    await ask(store, budget(UNLIMITED, 8), budget(500_000, None, "2026-04"), guild_id=8)


async def test_what_all_use_together_refuses_what_it_does_not_cover(store: Store) -> None:
    cap = Fund(owner=guild_of(7), period="2026-03-05", allowance=9)
    await ask(store, cap, credits=5)
    with pytest.raises(GuildQuotaExceeded) as caught:
        await ask(store, cap, credits=5)
    assert (caught.value.price, caught.value.balance) == (5, 4)
    await store.books_add_up()


async def test_a_price_below_nothing_is_refused(store: Store) -> None:
    await ask(store, budget(1_000_000))
    with pytest.raises(StoreError):
        await ask(store, budget(1_000_000), usd_micros=-1)
    await store.books_add_up()


async def test_the_highest_share_of_a_ceiling_is_announced_once(store: Store) -> None:
    budgets, outbox = BudgetStore(store.database), OutboxStore(store.database)
    await ask(store, budget(500_000))
    item = await store.announced()
    assert item is not None
    alert = await budgets.highest(item.subject_id)
    assert alert is not None
    assert (alert.owner, alert.percent, alert.used) == ("budget:guild:7", 80, 420_000)
    await outbox.drop(item)
    assert await store.announced() is None
    with pytest.raises(BudgetExceeded):
        await ask(store, budget(500_000))
    again = await store.announced()
    assert again is not None
    assert again.subject_id == item.subject_id


async def test_what_is_reached_after_nothing_fitted_any_more_is_no_news(store: Store) -> None:
    with pytest.raises(BudgetExceeded):
        await ask(store, budget(1_000_000), usd_micros=1_000_001)
    item = await store.announced()
    assert item is not None
    await OutboxStore(store.database).drop(item)
    await ask(store, budget(1_000_000), usd_micros=600_000)
    assert [percent for *_, percent in await noted(store)] == [50, 100]
    assert await store.announced() is None


async def test_a_refusal_that_is_cut_off_before_it_is_noted_is_noted_with_the_next(store: Store) -> None:
    job = store.job()
    funding = Funding(sources=plain(job, 1000).sources, caps=(budget(100),))
    interrupted = replace(store, database=InterruptedDatabase(store.database, cut=3))
    with pytest.raises(InterruptionError):
        await interrupted.jobs.accept(job, funding=funding, most=99, now=store.now)
    assert await noted(store) == []
    with pytest.raises(BudgetExceeded):
        await interrupted.jobs.accept(job, funding=funding, most=99, now=store.now)
    assert await noted(store) == [("budget:guild:7", 100, 100)]
