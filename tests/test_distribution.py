"""What an installation brings: the bot without the sandbox, and the sandbox as a distribution of its own."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement

import bot
from bot.__main__ import main as bot_main
from tests.locks import PROJECT, ROOT, SANDBOX

BUILD = "import sys; from setuptools.build_meta import build_wheel; build_wheel(sys.argv[1])"
LEFT_OUT = shutil.ignore_patterns("__pycache__", "build", "*.egg-info")


def build(project: Path, folder: Path) -> ZipFile:
    """The wheel of a project, built from a copy: building leaves files behind."""
    copy = folder / "copy"
    copy.mkdir()
    for name in ("bot", "cogs") if project == ROOT else ():
        shutil.copytree(project / name, copy / name, ignore=LEFT_OUT)
    for name in (PROJECT, "README.md", "LICENSE", "NOTICE"):
        shutil.copyfile(project / name, copy / name)
    if project != ROOT:
        shutil.copytree(project, copy, ignore=LEFT_OUT, dirs_exist_ok=True)
    subprocess.run([sys.executable, "-c", BUILD, str(folder)], cwd=copy, check=True, capture_output=True)  # noqa: S603 - our own text
    (wheel,) = folder.glob("*.whl")
    return ZipFile(wheel)


@pytest.fixture(scope="module")
def bot_wheel(tmp_path_factory: pytest.TempPathFactory) -> ZipFile:
    return build(ROOT, tmp_path_factory.mktemp("bot"))


@pytest.fixture(scope="module")
def sandbox_wheel(tmp_path_factory: pytest.TempPathFactory) -> ZipFile:
    return build(ROOT / "sandbox", tmp_path_factory.mktemp("sandbox"))


def top_level(wheel: ZipFile) -> set[str]:
    return {name.partition("/")[0] for name in wheel.namelist() if ".dist-info/" not in name}


def required(wheel: ZipFile, extra: str = "") -> set[str]:
    """What is installed along with a wheel."""
    (metadata,) = [wheel.read(name).decode() for name in wheel.namelist() if name.endswith("/METADATA")]
    found = [Requirement(line) for line in re.findall(r"^Requires-Dist: (.*)$", metadata, re.MULTILINE)]
    return {each.name for each in found if each.marker is None or each.marker.evaluate({"extra": extra})}


def imported(folder: Path) -> str:
    return "\n".join(path.read_text("utf-8") for path in folder.rglob("*.py"))


def test_the_bot_is_installed_without_the_sandbox_and_without_what_only_the_sandbox_needs(bot_wheel: ZipFile) -> None:
    assert top_level(bot_wheel) == {"bot", "cogs"}
    assert required(bot_wheel) & {SANDBOX, "jsonschema", "noto-cjk-sans-otc"} == set()
    assert SANDBOX in required(bot_wheel, "sandbox")
    ours = imported(ROOT / "bot") + imported(ROOT / "cogs")
    shared = {"av": "av", "pillow": "PIL", "pyjwt": "jwt", "aiohttp": "aiohttp"}  # drawing is no reason to install them
    assert [
        name for name, module in shared.items() if not re.search(rf"^\s*(import|from) {module}\b", ours, re.MULTILINE)
    ] == []


def test_the_sandboxs_distribution_holds_all_of_it_and_nothing_of_the_bot(sandbox_wheel: ZipFile) -> None:
    assert top_level(sandbox_wheel) == {"sandbox"}
    files = {str(path.relative_to(ROOT)) for path in (ROOT / "sandbox").rglob("*.py") if "build" not in path.parts}
    assert {name for name in sandbox_wheel.namelist() if name.endswith(".py")} == files
    assert {"jsonschema", "noto-cjk-sans-otc"} <= required(sandbox_wheel)


def test_both_distributions_have_one_version() -> None:
    projects = [tomllib.loads((ROOT / folder / PROJECT).read_text("utf-8"))["project"] for folder in (".", "sandbox")]
    assert [project["version"] for project in projects] == [bot.__version__] * 2
    assert projects[0]["optional-dependencies"]["sandbox"] == [f"{SANDBOX}=={bot.__version__}"]


def finding(folder: Path) -> dict[str, str]:
    """An environment that finds what lies in a folder, and all that is installed but not in place.

    A checkout is not found then: with `-S`, the `.pth` files that lead to it are not read.
    """
    path = os.pathsep.join((str(folder), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")))
    return {"PATH": os.environ["PATH"], "PYTHONPATH": path}


@pytest.fixture(scope="module")
def installed(bot_wheel: ZipFile, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the bot's wheel was unpacked."""
    folder = tmp_path_factory.mktemp("installed")
    (folder / "sandbox").mkdir()  # a folder that happens to be called so is not the sandbox
    bot_wheel.extractall(folder)
    return folder


def test_a_mistake_in_the_settings_names_an_example_that_is_there(installed: Path, tmp_path: Path) -> None:
    python = [sys.executable, "-S", "-m", "bot", "doctor"]
    done = subprocess.run(python, cwd=tmp_path, env=finding(installed), capture_output=True, text=True, check=False)  # noqa: S603 - our own program
    assert done.returncode == 2
    named = Path(done.stderr.partition("explained in ")[2].strip())
    assert named.is_relative_to(installed)
    assert "MONTHLY_BUDGET_USD=" in named.read_text("utf-8")


@pytest.mark.parametrize("command", [["sandbox"], ["sandbox", "--port", "0"], ["demo"]])
def test_without_the_sandbox_its_commands_say_how_to_get_it(installed: Path, command: list[str]) -> None:
    python = [sys.executable, "-S", "-m", "bot", *command]
    done = subprocess.run(python, cwd=installed, env=finding(installed), capture_output=True, text=True, check=False)  # noqa: S603 - our own program
    assert (done.returncode, done.stdout) == (1, "")
    assert "The sandbox is not installed" in done.stderr
    assert all(way in done.stderr for way in ("pip install ./sandbox", "shotcaller-sandbox"))
    assert "Traceback" not in done.stderr


def test_the_sandbox_serves_where_there_is_no_bot(sandbox_wheel: ZipFile, tmp_path: Path) -> None:
    sandbox_wheel.extractall(tmp_path)
    command = [sys.executable, "-S", "-m", "sandbox", "--port", "0"]
    with subprocess.Popen(command, cwd=tmp_path, env=finding(tmp_path), stdout=subprocess.PIPE, text=True) as served:  # noqa: S603 - our own program
        assert served.stdout is not None
        described = json.loads(served.stdout.readline())
        served.send_signal(signal.SIGTERM)
    assert described["discord"]["api"].startswith("http://127.0.0.1:")
    assert served.returncode == 0


def test_what_is_unknown_to_a_command_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    for wrong in (["doctor", "--port", "0"], ["sandbox", "--colour", "red"]):
        with pytest.raises(SystemExit) as ended:
            bot_main(wrong)
        assert ended.value.code == 2
        assert f"unrecognized arguments: {' '.join(wrong[1:])}" in capsys.readouterr().err
