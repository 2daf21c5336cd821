"""Opens the database that the settings name, whichever kind it is, and copies one of a kind into one of the other."""

import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from bot.errors import SettingsInvalid
from bot.lockfile import sole_user
from bot.settings import Settings
from bot.store.copying import Copied, copy_into
from bot.store.database import SchemaDatabase
from bot.store.migrate import migrate
from bot.store.restored import RestoredStore

log = logging.getLogger(__name__)

DRIVER_MISSING = "expected the driver of PostgreSQL to be installed: pip install 'shotcaller[postgres]'"


class OpenDatabase(SchemaDatabase, Protocol):
    """A database that can also be rid of what was deleted."""

    async def purge(self) -> bool:
        """Overwrite what is left of deleted rows, as far as the kind of database allows; False: not now."""
        ...


@asynccontextmanager
async def open_database(
    settings: Settings, *, patient: bool = False, process_id: str = ""
) -> AsyncIterator[OpenDatabase]:
    """Open the database for as long as the context lasts; a `patient` one lets a statement take as long as it likes.

    On a server, the connections bear the id of the process whose they are.

    Raises:
        SettingsInvalid: the driver for it is not installed.
        StoreError: it cannot be opened, or will not do.
    """
    if (path := settings.database_path) is not None:
        from bot.store.sqlite import SQLiteDatabase  # noqa: PLC0415 - only what is used is loaded

        async with SQLiteDatabase(path) as file:
            yield file
        return
    if not all(map(find_spec, ("asyncpg", "cryptography"))):
        raise SettingsInvalid([("DATABASE_URL", DRIVER_MISSING)])
    from bot.store.postgres import STATEMENT_TIMEOUT, PostgresDatabase  # noqa: PLC0415 - likewise, and it may be missing

    timeout = None if patient else STATEMENT_TIMEOUT
    async with PostgresDatabase(
        settings.database_url, pool=settings.database_pool, statement_timeout=timeout, process_id=process_id
    ) as server:
        yield server


async def bring_up_to_date(settings: Settings, *, now: datetime) -> list[str]:
    """Apply the migrations that the database lacks, however long they take; give back their names.

    A database that is a copy is taken up (`bot/store/restored.py`).

    Raises:
        SettingsInvalid: as `open_database`.
        StoreError: the database cannot be opened, or is newer than the program.
    """
    async with open_database(settings, patient=True) as database:
        applied = await migrate(database, now=now)
        longest = timedelta(minutes=settings.job_deadline_minutes)
        if (copy := await RestoredStore(database).take_up(now=now, longest=longest)) is not None:
            log.warning(
                "this database is a copy: what was unfinished in it is looked for before anything is submitted",
                extra={"taken_at": copy.taken_at.isoformat(), "jobs": copy.jobs, "old": copy.old},
            )
        return applied


@contextmanager
def only_user(settings: Settings) -> Iterator[None]:
    """Keep other processes off a database that can have one user only; a server can have many.

    Raises:
        SettingsInvalid: another process uses it, or the folder cannot be written or has no locks.
    """
    if (path := settings.database_path) is None:
        yield
        return
    with sole_user(path):
        yield


async def copy_to_postgres(settings: Settings, target: Settings, *, now: datetime) -> Copied:
    """Copy the SQLite file that the settings name, whose bot is stopped, into the PostgreSQL database of others.

    Both are brought up to date first.

    Raises:
        SettingsInvalid: one is not what it has to be, or the file is in use.
        StoreError: as `bot.store.copying.copy_into`.
    """
    path = _file_to_copy(settings)
    if target.database_path is not None:
        raise SettingsInvalid([("--to", "expected postgresql://user:password@host:5432/name")])
    with only_user(settings):
        await bring_up_to_date(settings, now=now)
        async with open_database(target, patient=True) as database:
            await migrate(database, now=now)
            return await copy_into(database, path)


def _file_to_copy(settings: Settings) -> str:
    path = settings.database_path
    if path is None or not Path(path).is_file():
        raise SettingsInvalid([("DATABASE_URL", "expected the SQLite file that is to be copied")])
    return path
