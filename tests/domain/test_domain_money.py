"""Price and quota."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.price import LIST_PRICES, USD_MICROS, Price, price, to_micros
from bot.domain.quota import Account, owner_of, period_of, renews_at
from bot.domain.request import Mode, VideoRequest

durations = st.integers(1, 1000)
kinds = st.tuples(st.sampled_from(Mode), st.booleans())
moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - as hypothesis wants them


def wanted(duration: int, mode: Mode = Mode.STD, *, sound: bool = False) -> VideoRequest:
    return VideoRequest(model="kirin_v3_t2v", prompt="a fox", duration=duration, mode=mode, sound=sound)


@pytest.mark.parametrize(
    ("duration", "mode", "sound", "cost", "usd"),
    [
        (5, "std", False, 5, "0.42"),
        (5, "pro", False, 7, "0.56"),
        (5, "std", True, 8, "0.63"),
        (5, "pro", True, 10, "0.84"),
        (3, "pro", False, 4, "0.336"),
        (15, "pro", True, 30, "2.52"),
    ],
)
def test_what_a_video_costs(duration: int, mode: str, sound: Any, cost: int, usd: str) -> None:
    found = price(wanted(duration, Mode(mode), sound=sound))
    assert (found.credits, found.usd) == (cost, Decimal(usd))


@given(durations, kinds)
@settings(deadline=None)
def test_prices_are_rounded_up_by_less_than_one(duration: int, kind: tuple[Mode, bool]) -> None:
    found = price(wanted(duration, kind[0], sound=kind[1]))
    exact = duration * Fraction(LIST_PRICES[kind])
    assert 0 <= found.credits - exact / Fraction("0.084") < 1
    assert 0 <= found.usd_micros - exact * USD_MICROS < 1


@given(durations, durations, kinds)
@settings(deadline=None)
def test_a_longer_video_never_costs_less(one: int, two: int, kind: tuple[Mode, bool]) -> None:
    shorter, longer = (price(wanted(each, kind[0], sound=kind[1])) for each in sorted((one, two)))
    assert shorter.credits <= longer.credits
    assert shorter.usd_micros <= longer.usd_micros


@given(durations)
@settings(deadline=None)
def test_a_credit_is_a_second_of_standard_silent_video(duration: int) -> None:
    assert price(wanted(duration)).credits == duration


@given(st.decimals(0, 10**6, places=9))
@settings(deadline=None)
def test_dollars_become_whole_millionths_rounded_up(usd: Decimal) -> None:
    micros = to_micros(usd)
    assert 0 <= micros - Fraction(usd) * USD_MICROS < 1


@given(st.integers(0, 10**12))
@settings(deadline=None)
def test_millionths_survive_the_way_to_dollars_and_back(micros: int) -> None:
    assert to_micros(Price(credits=1, usd_micros=micros).usd) == micros


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
@settings(deadline=None)
def test_the_balance_is_what_is_left_and_never_below_zero(allowance: int, held: int, settled: int) -> None:
    account = Account(owner="user:1@dm", period="2026-03-05", allowance=allowance, held=held, settled=settled)
    assert account.balance == max(0, allowance - held - settled)


def test_an_account_comes_from_its_row() -> None:
    row = {"owner": "user:1@dm", "period": "2026-03-05", "allowance": 30, "held": 5, "settled": 4, "unit": "credits"}
    assert Account.from_row(row) == Account(owner="user:1@dm", period="2026-03-05", allowance=30, held=5, settled=4)


def test_members_and_people_in_direct_messages_pay_from_different_accounts() -> None:
    assert owner_of(user_id=1, guild_id=7) == "user:1@guild:7"
    assert owner_of(user_id=1, guild_id=None) == "user:1@dm"


@given(moments, st.integers(-12, 14))
@settings(deadline=None)
def test_a_period_is_a_day_by_utc_wherever_one_looks_from(moment: datetime, hours: int) -> None:
    elsewhere = moment.astimezone(timezone(timedelta(hours=hours)))
    assert period_of(elsewhere) == period_of(moment) == moment.strftime("%Y-%m-%d")
    assert renews_at(elsewhere) == renews_at(moment)


@given(moments)
@settings(deadline=None)
def test_the_next_period_begins_where_this_one_ends(moment: datetime) -> None:
    renewal = renews_at(moment)
    assert timedelta(0) < renewal - moment <= timedelta(days=1)
    assert period_of(renewal) != period_of(moment)
    assert period_of(renewal - timedelta(microseconds=1)) == period_of(moment)
