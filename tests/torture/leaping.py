"""Runs the real bot by a wall clock that leaps: it is ahead by as many seconds as stand in a file.

python leaping.py FILE
"""

import asyncio
import sys
from datetime import datetime, timedelta
from pathlib import Path

from bot import log
from bot.app import run
from bot.clock import utc_now
from bot.settings import Settings


def main(file: str) -> None:
    def wall() -> datetime:
        return utc_now() + timedelta(seconds=float(Path(file).read_text()))

    settings = Settings.load(env_file=None)
    with log.setup(level=settings.log_level, format=settings.log_format, secrets=settings.secrets()):
        asyncio.run(run(settings, wall=wall))


if __name__ == "__main__":
    main(*sys.argv[1:])
