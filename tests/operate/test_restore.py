"""A backup is restored whole, in one step, only while no bot runs, and says of itself that it is a copy."""

import hashlib
import os
import sqlite3
import stat
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.errors import StoreError
from bot.lockfile import sole_user
from bot.operate import postgres_programs
from bot.operate import restore as restore_module
from bot.operate.backup import take
from bot.operate.backups import DUMP, FILE, Backup, NotDone, read
from bot.operate.restore import Restored, describe, restore
from bot.settings import Settings
from bot.store.contents import server_version
from bot.store.migrate import migrate, shipped
from bot.store.postgres_session import PostgresSession
from bot.store.sqlite import SQLiteDatabase
from bot.wiring.database import bring_up_to_date, open_database
from tests.operate.conftest import jobs_in, settings_of
from tests.store.conftest import START, Store

LATER = START + timedelta(minutes=5)


@pytest.fixture
async def backup(settings: Settings, tmp_path: Path) -> Backup:
    taken, _ = await take(settings, tmp_path / "backups", keep=3, weeks=0, now=START)
    return taken


def rights(path: Path) -> str:
    return stat.filemode(path.stat().st_mode)


def damage(path: Path) -> None:
    path.write_bytes(b"damaged")
    path.with_name(f"{path.name}-wal").write_bytes(b"what it wrote last")


async def restored(settings: Settings, backup: Backup, *, moved: bool = False) -> Restored:
    return await restore(settings, backup.folder, moved=moved, now=LATER)


async def test_a_backup_is_restored_elsewhere_and_the_books_add_up(
    settings: Settings, elsewhere: Settings, backup: Backup
) -> None:
    done = await restored(elsewhere, backup)
    assert (done.aside, done.pending) == (None, ())
    assert await jobs_in(elsewhere) == await jobs_in(settings)
    async with open_database(elsewhere) as database:
        await Store(database).books_add_up()
        assert len(await Store(database).rows("SELECT * FROM restored_copy")) == 1
    assert "nothing is paid for twice" in describe(done, elsewhere, moved=False)


async def test_the_first_start_takes_the_copy_up(elsewhere: Settings, backup: Backup) -> None:
    await restored(elsewhere, backup)
    assert await bring_up_to_date(elsewhere, now=LATER) == []
    async with open_database(elsewhere) as database:
        store = Store(database)
        assert await store.rows("SELECT * FROM restored_copy") == []
        marked = await store.rows("SELECT status FROM jobs WHERE look_to IS NOT NULL ORDER BY status")
        assert [row["status"] for row in marked] == ["queued", "submitting"]


async def test_one_that_has_only_moved_is_marked_as_nothing(elsewhere: Settings, backup: Backup) -> None:
    done = await restored(elsewhere, backup, moved=True)
    await bring_up_to_date(elsewhere, now=LATER)
    async with open_database(elsewhere) as database:
        assert await Store(database).rows("SELECT id FROM jobs WHERE look_to IS NOT NULL") == []
    assert "as if it had not moved" in describe(done, elsewhere, moved=True)


