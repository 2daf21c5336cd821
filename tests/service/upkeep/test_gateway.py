"""In what turn sessions begin, alone and with other processes, and what happens when few are left."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.domain.sharing import Process, Role
from bot.errors import StoreUnavailable
from bot.service.processes import Processes
from bot.service.upkeep.gateway import PAUSE, Gateways, SessionLimit
from bot.store.gateway import GatewayStore
from bot.store.migrate import migrate
from bot.store.sqlite import SQLiteDatabase
from tests.service.scripted import START, Clock


class Night:
    """A clock that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.clock, self.slept = Clock(), list[float]()

    async def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 3))
        self.clock.tick(seconds)

    def passed(self) -> float:
        return (self.clock.now - START).total_seconds()


class Away(GatewayStore):
    """A store whose database is gone."""

    async def take_turn(self, *_: Any, **__: Any) -> None:
        raise StoreUnavailable("gone")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[GatewayStore]:
    async with SQLiteDatabase(str(tmp_path / "shotcaller.db")) as database:
        await migrate(database, now=START)
        yield GatewayStore(database)


def gateways(store: GatewayStore, night: Night, *, name: str | None = None) -> Gateways:
    processes = Processes(Process(id=name, role=Role.GATEWAY, shards=(0,), shard_count=2)) if name else Processes()
    return Gateways(store=store, processes=processes, clock=night.clock, sleep=night.sleep, passed=night.passed)


def limit(*, remaining: int = 900, max_concurrency: int = 1) -> SessionLimit:
    return SessionLimit(total=1000, remaining=remaining, resets_in=timedelta(hours=2), max_concurrency=max_concurrency)


async def test_the_first_session_of_a_bot_alone_begins_at_once_and_the_next_after_a_pause(store: GatewayStore) -> None:
    night = Night()
    alone = gateways(store, night)
    for _ in range(3):
        await alone.begin_session(0)
    night.clock.tick(60)
    await alone.begin_session(0)
    assert night.slept == [0, PAUSE.total_seconds(), PAUSE.total_seconds(), 0]
    assert await store.take_turn(0, now=START, pause=PAUSE, patience=PAUSE) == START  # the database was not asked


async def test_shards_of_different_buckets_begin_at_once(store: GatewayStore) -> None:
    night = Night()
    alone = gateways(store, night)
    await alone.heed(limit(max_concurrency=2), shards=3)
    for shard in range(3):
        await alone.begin_session(shard)
    assert night.slept == [0, 0, PAUSE.total_seconds()]


async def test_processes_begin_in_turn(store: GatewayStore) -> None:
    night = Night()
    for name in ("a" * 16, "b" * 16):
        await gateways(store, night, name=name).begin_session(0)
    assert night.slept == [0, PAUSE.total_seconds()]


async def test_a_turn_far_away_is_waited_for_without_being_taken(store: GatewayStore) -> None:
    night = Night()
    for _ in range(8):
        await store.take_turn(0, now=START, pause=PAUSE, patience=timedelta(hours=1))
    await gateways(store, night, name="a" * 16).begin_session(0)
    *looks, last = night.slept
    assert set(looks) == {1.0}
    assert last <= 30
    assert night.passed() == 8 * PAUSE.total_seconds()


async def test_without_the_database_a_process_keeps_its_own_pauses(
    store: GatewayStore, caplog: pytest.LogCaptureFixture
) -> None:
    night = Night()
    alone = gateways(Away(store._database), night, name="a" * 16)  # noqa: SLF001 (another store of it)
    for _ in range(2):
        await alone.begin_session(0)
    assert night.slept == [0, PAUSE.total_seconds()]
    assert "turn" in caplog.text


async def test_few_sessions_left_are_told_and_none_are_waited_out(
    store: GatewayStore, caplog: pytest.LogCaptureFixture
) -> None:
    night = Night()
    alone = gateways(store, night)
    assert await alone.heed(limit(), shards=4)
    assert caplog.records == []
    assert await alone.heed(limit(remaining=39), shards=4)
    assert not await alone.heed(limit(remaining=3), shards=4)
    assert [record.levelname for record in caplog.records] == ["WARNING", "ERROR"]
    assert night.slept == [2 * 3600 + 1]


async def test_commands_are_sent_by_one_and_others_wait_for_it(store: GatewayStore) -> None:
    night = Night()
    first, second = (gateways(store, night, name=name * 16) for name in "ab")
    assert await first.must_send_commands(0, "new")
    assert await second.must_send_commands(0, "new")  # the first was gone for thirty seconds
    async with second.sending_commands(0, "new"):
        pass
    assert not await first.must_send_commands(0, "new")
    assert night.slept == [1.0] * 30


async def test_commands_that_could_not_be_sent_are_sent_by_the_next(store: GatewayStore) -> None:
    alone = gateways(store, Night())
    assert await alone.must_send_commands(0, "new")
    with pytest.raises(OSError, match="cut"):
        async with alone.sending_commands(0, "new"):
            raise OSError("cut")
    assert await alone.must_send_commands(0, "new")


async def test_a_bot_alone_waits_for_nobody_who_sent_commands_and_was_killed(store: GatewayStore) -> None:
    night = Night()
    assert await gateways(store, night).must_send_commands(0, "new")
    assert await gateways(store, night).must_send_commands(0, "new")
    assert night.slept == []
