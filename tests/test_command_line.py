"""The command line: what it says, and how it ends."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot import __version__
from bot.__main__ import main
from bot.errors import LockTaken, ShardsDiffer, ShotcallerError, StoreLost
from bot.lockfile import sole_user
from bot.settings import Settings
from bot.store.postgres import PostgresDatabase
from tests.fresh_databases import FreshDatabases


@pytest.fixture(autouse=True)
def nothing_is_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands read the environment and `.env` of the folder they run in."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize("command", ["run", "doctor", "migrate"])
def test_settings_that_are_wrong_are_all_named(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command]) == 2
    shown = capsys.readouterr().err
    assert "DISCORD_TOKEN: must be set" in shown
    assert "KIRIN_API_KEY: expected the key of at least one video service" in shown


def test_migrating_twice_changes_nothing_the_second_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "token")
    monkeypatch.setenv("KIRIN_API_KEY", "key")
    monkeypatch.setenv("MONTHLY_BUDGET_USD", "none")
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'new.db'}")
    assert main(["migrate"]) == 0
    assert "applied 0001_start" in capsys.readouterr().out
    assert main(["migrate"]) == 0
    assert capsys.readouterr().out == "the database is up to date\n"


def test_a_database_that_cannot_be_opened_is_said_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "token")
    monkeypatch.setenv("KIRIN_API_KEY", "key")
    monkeypatch.setenv("MONTHLY_BUDGET_USD", "none")
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}")
    assert main(["migrate"]) == 1
    assert capsys.readouterr().err.count("\n") == 1


@pytest.fixture
def on_postgres(monkeypatch: pytest.MonkeyPatch, fresh_databases: FreshDatabases, tmp_path: Path) -> Iterator[str]:
    """The address of an empty PostgreSQL database, in which the settings find theirs."""

    async def empty() -> str:
        async with fresh_databases.opened(tmp_path, migrated=False):
            return fresh_databases.server.url(fresh_databases.name_of(tmp_path))

    for name, value in (("DISCORD_TOKEN", "token"), ("KIRIN_API_KEY", "key"), ("MONTHLY_BUDGET_USD", "none")):
        monkeypatch.setenv(name, value)
    url = asyncio.run(empty())
    monkeypatch.setenv("DATABASE_URL", url)
    yield url
    fresh_databases.let_go(tmp_path)


@pytest.mark.usefixtures("on_postgres")
def test_a_postgresql_is_migrated_like_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["migrate"]) == 0
    assert "applied 0001_start" in capsys.readouterr().out
    assert main(["migrate"]) == 0
    assert capsys.readouterr().out == "the database is up to date\n"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("postgres@", "stranger:hush-hush@"), "does not accept the user or the password"),
        (("?", "-elsewhere?"), "has no database of the name"),
        (("host=", "host=/nowhere"), "cannot be reached"),
    ],
)
def test_a_server_that_will_not_do_is_said_in_a_line(
    change: tuple[str, str],
    said: str,
    on_postgres: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("DATABASE_URL", on_postgres.replace(*change))
    for command in ("migrate", "run"):
        assert main([command]) == 1
        shown = capsys.readouterr()
        assert said in shown.err
        assert "hush" not in shown.err + shown.out
        assert "Traceback" not in shown.err


@pytest.mark.usefixtures("on_postgres")
def test_without_its_driver_postgresql_is_told_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    assert main(["migrate"]) == 2
    assert "DATABASE_URL: expected the driver of PostgreSQL to be installed: pip install" in capsys.readouterr().err


def test_a_postgresql_that_is_newer_than_the_program_is_said_in_a_line(
    on_postgres: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["migrate"]) == 0

    async def from_the_future() -> None:
        async with PostgresDatabase(on_postgres) as database:
            newer = "INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES (9999, 'x', 'x', 0)"
            await database.transact(lambda tx: tx.execute(newer))

    asyncio.run(from_the_future())
    capsys.readouterr()
    for command in ("migrate", "run"):
        assert main([command]) == 1
        assert "[9999] that this version does not know: update the program" in capsys.readouterr().err


@pytest.fixture
def on_file(on_postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A migrated SQLite file in the settings; the address of an empty PostgreSQL beside it."""
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'old.db'}")
    assert main(["migrate"]) == 0
    return on_postgres