@pytest.mark.parametrize("moved", [False, True])
async def test_a_copy_of_a_copy_that_never_ran_is_of_the_first_moment(
    elsewhere: Settings, backup: Backup, tmp_path: Path, *, moved: bool
) -> None:
    await restored(elsewhere, backup)
    again, _ = await take(elsewhere, tmp_path / "again", keep=1, weeks=0, now=LATER)
    if elsewhere.database_path is None:
        async with open_database(elsewhere) as database:
            await database.transact(lambda tx: tx.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public"))
    await restored(elsewhere, again, moved=moved)
    async with open_database(elsewhere) as database:
        (mark,) = await Store(database).rows("SELECT taken_at FROM restored_copy")
    assert mark == {"taken_at": START.timestamp() * 1000}


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_what_was_there_is_kept_whole(settings: Settings, backup: Backup) -> None:
    path = Path(settings.database_path or "")
    async with open_database(settings) as database:
        await Store(database).accept(id="since", idempotency_key="since")
    before = await jobs_in(settings)
    done = await restored(settings, backup)
    assert len(await jobs_in(settings)) == len(before) - 1
    assert done.aside == path.with_name("shotcaller.db.before-2026-03-05T120500Z")
    assert await jobs_in(settings_of(path.parent, f"sqlite:///{done.aside}")) == before
    assert rights(path) == "-rw-------"
    assert str(done.aside) in describe(done, settings, moved=False)
    with pytest.raises(NotDone, match="cannot be replaced"):
        await restored(settings, backup)  # within the same second


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_a_damaged_database_is_kept_with_all_its_files(settings: Settings, backup: Backup) -> None:
    damage(Path(settings.database_path or ""))
    done = await restored(settings, backup)
    assert done.aside is not None
    assert done.aside.read_bytes() == b"damaged"
    assert done.aside.with_name(f"{done.aside.name}-wal").read_bytes() == b"what it wrote last"
    assert len(await jobs_in(settings)) == 5


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_killed_at_any_moment_there_is_one_whole_database(
    settings: Settings, backup: Backup, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await jobs_in(settings)

    class Killed(BaseException):
        pass

    def kill(*_: object) -> None:
        raise Killed

    for place, name in ((restore_module, "sync"), (Path, "replace")):  # before and after what was there is kept
        with monkeypatch.context() as patched:
            patched.setattr(place, name, kill)
            with pytest.raises(Killed):
                await restored(settings, backup)
        assert await jobs_in(settings) == before


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_a_file_system_without_links_gets_a_copy(
    settings: Settings, backup: Backup, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError

    monkeypatch.setattr(os, "link", refuse)
    done = await restored(settings, backup)
    assert done.aside is not None
    assert len(await jobs_in(settings_of(done.aside.parent, f"sqlite:///{done.aside}"))) == 5


async def test_nothing_is_restored_while_a_bot_runs(settings: Settings, backup: Backup) -> None:
    if settings.database_path is not None:
        with sole_user(settings.database_path), pytest.raises(NotDone, match="A bot is running"):
            await restored(settings, backup)
        return
    async with PostgresSession(settings.database_url):
        with pytest.raises(NotDone, match="A bot is running"):
            await restored(settings, backup)


async def test_a_backup_that_a_running_bot_went_on_from_has_not_only_moved(
    settings: Settings, elsewhere: Settings, tmp_path: Path
) -> None:
    async def running_backup() -> Backup:
        taken, _ = await take(settings, tmp_path / "backups", keep=3, weeks=0, now=START)
        return taken

    backup = await _while_running(settings, running_backup)
    assert backup.running
    with pytest.raises(NotDone, match="without --moved"):
        await restored(elsewhere, backup, moved=True)


async def _while_running(settings: Settings, work: Callable[[], Awaitable[Backup]]) -> Backup:
    if settings.database_path is not None:
        with sole_user(settings.database_path):
            return await work()
    async with PostgresSession(settings.database_url):
        return await work()


async def test_a_damaged_backup_replaces_nothing(settings: Settings, elsewhere: Settings, backup: Backup) -> None:
    name = FILE if settings.database_path is not None else DUMP
    with (backup.folder / name).open("r+b") as file:
        file.truncate(file.seek(0, 2) // 2)
    with pytest.raises(NotDone, match="is damaged"):
        await restored(elsewhere, backup)
    assert not elsewhere.data_dir.exists()


@pytest.mark.parametrize("settings", ["postgres"], indirect=True)
async def test_a_dump_that_breaks_off_in_the_middle_restores_nothing(elsewhere: Settings, backup: Backup) -> None:
    dump = backup.folder / DUMP
    with dump.open("r+b") as file:
        file.truncate(file.seek(0, 2) * 3 // 4)
    broken = replace(backup, files={})
    broken.write_list()
    listed = (
        (backup.folder / "backup.json").read_text().replace('"files": {}', f'"files": {{"{DUMP}": "{_sum(dump)}"}}')
    )
    (backup.folder / "backup.json").write_text(listed)
    with pytest.raises(NotDone, match="Nothing was restored"):
        await restored(elsewhere, read(backup.folder))
    await restored_is_empty(elsewhere)


def _sum(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


async def restored_is_empty(settings: Settings) -> None:
    async with open_database(settings) as database:
        tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        assert await Store(database).rows(tables) == []


@pytest.mark.parametrize("settings", ["postgres"], indirect=True)
async def test_what_a_server_refuses_it_refuses_whole_and_says_why(settings: Settings, backup: Backup) -> None:
    before = await jobs_in(settings)
    async with open_database(settings) as database:
        version = await server_version(database)
    with pytest.raises(NotDone, match=r"PostgreSQL did not take it: .*already exists"):
        postgres_programs.restore(backup.folder / DUMP, settings.database_url, server=version, last=[])
    assert await jobs_in(settings) == before


@pytest.mark.parametrize("settings", ["postgres"], indirect=True)
async def test_a_server_takes_a_backup_into_an_empty_database_only(settings: Settings, backup: Backup) -> None:
    with pytest.raises(NotDone, match=r"is not empty\. Make another database"):
        await restored(settings, backup)


async def test_another_kind_of_database_takes_no_backup(settings: Settings, backup: Backup, tmp_path: Path) -> None:
    other = "postgresql://me@nowhere/videos" if settings.database_path else f"sqlite:///{tmp_path / 'new.db'}"
    with pytest.raises(NotDone, match="another kind of database"):
        await restored(settings_of(tmp_path, other), backup)


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_a_backup_of_a_newer_version_is_refused(settings: Settings, backup: Backup) -> None:
    newer = replace(backup, contents=replace(backup.contents, versions={**backup.contents.versions, 9999: "x"}))
    newer.write_list()
    with pytest.raises(StoreError, match=r"\[9999\] that this version does not know: update the program"):
        await restored(settings, backup)
    other = replace(backup, contents=replace(backup.contents, versions={1: "x"}))
    other.write_list()
    with pytest.raises(StoreError, match=r"migrations \[1\] of another program"):
        await restored(settings, backup)


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_a_backup_of_an_older_version_is_brought_up_to_date_by_the_next_start(
    elsewhere: Settings, tmp_path: Path
) -> None:
    old = settings_of(tmp_path / "old", f"sqlite:///{tmp_path / 'old.db'}")
    async with SQLiteDatabase(old.database_path or "") as database:
        await migrate(database, now=START, migrations=[each for each in shipped() if each.version <= 22])
        await database.transact(lambda tx: tx.execute("INSERT INTO given_up_models (model, until_at) VALUES ('m', 1)"))
    backup, _ = await take(old, tmp_path / "backups", keep=3, weeks=0, now=START)
    done = await restored(elsewhere, backup)
    assert done.pending[0] == "0025_gateways"
    assert "It is of an older version: the next start applies 0025_gateways" in describe(done, elsewhere, moved=False)
    applied = await bring_up_to_date(elsewhere, now=LATER)
    assert tuple(applied) == done.pending
    with closing(sqlite3.connect(elsewhere.database_path or "")) as file:
        assert file.execute("SELECT * FROM restored_copy").fetchall() == []


async def test_videos_that_wait_for_their_people_come_back(
    settings: Settings, elsewhere: Settings, tmp_path: Path
) -> None:
    settings.results_dir.mkdir(parents=True)
    (settings.results_dir / "job-0004.mp4").write_bytes(b"kept")
    (tmp_path / "prices.toml").touch()
    changed = settings.model_copy(update={"price_table": tmp_path / "prices.toml"})
    backup, _ = await take(changed, tmp_path / "backups", keep=3, weeks=0, now=START)
    done = await restored(elsewhere, backup)
    assert (elsewhere.results_dir / "job-0004.mp4").read_bytes() == b"kept"
    assert f"Not put back, so that nothing of yours is overwritten: {backup.folder}/settings/prices.toml" in describe(
        done, elsewhere, moved=False
    )


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_a_video_that_is_there_stays_as_it_is(settings: Settings, tmp_path: Path) -> None:
    settings.results_dir.mkdir(parents=True)
    (settings.results_dir / "job-0004.mp4").write_bytes(b"kept")
    backup, _ = await take(settings, tmp_path / "backups", keep=3, weeks=0, now=START)
    (settings.results_dir / "job-0004.mp4").write_bytes(b"newer")
    await restored(settings, backup)
    assert (settings.results_dir / "job-0004.mp4").read_bytes() == b"newer"
