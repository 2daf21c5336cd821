"""What is left when texts go, and when a period is over for everybody."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain import Mode, Period, Shot, VideoRequest
from bot.domain.quota import NO_END, period_of, renews_at, span_of

moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - as hypothesis wants them
ZONES = ("UTC", "Pacific/Kiritimati", "Etc/GMT+12", "America/New_York", "Asia/Kathmandu")


@given(moments, st.sampled_from(Period), st.sampled_from(ZONES))
@settings(deadline=None)
def test_a_period_lies_within_its_span_wherever_it_is_counted(moment: datetime, period: Period, zone: str) -> None:
    span = span_of(period_of(moment, period, ZoneInfo(zone)))
    assert span is not None
    begins, ends = span
    assert begins <= moment < renews_at(moment, period, ZoneInfo(zone)) <= ends
    longest = {Period.DAY: 1, Period.WEEK: 7, Period.MONTH: 31}[period]
    assert ends - begins <= timedelta(days=longest, hours=26)


def test_what_never_expires_has_no_span() -> None:
    assert span_of(NO_END) is None


def test_a_request_without_texts_keeps_its_settings_and_nothing_typed() -> None:
    wanted_request = VideoRequest(
        model="kirin_v3_t2v",
        negative_prompt="rain",
        mode=Mode.PRO,
        duration=5,
        shots=(Shot(prompt="a fox", seconds=2), Shot(prompt="a hen", seconds=3)),
    )
    bare = VideoRequest.stored(wanted_request.without_texts().model_dump_json())
    assert not wanted_request.forgotten
    assert bare.forgotten
    assert (bare.mode, bare.duration, [shot.seconds for shot in bare.shots]) == (Mode.PRO, 5, [2, 3])
    assert not {"fox", "hen", "rain"} & set(bare.model_dump_json().replace('"', " ").split())


def test_a_request_with_a_prompt_is_not_forgotten() -> None:
    wanted_request = VideoRequest(model="kirin_v3_t2v", prompt="a fox")
    assert not wanted_request.forgotten
    assert wanted_request.without_texts().forgotten
