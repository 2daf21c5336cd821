"""Signals reach whoever waits, in this process at once and in the others a moment later, whatever the wire does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import asyncpg

from bot.service.signals import ANY, MOST, PAYLOAD, SharedSignals, Signals, Topic, packed
from bot.store.postgres_session import PostgresSession
from tests.fresh_databases import FreshDatabases
from tests.service.party import Party
from tests.service.scripted import until


def heard_by(signals: Signals, *topics: Topic) -> list[tuple[Topic, str]]:
    heard: list[tuple[Topic, str]] = []
    for topic in topics:
        signals.on(topic, partial(_note, heard, topic))
    return heard


def _note(heard: list[tuple[Topic, str]], topic: Topic, subject: str) -> None:
    heard.append((topic, subject))


@asynccontextmanager
async def carried(*processes: SharedSignals) -> AsyncIterator[None]:
    running = [asyncio.create_task(each.run()) for each in processes]
    await asyncio.sleep(0)
    try:
        yield
    finally:
        for task in running:
            task.cancel()
        await asyncio.wait(running)


def test_a_signal_is_heard_at_once_by_those_who_listen_to_its_topic() -> None:
    signals = Signals()
    heard = heard_by(signals, Topic.JOBS)
    signals.send(Topic.JOBS)
    signals.send(Topic.OUTBOX)
    assert heard == [(Topic.JOBS, ANY)]


async def test_who_expects_a_signal_hears_that_one_and_no_other() -> None:
    signals = Signals()
    with signals.expected(Topic.CARDED, "1") as one, signals.expected(Topic.CARDED, "2") as two:
        signals.send(Topic.CARDED, "2")
        assert (one.is_set(), two.is_set()) == (False, True)
        signals.send(Topic.CARDED)
        assert not one.is_set()


async def test_other_processes_hear_each_signal_once_and_oneself_does_not_hear_it_again() -> None:
    party = Party()
    one, two = SharedSignals(party, me="one"), SharedSignals(party, me="two")
    at_one, at_two = heard_by(one, Topic.JOBS, Topic.CARDED), heard_by(two, Topic.JOBS, Topic.CARDED)
    async with carried(one, two):
        for _ in range(3):
            one.send(Topic.JOBS)
        one.send(Topic.CARDED, "job")
        await until(lambda: len(at_two) == 2)
    assert at_two == [(Topic.JOBS, ANY), (Topic.CARDED, "job")]
    assert at_one == [*[(Topic.JOBS, ANY)] * 3, (Topic.CARDED, "job")]
    assert len(party.payloads) == 1


async def test_what_one_process_does_alone_is_heard_by_no_other() -> None:
    party = Party()
    one, two = SharedSignals(party, me="one"), SharedSignals(party, me="two")
    at_two = heard_by(two, Topic.TASKS, Topic.OUTBOX)
    async with carried(one, two):
        one.send(Topic.TASKS)
        one.send(Topic.OUTBOX)
        await until(lambda: at_two)
    assert at_two == [(Topic.OUTBOX, ANY)]


async def test_a_cut_wire_delays_signals_and_loses_none() -> None:
    party = Party()
    one, two = SharedSignals(party, me="one", rand=lambda: -0.98), SharedSignals(party, me="two")
    at_two = heard_by(two, Topic.CARDED)
    async with carried(one, two):
        party.cut = 2
        one.send(Topic.CARDED, "first")
        await until(lambda: party.cut < 2)
        one.send(Topic.CARDED, "second")
        await until(lambda: len(at_two) == 2)
    assert at_two == [(Topic.CARDED, "first"), (Topic.CARDED, "second")]


async def test_whoever_may_have_missed_something_looks_at_everything() -> None:
    party = Party()
    one = SharedSignals(party, me="one")
    heard = heard_by(one, *Topic)
    party.reconnect()
    assert {topic for topic, _ in heard} == set(Topic) - {Topic.TASKS}
    assert {subject for _, subject in heard} == {ANY}


async def test_too_many_signals_that_wait_become_one_about_everything() -> None:
    party = Party()
    one, two = SharedSignals(party, me="one"), SharedSignals(party, me="two")
    at_two = heard_by(two, Topic.CARDED, Topic.JOBS)
    one.send(Topic.JOBS)
    for number in range(MOST):
        one.send(Topic.CARDED, f"{number:016x}")
    async with carried(one, two):
        await until(lambda: len(at_two) == 3)
    assert at_two == [(Topic.JOBS, ANY), (Topic.CARDED, ANY), (Topic.CARDED, f"{MOST - 1:016x}")]


async def test_a_topic_of_another_version_is_passed_over() -> None:
    party = Party()
    heard = heard_by(SharedSignals(party, me="one"), Topic.JOBS)
    await party.notify("two\nweather rain\njobs ")
    assert heard == [(Topic.JOBS, ANY)]


def test_payloads_stay_below_what_the_database_takes() -> None:
    signals = {(Topic.CARDED, f"{number:0300}"): None for number in range(100)}
    payloads = list(packed("me", signals))
    assert all(len(each.encode()) <= PAYLOAD for each in payloads)
    lines = [line for each in payloads for line in each.split("\n")[1:]]
    assert lines == [f"carded {number:0300}" for number in range(100)]


async def test_processes_on_one_postgresql_hear_each_other_and_look_at_everything_after_a_loss(
    fresh_databases: FreshDatabases, tmp_path: Path
) -> None:
    url = await fresh_databases.url(tmp_path)
    async with AsyncExitStack() as stack:
        stack.callback(fresh_databases.let_go, tmp_path)
        sessions = [
            await stack.enter_async_context(PostgresSession(url, silence=60.0, rand=lambda: 0.0)) for _ in range(2)
        ]
        for session in sessions:
            stack.callback(asyncio.create_task(session.run()).cancel)
        one, two = SharedSignals(sessions[0], me="one"), SharedSignals(sessions[1], me="two")
        at_two = heard_by(two, Topic.CARDED, Topic.JOBS)
        await stack.enter_async_context(carried(one, two))
        one.send(Topic.CARDED, "job")
        await until(lambda: (Topic.CARDED, "job") in at_two)
        operator = await asyncpg.connect(url)
        await operator.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'shotcaller session' AND datname = current_database()"
        )
        await operator.close()
        await until(lambda: (Topic.JOBS, ANY) in at_two)
        one.send(Topic.CARDED, "another")
        await until(lambda: (Topic.CARDED, "another") in at_two)
