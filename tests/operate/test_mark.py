"""What somebody has put back by hand is marked with one command, and then pays for nothing twice."""

import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from bot.clock import LEAP
from bot.errors import StoreError
from bot.lockfile import sole_user
from bot.operate.backup import take
from bot.operate.backups import DUMP, NotDone
from bot.operate.mark import describe, mark
from bot.settings import Settings
from bot.store.heartbeat import HeartbeatStore
from bot.store.migrate import migrate, shipped
from bot.store.postgres_session import PostgresSession
from bot.wiring.database import bring_up_to_date, open_database
from tests.operate.conftest import settings_of
from tests.store.conftest import START, Store

ALIVE = START + timedelta(minutes=1)
LATER = START + timedelta(minutes=5)


@pytest.fixture
async def put_back(settings: Settings, elsewhere: Settings, tmp_path: Path) -> Settings:
    """The settings of a database that somebody has put back with what their system offers."""
    async with open_database(settings) as database:
        await HeartbeatStore(database).resume(now=ALIVE, leap=LEAP)
    if settings.database_path is not None and elsewhere.database_path is not None:
        Path(elsewhere.database_path).parent.mkdir()
        shutil.copyfile(settings.database_path, elsewhere.database_path)
        return elsewhere
    backup, _ = await take(settings, tmp_path / "backups", keep=1, weeks=0, now=START)
    command = ["pg_restore", "--no-owner", f"--dbname={elsewhere.database_url}", str(backup.folder / DUMP)]
    subprocess.run(command, check=True)  # noqa: S603, ASYNC221 - PostgreSQL's, and nothing else goes on
    return elsewhere


async def test_it_is_marked_as_of_when_its_bot_was_last_alive_and_the_first_start_takes_it_up(
    put_back: Settings,
) -> None:
    taken_at = await mark(put_back)
    assert taken_at == ALIVE
    assert "last alive on 2026-03-05 at 12:01:00 UTC" in describe(taken_at, put_back)
    assert "nothing is paid for twice" in describe(taken_at, put_back)
    await bring_up_to_date(put_back, now=LATER)
    async with open_database(put_back) as database:
        marked = await Store(database).rows("SELECT status FROM jobs WHERE look_to IS NOT NULL ORDER BY status")
    assert [row["status"] for row in marked] == ["queued", "submitting"]


async def test_marked_twice_it_is_marked_once(put_back: Settings) -> None:
    assert await mark(put_back) == await mark(put_back)
    async with open_database(put_back) as database:
        assert len(await Store(database).rows("SELECT * FROM restored_copy")) == 1


async def test_nothing_is_marked_while_a_bot_runs(put_back: Settings) -> None:
    if put_back.database_path is not None:
        with sole_user(put_back.database_path), pytest.raises(NotDone, match="A bot is running"):
            await mark(put_back)
    else:
        async with PostgresSession(put_back.database_url):
            with pytest.raises(NotDone, match="A bot is running"):
                await mark(put_back)


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_where_no_bot_has_lived_there_is_nothing_to_mark(settings: Settings) -> None:
    with pytest.raises(NotDone, match="No bot has run"):
        await mark(settings)


async def test_one_of_a_version_that_knew_no_sign_of_life_is_of_its_last_request(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, f"sqlite:///{tmp_path / 'data' / 'shotcaller.db'}")
    async with open_database(settings) as database:
        await migrate(database, now=START, migrations=[each for each in shipped() if each.version == 1])
        columns = await Store(database).rows("SELECT name FROM pragma_table_info('jobs') WHERE \"notnull\" = 1")
        values = {row["name"]: "'x'" for row in columns} | {"created_at": str(int(ALIVE.timestamp() * 1000))}
        sql = f"INSERT INTO jobs ({', '.join(values)}) VALUES ({', '.join(values.values())})"  # noqa: S608 - our own
        await database.transact(lambda tx: tx.execute(sql))
    assert await mark(settings) == ALIVE


async def test_what_is_no_database_of_the_bot_s_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    settings = settings_of(tmp_path, f"sqlite:///{path}")
    with pytest.raises(NotDone, match="There is no database yet"):
        await mark(settings)
    path.write_bytes(b"")
    with pytest.raises(StoreError, match="is no database of Shotcaller's"):
        await mark(settings)
