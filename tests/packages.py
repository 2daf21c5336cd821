"""Lists the packages that an image installs (`make sbom`), and asks whether one has a known weakness (`make check`).

uv does both for a lock of its own, so a project is made for a moment that requires what ours does, held to the versions
of `requirements.lock`. The list is a software bill of materials in CycloneDX's format; weaknesses are those that OSV
knows, which has Python's own advisories and GitHub's. Nothing but names and versions is sent there.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tests.locks import LOCKS, PROJECT, ROOT

LOCK: Final = "requirements.lock"
ADVISORIES: Final = "https://api.osv.dev"
ACCEPTED: Final[Mapping[str, str]] = {}
"""Weaknesses that do not reach us, by their number, each with why and since when."""

_PINNED: Final = re.compile(r"^([\w.-]+==[^\s;\\]+(?: ; [^\\\n]+)?)", re.MULTILINE)
HASH: Final = re.compile(r"--hash=sha256:([0-9a-f]{64})")


class Unanswered(Exception):
    """Whoever knows could not be asked; the text is uv's own."""


class Weak(Exception):
    """A package has a known weakness; the text says which, and which version has it no more."""


def resolve(folder: Path) -> None:
    """Write a lock for uv with the packages and versions of ours into `folder`.

    Raises:
        Unanswered: the index cannot be reached.
    """
    project = tomllib.loads((ROOT / PROJECT).read_text("utf-8"))["project"]
    (extra,) = [name for option, name in [LOCKS[LOCK]] if option == "--extra"]
    required = [*project["dependencies"], *project["optional-dependencies"][extra]]
    pins = [each.strip() for each in _PINNED.findall((ROOT / LOCK).read_text("utf-8"))]
    described = {name: project[name] for name in ("name", "version", "requires-python")} | {"dependencies": required}
    lines = [f"{name} = {json.dumps(value)}" for name, value in described.items()]
    text = "\n".join(["[project]", *lines, "", "[tool.uv]", f"constraint-dependencies = {json.dumps(pins)}", ""])
    (folder / PROJECT).write_text(text, "utf-8")
    code, said = _uv(folder, "lock")
    if code:
        raise Unanswered(said)


def audit(folder: Path, *, advisories: str = ADVISORIES) -> str:
    """Ask about every package of the lock in `folder`; what to say where none has a weakness, or nobody answers.

    Raises:
        Weak: a package has a weakness that is not accepted.
    """
    accepted = [part for number in ACCEPTED for part in ("--ignore", number)]
    options = ["--frozen", "--preview-features", "audit-command", "--service-url", advisories, *accepted]
    code, said = _uv(folder, "audit", *options)
    if code == 1:
        raise Weak(said)
    return _unanswered(said) if code else f"No package of {LOCK} has a known weakness."


def list_packages(folder: Path) -> dict[str, Any]:
    """List the packages of the lock in `folder`, as CycloneDX has it.

    Raises:
        Unanswered: uv does not list them.
        Weak: the index has a file that our lock does not know.
    """
    options = ["--frozen", "--no-dev", "--preview-features", "sbom-export", "--format", "cyclonedx1.5"]
    code, said = _uv(folder, "export", *options)
    if code:
        raise Unanswered(said)
    listed: dict[str, Any] = json.loads(said[said.index("{") :])
    files = [each for component in listed["components"] for each in component["externalReferences"]]
    strange = {digest["content"] for each in files for digest in each["hashes"]} - set(
        HASH.findall((ROOT / LOCK).read_text("utf-8"))
    )
    if strange:
        raise Weak(f"the index has files that {LOCK} does not know: {', '.join(sorted(strange))}")
    return listed


def _unanswered(why: str) -> str:
    return f"The advisories could not be had, and {LOCK} was not audited: {' '.join(why.split())}"


def _uv(folder: Path, *arguments: str) -> tuple[int, str]:
    """Run uv there; its exit code and what it says. It tries a server once: whoever is offline does not wait."""
    done = subprocess.run(  # noqa: S603 - that of this environment
        [sys.executable, "-m", "uv", *arguments, "--quiet"],
        cwd=folder,
        env={**os.environ, "UV_HTTP_RETRIES": "0", "UV_HTTP_CONNECT_TIMEOUT": "5"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, (done.stdout or done.stderr).strip()


def main() -> None:
    """Audit the lock, or write the list of its packages."""
    parser = argparse.ArgumentParser(prog="python -m tests.packages", description=main.__doc__)
    parser.add_argument("--sbom", type=Path, metavar="FILE", help="write the list of packages into it, and ask nothing")
    file = parser.parse_args().sbom
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            resolve(folder)
            if file is None:
                said = audit(folder)
            else:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(json.dumps(list_packages(folder), indent=1) + "\n", "utf-8")
                said = f"{file} lists what {LOCK} installs."
        except Unanswered as exc:
            if file is not None:
                sys.exit(str(exc))
            said = _unanswered(str(exc))
        except Weak as exc:
            sys.exit(str(exc))
    sys.stdout.write(f"{said}\n")


if __name__ == "__main__":
    main()
