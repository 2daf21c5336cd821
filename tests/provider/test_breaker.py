from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.provider.breaker import Breaker, Circuit


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(clock=clock, threshold=3, cool_down=30)


def admitted(breaker: Breaker) -> int:
    ticket = breaker.admit()
    assert ticket is not None
    return ticket


def state(breaker: Breaker) -> Circuit:
    return breaker.state


def opened(breaker: Breaker) -> None:
    for _ in range(3):
        breaker.failed(admitted(breaker))
    assert state(breaker) is Circuit.OPEN


def test_opens_only_after_enough_failures_in_a_row(breaker: Breaker) -> None:
    for outcome in (breaker.failed, breaker.failed, breaker.succeeded, breaker.failed, breaker.failed):
        outcome(admitted(breaker))
        assert state(breaker) is Circuit.CLOSED
        assert breaker.wait() == 0
    breaker.failed(admitted(breaker))
    assert state(breaker) is Circuit.OPEN


def test_lets_nothing_through_until_the_cool_down_is_over(breaker: Breaker, clock: Clock) -> None:
    opened(breaker)
    clock.now = 29.5
    assert breaker.admit() is None
    assert breaker.wait() == 0.5


def test_lets_one_probe_through_and_closes_when_it_succeeds(breaker: Breaker, clock: Clock) -> None:
    opened(breaker)
    clock.now = 30
    probe = admitted(breaker)
    assert state(breaker) is Circuit.HALF_OPEN
    assert breaker.admit() is None
    assert breaker.wait() == 30
    breaker.succeeded(probe)
    assert state(breaker) is Circuit.CLOSED
    breaker.failed(admitted(breaker))
    assert state(breaker) is Circuit.CLOSED


def test_a_failed_probe_opens_it_for_another_cool_down(breaker: Breaker, clock: Clock) -> None:
    opened(breaker)
    clock.now = 40
    breaker.failed(admitted(breaker))
    assert state(breaker) is Circuit.OPEN
    assert breaker.wait() == 30
    clock.now = 69.9
    assert breaker.admit() is None
    clock.now = 70
    assert breaker.admit() is not None


def test_an_abandoned_probe_makes_room_for_the_next_at_once(breaker: Breaker, clock: Clock) -> None:
    opened(breaker)
    clock.now = 30
    breaker.abandoned(admitted(breaker))
    assert breaker.wait() == 0
    breaker.succeeded(admitted(breaker))
    assert state(breaker) is Circuit.CLOSED


def test_an_abandoned_call_changes_nothing_while_closed(breaker: Breaker) -> None:
    breaker.failed(admitted(breaker))
    breaker.failed(admitted(breaker))
    breaker.abandoned(admitted(breaker))
    breaker.failed(admitted(breaker))
    assert state(breaker) is Circuit.OPEN


def test_calls_from_before_it_opened_decide_nothing_afterwards(breaker: Breaker, clock: Clock) -> None:
    old = admitted(breaker)
    opened(breaker)
    breaker.succeeded(old)
    assert state(breaker) is Circuit.OPEN
    clock.now = 30
    probe = admitted(breaker)
    for late in (breaker.failed, breaker.succeeded, breaker.abandoned):
        late(old)
        assert state(breaker) is Circuit.HALF_OPEN
    breaker.succeeded(probe)
    assert state(breaker) is Circuit.CLOSED


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["failed", "succeeded", "abandoned"]), st.floats(0, 100)), max_size=60))
def test_it_always_comes_back_after_a_cool_down(steps: list[tuple[str, float]]) -> None:
    clock = Clock()
    breaker = Breaker(clock=clock, threshold=3, cool_down=30)
    for outcome, pause in steps:
        clock.now += pause
        ticket = breaker.admit()
        assert (ticket is None) == (breaker.wait() > 0 and state(breaker) is Circuit.OPEN)
        if ticket is not None:
            getattr(breaker, outcome)(ticket)
    clock.now += 31
    breaker.succeeded(admitted(breaker))
    assert state(breaker) is Circuit.CLOSED
