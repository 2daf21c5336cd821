"""What the bot writes is for its own user alone."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.doctor.local import check_rights
from bot.domain.finding import Mark
from bot.locale import words
from bot.private_files import close_to_others, open_to_others, private_files
from bot.settings import Settings


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder the bot runs in, where everything is open by default."""
    monkeypatch.chdir(tmp_path)
    before = os.umask(0o022)
    yield tmp_path
    os.umask(before)


def settings() -> Settings:
    return Settings.load(env_file=None, discord_token="t", kirin_api_key="k", monthly_budget_usd="none")


def rights(path: str | Path) -> str:
    return stat.filemode(Path(path).stat().st_mode)


def left_open() -> None:
    """What an earlier version left behind."""
    Path("data/results").mkdir(parents=True)
    for name in ("shotcaller.db", "shotcaller.db-wal", "shotcaller.db.lock", "results/one.mp4", "notes.txt"):
        Path("data", name).write_text("x")
    Path(".env").write_text("DISCORD_TOKEN=t\n")


def closed() -> None:
    """As it should be."""
    close_to_others(settings())
    Path(".env").chmod(0o600)


def test_what_is_written_meanwhile_is_nobody_elses() -> None:
    with private_files():
        Path("folder").mkdir()
        Path("folder/file").write_text("x")
    Path("after").write_text("x")
    assert (rights("folder"), rights("folder/file"), rights("after")) == ("drwx------", "-rw-------", "-rw-r--r--")


def test_a_database_is_made_for_the_bots_user_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"DISCORD_TOKEN": "t", "KIRIN_API_KEY": "k", "MONTHLY_BUDGET_USD": "none"}.items():
        monkeypatch.setenv(name, value)
    assert main(["migrate"]) == 0
    assert (rights("data"), rights("data/shotcaller.db")) == ("drwx------", "-rw-------")


def test_the_bots_files_are_closed_and_nobody_elses() -> None:
    left_open()
    close_to_others(settings())
    assert open_to_others(settings()) == []
    assert (
        rights("data/shotcaller.db")
        == rights("data/shotcaller.db-wal")
        == rights("data/results/one.mp4")
        == "-rw-------"
    )
    assert (rights("data/results"), rights("data/notes.txt")) == ("drwx------", "-rw-r--r--")


async def test_the_doctor_names_what_others_may_open() -> None:
    assert [finding async for finding in check_rights(settings(), words())] == []
    left_open()
    files, keys = [finding async for finding in check_rights(settings(), words())]
    assert (files.mark, keys.mark) == (Mark.NOTE, Mark.NOTE)
    assert "data/shotcaller.db, data/shotcaller.db-wal, data/shotcaller.db.lock and 2 more" in files.text
    assert "chmod 600 .env" in keys.remedy
    closed()
    assert [finding async for finding in check_rights(settings(), words())] == []
