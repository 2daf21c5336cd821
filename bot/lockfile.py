"""One process a database: the lock dies with the process, so whoever starts may take over what is unfinished."""

import sys
from contextlib import contextmanager
from pathlib import Path

from bot.errors import SettingsInvalid

if sys.platform != "win32":  # which has no such lock: there the operator has to see to it
    import fcntl

from collections.abc import Iterator


@contextmanager
def sole_user(database: str) -> Iterator[None]:
    """Hold the lock beside a database file.

    Raises:
        SettingsInvalid: another process holds it, or the folder cannot be written.
    """
    path = Path(f"{database}.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("w")
    except OSError as exc:
        raise SettingsInvalid(
            [("DATABASE_URL", f"expected a file in a folder that can be written ({exc.strerror})")]
        ) from exc
    with file:
        if sys.platform != "win32":
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as exc:
                raise SettingsInvalid([("DATABASE_URL", "another Shotcaller is running on this database")]) from exc
        yield
