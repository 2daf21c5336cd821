"""What a lock file must be by itself; whether it is in step needs the index, and is asked by `make check`."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

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
