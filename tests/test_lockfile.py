"""Only one process may use a database."""

import errno
import fcntl
import subprocess
import sys
from pathlib import Path

import pytest

from bot.errors import SettingsInvalid
from bot.lockfile import sole_user

OTHER = """
import sys
from bot.lockfile import sole_user
with sole_user(sys.argv[1]):
    print("mine", flush=True)
    sys.stdin.read()
"""


def test_the_second_on_a_database_is_turned_away_until_the_first_is_gone(tmp_path: Path) -> None:
    database = str(tmp_path / "new" / "folder" / "bot.db")
    with sole_user(database), pytest.raises(SettingsInvalid, match="another Shotcaller"), sole_user(database):
        pass
    with sole_user(database), sole_user(str(tmp_path / "other.db")):
        pass


def test_a_process_that_is_killed_leaves_no_lock(tmp_path: Path) -> None:
    database = str(tmp_path / "bot.db")
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", OTHER, database], **pipes) as other:  # type: ignore[call-overload] # noqa: S603 (our own text)
        assert other.stdout.readline() == b"mine\n"
        with pytest.raises(SettingsInvalid, match="another Shotcaller"), sole_user(database):
            pass
        other.kill()
        other.wait()
    with sole_user(database):
        pass


def test_a_place_that_cannot_be_written_is_a_mistake_in_the_settings(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(SettingsInvalid, match="DATABASE_URL"), sole_user(str(tmp_path / "file" / "bot.db")):
        pass


def test_a_file_system_without_locks_is_refused_since_what_stands_in_for_them_outlives_a_kill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flock(_file: object, _operation: int) -> None:
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(fcntl, "flock", flock)
    with (
        pytest.raises(SettingsInvalid, match=r"DATABASE_URL.*Function not implemented"),
        sole_user(str(tmp_path / "a")),
    ):
        pass
