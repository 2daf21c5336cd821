import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from bot.errors import StoreError, StoreUnavailable
from bot.store.database import Database, Store, Transaction, transaction
from tests.store.conftest import Opener

Work = Callable[[Transaction], Awaitable[Any]]


@pytest.fixture
async def numbers(database: Database) -> Database:
    """A database with an empty table of numbers, each of which may be there once."""
    await database.transact(lambda tx: tx.execute("CREATE TABLE numbers (n BIGINT PRIMARY KEY, word TEXT)"))
    return database


def put(number: int, word: str = "") -> Work:
    return lambda tx: tx.execute("INSERT INTO numbers (n, word) VALUES ($1, $2)", number, word)


async def kept(database: Database) -> list[int]:
    rows = await database.transact(lambda tx: tx.all("SELECT n FROM numbers ORDER BY n"))
    return [row["n"] for row in rows]


async def test_a_transaction_answers_with_what_its_work_returns(numbers: Database) -> None:
    async def work(tx: Transaction) -> tuple[int, int, Any, Any]:
        first = await tx.execute("INSERT INTO numbers (n, word) VALUES (1, $1), (2, $1)", "x")
        none = await tx.execute("UPDATE numbers SET word = $2 WHERE n = $1", 9, "y")
        row = await tx.one("SELECT word FROM numbers WHERE n = $1", 1)
        assert row is not None
        return first, none, row["word"], await tx.one("SELECT * FROM numbers WHERE n = $1", 9)

    assert await numbers.transact(work) == (2, 0, "x", None)


async def test_a_repeat_that_does_nothing_counts_no_row(numbers: Database) -> None:
    again = "INSERT INTO numbers (n) VALUES ($1) ON CONFLICT (n) DO NOTHING"
    counts = [await numbers.transact(lambda tx: tx.execute(again, 1)) for _ in range(2)]
    assert counts == [1, 0]


async def test_a_work_that_raises_leaves_nothing(numbers: Database) -> None:
    async def work(tx: Transaction) -> None:
        await put(1)(tx)
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        await numbers.transact(work)
    assert await kept(numbers) == []


async def test_a_work_that_is_cancelled_from_within_leaves_nothing_and_stops_nobody_else(numbers: Database) -> None:
    async def work(tx: Transaction) -> None:
        await put(1)(tx)
        raise asyncio.CancelledError

    answers = await asyncio.gather(numbers.transact(work), numbers.transact(put(2)), return_exceptions=True)
    assert isinstance(answers[0], asyncio.CancelledError)
    assert answers[1] == 1
    assert await kept(numbers) == [2]


async def test_a_broken_rule_is_an_error_of_the_store_with_its_cause(numbers: Database) -> None:
    await numbers.transact(put(1))
    with pytest.raises(StoreError) as caught:
        await numbers.transact(put(1))
    assert not isinstance(caught.value, StoreUnavailable)
    assert caught.value.__cause__ is not None


@pytest.mark.parametrize("values", [(2**70, ""), (1, "\ud800")])
async def test_a_value_that_cannot_be_kept_is_no_outage_and_is_not_shown(
    numbers: Database, values: tuple[int, str]
) -> None:
    with pytest.raises(StoreError, match="a value that cannot be kept") as caught:
        await numbers.transact(put(*values))
    assert not isinstance(caught.value, StoreUnavailable)
    assert str(2**70) not in f"{caught.value!r} {caught.value.__cause__!r}"


async def test_of_many_transactions_at_once_the_one_that_fails_fails_alone(numbers: Database) -> None:
    await numbers.transact(put(77))
    answers = await asyncio.gather(*(numbers.transact(put(n)) for n in range(200)), return_exceptions=True)
    assert [n for n, answer in enumerate(answers) if isinstance(answer, StoreError)] == [77]
    assert await kept(numbers) == list(range(200))


async def test_a_cancelled_callers_transaction_is_still_whole(numbers: Database) -> None:
    async def work(tx: Transaction) -> None:
        await put(1)(tx)
        await put(2)(tx)

    caller = asyncio.create_task(numbers.transact(work))
    await asyncio.sleep(0)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    for _ in range(1000):  # another connection may read before the one that still works has ended
        if found := await kept(numbers):
            break
        await asyncio.sleep(0.01)
    assert found == [1, 2]


async def test_a_failure_that_a_cancelled_caller_cannot_hear_troubles_nobody(numbers: Database) -> None:
    await numbers.transact(put(1))
    caller = asyncio.create_task(numbers.transact(put(1)))
    await asyncio.sleep(0)
    caller.cancel()
    assert await numbers.transact(put(2)) == 1
    assert caller.cancelled()


async def test_before_it_is_open_and_after_it_is_closed_a_database_refuses(
    open_database: Opener, tmp_path: Path
) -> None:
    async with open_database(tmp_path) as database:
        await database.transact(lambda tx: tx.execute("CREATE TABLE numbers (n BIGINT, word TEXT)"))
    with pytest.raises(StoreUnavailable):
        await database.transact(put(1))


async def test_closing_carries_out_what_waits_and_refuses_what_comes_later(
    open_database: Opener, tmp_path: Path
) -> None:
    async with open_database(tmp_path) as database:
        await database.transact(lambda tx: tx.execute("CREATE TABLE numbers (n BIGINT, word TEXT)"))
        waiting = [asyncio.create_task(database.transact(put(n))) for n in range(300)]
        await asyncio.sleep(0)
    assert await asyncio.gather(*waiting) == [1] * 300
    async with open_database(tmp_path) as again:
        assert await kept(again) == list(range(300))


async def test_what_is_decided_alone_is_decided_by_one_after_the_other(numbers: Database) -> None:
    async def one_more(tx: Transaction) -> int:
        await tx.alone("numbers")
        row = await tx.one("SELECT count(*) AS n FROM numbers")
        assert row is not None
        return 0 if row["n"] >= 3 else await put(row["n"])(tx)

    assert sum(await asyncio.gather(*(numbers.transact(one_more) for _ in range(20)))) == 3
    assert await kept(numbers) == [0, 1, 2]


class Counting(Store):
    @transaction
    async def add(self, tx: Transaction, number: int, *, word: str = "") -> int:
        return await tx.execute("INSERT INTO numbers (n, word) VALUES ($1, $2)", number, word)

    @transaction(snapshot=True)
    async def both_ways(self, tx: Transaction) -> list[Any]:
        rows = [await tx.one(f"SELECT {what} AS n FROM numbers") for what in ("count(*)", "sum(n)")]  # noqa: S608
        return [row and row["n"] for row in rows]


async def test_a_method_is_a_transaction_and_may_be_one_of_a_single_moment(numbers: Database) -> None:
    store = Counting(numbers)
    assert await store.add(20) == await store.add(22, word="x") == 1
    assert await store.both_ways() == [2, 42]
