"""`make setup`: what is missing is said in words, and an installation that broke off begins anew."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# A Python that does as its file `answers` says, writes down what it is asked, and makes others like it.
PYTHON = """#!/bin/sh
echo "$*" >> "{folder}/asked"
case "$*" in
*venv\\ --clear*) for place; do :; done; rm -rf "$place"; mkdir -p "$place/bin"; cp "$0" "$place/bin/python" ;;
*--version*) echo "Python 3.8.1" ;;
esac
while read -r word; do case "$*" in *"$word"*) exit 1 ;; esac; done < "{folder}/fails"
exit 0
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkout with a pretended Python, which fails at nothing."""
    (tmp_path / "sandbox").mkdir()
    for name in ("Makefile", "pyproject.toml", "requirements-dev.lock", "sandbox/pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    python = tmp_path / "python"
    python.write_text(PYTHON.format(folder=tmp_path))
    python.chmod(0o755)
    (tmp_path / "fails").touch()
    return tmp_path


def make(folder: Path, *, fails: str = "", python: str = "./python") -> tuple[int, str]:
    """The exit code and all that was said."""
    (folder / "fails").write_text(f"{fails}\n" if fails else "")
    (folder / "asked").write_text("")
    command = ["make", "setup", f"PYTHON={python}"]
    outside = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run(  # noqa: S603 - our own Makefile, and not as a part of the `make` that runs the tests
        command, cwd=folder, env=outside, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize(
    ("fails", "said"),
    [
        ("version_info", "Python 3.8.1 is too old. Python 3.11 or newer is needed"),
        ("ensurepip", "Python has no venv module here"),
    ],
)
def test_a_python_that_will_not_do_is_named_before_anything_is_made(folder: Path, fails: str, said: str) -> None:
    code, shown = make(folder, fails=fails)
    assert code
    assert said in shown
    assert not (folder / ".venv").exists()


def test_a_python_that_is_not_there_is_named(folder: Path) -> None:
    code, shown = make(folder, python="no-such-python")
    assert code
    assert "no-such-python was not found. Install Python 3.11 or newer" in shown


@pytest.mark.parametrize("step", ["--require-hashes", "--no-build-isolation", "check"])
def test_an_installation_that_broke_off_begins_anew(folder: Path, step: str) -> None:
    assert make(folder, fails=step)[0]
    (folder / ".venv" / "half").touch()
    code, shown = make(folder)
    assert code == 0
    assert "Making a Python environment" in shown
    assert not (folder / ".venv" / "half").exists()
    assert make(folder)[1].count("Making") == 0


def test_every_step_says_what_it_does_and_nothing_is_resolved(folder: Path) -> None:
    code, shown = make(folder)
    assert code == 0
    assert [line.split()[0] for line in shown.splitlines()] == ["Making", "Installing", "Installing", "Checking"]
    installs = [line for line in (folder / "asked").read_text().splitlines() if " install " in line]
    assert len(installs) == 2
    assert all("--no-deps" in line for line in installs)
