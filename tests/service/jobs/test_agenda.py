"""What the worker looks at next, and when: at everything first, and then at no more than it knows of."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from bot.service.jobs.agenda import GATHER, Agenda
from tests.service.scripted import Clock

LONG = timedelta(seconds=10)
SOON = timedelta(seconds=3)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def woken() -> asyncio.Event:
    return asyncio.Event()


@pytest.fixture
def agenda(clock: Clock, woken: asyncio.Event) -> Agenda:
    """An agenda on which nothing is for ten seconds."""
    agenda = Agenda(woken=woken, clock=clock)
    agenda.begin()
    agenda.plan(clock() + LONG)
    agenda.queues = False
    return agenda


@contextmanager
def sleeping(agenda: Agenda, pause: timedelta) -> Iterator[asyncio.Task[None]]:
    task = asyncio.create_task(agenda.sleep(pause))
    try:
        yield task
    finally:
        task.cancel()


def test_at_first_there_is_everything_to_look_at(clock: Clock, woken: asyncio.Event) -> None:
    agenda = Agenda(woken=woken, clock=clock)
    agenda.begin()
    assert (agenda.known, agenda.queues, agenda.is_due(clock())) == (False, True, True)
    assert agenda.pause(clock(), most=LONG) == GATHER


def test_what_is_planned_holds_until_somebody_wakes_the_worker(
    agenda: Agenda, clock: Clock, woken: asyncio.Event
) -> None:
    agenda.begin()
    assert (agenda.known, agenda.queues, agenda.is_due(clock())) == (True, False, False)
    assert agenda.pause(clock(), most=SOON) == SOON
    woken.set()
    agenda.begin()
    assert (agenda.known, agenda.queues, woken.is_set()) == (False, True, False)


def test_what_is_planned_holds_no_longer_than_was_said(agenda: Agenda, clock: Clock) -> None:
    agenda.expire_by(clock() + SOON)
    assert agenda.pause(clock(), most=LONG) == SOON
    clock.tick(SOON.total_seconds())
    agenda.begin()
    assert not agenda.known


def test_whatever_becomes_due_meanwhile_the_queues_are_looked_at_in_time(agenda: Agenda, clock: Clock) -> None:
    clock.tick(LONG.total_seconds() - 1)
    agenda.begin()
    agenda.plan(clock() + LONG)
    assert agenda.pause(clock(), most=LONG) == timedelta(seconds=1)
    clock.tick(1)
    agenda.begin()
    assert agenda.queues


def test_the_earliest_job_that_was_noted_is_due_next(agenda: Agenda, clock: Clock) -> None:
    for seconds in (5, 3, 4):
        agenda.note_due(clock() + timedelta(seconds=seconds))
    assert agenda.pause(clock(), most=LONG) == SOON
    clock.tick(3)
    agenda.begin()
    assert (agenda.is_due(clock()), agenda.queues) == (True, False)


def test_room_at_a_provider_has_the_queues_looked_at_and_nothing_else(agenda: Agenda, clock: Clock) -> None:
    agenda.note_room()
    agenda.begin()
    assert (agenda.known, agenda.queues, agenda.is_due(clock())) == (True, True, False)
    assert agenda.pause(clock(), most=LONG) == GATHER


async def test_a_sleep_ends_when_something_is_due_that_was_noted_meanwhile(agenda: Agenda, clock: Clock) -> None:
    with sleeping(agenda, timedelta(hours=1)) as asleep:
        await asyncio.sleep(0)
        agenda.note_due(clock() + timedelta(milliseconds=30))
        agenda.note_due(clock() + timedelta(hours=2))
        async with asyncio.timeout(60):
            await asleep


async def test_a_sleep_ends_at_once_when_somebody_wakes_the_worker(agenda: Agenda, woken: asyncio.Event) -> None:
    with sleeping(agenda, timedelta(hours=1)) as asleep:
        await asyncio.sleep(0)
        woken.set()
        async with asyncio.timeout(60):
            await asleep


async def test_a_sleep_that_is_over_bears_what_is_noted_before_its_end_was_heard_of(
    agenda: Agenda, clock: Clock
) -> None:
    with sleeping(agenda, timedelta(0)) as asleep:
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        agenda.note_due(clock())
        await asleep
    agenda.note_room()
    assert agenda.queues


async def test_a_job_may_end_after_the_worker_was_stopped_in_its_sleep(agenda: Agenda) -> None:
    with sleeping(agenda, LONG) as task:
        await asyncio.sleep(0)
    await asyncio.gather(task, return_exceptions=True)
    agenda.note_room()
    assert agenda.queues
