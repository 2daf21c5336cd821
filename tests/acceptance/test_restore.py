"""A backup is taken while videos are made, and the bot goes on; then it is restored: nothing is paid for twice."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from bot.clock import utc_now
from bot.operate.backup import take
from bot.operate.backups import Backup
from bot.operate.restore import restore
from bot.settings import Settings
from tests.acceptance.database import ServerDatabase
from tests.acceptance.system import SMALL, System
from tests.fresh_databases import FreshDatabases

BOTH: Final = pytest.mark.parametrize("database", ["sqlite", "postgres"], indirect=True)
ONE: Final[dict[str, Any]] = {"running_per_provider": 1}  # so that some wait
KLING: Final[dict[str, Any]] = {**SMALL, "model": "kling-v1", "duration": 5}


def settings_of(system: System) -> Settings:
    environment = system.environment(**ONE)
    return Settings.load(env_file=None, **{name.lower(): value for name, value in environment.items() if value})


async def ask_and_back_up(system: System, *, videos: int, **options: Any) -> Backup:
    """Ask for some videos, and take a backup while one is being made and the others wait."""

    async def under_way() -> bool:
        states = sorted(job["status"] for job in system.database.jobs())
        return states == [*["queued"] * (videos - 1), "running"]

    for _ in range(videos):
        await system.people.types("video create", **options)
    await system.people.until(under_way, what="one video that is made while the others wait")
    backup, _ = await take(settings_of(system), system.folder / "backups", keep=1, weeks=0, now=utc_now())
    return backup


async def backed_up_and_killed(system: System, *, videos: int, **options: Any) -> Backup:
    """Have a bot killed right after its backup, while it makes one video and the others wait."""
    with system.sandbox.providers.held():
        async with system.process(**ONE) as process:
            await system.people.online()
            backup = await ask_and_back_up(system, videos=videos, **options)
            process.kill()
            await process.wait()
    return backup


async def operators_messages(system: System) -> list[dict[str, Any]] | None:
    """What the operator has been told."""
    return await system.people.messages("showcase") or None


async def restored(system: System, backup: Backup, request: pytest.FixtureRequest) -> None:
    """Put a backup in the place of the database; of a server, into another one."""
    if isinstance(system.database, ServerDatabase):
        databases: FreshDatabases = request.getfixturevalue("fresh_databases")
        other = Path(system.folder / "other")
        async with databases.opened(other, migrated=False):
            system.database = ServerDatabase(databases.server.url(databases.name_of(other)))
    await restore(settings_of(system), backup.folder, moved=False, now=utc_now() + timedelta(seconds=1))


@pytest.fixture(autouse=True)
def programs(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL's own programs, of the server's version."""
    if request.node.callspec.params.get("database") == "postgres":
        server = request.getfixturevalue("fresh_databases").server
        monkeypatch.setenv("PATH", f"{server.programs}{os.pathsep}{os.environ['PATH']}")


async def once_each(system: System, videos: int) -> None:
    """Each video was paid for once, and stands in the channel once."""
    tasks = await system.people.tasks()
    assert [task["billed"] for task in tasks] == [True] * videos
    assert len(await system.people.results()) == videos
    assert len(await system.people.results("dm")) == 0
    assert [kind for kind, _ in system.database.entries()].count("settle") == videos
    assert [job["delivered_at"] is not None for job in system.database.jobs()] == [True] * videos
    system.database.check()


@BOTH
async def test_what_was_made_and_posted_since_the_backup_is_found_and_neither_paid_nor_posted_again(
    system: System, request: pytest.FixtureRequest
) -> None:
    async with system.bot(**ONE):
        with system.sandbox.providers.held():
            backup = await ask_and_back_up(system, videos=3, **KLING)
            await system.people.fault("kling", "http_429", on=["create"])  # uses up the first name of one that waits
        assert backup.running
        await system.rest()
        await once_each(system, 3)
    await restored(system, backup, request)
    assert sorted(job["status"] for job in system.database.jobs()) == ["queued", "queued", "running"]
    async with system.bot(**ONE):
        await system.rest()
    await once_each(system, 3)
    assert await system.people.cards() == []


async def test_what_nobody_has_submitted_since_goes_on_as_if_nothing_had_been(
    system: System, request: pytest.FixtureRequest
) -> None:
    backup = await backed_up_and_killed(system, videos=2, **KLING)
    await restored(system, backup, request)
    async with system.bot(**ONE):
        await system.rest()
    await once_each(system, 2)


async def test_where_a_service_cannot_tell_nothing_is_submitted_and_the_operator_decides(
    system: System, request: pytest.FixtureRequest
) -> None:
    backup = await backed_up_and_killed(system, videos=2, **SMALL)
    await restored(system, backup, request)
    operator = system.id_of("channels", "showcase")
    async with system.bot(**ONE, kirin_find_is_authoritative=False, operator_channel_id=operator):
        await system.rest()
        (alert,) = await system.people.until(lambda: operators_messages(system), what="words for the operator")
    assert len(await system.people.tasks()) == 1
    assert sorted(job["dead_letter"] or "" for job in system.database.jobs()) == ["", "outcome_unknown"]
    (lost,) = [job for job in system.database.jobs() if job["dead_letter"]]
    assert f"the video that <@{lost['user_id']}> asked for" in alert["content"]
    assert [kind for kind, _ in system.database.entries()] == ["hold", "hold", "settle"]
