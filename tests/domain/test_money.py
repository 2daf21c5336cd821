"""Price and quota."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain import Account, Mode, VideoRequest
from bot.domain.quota import owner_of, period_of, renews_at

durations = st.integers(1, 1000)
kinds = st.tuples(st.sampled_from(Mode), st.booleans())
moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - as hypothesis wants them


def request_of(duration: int, mode: Mode = Mode.STD, *, sound: bool = False) -> VideoRequest:
    return VideoRequest(model="kirin_v3_t2v", prompt="a fox", duration=duration, mode=mode, sound=sound)


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
