"""A backup is of one moment, whole, checked, and for nobody else; one that fails leaves everything as it was."""

import asyncio
import errno
import json
import os
import sqlite3
import stat
from contextlib import closing
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest

from bot.errors import ShotcallerError, StoreError
from bot.lockfile import sole_user
from bot.operate import backup as backup_module
from bot.operate.backup import describe, take, take_daily
from bot.operate.backups import DUMP, FILE, LIST, Backup, NotDone, backups_in, demand_whole, read
from bot.operate.postgres_programs import address, program
from bot.settings import Settings
from bot.store import contents
from bot.store.contents import contents_of_file, copy_file
from bot.store.sqlite import SQLiteDatabase
from tests.operate.conftest import fill, settings_of
from tests.store.conftest import START, Store

DAY = timedelta(days=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "backups"


def names_in(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def swap(one: Path, other: Path) -> None:
    one.rename(other)


@pytest.fixture
async def on_file(tmp_path: Path) -> Settings:
    """The settings of a bot with a SQLite file."""
    settings = settings_of(tmp_path, f"sqlite:///{tmp_path / 'data' / 'shotcaller.db'}")
    await fill(settings)
    return settings


async def taken(settings: Settings, folder: Path, *, days: float = 0, keep: int = 3, weeks: int = 0) -> Backup:
    backup, _ = await take(settings, folder, keep=keep, weeks=weeks, now=START + days * DAY)
    return backup


async def test_a_backup_has_all_rows_and_says_what_is_in_it(settings: Settings, folder: Path) -> None:
    backup = await taken(settings, folder)
    assert backup.contents.rows["jobs"] == 5
    assert backup.on_server == (settings.database_path is None)
    assert (backup.running, backup.taken_at) == (False, START)
    assert read(backup.folder) == backup
    demand_whole(backup)
    assert backup.folder.name == "shotcaller-2026-03-05T120000Z"
    assert "5 jobs; read to its end, and the books add up" in describe(backup, [])


async def test_a_backup_is_for_its_own_user_alone(settings: Settings, folder: Path) -> None:
    backup = await taken(settings, folder)
    rights = {stat.filemode(each.stat().st_mode) for each in (folder, backup.folder, *backup.folder.iterdir())}
    assert rights == {"drwx------", "-rw-------"}
    assert {each.name for each in backup.folder.iterdir()} == {LIST, FILE if settings.database_path else DUMP}


async def test_a_copy_of_a_file_is_one_file_that_says_it_is_a_copy(on_file: Settings, folder: Path) -> None:
    backup = await taken(on_file, folder)
    with closing(sqlite3.connect(backup.folder / FILE)) as copy:
        assert copy.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert copy.execute("SELECT taken_at FROM restored_copy").fetchall() == [(START.timestamp() * 1000,)]
    with closing(sqlite3.connect(on_file.database_path or "")) as original:
        assert original.execute("SELECT * FROM restored_copy").fetchall() == []


async def test_a_copy_is_of_one_moment_however_much_is_written_meanwhile(
    on_file: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contents, "PAGES", 3)  # many steps, and between any two of them something is written
    async with SQLiteDatabase(on_file.database_path or "") as database:
        store, written = Store(database), 0
        store.now += DAY  # so that the ids are new
        taking = asyncio.create_task(taken(on_file, folder))
        while not taking.done():
            await store.delivered(id=f"later-{written}", idempotency_key=f"later-{written}")
            written += 1
        backup = await taking
        await store.books_add_up()
    assert written
    jobs = contents_of_file(backup.folder / FILE).rows["jobs"]
    assert 5 <= jobs <= 5 + written
    assert contents_of_file(backup.folder / FILE) == backup.contents


async def test_videos_that_wait_for_their_people_and_the_operators_tables_are_in_it(
    settings: Settings, tmp_path: Path, folder: Path
) -> None:
    settings.results_dir.mkdir(parents=True)
    (settings.results_dir / "job-0004.mp4").write_bytes(b"kept")  # the one that reached nobody
    (settings.results_dir / "job-0005.mp4").write_bytes(b"on its way")
    for name in ("privacy.md", "privacy.zh-CN.md"):
        (tmp_path / name).write_text(name)
    backup = await taken(settings.model_copy(update={"privacy_file": tmp_path / "privacy.md"}), folder)
    names = {name for name in backup.files if "/" in name}
    assert names == {"results/job-0004.mp4", "settings/privacy.md", "settings/privacy.zh-CN.md"}


async def test_the_newest_are_kept_and_one_a_week(on_file: Settings, folder: Path) -> None:
    for days in range(20):
        await taken(on_file, folder, days=days, keep=3, weeks=3)
    # Until the 24th, a Tuesday: the three newest, and the Sundays of the two weeks before.
    assert [each.taken_at.day for each in backups_in(folder, on_file)] == [15, 22, 23, 24]


async def test_what_it_did_not_write_stays(on_file: Settings, tmp_path: Path, folder: Path) -> None:
    others = settings_of(tmp_path, f"sqlite:///{tmp_path / 'other' / 'shotcaller.db'}")
    await fill(others)
    await taken(others, folder)
    (folder / "shotcaller-2020-01-01T000000Z").mkdir()
    (folder / "shotcaller-2020-01-01T000000Z" / "mine").touch()
    (folder / "notes.txt").touch()
    for days in range(1, 4):
        await taken(on_file, folder, days=days, keep=0)
    assert len(backups_in(folder, on_file)) == len(backups_in(folder, others)) == 1
    assert (folder / "notes.txt").exists()
    assert (folder / "shotcaller-2020-01-01T000000Z" / "mine").exists()


async def test_two_of_one_second_have_two_names(on_file: Settings, folder: Path) -> None:
    names = [(await taken(on_file, folder)).folder.name for _ in range(2)]
    assert names == ["shotcaller-2026-03-05T120000Z", "shotcaller-2026-03-05T120000Z-2"]


async def test_a_second_backup_at_the_same_time_is_refused_in_words(on_file: Settings, folder: Path) -> None:
    with sole_user(str(folder / ".backup")), pytest.raises(NotDone, match="Another backup is being taken"):
        await taken(on_file, folder)


async def test_a_full_disk_leaves_nothing_half_done(
    on_file: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await taken(on_file, folder)

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(backup_module, "sync", full)
    with pytest.raises(NotDone, match="No space left on device"):
        await taken(on_file, folder, days=1, keep=1)
    assert names_in(folder) == [".backup.lock", before.folder.name]


async def test_what_a_killed_backup_left_is_taken_away_by_the_next(on_file: Settings, folder: Path) -> None:
    left = folder / ".shotcaller-2026-03-04T120000Z"
    left.mkdir(parents=True)
    (left / FILE).write_bytes(b"half")
    await taken(on_file, folder)
    assert not left.exists()


async def test_a_folder_that_cannot_be_written_is_said_in_words(on_file: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotDone, match="cannot be written"):
        await taken(on_file, tmp_path / "file" / "folder")


async def test_a_damaged_database_gives_no_backup(on_file: Settings, folder: Path) -> None:
    good = await taken(on_file, folder)
    with closing(sqlite3.connect(on_file.database_path or "")) as file, file:
        file.execute("UPDATE accounts SET held = held + 1")
    with pytest.raises(StoreError, match=r"the books of .* do not add up"):
        await taken(on_file, folder, days=1, keep=1)
    with closing(sqlite3.connect(on_file.database_path or "")) as file, file:
        file.execute("UPDATE accounts SET held = held - 1")
        file.execute("PRAGMA writable_schema = ON")
        file.execute("DELETE FROM sqlite_master WHERE name = 'jobs_of_user'")  # its pages are nobody's now
    with pytest.raises(StoreError, match="is damaged"):
        await taken(on_file, folder, days=1, keep=1)
    assert [each.folder for each in backups_in(folder, on_file)] == [good.folder]


async def test_a_database_that_is_not_there_or_none_is_said_in_words(tmp_path: Path, folder: Path) -> None:
    settings = settings_of(tmp_path, f"sqlite:///{tmp_path / 'new.db'}")
    with pytest.raises(NotDone, match="There is no database yet"):
        await taken(settings, folder)
    (tmp_path / "new.db").write_bytes(b"no database, but words")
    with pytest.raises(ShotcallerError, match="cannot be copied"):
        await taken(settings, folder)
    with closing(sqlite3.connect(tmp_path / "notes.db")) as file, file:
        file.execute("CREATE TABLE notes (text TEXT)")
    copy_file(tmp_path / "notes.db", tmp_path / "copy.db", taken_at=START)
    with pytest.raises(StoreError, match="is no database of Shotcaller's"):
        contents_of_file(tmp_path / "copy.db")
    with pytest.raises(StoreError, match="cannot be read"):
        contents_of_file(tmp_path / "new.db")


async def test_a_backup_that_was_changed_is_noticed(on_file: Settings, folder: Path) -> None:
    backup = await taken(on_file, folder)
    with (backup.folder / FILE).open("r+b") as file:
        file.seek(5000)
        file.write(b"x")
    with pytest.raises(NotDone, match=r"is damaged: database\.db"):
        demand_whole(backup)


def test_what_is_no_backup_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(NotDone, match="is no backup"):
        read(tmp_path)
    (tmp_path / LIST).write_text("[]")
    with pytest.raises(NotDone, match="is no backup"):
        read(tmp_path)
    (tmp_path / LIST).write_text(json.dumps({"format": "shotcaller backup 9"}))
    with pytest.raises(NotDone, match="another version"):
        read(tmp_path)


async def test_one_is_taken_whenever_the_newest_is_a_day_old_and_one_that_failed_again(
    on_file: Settings, folder: Path
) -> None:
    out, looks = StringIO(), 0
    path = Path(on_file.database_path or "")

    async def sleep(seconds: float) -> None:
        nonlocal looks
        assert seconds == 300
        looks += 1
        if looks == 3:
            swap(path, path.with_name("gone"))
        if looks == 4:
            swap(path.with_name("gone"), path)
        if looks == 6:
            raise asyncio.CancelledError

    moments = iter([0, 0.5, 0.9, 1, 1.01, 1.02])
    with pytest.raises(asyncio.CancelledError):
        await take_daily(
            on_file, folder, keep=9, weeks=0, clock=lambda: START + next(moments) * DAY, out=out, sleep=sleep
        )
    assert [(each.taken_at - START) / DAY for each in backups_in(folder, on_file)] == [0, 1.01]
    assert out.getvalue().count("No backup was taken: There is no database yet") == 1


@pytest.mark.parametrize(
    ("url", "seen", "password"),
    [
        (
            "postgresql://me:p%40ss@host:5432/videos?sslmode=require",
            "postgresql://me@host:5432/videos?sslmode=require",
            "p@ss",
        ),
        ("postgresql://me@/videos?host=/run/db&password=x y", "postgresql://me@/videos?host=/run/db", "x y"),
    ],
)
def test_no_password_stands_in_the_list_of_processes(url: str, seen: str, password: str) -> None:
    shown, environment = address(url)
    assert (shown, environment["PGPASSWORD"]) == (seen, password)


def test_programs_that_are_missing_or_too_old_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotDone, match=r"pg_dump is not installed here\. It comes with"):
        program("pg_dump", server=15)
    (tmp_path / "pg_dump").write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 14.2'\n")
    (tmp_path / "pg_dump").chmod(0o700)
    assert program("pg_dump", server=14) == str(tmp_path / "pg_dump")
    with pytest.raises(NotDone, match=r"is older than the server: pg_dump \(PostgreSQL\) 14\.2\. It comes with"):
        program("pg_dump", server=15)


@pytest.mark.parametrize("settings", ["postgres"], indirect=True)
async def test_a_dump_that_breaks_off_leaves_nothing(
    settings: Settings, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "pg_dump").write_text(
        "#!/bin/sh\necho 'pg_dump (PostgreSQL) 99'\ntest $# = 1 || { echo broken >&2; exit 1; }\n"
    )
    (programs / "pg_dump").chmod(0o700)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    with pytest.raises(NotDone, match="pg_dump failed: broken"):
        await taken(settings, folder)
    assert backups_in(folder, settings) == []
