"""When many jobs are asked about in one question: often enough to be noticed soon, hardly more often than that."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.crowds import floor, steady, together
from bot.domain.polling import Spread
from bot.domain.watching import REST, Watched, wait

SPREAD = Spread(middle=240.0, sigma=0.25)

ages = st.floats(0, 100_000)


def asked_at(age: float, *, spread: Spread = SPREAD) -> Watched:
    watched = Watched(spread, began_at=-age)
    watched.note_asked(0.0)
    return watched


@given(ages, st.floats(0, 1_000), st.floats(0, 1_000))
def test_who_was_not_asked_about_for_longer_is_expected_to_have_waited(age: float, one: float, two: float) -> None:
    watched = asked_at(age)
    sooner, later = (watched.waiting(each) for each in sorted((one, two)))
    assert 0 <= sooner <= later + 1e-9


@given(st.lists(ages, max_size=30), st.floats(0, 5_000))
def test_it_looks_again_in_some_time_or_asks_now(crowd: list[float], now: float) -> None:
    pause = wait([asked_at(age) for age in crowd], now=now, least=1.0, most=600.0)
    assert pause >= 0
    assert pause == inf or crowd


def test_without_anybody_there_is_nothing_to_ask() -> None:
    assert wait([], now=0.0, least=1.0, most=600.0) == inf


def test_before_anybody_may_have_ended_it_sleeps_until_then() -> None:
    young = Watched(SPREAD, began_at=0.0)
    assert wait([young], now=0.0, least=1.0, most=600.0) == pytest.approx(SPREAD.earliest)
    assert young.waiting(SPREAD.earliest) == 0


def test_however_many_there_are_nobody_is_asked_about_again_at_once() -> None:
    crowd = [asked_at(240.0) for _ in range(1_000)]
    assert 0 < wait(crowd, now=REST - 0.1, least=1.0, most=600.0) < 0.2
    assert wait(crowd, now=REST, least=1.0, most=600.0) == 0


def test_nobody_is_left_alone_for_longer_than_is_set() -> None:
    young = Watched(SPREAD, began_at=0.0)
    assert wait([young], now=0.0, least=1.0, most=20.0) == 20
    assert wait([young], now=20.0, least=1.0, most=20.0) == 0


def test_one_that_hangs_is_asked_about_ever_more_seldom() -> None:
    stuck = asked_at(7_200.0)
    assert wait([stuck], now=59.0, least=1.0, most=600.0) > 0
    assert stuck.waiting(61.0) > 0


@pytest.mark.parametrize(("count", "mean"), [(25, 60.0), (25, 240.0), (100, 60.0)])
def test_half_are_noticed_within_two_seconds_with_hardly_more_questions_than_that_takes(
    count: int, mean: float
) -> None:
    found = steady(mean, 0.25, count=count, jobs=200)
    assert found.late <= 2.4
    assert found.questions <= 1.1 * floor(mean, count)


def test_like_jobs_that_came_together_share_their_questions() -> None:
    found = together(60.0, 0.05, count=25, rounds=6)
    assert found.late <= 2.4
    assert found.questions <= 0.3


def test_a_great_crowd_shares_its_questions() -> None:
    found = steady(60.0, 0.25, count=300, jobs=300)
    assert found.late <= 2
    assert found.questions <= 0.1
