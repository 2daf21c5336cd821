"""When a job is asked about: not before it could be ready, hardly later than is best, and never all at once."""

from datetime import timedelta
from math import nan
from statistics import fmean, median

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from benchmarks.asking import CVS, MEANS, average, play, ratio, short_history
from bot.domain.polling import Spread, next_poll

LEAST, MOST = timedelta(seconds=1), timedelta(seconds=600)
LIKE = [210.0, 250.0, 235.0, 260.0, 240.0, 245.0, 220.0, 255.0]

chances = st.floats(0, 1, exclude_max=True)
spans = st.timedeltas(timedelta(0), timedelta(days=30))
histories = st.lists(st.floats(0, 100_000), max_size=20)
guesses = st.floats(1, 10_000)
reports = st.none() | st.floats(-1, 2) | st.sampled_from([0.0, 0.1, 0.5, 0.99, 1.0]) | st.just(nan)


def wait(
    elapsed: float,
    history: list[float],
    *,
    before: float | None = None,
    now: float | None = None,
    chance: float = 0.5,
    guess: float = 240.0,
) -> float:
    return next_poll(
        elapsed=timedelta(seconds=elapsed),
        spread=Spread.of(history, guess=guess),
        progress=(before, now),
        least=LEAST,
        most=MOST,
        rand=lambda: chance,
    ).total_seconds()


@given(spans, st.tuples(histories, guesses), st.tuples(reports, reports), st.tuples(spans, spans).map(sorted), chances)
@example(timedelta(0), ([], 1.0), (None, 5e-324), [timedelta(seconds=1), timedelta(seconds=30)], 0.0)
@example(timedelta(days=30), ([1.0] * 20, 1.0), (1.0, 1.0), [timedelta(0), timedelta(days=30)], 0.0)
@settings(deadline=None)
def test_the_wait_lies_between_its_bounds(
    elapsed: timedelta,
    like: tuple[list[float], float],
    progress: tuple[float | None, float | None],
    bounds: list[timedelta],
    chance: float,
) -> None:
    least, most = bounds
    spread = Spread.of(like[0], guess=like[1])
    found = next_poll(elapsed=elapsed, spread=spread, progress=progress, least=least, most=most, rand=lambda: chance)
    assert least <= found <= most


@given(histories, guesses, chances)
@settings(deadline=None)
def test_nothing_is_asked_before_anything_could_be_ready(history: list[float], guess: float, chance: float) -> None:
    earliest = Spread.of(history, guess=guess).earliest
    assert wait(0, history, guess=guess, chance=chance) >= min(earliest - 1e-3, 600)


@given(st.floats(0, 10_000), st.floats(0, 10_000), histories, chances)
@example(1.0, 0.5, [1.0, 26285.0, 58128.0], 0.0)
@settings(deadline=None)
def test_who_is_asked_later_is_asked_again_later(one: float, two: float, history: list[float], chance: float) -> None:
    first, second = sorted((one, two))
    earlier, later = (each + wait(each, history, chance=chance) for each in (first, second))
    assert earlier <= later + 1e-3


@given(st.floats(0, 10_000), histories, reports, chances, chances)
@settings(deadline=None)
def test_the_wait_grows_with_chance_but_little(
    elapsed: float, history: list[float], now: float | None, one: float, two: float
) -> None:
    low, high = (wait(elapsed, history, now=now, chance=chance) for chance in sorted((one, two)))
    assert low <= high + 1e-3


@given(st.floats(400, 10_000), st.floats(400, 10_000))
@settings(deadline=None)
def test_an_overdue_job_is_asked_ever_more_seldom(one: float, two: float) -> None:
    assume(one != two)
    earlier, later = (wait(elapsed, LIKE) for elapsed in sorted((one, two)))
    assert earlier <= later <= 66


def test_overdue_jobs_that_were_submitted_together_are_not_asked_about_together() -> None:
    waits = [wait(1_000, LIKE, chance=number / 10) for number in range(10)]
    assert max(waits) - min(waits) == pytest.approx(0.18 * wait(1_000, LIKE), rel=0.05)


def test_like_jobs_say_when_to_ask_first_and_differing_ones_are_asked_about_sooner() -> None:
    assert 200 < wait(0, LIKE) < 240
    assert wait(0, [60.0, 100.0, 240.0, 300.0, 500.0, 240.0]) < 150


def test_one_job_that_hung_changes_little() -> None:
    assert wait(0, [*LIKE, 90_000.0]) == pytest.approx(wait(0, LIKE), rel=0.1)


def test_jobs_that_have_become_faster_are_found_out() -> None:
    """Nothing earlier than the first question is ever noticed; each time that moves a little."""
    history = [240.0] * 20
    for _ in range(100):
        at = 0.0
        while at < 120:
            at += wait(at, history)
        history = [*history[1:], at]
    assert history[-1] < 132


@pytest.mark.parametrize("cv", CVS)
@pytest.mark.parametrize("mean", MEANS)
def test_it_is_at_most_15_percent_later_than_the_best_times_with_as_many_questions(mean: float, cv: float) -> None:
    assert ratio(mean, cv, average(mean, cv, jobs=600)) <= 1.15


@pytest.mark.parametrize("past", [0, 1, 3, 6])
def test_while_history_is_short_it_is_as_good_as_what_can_be_known_allows(past: int) -> None:
    found, best = short_history(240, past, worlds=12)
    assert found.late <= 1.15 * best


def test_exact_progress_needs_two_questions() -> None:
    jobs = list(play(240, 0.1, jobs=100, step=0))
    assert fmean(job.questions for job in jobs) <= 2.2
    assert median(job.late for job in jobs) <= 0.2


@pytest.mark.parametrize("cv", CVS)
def test_progress_in_steps_of_1_percent_needs_five_questions_to_be_one_second_late(cv: float) -> None:
    jobs = list(play(240, cv, jobs=100, step=0.01))
    assert fmean(job.questions for job in jobs) <= 5
    assert median(job.late for job in jobs) <= 1


def test_progress_in_steps_of_10_percent_is_worth_something() -> None:
    jobs, none = list(play(240, 0.25, jobs=100, step=0.1)), average(240, 0.25, jobs=100)
    assert fmean(job.questions for job in jobs) < none.questions
    assert fmean(job.late for job in jobs) < 0.8 * none.late


@pytest.mark.parametrize("progress", [None, 0.0, -1.0, 1.5, 0.0001, nan])
def test_progress_that_says_nothing_is_left_out(progress: float | None) -> None:
    assert wait(200, LIKE, now=progress) == wait(200, LIKE)


def test_progress_that_history_contradicts_is_not_believed() -> None:
    """A relay that always says 30 % says nothing."""
    assert wait(230, LIKE, now=0.3) < 12


def test_progress_that_stands_still_is_asked_about_at_no_faster_pace() -> None:
    assert wait(240, LIKE, before=0.98, now=0.99) <= wait(240, LIKE, before=0.99, now=0.99)
