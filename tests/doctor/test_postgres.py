"""What the doctor says of a database on a PostgreSQL server, and that looking changes nothing there."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.clock import utc_now
from bot.doctor.local import check_database, check_settings
from bot.doctor.providers import check_models
from bot.domain.finding import Finding, Mark
from bot.locale import words
from bot.settings import Settings
from bot.wiring.database import bring_up_to_date, open_database
from tests.fresh_databases import FreshDatabases


@pytest.fixture
async def settings(fresh_databases: FreshDatabases, tmp_path: Path) -> AsyncIterator[Settings]:
    """Settings that name an empty database."""
    async with fresh_databases.opened(tmp_path, migrated=False):
        yield named(fresh_databases.server.url(fresh_databases.name_of(tmp_path)))
    fresh_databases.let_go(tmp_path)


def named(url: str) -> Settings:
    keys = {"discord_token": "token", "kirin_api_key": "key", "monthly_budget_usd": "none"}
    return Settings.load(env_file=None, **keys, database_url=url)


async def findings(settings: Settings) -> list[Finding]:
    return [each async for each in check_database(settings, words())]


async def test_an_empty_database_is_told_and_left_empty(settings: Settings) -> None:
    (found,) = await findings(settings)
    assert (found.mark, "migrations are missing" in str(found)) == (Mark.NOTE, True)
    async with open_database(settings) as database:
        tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        assert await database.transact(lambda tx: tx.all(tables)) == []


async def test_a_database_that_is_up_to_date_is_well_and_its_models_are_told(settings: Settings) -> None:
    await bring_up_to_date(settings, now=utc_now())
    (found,) = await findings(settings)
    assert found.mark is Mark.GOOD
    assert str(found).endswith(f"{settings.database_name} opens and is up to date")
    (first, *_) = [str(each) async for each in check_models(settings, words())]
    assert "has made no video here yet" in first


async def test_a_server_that_is_gone_is_named_without_the_password() -> None:
    settings = named("postgresql://ana:hush-hush@127.0.0.1:1/videos")
    (found,) = await findings(settings)
    assert (found.mark, "videos on 127.0.0.1:1 refuses" in str(found)) == (Mark.BAD, True)
    assert "Look at DATABASE_URL" in str(found)
    assert "hush" not in f"{found} {check_settings(settings, words())}"


async def test_a_driver_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    (found,) = await findings(named("postgresql:///videos"))
    assert "pip install 'shotcaller[postgres]'" in str(found)
