"""What an upgrade would do is said before it is done, with what speaks against it now; nothing is changed by asking."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from bot.locale import locales, words
from bot.lockfile import sole_user
from bot.operate import upgrade
from bot.operate.backup import take
from bot.operate.upgrade import check
from bot.settings import Settings
from bot.store.migrate import migrate, shipped
from bot.store.postgres_session import PostgresSession
from bot.wiring.database import open_database
from tests.operate.conftest import settings_of
from tests.store.conftest import START

NOW = START + timedelta(hours=1)


async def asked(settings: Settings, folder: Path, locale: str = "en-US") -> tuple[int, str]:
    out = StringIO()
    code = await check(settings, folder, words(locale), now=NOW, out=out)
    return code, out.getvalue()


@pytest.fixture
async def old(tmp_path: Path) -> Settings:
    """The settings of a bot whose database is of an earlier version."""
    settings = settings_of(tmp_path, f"sqlite:///{tmp_path / 'data' / 'shotcaller.db'}")
    async with open_database(settings) as database:
        await migrate(database, now=START, migrations=[each for each in shipped() if each.version <= 22])
    return settings


async def test_a_database_that_is_up_to_date_needs_nothing(settings: Settings, tmp_path: Path) -> None:
    code, said = await asked(settings, tmp_path)
    assert code == 0
    assert "nothing changes" in said
    assert "✓ bot: none is running" in said
    assert "! backup: there is none in" in said


async def test_an_old_one_is_told_what_changes_and_wants_a_backup_first(old: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    code, said = await asked(old, folder)
    assert code == 1
    assert "! 0025_gateways: keeps whose turn it is to sign in to Discord" in said
    assert "✗ backup: there is none" in said
    await take(old, folder, keep=1, weeks=0, now=START - timedelta(days=2))
    assert "✗ backup: the newest in" in (await asked(old, folder))[1]
    await take(old, folder, keep=1, weeks=0, now=START)
    code, said = await asked(old, folder)
    assert code == 0
    assert "✓ backup: the newest in" in said
    assert "Nothing speaks against it" in said
    assert "! 0025_gateways" in (await asked(old, folder))[1]  # asking has changed nothing


async def test_a_running_bot_speaks_against_what_changes_its_database(old: Settings, tmp_path: Path) -> None:
    with sole_user(old.database_path or ""):
        code, said = await asked(old, tmp_path)
    assert code == 1
    assert "✗ bot: a bot is running" in said


async def test_a_running_bot_is_only_mentioned_where_nothing_changes(settings: Settings, tmp_path: Path) -> None:
    if settings.database_path is not None:
        with sole_user(settings.database_path):
            code, said = await asked(settings, tmp_path)
    else:
        async with PostgresSession(settings.database_url):
            code, said = await asked(settings, tmp_path)
    assert code == 0
    assert "! bot: a bot is running" in said


async def test_too_little_room_speaks_against_it(
    old: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Usage(NamedTuple):
        free: int = 1

    def full(_: Any) -> Usage:
        return Usage()

    monkeypatch.setattr(upgrade.shutil, "disk_usage", full)  # type: ignore[attr-defined]
    assert "✗ disk: 0 MB free" in (await asked(old, tmp_path))[1]


async def test_a_database_that_is_newer_or_damaged_is_said_to_be(old: Settings, tmp_path: Path) -> None:
    with closing(sqlite3.connect(old.database_path or "")) as file, file:
        file.execute("INSERT INTO schema_migrations VALUES (9999, 'x', 'x', 0)")
    code, said = await asked(old, tmp_path)
    assert code == 1
    assert "[9999] that this version does not know: update the program" in said


async def test_where_there_is_none_there_is_nothing_to_upgrade(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, f"sqlite:///{tmp_path / 'new.db'}")
    code, said = await asked(settings, tmp_path)
    assert code == 0
    assert "is not there yet" in said
    assert not tmp_path.joinpath("new.db").exists()


@pytest.mark.parametrize(
    ("locale", "said"),
    [
        (
            "zh-CN",
            ["✗ 备份：", "0025_gateways：记下轮到谁登录 Discord", "改过以后只能靠备份回去", "现在还不行：见上文。"],
        ),
        ("es-ES", ["✗ copia de seguridad: no hay ninguna", "a quién le toca conectarse", "Ahora no: mira arriba."]),
    ],
)
async def test_it_speaks_the_language_of_the_terminal(
    old: Settings, tmp_path: Path, locale: str, said: list[str]
) -> None:
    _, text = await asked(old, tmp_path / "backups", locale)
    assert [each for each in said if each.replace("：", ": ") not in text.replace("：", ": ")] == []
    assert not any(f"{word} is" in text for word in ("newest", "none", "bot"))


@pytest.mark.parametrize("locale", locales())
def test_every_migration_says_what_it_does(locale: str) -> None:
    keys = words(locale).keys()
    told = {key.rpartition(".")[2] for key in keys if key.startswith("upgrade.change.")}
    assert told == {f"{each.version:04}" for each in shipped()}
