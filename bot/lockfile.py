"""Keeps a second process off a database; the lock dies with its process, so who starts next takes over its work."""

from collections.abc import Iterator
from contextlib import contextmanager

from bot.errors import SettingsInvalid


@contextmanager
def sole_user(database: str) -> Iterator[None]:
    """Hold the lock beside a database file.

    Raises:
        SettingsInvalid: another process holds it, or the folder cannot be written or has no locks.
    """
    from filelock import FileLock, Timeout  # noqa: PLC0415 - only who runs the bot needs it, and it is slow to import

    lock = FileLock(f"{database}.lock", timeout=0, fallback_to_soft=False)  # a soft lock would outlive its process
    try:
        lock.acquire()
    except Timeout as exc:
        raise SettingsInvalid([("DATABASE_URL", "another Shotcaller is running on this database")]) from exc
    except OSError as exc:
        problem = f"expected a file in a folder that can be written ({exc.strerror})"
        raise SettingsInvalid([("DATABASE_URL", problem)]) from exc
    try:
        yield
    finally:
        lock.release()
