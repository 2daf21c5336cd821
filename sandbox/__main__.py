"""Serves a Discord and both video services on this machine, as `python -m sandbox`."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from sandbox.control import Books
from sandbox.server import GENERATE_SECONDS, serve


def read_arguments(argv: Sequence[str] | None, *, prog: str, epilog: str | None = None) -> argparse.Namespace:
    """Read the command line; as argparse does, end the program where it is wrong. The help ends with the `epilog`."""
    about = "Serves a Discord and both video services on this machine."
    parser = argparse.ArgumentParser(prog=prog, description=about, epilog=epilog)
    parser.add_argument("--host", default="127.0.0.1", help="where it listens (%(default)s)")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument(
        "--generate-seconds", type=float, default=GENERATE_SECONDS, help="how long a video takes (%(default)s)"
    )
    parser.add_argument("--cache-dir", type=Path, help="keep rendered videos here")
    parser.add_argument("--open", action="store_true", help="open the page in the browser")
    return parser.parse_args(argv)


def start(chosen: argparse.Namespace, *, books: Books | None = None) -> int:
    """Serve until SIGINT or SIGTERM; the exit code. `books` reads those of a bot, for the page."""
    options = {"open_page" if name == "open" else name: value for name, value in vars(chosen).items()}
    return asyncio.run(serve(**options, books=books))


def main() -> int:
    """Serve as the command line says; the exit code."""
    return start(read_arguments(None, prog="python -m sandbox"))


if __name__ == "__main__":
    sys.exit(main())
