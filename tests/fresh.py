"""Do the README's two commands work on a machine that has never seen the project? `make fresh` tries it.

HEAD is cloned into an empty folder, and `make demo` and `make test` run there with an empty home, empty caches and
hardly any environment. Only Python's standard library is needed, and nothing stays behind.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
COMMANDS: Final = ("demo", "test")
"""What `make` is asked for: the commands that the README begins with."""

KEPT: Final = frozenset({"PATH", "LANG", "LC_ALL", "PYTHON", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"})
KEPT_PREFIXES: Final = ("PIP_", "SSL_")
KEPT_ENDINGS: Final = ("_PROXY",)
"""What stays of the environment: finding programs, speaking a language, and reaching a package index."""


def environment(present: Mapping[str, str], folder: Path) -> dict[str, str]:
    """What a newcomer's shell has, with everything that programs keep for later inside `folder`."""
    kept = {
        name: value
        for name, value in present.items()
        if name in KEPT or name.startswith(KEPT_PREFIXES) or name.upper().endswith(KEPT_ENDINGS)
    }
    places = {"HOME": "home", "TMPDIR": "tmp", "PIP_CACHE_DIR": "cache/pip", "UV_CACHE_DIR": "cache/uv"}
    places |= {f"XDG_{kind}_HOME": f"xdg/{kind.lower()}" for kind in ("CACHE", "CONFIG", "DATA", "STATE")}
    for place in places.values():
        (folder / place).mkdir(parents=True)
    return kept | {name: str(folder / place) for name, place in places.items()}


def clone(source: Path, checkout: Path) -> None:
    """The commit that `source` stands on, and nothing that is not committed."""
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=source, check=True, capture_output=True, text=True)  # noqa: S607
    subprocess.run(["git", "clone", "--quiet", "--no-checkout", str(source), str(checkout)], check=True)  # noqa: S603, S607
    subprocess.run(["git", "checkout", "--quiet", "--detach", head.stdout.strip()], cwd=checkout, check=True)  # noqa: S603, S607


def attempt(commands: Sequence[str], *, source: Path = ROOT) -> list[tuple[str, float, int]]:
    """Each command in turn in one fresh clone: the command, its seconds, and its exit code."""
    with tempfile.TemporaryDirectory(prefix="fresh-") as made:
        folder, found = Path(made), []
        folder.chmod(0o711)  # for a server that root starts, which runs as `nobody`
        clone(source, folder / "checkout")
        surroundings = environment(os.environ, folder)
        for command in commands:
            begun = time.monotonic()
            done = subprocess.run(["make", command], cwd=folder / "checkout", env=surroundings, check=False)  # noqa: S603, S607
            found.append((f"make {command}", time.monotonic() - begun, done.returncode))
        return found


def main() -> int:
    """Run both commands, or those that are named; say how long each took, and fail if one of them failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fresh", description=main.__doc__)
    parser.add_argument(
        "commands", nargs="*", default=COMMANDS, metavar="command", help="demo, test (both if left out)"
    )
    return report(attempt(parser.parse_args().commands))


def report(found: Sequence[tuple[str, float, int]]) -> int:
    """Say how each command went; the worst exit code."""
    for command, seconds, code in found:
        outcome = f"failed with exit code {code}" if code else "worked"
        minutes, rest = divmod(round(seconds), 60)
        sys.stdout.write(f"{command} {outcome} after {minutes} min {rest} s\n")
    return max(code for _, _, code in found)


if __name__ == "__main__":
    sys.exit(main())
