"""The bot's clock goes on evenly, and follows the wall clock when it is told to."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.clock import MEASURE, DatabaseClock, SteadyClock, since_boot, utc_now
from bot.errors import StoreUnavailable

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


class Server:
    """A database's clock, which a process asks over a line of its own."""

    def __init__(self, machine: Machine) -> None:
        self.now, self.delays, self._machine = NOON, [0.0], machine
        self.refuses, self.asked = False, list[float]()

    async def ask(self) -> datetime:
        self.asked.append(self._machine.seconds)
        if self.refuses:
            raise StoreUnavailable("gone")
        delay = self.delays.pop(0) if len(self.delays) > 1 else self.delays[0]
        self._passes(delay / 2)
        answer = self.now
        self._passes(delay / 2)
        return answer

    def _passes(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self._machine.passes(seconds)


def database_clock(machine: Machine, server: Server) -> DatabaseClock:
    return DatabaseClock(server.ask, wall=machine.wall, monotonic=machine.monotonic)


async def test_two_machines_whose_clocks_differ_by_an_hour_have_the_database_s_time() -> None:
    for apart in (HOUR, -HOUR):
        machine = Machine()
        machine.now += apart
        server = Server(machine)
        clock = database_clock(machine, server)
        await clock.measure()
        machine.passes(10)
        assert clock() == NOON + timedelta(seconds=10)
        machine.now += apart  # somebody sets it
        assert clock() == NOON + timedelta(seconds=10)
        assert clock.lead() == timedelta(0)


async def test_how_long_an_answer_takes_is_left_out_and_the_quickest_counts() -> None:
    machine = Machine()
    server = Server(machine)
    server.delays = [3.0, 0.2, 1.0]
    clock = database_clock(machine, server)
    await clock.measure()
    assert abs(clock() - server.now) < timedelta(milliseconds=1)


async def test_it_follows_a_clock_that_goes_a_little_faster() -> None:
    machine = Machine()
    server = Server(machine)
    clock = database_clock(machine, server)
    await clock.measure()
    server.now += timedelta(seconds=1)
    await clock.measure()
    assert (clock(), clock.lead()) == (server.now, timedelta(0))


async def test_a_leap_of_the_database_s_clock_waits_for_who_can_make_up_for_it() -> None:
    machine = Machine()
    server = Server(machine)
    clock = database_clock(machine, server)
    await clock.measure()
    server.now += HOUR
    await clock.measure()
    assert (clock(), clock.lead()) == (NOON, HOUR)
    clock.catch_up()
    assert (clock(), clock.lead()) == (NOON + HOUR, timedelta(0))


async def test_it_is_measured_now_and_then_and_after_a_sleep_and_once_the_database_answers_again() -> None:
    machine = Machine()
    server = Server(machine)
    clock = database_clock(machine, server)
    await clock.measure()
    slept = 0

    async def sleep(seconds: float) -> None:
        nonlocal slept
        slept += 1
        if slept == 70:
            machine.now += HOUR
        server.refuses = slept in {70, 71}
        if slept == 80:
            raise InterruptedError
        machine.passes(seconds)

    with pytest.raises(InterruptedError):
        await clock.run(sleep=sleep)
    assert sorted({each - server.asked[0] for each in server.asked}) == [0, MEASURE, 70, 71, 72]


async def test_a_wall_clock_needs_no_measuring() -> None:
    clock = SteadyClock()
    before = clock()
    await clock.measure()
    assert before <= clock() < before + HOUR
    assert since_boot() <= since_boot()
