"""Keeps a second process off a database; the lock dies with its process, so who starts next takes over its work."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.errors import SettingsInvalid


class InUse(SettingsInvalid):
    """Another process holds the lock."""

    def __init__(self) -> None:
        super().__init__([("DATABASE_URL", "another Shotcaller is running on this database")])


@contextmanager
def sole_user(database: str) -> Iterator[None]:
    """Hold the lock beside a database file.

    Raises:
        InUse: another process holds it.
        SettingsInvalid: the folder cannot be written, or has no locks.
    """
    path = Path(f"{database}.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("ab")
    except OSError as exc:
        raise _unusable(exc) from exc
    with file:  # closing it gives the lock back
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise InUse from exc
        except OSError as exc:
            raise _unusable(exc) from exc
        yield


def _unusable(exc: OSError) -> SettingsInvalid:
    return SettingsInvalid([("DATABASE_URL", f"expected a file in a folder that can be written ({exc.strerror})")])
