"""Two hundred days in a simulated world. `make simulate ARGS="--seed 7"` tells all that happens in one."""

import subprocess
import sys

import pytest

from bot.store.jobs.jobs import JobStore
from tests.simulation.simulation import Day, simulate

DAYS, TOGETHER = 200, 10


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


def test_a_planted_mistake_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    async def forgetful(_store: JobStore, job: object, **_more: object) -> object:
        return job

    monkeypatch.setattr(JobStore, "begin_telling", forgetful)
    found = next(outcome for seed in range(1, DAYS) if (outcome := simulate(seed, Day())).wrong)
    assert "is posted 2 times" in found.wrong[0]
