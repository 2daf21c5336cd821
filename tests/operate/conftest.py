"""A bot's records with something of everything in them, on both kinds of database, and their settings."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.settings import Settings
from bot.store.migrate import migrate
from bot.wiring.database import open_database
from tests.fresh_databases import FreshDatabases
from tests.store.conftest import START, Store


def settings_of(folder: Path, url: str, **changes: object) -> Settings:
    """The settings of a bot that keeps its data in a folder."""
    given = {"discord_token": "t", "kirin_api_key": "k", "monthly_budget_usd": "none", "data_dir": folder / "data"}
    return Settings.load(env_file=None, **{**given, "database_url": url, **changes})


async def fill(settings: Settings) -> None:
    """Put a job of many stages into the database of the settings."""
    async with open_database(settings) as database:
        await migrate(database, now=START)
        store = Store(database)
        for stage in ("failed", "unknown", "delivered", "undeliverable", "queued"):
            await store.at(stage)
        await store.books_add_up()


async def jobs_in(settings: Settings) -> list[tuple[str, str]]:
    """The jobs of a database, and their states."""
    async with open_database(settings) as database:
        return [(row["id"], row["status"]) for row in await Store(database).rows("SELECT * FROM jobs ORDER BY id")]


@pytest.fixture(params=["sqlite", "postgres"])
async def settings(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Settings]:
    """The settings of a bot that has done something."""
    if request.param == "sqlite":
        settings = settings_of(tmp_path, f"sqlite:///{tmp_path / 'data' / 'shotcaller.db'}")
        await fill(settings)
        yield settings
        return
    databases: FreshDatabases = request.getfixturevalue("fresh_databases")
    monkeypatch.setenv("PATH", f"{databases.server.programs}{os.pathsep}{os.environ['PATH']}")
    settings = settings_of(tmp_path, await databases.url(tmp_path))
    await fill(settings)
    yield settings
    databases.let_go(tmp_path)


@pytest.fixture
async def elsewhere(settings: Settings, request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Settings]:
    """The settings of another place of the same kind, where nothing is yet."""
    other = tmp_path / "elsewhere"
    other.mkdir()
    if settings.database_path is not None:
        yield settings_of(other, f"sqlite:///{other / 'data' / 'shotcaller.db'}")
        return
    databases: FreshDatabases = request.getfixturevalue("fresh_databases")
    async with databases.opened(other, migrated=False):
        pass
    yield settings_of(other, databases.server.url(databases.name_of(other)))
    databases.let_go(other)
