"""One person may have something done so often within a time; nobody pays for another's haste."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain import RateLimit
from bot.domain.rate_limit import CROWD
from bot.errors import TooOften

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


def test_a_person_may_go_on_when_the_first_time_is_long_enough_ago() -> None:
    clock = Clock()
    limit = RateLimit(times=2, span=timedelta(minutes=1), clock=clock)
    limit.take(1)
    clock.now += timedelta(seconds=30)
    limit.take(1)
    with pytest.raises(TooOften) as caught:
        limit.take(1)
    assert caught.value.again_at == NOON + timedelta(minutes=1)
    limit.take(2)
    clock.now = caught.value.again_at
    limit.take(1)


def test_who_may_go_on_is_forgotten_and_who_has_to_wait_is_not() -> None:
    clock = Clock()
    limit = RateLimit(times=1, span=timedelta(minutes=1), clock=clock)
    for person in range(CROWD):
        limit.take(person)
    clock.now += timedelta(minutes=2)
    limit.take(CROWD)
    limit.take(CROWD + 1)
    with pytest.raises(TooOften):
        limit.take(CROWD)
    assert len(limit._done) == 2  # noqa: SLF001 (memory is what this is about)
