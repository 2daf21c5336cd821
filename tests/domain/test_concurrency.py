"""When a waiting job begins."""

from datetime import UTC, datetime, timedelta
from heapq import heapify, heapreplace

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.domain.concurrency import begins_at

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
EACH = timedelta(seconds=60)


def seconds(place: int, *ends: float, slots: int, each: timedelta = EACH, count: int = 0) -> float:
    moments = [NOW + timedelta(seconds=end) for end in ends]
    begins = begins_at(place, ends=moments, count=count or len(moments), slots=slots, each=each, now=NOW)
    return (begins - NOW).total_seconds()


def test_where_there_is_room_a_job_begins_now() -> None:
    assert [seconds(place, 50, slots=3) for place in (1, 2, 3)] == [0, 0, 50]


def test_one_after_the_other_each_waits_for_all_before_it() -> None:
    assert [seconds(place, 20, slots=1) for place in (1, 2, 3)] == [20, 80, 140]


def test_a_slot_that_is_taken_for_long_is_not_waited_for() -> None:
    assert [seconds(place, 10, 1000, slots=2) for place in (1, 2, 3)] == [10, 70, 130]


def test_what_should_have_ended_already_is_expected_any_moment() -> None:
    assert seconds(1, -500, slots=1) == 0


def test_under_a_limit_that_was_lowered_the_first_to_end_leave_no_room() -> None:
    assert seconds(1, 10, 20, 30, slots=1) == 30


@example(place=3, ends=[0, 100], more=0, each=10)
@given(
    place=st.integers(1, 60),
    ends=st.lists(st.integers(-100, 1000), max_size=6),
    more=st.integers(0, 4),
    each=st.integers(0, 200),
)
@settings(deadline=None)
def test_it_is_as_if_every_job_before_took_the_first_free_slot(
    place: int, ends: list[int], more: int, each: int
) -> None:
    slots = max(1, len(ends) + more)
    free = [*(max(0, end) for end in ends), *([0] * (slots - len(ends)))]
    heapify(free)
    for _ in range(place - 1):
        heapreplace(free, free[0] + each)
    assert seconds(place, *ends, slots=slots, each=timedelta(seconds=each)) == free[0]


@given(
    place=st.integers(1, 60),
    ends=st.lists(st.integers(-100, 1000), min_size=2, max_size=30),
    known=st.integers(1, 30),
    more=st.integers(-10, 4),
    each=st.integers(1, 200),
)
@settings(deadline=None)
def test_of_many_those_that_end_first_decide_for_whoever_is_next(
    place: int, ends: list[int], known: int, more: int, each: int
) -> None:
    slots, first = max(1, len(ends) + more), sorted(ends)[:known]
    told = seconds(place, *first, slots=slots, each=timedelta(seconds=each), count=len(ends))
    exact = seconds(place, *ends, slots=slots, each=timedelta(seconds=each))
    assert told == exact or min(told, exact) >= max(0, first[-1])


def test_behind_those_that_are_known_every_slot_is_taken_once_in_a_while() -> None:
    assert [seconds(place, 10, 20, slots=60, count=60) for place in (1, 2, 3, 4, 62)] == [10, 20, 21, 22, 80]


def test_where_more_than_are_known_have_to_end_first_they_are_waited_for_too() -> None:
    assert [seconds(place, 10, 20, slots=60, count=63) for place in (1, 2)] == [22, 23]
