"""Periods in every kind of zone: each moment lies in one, they follow each other, and none comes back."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.domain import Allowance, Period
from bot.domain.quota import best, budget_of, guild_of_budget, period_of, pool_named, pool_of, renews_at

# With summers, half hours, nights without a midnight (Beirut, Cairo) or with two (Havana), a day that never was (Apia).
ZONES = (
    *("UTC", "America/New_York", "Pacific/Auckland", "Asia/Kolkata", "Asia/Beirut", "Africa/Cairo"),
    *("America/Havana", "Pacific/Apia", "Pacific/Kiritimati"),
)
zones = st.sampled_from(ZONES)
periods = st.sampled_from(Period)
moments = st.datetimes(datetime(2005, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 (as hypothesis wants them)


@given(moments, zones, periods)
@example(datetime(2026, 3, 8, 6, 59, 59, tzinfo=UTC), "America/New_York", Period.DAY)
@example(datetime(2011, 12, 30, 9, 59, tzinfo=UTC), "Pacific/Apia", Period.DAY)
@example(datetime(2026, 3, 28, 21, 59, 59, tzinfo=UTC), "Asia/Beirut", Period.DAY)
@example(datetime(2026, 11, 1, 4, 30, tzinfo=UTC), "America/Havana", Period.DAY)
@settings(deadline=None)
def test_a_period_lasts_until_it_renews_and_then_another_begins(moment: datetime, zone: str, period: Period) -> None:
    place = ZoneInfo(zone)
    renewal = renews_at(moment, period, place)
    assert renewal > moment
    assert period_of(renewal - timedelta(microseconds=1), period, place) == period_of(moment, period, place)
    assert period_of(renewal, period, place) > period_of(moment, period, place)


@given(moments, st.timedeltas(timedelta(0), timedelta(days=40)), zones, periods)
@settings(deadline=None)
def test_no_period_comes_back_as_time_goes_on(moment: datetime, later: timedelta, zone: str, period: Period) -> None:
    place = ZoneInfo(zone)
    assert period_of(moment, period, place) <= period_of(moment + later, period, place)


@pytest.mark.parametrize(
    ("day", "hours"), [(datetime(2026, 3, 8, 12, tzinfo=UTC), 23), (datetime(2026, 11, 1, 12, tzinfo=UTC), 25)]
)
def test_a_day_on_which_clocks_are_changed_renews_once(day: datetime, hours: int) -> None:
    zone = ZoneInfo("America/New_York")
    end = renews_at(day, Period.DAY, zone)
    begin = renews_at(day - timedelta(days=1), Period.DAY, zone)
    assert end - begin == timedelta(hours=hours)
    names = {period_of(begin + timedelta(minutes=minutes), Period.DAY, zone) for minutes in range(hours * 60)}
    assert names == {day.date().isoformat()}


def test_periods_are_named_by_day_week_and_month_where_one_is() -> None:
    eve = datetime(2026, 12, 31, 12, tzinfo=UTC)
    assert [period_of(eve, each) for each in Period] == ["2026-12-31", "2026-W53", "2026-12"]
    ahead = ZoneInfo("Pacific/Kiritimati")
    assert [period_of(eve, each, ahead) for each in Period] == ["2027-01-01", "2026-W53", "2027-01"]


def test_the_best_of_several_allowances_gives_the_most_a_day() -> None:
    day, week, month = (
        Allowance(credits=amount, period=period) for amount, period in zip((10, 71, 299), Period, strict=True)
    )
    assert best([day, week, month]) == week
    assert best([day, month]) == day
    assert best([]) is None


def test_an_owner_says_what_it_is() -> None:
    assert pool_named(pool_of("film-crew", guild_id=7)) == "film-crew"
    assert pool_named("extra:1@guild:7") is None
    assert (guild_of_budget(budget_of(7)), guild_of_budget(budget_of(None))) == (7, None)
