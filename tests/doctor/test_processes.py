"""What the doctor says of several processes: who lives, whom nobody answers, what does not fit."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.clock import utc_now
from bot.doctor.guilds import judge_shards
from bot.doctor.processes import check_processes, judge, written
from bot.domain.finding import Finding, Mark
from bot.domain.sharing import Process, Role
from bot.locale import words
from bot.service.processes import lock_of
from bot.settings import Settings
from bot.store.postgres_session import PostgresSession
from bot.store.processes import ProcessStore
from bot.wiring.database import bring_up_to_date, open_database
from tests.fresh_databases import FreshDatabases


def process(name: str, role: Role = Role.WORKER, *shards: int, of: int = 1, version: str = "1.0") -> Process:
    return Process(id=name * 16, role=role, shards=shards, shard_count=of, version=version, started_at=utc_now())


def said(*living: Process, dead: int = 0, pool: int = 6, room: int = 100) -> list[str]:
    return [str(each) for each in judge(living, words(), dead=dead, pool=pool, room=room)]


def test_who_lives_is_told_with_the_shards_of_the_gateways() -> None:
    gateways = process("a", Role.GATEWAY, 0, 1, of=4), process("b", Role.GATEWAY, 2, 3, of=4)
    assert said(*gateways, process("c"), process("d"), process("e")) == [
        "✓ processes: 2 gateways (shards 0-1 of 4 and 2-3 of 4), 3 workers; version 1.0"
    ]
    assert said(process("a", Role.WHOLE)) == ["✓ processes: 1 whole bot; version 1.0"]


def test_shards_that_nobody_serves_are_named_with_the_command_that_serves_them() -> None:
    assert said(process("a", Role.GATEWAY, 1, 3, of=8), process("b"))[1:] == [
        "✗ shards: nobody answers for 0,2,4-7 of 8\n    → Start a gateway for them: shotcaller run --shards 0,2,4-7/8"
    ]


def test_workers_alone_answer_nobody() -> None:
    assert said(process("a"))[1].startswith("✗ shards: no gateway is running")


def test_different_versions_are_told_by_process() -> None:
    found = said(process("a", Role.GATEWAY, 0), process("b", version="1.1"), process("c", version="1.1"))
    assert "version 1.0 and 1.1" in found[0]
    assert found[1].startswith("! versions: they differ: 1.0 of 1 gateway (shards 0 of 1); 1.1 of 2 workers")


def test_processes_that_may_need_more_connections_than_the_server_has_are_told() -> None:
    everybody = process("a", Role.WHOLE), process("b")
    assert len(said(*everybody, room=14)) == 1
    assert said(*everybody, room=13)[1].startswith(
        "✗ connections: these processes may need 14, and the server allows 13"
    )


def test_nobody_and_the_dead_are_told() -> None:
    assert [each[0] for each in said(dead=2)] == ["!", "!"]
    assert "2 ended without a word" in said(dead=2)[1]


def test_shards_are_written_as_they_are_read() -> None:
    assert [written(each) for each in ((0,), (0, 1, 2), (0, 2, 3, 9))] == ["0", "0-2", "0,2-3,9"]


@pytest.mark.parametrize(
    ("shards", "recommended", "mark"),
    [
        (None, 1, None),
        (None, 2, Mark.NOTE),
        ("none", 4, Mark.GOOD),
        ("0-1/4", 4, Mark.GOOD),
        ("0-1/4", 6, Mark.NOTE),
        ("0-1/4", 1, Mark.GOOD),
    ],
)
def test_discords_number_of_shards_is_told_where_it_matters(
    shards: str | None, recommended: int, mark: Mark | None
) -> None:
    found = judge_shards(shards, recommended, words())
    assert (found.mark if found else None) is mark


@pytest.fixture
async def settings(fresh_databases: FreshDatabases, tmp_path: Path) -> AsyncIterator[Settings]:
    keys = {"discord_token": "token", "kirin_api_key": "key", "monthly_budget_usd": "none"}
    yield Settings.load(env_file=None, **keys, database_url=await fresh_databases.url(tmp_path))
    fresh_databases.let_go(tmp_path)


async def found(settings: Settings) -> list[Finding]:
    return [each async for each in check_processes(settings, words())]


async def test_who_holds_its_lock_lives_and_who_does_not_has_died(settings: Settings) -> None:
    await bring_up_to_date(settings, now=utc_now())
    living, dead = process("a", Role.WHOLE), process("b")
    async with open_database(settings) as database, PostgresSession(settings.database_url) as session:
        for each in (living, dead):
            await ProcessStore(database).enter(each)
        await session.hold(lock_of(living.id))
        alive, gone = await found(settings)
    assert "1 whole bot" in alive.text
    assert "1 ended without a word" in gone.text


async def test_of_a_database_that_cannot_be_looked_at_nothing_is_said_here(settings: Settings) -> None:
    nowhere = settings.model_copy(update={"database_url": "postgresql://127.0.0.1:1/videos"})
    file = settings.model_copy(update={"database_url": "sqlite:///videos.db"})
    assert [await found(each) for each in (nowhere, file)] == [[], []]
