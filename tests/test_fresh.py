"""`make fresh`: a clone of what is committed, in surroundings that know nothing."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.fresh import attempt, environment, report

MAKEFILE = """
demo:
	@test ! -e left-out
	@test -z "$$(ls -A "$$HOME")"
	@test -z "$$SANDBOX_OPENAPI"
test:
	@exit 3
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A repository with a Makefile, and a file that is not committed."""
    if shutil.which("git") is None:
        pytest.skip("there is no git here")
    (tmp_path / "Makefile").write_text(MAKEFILE)
    who = ["-c", "user.name=Ana", "-c", "user.email=ana@example.org"]
    for command in (["init", "--quiet"], ["add", "Makefile"], [*who, "commit", "--quiet", "--message", "Begin"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)  # noqa: S603, S607
    (tmp_path / "left-out").touch()
    return tmp_path


def test_the_environment_has_what_reaches_an_index_and_places_of_its_own(tmp_path: Path) -> None:
    present = {"PATH": "/bin", "PIP_INDEX_URL": "i", "https_proxy": "p", "SSL_CERT_FILE": "c", "LANG": "C"}
    found = environment({**present, "DISCORD_TOKEN": "t", "SANDBOX_OPENAPI": "d", "PIP_CACHE_DIR": "/old"}, tmp_path)
    assert {name: found[name] for name in present} == present
    assert {"DISCORD_TOKEN", "SANDBOX_OPENAPI"}.isdisjoint(found)
    places = {name: value for name, value in found.items() if name not in present}
    assert {"HOME", "TMPDIR", "PIP_CACHE_DIR", "XDG_CACHE_HOME"} <= set(places)
    assert all(value.startswith(str(tmp_path)) for value in places.values())


def test_each_command_runs_in_a_clone_of_what_is_committed(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = attempt(("demo", "test"), source=source)
    assert [(command, bool(code)) for command, _, code in found] == [("make demo", False), ("make test", True)]
    assert report(found)
    assert [line.split(" after ")[0] for line in capsys.readouterr().out.splitlines()] == [
        "make demo worked",
        "make test failed with exit code 2",
    ]


def test_it_is_well_when_both_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert report([("make demo", 62.4, 0)]) == 0
    assert capsys.readouterr().out == "make demo worked after 1 min 2 s\n"
