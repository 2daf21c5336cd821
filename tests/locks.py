"""Are the lock files complete and in step with `pyproject.toml`? `make check` asks, `make lock` writes them anew.

The options of the resolution stand here and nowhere else. The present lock is what it starts from, so that only what
has to move moves: a lock that is older than the newest release is still in step.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from tests.lock_contents import installed, missing

ROOT: Final = Path(__file__).resolve().parents[1]
PROJECT: Final = "pyproject.toml"
SANDBOX: Final = "shotcaller-sandbox"  # the distribution of `sandbox/`, installed from there and not by a lock
LOCKS: Final = {"requirements.lock": ("--extra", "postgres"), "requirements-dev.lock": ("--extra", "dev")}
"""Each lock file and what it asks for beyond the project's own dependencies: an image has the driver of PostgreSQL."""

OPTIONS: Final = (
    "--quiet",
    "--universal",
    "--generate-hashes",
    "--no-emit-index-url",
    "--no-annotate",
    "--custom-compile-command",
    "make lock",
    "--no-emit-package",
    SANDBOX,
)
_REQUIREMENT: Final = re.compile(r"[A-Za-z0-9][\w.-]*(\[[\w,-]+\])?==[\w.!+-]+( ; .+)?")
_HASH: Final = re.compile(r"--hash=sha256:[0-9a-f]{64}")


class Unresolved(Exception):
    """The resolver gave no answer; the text is its own."""


def resolve(lock: Path, extra: tuple[str, ...]) -> None:
    """Bring `lock` in step with the project, in place.

    Raises:
        Unresolved: the index cannot be reached, or no versions satisfy the project.
    """
    oldest = tomllib.loads((ROOT / PROJECT).read_text("utf-8"))["project"]["requires-python"].removeprefix(">=")
    command = ["pip", "compile", *OPTIONS, "--python-version", oldest, *extra, PROJECT, "--output-file", str(lock)]
    done = subprocess.run(  # noqa: S603 - the resolver of this environment
        [sys.executable, "-m", "uv", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Unresolved(done.stderr.strip() or f"uv ended with status {done.returncode}")


def problems_in(text: str) -> Iterator[str]:
    """What is wrong with the text of a lock by itself: an address in it, or a requirement without pin or hash."""
    for line in text.splitlines():
        if "://" in line or re.match(r"\s*(-i|-f|--(extra-)?index-url|--find-links)\b", line):
            yield f"contains an address: {line.strip()}"
    for entry in map(str.strip, re.sub(r"\\\n", " ", text).splitlines()):
        if not entry or entry.startswith(("#", "-")):
            continue
        requirement, *hashes = re.split(r"\s+(?=--hash)", entry)
        if not _REQUIREMENT.fullmatch(requirement):
            yield f"is not pinned: {requirement}"
        if not hashes or not all(map(_HASH.fullmatch, hashes)):
            yield f"has no hash: {requirement}"


def incomplete(text: str, extra: tuple[str, ...]) -> Iterator[str]:
    """What the project, with the extra of that option, or a package of the lock requires and the lock has not."""
    projects = [tomllib.loads((ROOT / folder / PROJECT).read_text("utf-8"))["project"] for folder in (".", "sandbox")]
    own = {project["name"]: [*project["dependencies"]] for project in projects}
    name = projects[0]["name"]
    for extra_name, further in projects[0]["optional-dependencies"].items():
        own[name] += [_of_extra(each, extra_name) for each in further]

    def requires(package: str, pinned: str) -> Sequence[str] | None:
        return own[package] if package in own else installed(package, pinned)

    pins = "\n".join(f"{project['name']}=={project['version']}" for project in projects)
    return missing(f"{text}\n{pins}\n", f"{name}[{','.join(extra[1:])}]", requires=requires)


def _of_extra(requirement: str, extra: str) -> str:
    """Write a requirement as the metadata of an installed project has it."""
    package, _, marker = requirement.partition(";")
    return f"{package.strip()} ; {f'({marker.strip()}) and ' if marker else ''}extra == '{extra}'"


def check(folder: Path) -> Iterator[str]:
    """Every reason why a lock is not in step, resolving in `folder`.

    Raises:
        Unresolved: see `resolve`.
    """
    for name, extra in LOCKS.items():
        lock = ROOT / name
        if not lock.exists():
            yield f"{name} does not exist"
            continue
        text = lock.read_text("utf-8")
        yield from (f"{name} {problem}" for problem in (*problems_in(text), *incomplete(text, extra)))
        fresh = folder / name
        shutil.copyfile(lock, fresh)
        resolve(fresh, extra)
        if fresh.read_text("utf-8") != text:
            yield f"{name} is not in step with {PROJECT}"


def main() -> None:
    """Check the locks, or write them; ends non-zero with what to do when they are not in step."""
    parser = argparse.ArgumentParser(prog="python -m tests.locks", description=main.__doc__)
    parser.add_argument("--write", action="store_true", help="bring the lock files in step instead of checking them")
    write = parser.parse_args().write
    try:
        if write:
            for name, extra in LOCKS.items():
                resolve(ROOT / name, extra)
        with tempfile.TemporaryDirectory() as folder:
            problems = list(check(Path(folder)))
    except Unresolved as exc:
        sys.exit(
            f"{exc}\n\nCould not resolve the dependencies (is the package index within reach?), so nothing is known."
        )
    if problems:
        sys.exit("\n".join([*problems, "", "Run `make lock` and commit the lock files."]))


if __name__ == "__main__":
    main()
