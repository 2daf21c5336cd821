"""Keeps files for the bot's own user alone: database and videos hold what people wrote and asked for in private."""

import logging
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bot.settings import Settings

log = logging.getLogger(__name__)

OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
"""All that a file's group and everybody else may do with it."""

BESIDE: Final = ("", "-wal", "-shm", "-journal", ".lock")
"""What the names of the database and of the files beside it end with."""


@contextmanager
def private_files() -> Iterator[None]:
    """Let whatever this process and its children make meanwhile be for their own user alone."""
    before = os.umask(OTHERS)
    try:
        yield
    finally:
        os.umask(before)


def is_open_to_others(path: Path) -> bool:
    """Say whether there is such a file, and its group or everybody may do anything with it."""
    try:
        return os.name == "posix" and bool(path.stat().st_mode & OTHERS)
    except OSError:
        return False


def open_to_others(settings: Settings) -> list[Path]:
    """List the bot's files that others on this machine may read or change, as earlier versions left them."""
    return [path for path in _files(settings) if is_open_to_others(path)]


def close_to_others(settings: Settings) -> None:
    """Take others' rights to the bot's files away; SQLite gives a new file the rights of the database it belongs to."""
    for path in open_to_others(settings):
        try:
            path.chmod(stat.S_IMODE(path.stat().st_mode) & ~OTHERS)
        except OSError as exc:  # another user's; `doctor` tells of it
            log.warning("a file stays open to others", extra={"file": str(path), "reason": exc.strerror})


def _files(settings: Settings) -> Iterator[Path]:
    if (database := settings.database_path) is not None:
        yield from (Path(database + end) for end in BESIDE)
    yield settings.results_dir
    try:
        yield from settings.results_dir.iterdir()
    except OSError:  # there is none yet, or it is another user's
        return
