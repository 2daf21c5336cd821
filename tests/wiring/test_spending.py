"""What the settings let people spend, as whoever pays the bill reads it."""

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import Mode, Rate
from bot.domain.price import most_usd
from bot.settings import Settings
from bot.wiring.spending import spending_text


def settings(**values: object) -> Settings:
    given = {"discord_token": "t", "kirin_api_key": "k", "monthly_budget_usd": "none", **values}
    return Settings.load(env_file=None, **given)


def rate(price: Fraction, usd: Fraction, seconds: int | None = None) -> Rate:
    return Rate(provider="kirin", model="m", mode=Mode.STD, credits=price, usd=usd, seconds=seconds)


def test_the_defaults_come_to_what_the_guide_says() -> None:
    assert spending_text(settings()) == (
        "a person may cause at most 5.04 USD a day in each server that decides nothing else, "
        "and at most 0.84 USD in direct messages; all people together without a limit"
    )


def test_a_budget_is_the_ceiling_of_all_together() -> None:
    assert spending_text(settings(monthly_budget_usd="20")).endswith("all people together at most 20.00 USD a month")


def test_videos_that_cost_money_and_no_credits_are_named_for_what_they_are(tmp_path: Path) -> None:
    table = tmp_path / "prices.toml"
    table.write_text(
        '[[rate]]\nprovider = "kirin"\nmodel = "kirin_v3_t2v"\nmode = "std"\nsound = false\ncredits = 0\nusd = 0.1\n'
    )
    assert "a person may cause any cost a day" in spending_text(settings(price_table=str(table)))


@pytest.mark.parametrize(("amount", "usd"), [(0, "0.00"), (1, "0.09"), (60, "5.04")])
def test_the_most_is_rounded_up_to_a_cent(amount: int, usd: str) -> None:
    assert most_usd(amount, [rate(Fraction(1), Fraction("0.084"))]) == Decimal(usd)


@given(
    amount=st.integers(0, 500),
    rates=st.lists(
        st.builds(rate, st.fractions(Fraction(1, 9), 9), st.fractions(0, 9), st.none() | st.integers(1, 15)),
        min_size=1,
        max_size=4,
    ),
    picks=st.lists(st.tuples(st.integers(0, 3), st.integers(1, 15)), max_size=60),
)
def test_no_choice_of_videos_costs_more(amount: int, rates: list[Rate], picks: list[tuple[int, int]]) -> None:
    most, spent, left = most_usd(amount, rates), Decimal(0), amount
    assert most is not None
    for which, duration in picks:
        price = rates[which % len(rates)].price(duration)
        if price.credits <= left:
            left, spent = left - price.credits, spent + price.usd
    assert spent <= most + Decimal(len(picks)) / 1_000_000  # each estimate is rounded up to a millionth
