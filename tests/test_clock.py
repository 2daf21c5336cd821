"""The bot's clock goes on evenly, and follows the wall clock when it is told to."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.clock import SteadyClock, utc_now

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Machine:
    """A machine's two clocks."""

    def __init__(self) -> None:
        self.now, self.seconds = NOON, 100.0

    def wall(self) -> datetime:
        return self.now

    def monotonic(self) -> float:
        return self.seconds

    def passes(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.seconds += seconds


@pytest.mark.parametrize("leap", [HOUR, -HOUR])
def test_it_goes_on_evenly_until_it_follows(leap: timedelta) -> None:
    machine = Machine()
    clock = SteadyClock(wall=machine.wall, monotonic=machine.monotonic)
    machine.passes(60)
    machine.now += leap
    machine.passes(60)
    assert (clock(), clock.lead()) == (NOON + timedelta(minutes=2), leap)
    clock.catch_up()
    machine.passes(60)
    assert (clock(), clock.lead()) == (machine.now, timedelta(0))


def test_it_shows_the_present() -> None:
    clock = SteadyClock()
    assert abs(utc_now() - clock()) < timedelta(minutes=1)
