"""The demo of the budget, and that its sums would tell if anything were wrong."""

import asyncio
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest

from bot.__main__ import main
from bot.demo.crowd import Crowd, SentRequest
from bot.demo.crowd_outcome import LEEWAY, CrowdOutcome, comparisons, most_at_once, passed_over
from bot.demo.screen import Screen
from bot.demo.show import DemoFailed
from bot.domain import Destination, Job
from bot.store.money.ledger_totals import Amounts, LedgerTotals
from tests import jobs
from tests.fresh_databases import FreshDatabases
from tests.service.scripted import START

WINNERS, OTHERS = frozenset({"1", "2"}), frozenset({"3", "4", "5"})
SEEN = CrowdOutcome(
    accepted=WINNERS,
    refused=OTHERS,
    for_money=3,
    private=OTHERS,
    mentioned=Counter(WINNERS),
    named=WINNERS,
    videos=2,
    billed=2,
    tasks=2,
    at_once=2,
)
BOOKS = LedgerTotals(
    videos=2,
    credits=6,
    cost=504_000,
    members=Amounts(held=0, settled=6),
    budget=Amounts(held=0, settled=504_000),
    mismatched=(),
)
BILL = Decimal("0.504")


def test_a_crowd_gets_what_the_budget_affords_and_the_books_balance(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--crowd", "9", "--afford", "4"]) == 0
    shown = capsys.readouterr().out
    lines = [line.split() for line in shown.splitlines()]
    assert ["the", "provider's", "bill", "4", "1.008"] in lines
    assert ["posted", "in", "the", "channels", "4"] in lines
    assert ["the", "jobs", "4", "12", "1.008"] in lines
    assert ["refused,", "in", "private", "5"] in lines
    assert "the books balance to the cent" in shown
    told = sorted(" ".join(line[:2]) for line in lines if line[2:3] == ["after"])
    assert told == ["4 billed", "4 posted", "4 submitted", "9 answered"]


async def test_a_crowd_of_two_guilds_gets_what_their_budgets_afford_from_a_bot_of_five_processes(
    capsys: pytest.CaptureFixture[str], fresh_databases: FreshDatabases, tmp_path: Path
) -> None:
    url = await fresh_databases.url(tmp_path)
    arguments = ["demo", "--crowd", "24", "--afford", "14", "--postgres", url]
    code = await asyncio.to_thread(main, arguments)
    fresh_databases.let_go(tmp_path)
    shown = capsys.readouterr().out
    assert code == 0, shown
    lines = [line.split() for line in shown.splitlines()]
    assert ["posted", "in", "the", "channels", "14"] in lines
    assert ["refused,", "in", "private", "10"] in lines


@pytest.mark.parametrize("number", ["0", "-1", "x", "501"])
def test_a_crowd_is_some_people(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["demo", "--crowd", number])
    assert "--crowd" in capsys.readouterr().err


def off(seen: CrowdOutcome = SEEN, database: LedgerTotals = BOOKS, bill: Decimal = BILL) -> Sequence[str]:
    return [name for name, is_, should in comparisons(seen, database, bill, wanted=2, asked=5) if is_ != should]


def test_what_adds_up_is_not_complained_about() -> None:
    assert off() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"accepted": WINNERS | {"3"}},
        {"refused": OTHERS - {"3"}},
        {"private": OTHERS - {"3"}},
        {"mentioned": Counter({"1": 2})},
        {"mentioned": Counter({"1": 1, "3": 1})},
        {"named": WINNERS | {"3"}},
        {"for_money": 2},
        {"videos": 3},
        {"billed": 1},
        {"tasks": 3},
        {"at_once": 11},
        {"passed_over": LEEWAY + 1},
    ],
)
def test_whatever_people_should_not_have_seen_is_found(changes: dict[str, Any]) -> None:
    assert off(replace(SEEN, **changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"videos": 3},
        {"credits": 7},
        {"cost": 504_001},
        {"members": Amounts(held=0, settled=5)},
        {"members": Amounts(held=1, settled=6)},
        {"budget": Amounts(held=0, settled=503_999)},
        {"budget": Amounts(held=1, settled=504_000)},
        {"mismatched": (("budget:bot", "2026-03"),)},
    ],
)
def test_whatever_is_wrong_in_the_books_is_found(changes: dict[str, Any]) -> None:
    assert off(database=replace(BOOKS, **changes))


def test_a_bill_that_is_a_tenth_of_a_cent_off_is_found() -> None:
    assert off(bill=BILL + Decimal("0.001"))


def test_the_most_at_once_are_counted_by_when_each_begins_and_ends() -> None:
    times = [(0, 3), (1, 2), (2, 5), (4, None)]
    assert most_at_once([{"created_at": began, "finished_at": ended} for began, ended in times]) == 2


def begun(*asked: tuple[int, int]) -> list[Job]:
    """Jobs that began one after the other, a second apart from the 100th on; of each the guild and when it came."""
    return [
        jobs.job(
            id=f"{number:016x}",
            destination=Destination(guild_id=guild, channel_id=5, upload_limit=1),
            created_at=START + timedelta(seconds=second),
            submitted_at=START + timedelta(seconds=100 + number),
        )
        for number, (guild, second) in enumerate(asked)
    ]


def test_guilds_that_take_turns_and_people_in_the_order_in_which_they_came_pass_nobody_over() -> None:
    assert passed_over(begun(*((7 + number % 2, number // 2) for number in range(20)))) == 0
    assert passed_over(begun(*((7, 0) for _ in range(20)))) == 0
    assert passed_over([]) == 0


def test_a_guild_that_waits_until_another_has_had_everything_is_passed_over() -> None:
    assert passed_over(begun(*[(7, 0)] * 10, (8, 0))) == 9


def test_a_guild_that_comes_last_was_passed_over_by_nobody() -> None:
    assert passed_over(begun(*[(7, 0)] * 10, (8, 120))) == 0


def test_whoever_came_first_and_begins_last_is_passed_over_by_all_others() -> None:
    assert passed_over(begun(*((7, 5 + number) for number in range(10)), (7, 0))) == 10


class Told(Crowd):
    """A crowd that has seen what a test says, against a provider that billed what a test says."""

    def __init__(self, seen: CrowdOutcome, bill: str, output: io.StringIO) -> None:
        super().__init__(cast("Any", None), {"control": "", "discord": {"guild_id": "1"}}, Screen(output), wanted=2)
        self._told, self._bill = seen, bill

    async def _seen(self, _: object) -> CrowdOutcome:
        return self._told

    async def _get(self, path: str) -> Any:
        return {"bill": {"total": self._bill}, "requests": []}[path]


async def test_what_does_not_add_up_is_named_and_ends_the_demo() -> None:
    output, asked = io.StringIO(), [cast("SentRequest", None)] * 5
    await Told(SEEN, "0.504", output).add_up(asked, BOOKS)
    assert "balance to the cent" in output.getvalue()
    with pytest.raises(DemoFailed, match=r"the provider's bill: 0\.756, not 0\.504; .* cost: 0\.504, not 0\.756"):
        await Told(SEEN, "0.756", output).add_up(asked, BOOKS)
    with pytest.raises(DemoFailed, match="videos that were posted: 3, not 2"):
        await Told(replace(SEEN, videos=3), "0.504", output).add_up(asked, BOOKS)
