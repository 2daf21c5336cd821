"""Checks whether the file that a connection writes into is still the one that everybody else finds by its name."""

from pathlib import Path
from typing import Final

from bot.errors import StoreLost

_WAL: Final = "-wal"  # where SQLite writes first; it is made with the first write, and stays while it is open


class DatabaseFile:
    """An open database on disk. A file that was deleted takes every write and keeps none, and nothing else says so."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._known: dict[Path, tuple[int, int] | None] = {Path(path): None, Path(path + _WAL): None}

    def demand(self) -> None:
        """Check that the files are still there, and the same as at the first look; it takes microseconds.

        Raises:
            StoreLost: they are not.
        """
        for file, known in self._known.items():
            found = _identity(file)
            if known is None:
                self._known[file] = found
            elif found != known:
                raise StoreLost(path=self._path)


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
