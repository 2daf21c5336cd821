"""Two hundred days in a simulated world. `make simulate ARGS="--seed 7"` tells all that happens in one."""

import subprocess
import sys
from typing import Any

import pytest

from bot.service.jobs.submission import Submission
from bot.service.ports import Card
from tests.simulation.simulation import Day, simulate

DAYS, TOGETHER = 200, 10


def _never(*_args: object) -> bool:
    return False


async def _only_take_away(self: Any, card: Card) -> None:
    await self._notifier.remove_card(card)


async def _nothing(*_args: object, **_more: object) -> None:
    return


@pytest.mark.parametrize("first", range(1, DAYS + 1, TOGETHER))
def test_everything_is_in_order_on_every_day(first: int) -> None:
    outcomes = [simulate(seed, Day()) for seed in range(first, first + TOGETHER)]
    assert {each.seed: each.wrong for each in outcomes if each.wrong} == {}
    assert sum(each.counted["tasks"] for each in outcomes)


def test_a_seed_plays_the_same_day_again() -> None:
    assert simulate(3, Day()).digest == simulate(3, Day()).digest != simulate(4, Day()).digest


def test_a_seed_plays_the_same_day_in_another_process() -> None:
    said = "from tests.simulation.simulation import Day, simulate; print(simulate(3, Day()).digest)"
    other = subprocess.run([sys.executable, "-c", said], check=True, capture_output=True, text=True)  # noqa: S603
    assert other.stdout.strip() == simulate(3, Day()).digest


@pytest.mark.parametrize(
    ("where", "mistake", "what"),
    [
        ("bot.store.money.ledger.settle", _nothing, "its holds ended as"),
        ("bot.service.jobs.cards.Cards._goes", _never, "and its video is posted"),
        ("bot.service.jobs.cards.Cards._tell", _only_take_away, "nothing is in its place"),
        ("bot.service.jobs.submission.Submission.reconcile", Submission.submit, "is submitted once more"),
    ],
)
def test_a_planted_mistake_is_found(monkeypatch: pytest.MonkeyPatch, where: str, mistake: object, what: str) -> None:
    monkeypatch.setattr(where, mistake)
    found = next(outcome for seed in range(1, DAYS) if (outcome := simulate(seed, Day())).wrong)
    assert what in found.wrong[0]
