"""Serves a Discord and both video services on this machine, as `python -m sandbox`."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from sandbox.server import GENERATE_SECONDS, serve


def main(argv: Sequence[str] | None = None, *, prog: str = "python -m sandbox") -> int:
    """Serve until SIGINT or SIGTERM; the exit code."""
    parser = argparse.ArgumentParser(prog=prog, description="Serves a Discord and both video services on this machine.")
    parser.add_argument("--host", default="127.0.0.1", help="where it listens (%(default)s)")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument(
        "--generate-seconds", type=float, default=GENERATE_SECONDS, help="how long a video takes (%(default)s)"
    )
    parser.add_argument("--cache-dir", type=Path, help="keep rendered videos here")
    return asyncio.run(serve(**vars(parser.parse_args(argv))))


if __name__ == "__main__":
    sys.exit(main())
