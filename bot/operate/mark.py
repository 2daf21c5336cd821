"""Marks a database that somebody has put back by hand (`pg_restore`, a copied file) as the copy that it is."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from bot.errors import SettingsInvalid
from bot.operate.backups import NotDone, is_running
from bot.operate.restore import GONE_ON
from bot.settings import Settings
from bot.store.contents import contents_of_file, contents_of_server
from bot.store.restored import RestoredStore
from bot.wiring.database import only_user, open_database


async def mark(settings: Settings) -> datetime:
    """Mark the database of the settings as a copy, after a look at its books; give the moment that it is of.

    Raises:
        NotDone, StoreError, SettingsInvalid: nothing was marked.
    """
    name, path = settings.database_name, settings.database_path
    if path is not None and not await asyncio.to_thread(Path(path).is_file):
        raise NotDone(f"There is no database yet: {name}")
    if await is_running(settings):
        raise NotDone(
            f"A bot is running on {name}. Stop it, then mark again: what it has begun by then it goes on with."
        )
    try:
        with only_user(settings):
            if path is not None:
                await asyncio.to_thread(contents_of_file, Path(path))
            async with open_database(settings) as database:
                if path is None:
                    await contents_of_server(database, name)
                taken_at = await RestoredStore(database).mark()
    except SettingsInvalid as exc:
        raise NotDone(f"{name} cannot be marked: {exc.problems[0][1]}.") from exc
    if taken_at is None:
        raise NotDone(f"No bot has run on {name} yet: there is nothing that it could do twice.")
    return taken_at


def describe(taken_at: datetime, settings: Settings) -> str:
    """Say what was marked, and what comes of it."""
    at = f"{taken_at.astimezone(UTC):%Y-%m-%d at %H:%M:%S} UTC"
    first = f"{settings.database_name} is marked as a copy. Its bot was last alive on {at}."
    return "".join(f"{line}\n" for line in (first, *GONE_ON))
