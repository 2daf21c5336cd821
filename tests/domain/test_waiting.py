"""Backoff and expectation."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain import Mode, VideoRequest
from bot.domain.backoff import RETRY_AFTER_CAP, delay
from bot.domain.eta import ENOUGH, forecast, percentile, similarity_key

chances = st.floats(0, 1, exclude_max=True)


def request_of(duration: int = 5, mode: Mode = Mode.STD, *, sound: bool = False) -> VideoRequest:
    return VideoRequest(model="kirin_v3_t2v", prompt="a fox", duration=duration, mode=mode, sound=sound)


def test_the_wait_doubles_until_its_cap() -> None:
    waits = [delay(attempt, rand=lambda: 0.0).total_seconds() for attempt in range(1, 10)]
    assert waits == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]


@given(st.integers(-5, 10_000), chances)
@settings(deadline=None)
def test_half_of_the_wait_is_certain_and_half_is_chance(attempt: int, chance: float) -> None:
    full = min(60.0, 2.0 ** min(max(attempt, 1) - 1, 100))
    wait = delay(attempt, rand=lambda: chance).total_seconds()
    assert full / 2 - 1e-6 <= wait <= full + 1e-6


@given(st.integers(1, 100), chances, st.floats(0.001, 10), st.floats(0.001, 100))
@settings(deadline=None)
def test_base_and_cap_bound_the_wait(attempt: int, chance: float, base: float, cap: float) -> None:
    wait = delay(attempt, rand=lambda: chance, base=base, cap=cap).total_seconds()
    assert min(base, cap) / 2 - 1e-6 <= wait <= cap + 1e-6


@given(st.integers(1, 100), chances, st.floats(-100, 10**9))
@settings(deadline=None)
def test_being_told_to_wait_wins_over_a_shorter_wait_up_to_its_cap(
    attempt: int, chance: float, retry_after: float
) -> None:
    own = delay(attempt, rand=lambda: chance).total_seconds()
    told = delay(attempt, rand=lambda: chance, retry_after=retry_after).total_seconds()
    assert told == pytest.approx(max(own, min(retry_after, RETRY_AFTER_CAP)), abs=1e-6)


def test_requests_that_take_about_the_same_time_are_alike() -> None:
    assert similarity_key(request_of()) == similarity_key(request_of()) == "kirin_v3_t2v/std/5/silent"
    others = {similarity_key(each) for each in (request_of(6), request_of(mode=Mode.PRO), request_of(sound=True))}
    assert len(others | {similarity_key(request_of())}) == 4


def usual_and_late(request: VideoRequest, history: list[float]) -> tuple[float, float]:
    found = forecast(request, history)
    return found.usual.total_seconds(), found.late.total_seconds()


def test_without_history_there_is_a_guess_that_grows_with_the_work() -> None:
    guesses = [usual_and_late(each, []) for each in (request_of(), request_of(10), request_of(10, Mode.PRO))]
    assert guesses == [(90, 180), (150, 300), (230, 460)]
    assert usual_and_late(request_of(10, Mode.PRO, sound=True), [])[0] == 290


def test_history_takes_the_place_of_the_guess_a_job_at_a_time() -> None:
    steps = [usual_and_late(request_of(), [30.0] * count)[0] for count in range(ENOUGH + 2)]
    assert steps == [90, 80, 70, 60, 50, 40, 30, 30]


def test_half_of_past_jobs_were_ready_by_the_usual_time_and_nine_in_ten_by_the_late_one() -> None:
    assert usual_and_late(request_of(), [float(seconds) for seconds in range(11)]) == (5, 9)


def test_one_slow_job_does_not_bend_what_is_usual() -> None:
    usual, late = usual_and_late(request_of(), [50.0, 52.0, 54.0, 56.0, 58.0, 9_000.0])
    assert usual == 55
    assert late > 4_000


@given(st.lists(st.floats(0, 100_000), max_size=30), st.sampled_from(list(Mode)), st.booleans())
@settings(deadline=None)
def test_what_is_late_is_never_sooner_than_what_is_usual(history: list[float], mode: Mode, sound: bool) -> None:  # noqa: FBT001
    usual, late = usual_and_late(request_of(mode=mode, sound=sound), history)
    assert 0 <= usual <= late


@given(st.lists(st.floats(0, 1_000), min_size=1, max_size=30), st.floats(0, 1))
@settings(deadline=None)
def test_a_percentile_lies_between_the_least_and_the_most(values: list[float], share: float) -> None:
    assert min(values) <= percentile(values, share) <= max(values)
    assert percentile(values, 0) == min(values)
    assert percentile(values, 1) == max(values)
