"""The books as a whole: what they come to, and that what is wrong in them is found."""

import pytest

from bot.store.money.ledger_totals import Amounts, read_accounts, read_ledger_totals
from tests.store.conftest import Store


async def test_empty_books_balance(store: Store) -> None:
    totals = await read_ledger_totals(store.database)
    assert (totals.videos, totals.credits, totals.cost, totals.mismatched) == (0, 0, 0, ())
    assert totals.members == totals.budget == Amounts(held=0, settled=0)


async def test_delivered_videos_are_what_the_ledger_says_they_are(store: Store) -> None:
    await store.delivered(cost_micros=400_000)
    await store.delivered(cost_micros=None, user_id=2)
    await store.accept()
    await store.cancelled()
    totals = await read_ledger_totals(store.database)
    assert (totals.videos, totals.credits, totals.cost) == (2, 10, 820_000)
    assert totals.members == Amounts(held=5, settled=10)
    assert totals.budget == Amounts(held=420_000, settled=820_000)
    assert (await read_ledger_totals(store.database, guild_id=7)).budget == Amounts(held=0, settled=0)
    assert totals.mismatched == ()


@pytest.mark.parametrize(
    "spoil",
    [
        "UPDATE accounts SET held = held + 1 WHERE owner = $1",
        "UPDATE accounts SET settled = settled + 1 WHERE owner = $1",
    ],
)
@pytest.mark.parametrize("owner", ["user:1@guild:7", "budget:bot"])
async def test_an_account_that_is_not_the_sum_of_its_lines_is_named(store: Store, spoil: str, owner: str) -> None:
    await store.delivered()
    await store.database.transact(lambda tx: tx.execute(spoil, owner))
    assert [name for name, _ in (await read_ledger_totals(store.database)).mismatched] == [owner]


async def test_a_line_that_is_gone_is_missed(store: Store) -> None:
    job = await store.delivered()
    await store.database.transact(
        lambda tx: tx.execute("DELETE FROM ledger WHERE id = $1", f"{job.id}:hold:budget:bot:2026-03")
    )
    assert [name for name, _ in (await read_ledger_totals(store.database)).mismatched] == ["budget:bot"]


async def test_every_account_is_read(store: Store) -> None:
    await store.delivered(cost_micros=400_000)
    accounts = await read_accounts(store.database)
    assert {account.owner.partition(":")[0] for account in accounts} >= {"user", "budget"}
    assert any(account.settled == 400_000 for account in accounts)