def test_a_file_is_copied_to_a_postgresql_and_a_second_time_compared(
    on_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for said in ("copied 0 rows of ", "copied 0 rows of "):
        capsys.readouterr()
        assert main(["migrate", "--to", on_file]) == 0
        shown = capsys.readouterr().out
        assert shown.startswith(said)
        assert "the books add up" in shown


def test_a_file_in_use_is_not_copied(on_file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with sole_user(str(tmp_path / "old.db")):
        assert main(["migrate", "--to", on_file]) == 2
    assert "DATABASE_URL: another Shotcaller is running on this database" in capsys.readouterr().err


@pytest.mark.parametrize("address", ["sqlite:///other.db", "postgresql://", "nonsense"])
@pytest.mark.usefixtures("on_file")
def test_a_copy_goes_to_the_address_of_a_postgresql_only(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["migrate", "--to", address]) == 2
    assert "  --to: expected " in capsys.readouterr().err


def test_only_a_file_is_copied(on_postgres: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["migrate", "--to", on_postgres]) == 2
    assert "DATABASE_URL: expected the SQLite file that is to be copied" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["sandbox", "demo"])
def test_what_needs_the_sandbox_says_so_where_it_is_not_installed(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "sandbox.server", None)
    assert main([command]) == 1
    assert capsys.readouterr().err.startswith("The sandbox is not installed here")


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"shotcaller {__version__}\n"


@pytest.mark.parametrize("shards", ["4/4", "3-1/16", "x", "0-3,2-5/16"])
def test_shards_that_cannot_be_are_refused_in_words(shards: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["run", "--shards", shards])
    assert ended.value.code == 2
    assert "argument --shards: expected " in capsys.readouterr().err


def test_shards_and_no_gateway_exclude_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["run", "--no-gateway", "--shards", "0/2"])
    assert ended.value.code == 2
    assert "not allowed with" in capsys.readouterr().err


@pytest.mark.parametrize("part", [["--shards", "0/2"], ["--no-gateway"]])
def test_a_part_of_the_bot_needs_postgresql(part: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", *part]) == 2
    assert "SHARDS: expected a DATABASE_URL of PostgreSQL beside it" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        (LockTaken(name="shard:3"), "Another process of this bot has shard 3"),
        (ShardsDiffer(found=16, wanted=8), "into 16 shards, not 8"),
        (StoreLost(path="/data/bot.db"), "was deleted or replaced while it was in use: /data/bot.db"),
    ],
)
def test_a_process_that_has_to_stop_says_why(
    trouble: ShotcallerError, told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(**_: object) -> Settings:
        raise trouble

    monkeypatch.setattr(Settings, "load", stop)
    assert main(["run"]) == 1
    assert told in capsys.readouterr().err


def test_records_are_backed_up_restored_and_looked_at_before_an_upgrade(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in (("DISCORD_TOKEN", "token"), ("KIRIN_API_KEY", "key"), ("MONTHLY_BUDGET_USD", "none")):
        monkeypatch.setenv(name, value)
    assert main(["backup"]) == 1
    assert "There is no database yet: data/shotcaller.db" in capsys.readouterr().err
    assert main(["migrate"]) == 0
    assert main(["backup", "--keep", "1", "--weeks", "0"]) == 0
    assert "read to its end, and the books add up" in capsys.readouterr().out
    (backup,) = (tmp_path / "data" / "backups").glob("shotcaller-*")
    assert main(["restore", str(backup)]) == 0
    assert "nothing is paid for twice" in capsys.readouterr().out
    assert main(["restore", str(tmp_path)]) == 1
    assert "is no backup" in capsys.readouterr().err
    assert main(["restore", "--mark"]) == 1
    assert "No bot has run" in capsys.readouterr().err
    for looks in (["upgrade"], ["upgrade", "--check"]):
        assert main(looks) == 0
        assert "This was only a look: the upgrade is made when the bot" in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        main(["backup", "--keep", "many"])
    assert ended.value.code == 2


def test_who_reads_no_further_ends_a_command_quietly(tmp_path: Path) -> None:
    reads, writes = os.pipe()
    os.close(reads)
    settings = {"DISCORD_TOKEN": "token", "KIRIN_API_KEY": "key", "MONTHLY_BUDGET_USD": "none"}
    ended = subprocess.run(
        [sys.executable, "-m", "bot", "migrate"],
        check=False,
        cwd=tmp_path,
        env={**os.environ, **settings},
        stdout=writes,
        stderr=subprocess.PIPE,
    )
    os.close(writes)
    assert (ended.returncode, ended.stderr) == (141, b"")
