"""A `.env` file changes in single places: all else stays to the byte, and it is there whole or not at all."""

import stat
from pathlib import Path

import pytest

from bot.errors import SettingsInvalid
from bot.init.env_file import read, values_in, with_values, write
from bot.settings import EXAMPLE


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "A=1\n"),
        ("B=2", "B=2\nA=1\n"),
        ("# mine\n\nA=0\nB=2 # two\n", "# mine\n\nA=1\nB=2 # two\n"),
        ("A=\nB=2\n", "A=1\nB=2\n"),
        ("#A=\nB=2\n", "A=1\nB=2\n"),
        ("#A=old\nB=2\n", "#A=old\nB=2\nA=1\n"),
        ("a=0\n", "A=1\n"),
        ("export A='0'\n", "export A=1\n"),
        ("A=0\nA=00\n", "A=0\nA=1\n"),
        ("A=0\r\nB=2\r\n", "A=1\r\nB=2\r\n"),
    ],
)
def test_a_value_goes_where_its_name_stands(before: str, after: str) -> None:
    assert with_values(before, {"A": "1"}) == after
    assert values_in(after)["A"] == "1"
    assert with_values(after, {"A": "1"}) == after


def test_the_example_takes_every_value_in_its_place() -> None:
    example = EXAMPLE.read_text("utf-8")
    values = {"DISCORD_TOKEN": "t", "KIRIN_API_KEY": "k", "KLING_API_KEY": "l", "MONTHLY_BUDGET_USD": "5"}
    filled = with_values(example, values)
    assert len(filled.splitlines()) == len(example.splitlines())
    assert values_in(filled) == values


def test_a_file_is_its_own_users_alone(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("A=0\n")
    file.chmod(0o644)
    write(file, "A=1\n")
    assert (file.read_text(), stat.S_IMODE(file.stat().st_mode)) == ("A=1\n", 0o600)
    assert list(tmp_path.iterdir()) == [file]


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    link, target = tmp_path / ".env", tmp_path / "elsewhere" / "settings"
    link.symlink_to(target)
    write(link, "A=1\n")
    assert (link.is_symlink(), target.read_text()) == (True, "A=1\n")


def test_what_could_not_be_written_leaves_all_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("A=0\n")
    with pytest.raises(UnicodeEncodeError):
        write(file, "A=\udcff\n")
    assert (file.read_text(), list(tmp_path.iterdir())) == ("A=0\n", [file])
    with pytest.raises(SettingsInvalid, match="folder that can be written"):
        write(tmp_path / "nowhere" / ".env", "A=1\n")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    assert read(tmp_path / ".env") is None
    with pytest.raises(SettingsInvalid, match="file that can be read"):
        read(tmp_path)
    (tmp_path / ".env").write_bytes(b"A=\xff")
    with pytest.raises(SettingsInvalid, match="UTF-8"):
        read(tmp_path / ".env")
