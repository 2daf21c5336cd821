"""What a lock file must be by itself; whether it is in step needs the index, and is asked by `make check`."""

import re
import runpy
from pathlib import Path

import pytest

from tests.lock_contents import missing

LOCKS = runpy.run_path(str(Path(__file__).with_name("locks.py")))
PINNED = "av==18.1.0 ; python_version >= '3.11'"
HASH = " \\\n    --hash=sha256:" + "0a" * 32


def problems(text: str) -> list[str]:
    return list(LOCKS["problems_in"](text))


@pytest.mark.parametrize("name", sorted(LOCKS["LOCKS"]))
def test_the_lock_files_are_pinned_hashed_and_name_no_address(name: str) -> None:
    text = (LOCKS["ROOT"] / name).read_text("utf-8")
    assert "discord-py==" in text
    assert problems(text) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f"{PINNED}\n", "has no hash: "),
        (f"{PINNED} \\\n    --hash=md5:00\n", "has no hash: "),
        (f"av>=18{HASH}\n", "is not pinned: "),
        (f"-i example.org\n{PINNED}{HASH}\n", "contains an address: "),
        (f"--extra-index-url=https://example.org\n{PINNED}{HASH}\n", "contains an address: "),
        (f"{PINNED}{HASH}\n    # from https://example.org\n", "contains an address: "),
    ],
)
def test_a_lock_with_a_fault_is_found(text: str, problem: str) -> None:
    (found,) = problems(text)
    assert found.startswith(problem)


def test_a_requirement_with_several_hashes_is_in_order() -> None:
    assert problems(f"# made by `make lock`\n{PINNED}{HASH}{HASH}\n") == []


@pytest.mark.usefixtures("untraced")
@pytest.mark.parametrize(("name", "extra"), sorted(LOCKS["LOCKS"].items()))
def test_the_lock_files_hold_all_that_their_packages_require(name: str, extra: tuple[str, ...]) -> None:
    text = (LOCKS["ROOT"] / name).read_text("utf-8")
    assert list(LOCKS["incomplete"](text, extra)) == []


def test_nothing_is_resolved_wherever_a_lock_is_installed() -> None:
    root: Path = LOCKS["ROOT"]
    texts = [root / "Makefile", root / "Dockerfile", *root.glob("*.md"), *root.glob("docs/*.md"), *root.glob(".ci/*")]
    lines = [line for text in texts for line in text.read_text("utf-8").splitlines() if "-r requirements" in line]
    assert len(lines) >= 2
    assert [line for line in lines if "--no-deps --require-hashes" not in line] == []


REQUIREMENTS = {
    "app": ["cover[toml]>=2", "colour ; sys_platform == 'win32'"],
    "cover": ["parser>=1 ; extra == 'toml'", "painter ; extra == 'html'", "backport ; python_version < '3.12'"],
    "colour": None,  # not for the system that the tests run on
    "parser": [],
    "backport": [],
}
WHOLE = "app==1\ncover==2.1\ncolour==1 ; sys_platform == 'win32'\nparser==1\nbackport==1 ; python_version < '3.12'\n"


def lacking(lock: str) -> list[str]:
    return list(missing(lock, "app", requires=lambda name, _: REQUIREMENTS[name]))


def test_a_lock_that_holds_every_requirement_and_those_of_its_extras_is_whole() -> None:
    assert lacking(WHOLE) == []


@pytest.mark.parametrize(
    ("left_out", "said"),
    [
        ("cover==2.1\n", "lacks cover[toml]>=2, which app requires "),
        ("parser==1\n", 'lacks parser>=1; extra == "toml", which cover requires '),
        ("backport==1 ; python_version < '3.12'\n", 'lacks backport; python_version < "3.12", which cover requires '),
        (" ; python_version < '3.12'", ""),
        ("colour==1 ; sys_platform == 'win32'\n", 'lacks colour; sys_platform == "win32", which app requires '),
    ],
)
def test_what_a_lock_lacks_is_named_with_who_requires_it_and_where(left_out: str, said: str) -> None:
    found = lacking(WHOLE.replace(left_out, ""))
    assert len(found) == (1 if said else 0)
    assert all(each.startswith(said) for each in found)


def test_a_requirement_for_another_python_or_system_is_looked_for_there() -> None:
    (found,) = lacking(WHOLE.replace("colour==1 ; sys_platform == 'win32'\n", ""))
    assert re.search(r"\(Python 3\.11\.0 on win32\)$", found)


def test_a_locked_version_that_a_package_does_not_take_is_found() -> None:
    assert lacking(WHOLE.replace("cover==2.1", "cover==1.9"))[0].startswith(
        "has cover==1.9, but app requires cover[toml]"
    )


def test_a_package_that_is_not_installed_as_locked_cannot_vouch_for_its_requirements() -> None:
    (found,) = missing("app==1\n", "app", requires=lambda *_: None)
    assert found.startswith("has app==1, which is not what is installed: run `make setup`")
