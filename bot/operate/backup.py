"""Takes backups: of one moment, while a bot may be running, checked before they get their name."""

import asyncio
import shutil
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, TextIO

from bot.domain import DeadLetter
from bot.errors import StoreError
from bot.operate import postgres_programs
from bot.operate.backups import (
    DUMP,
    FILE,
    Backup,
    NotDone,
    backups_in,
    being_made,
    demand_known,
    is_running,
    name_for,
    new_backup,
    remove,
    room_for_one,
    spared,
)
from bot.settings import Settings
from bot.store.contents import Contents, contents_of_file, contents_of_server, copy_file, server_version, sync
from bot.store.jobs.queries import JobQueryStore
from bot.store.migrate import shipped
from bot.wiring.database import open_database

DAY: Final = timedelta(days=1) - timedelta(minutes=5)  # between two backups, and the pause
PAUSE: Final = 300.0  # seconds between two looks whether one is due, and before one that failed is tried again
KEPT: Final = "results"  # the videos that wait for their people
TABLES: Final = "settings"  # the files that settings name
LETTERS: Final = 100_000
MEGABYTE: Final = 1024 * 1024


async def take(settings: Settings, folder: Path, *, keep: int, weeks: int, now: datetime) -> tuple[Backup, list[str]]:
    """Take a backup into a folder, check it, then take away those that are too many; give their names.

    Raises:
        NotDone, StoreError: there is no new one, and the others are as they were.
    """
    with room_for_one(folder):
        running = await is_running(settings)
        name = name_for(folder, now)
        with being_made(folder, name) as begun:
            try:
                contents = await _fill(settings, begun, taken_at=now)
                backup = new_backup(settings, begun, contents, taken_at=now, running=running)
                backup.write_list()
                for path in (*begun.rglob("*"), begun):
                    path.chmod(0o700 if path.is_dir() else 0o600)
                    sync(path)
            except OSError as exc:
                raise NotDone(f"The backup cannot be written ({exc.strerror}): {folder}. Nothing was changed.") from exc
            taken = begun.rename(folder / name)
        sync(folder)
        all_ = backups_in(folder, settings)
        kept = {each.folder for each in spared(all_, keep=keep, weeks=weeks)}
        (new,) = [each for each in all_ if each.folder == taken]
        gone = [each for each in all_ if each.folder not in kept | {taken}]
        for superfluous in gone:
            remove(superfluous)
        return new, [each.folder.name for each in gone]


async def _fill(settings: Settings, folder: Path, *, taken_at: datetime) -> Contents:
    """Put all that belongs to a backup into its folder, and check it there; give what the database holds."""
    if (path := settings.database_path) is not None:
        if not await asyncio.to_thread(Path(path).is_file):
            raise NotDone(f"There is no database yet: {path}")
        await asyncio.to_thread(copy_file, Path(path), folder / FILE, taken_at=taken_at)
        contents = await asyncio.to_thread(contents_of_file, folder / FILE)
    else:
        async with open_database(settings, patient=True) as database:
            version = await server_version(database)
            contents = await contents_of_server(database, settings.database_name)
        await asyncio.to_thread(postgres_programs.dump, settings.database_url, folder / DUMP, server=version)
        await asyncio.to_thread(postgres_programs.demand_readable, folder / DUMP, server=version)
    demand_known(contents, {each.version: each.checksum for each in shipped()}, settings.database_name)
    await _copy_kept(settings, folder / KEPT, contents)
    for file in tables_of(settings):
        await asyncio.to_thread(_copy_beside, file, folder / TABLES)
    return contents


async def _copy_kept(settings: Settings, folder: Path, contents: Contents) -> None:
    """Copy the videos that could be given to nobody yet: their services do not keep them for ever."""
    if set(contents.versions) != {each.version for each in shipped()}:
        return  # this version cannot read the jobs of another; the files stay where they are
    async with open_database(settings) as database:
        letters = await JobQueryStore(database).dead_letters(most=LETTERS)
    for job in letters:
        file = settings.results_dir / f"{job.id}.mp4"
        if job.dead_letter is DeadLetter.UNDELIVERABLE and await asyncio.to_thread(file.is_file):
            await asyncio.to_thread(_copy_beside, file, folder)


def _copy_beside(file: Path, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    shutil.copy2(file, folder / file.name)


def tables_of(settings: Settings) -> list[Path]:
    """List the files of the operator's own that settings name and that are there."""
    named = [each for each in (settings.model_table, settings.price_table, settings.privacy_file) if each is not None]
    translations = [other for each in named for other in each.parent.glob(f"{each.stem}.*{each.suffix}")]
    return [each for each in dict.fromkeys([*named, *translations]) if each.is_file()]


def describe(backup: Backup, gone: list[str]) -> str:
    """Say what was done."""
    rows, jobs = sum(backup.contents.rows.values()), backup.contents.rows.get("jobs", 0)
    size = f"{backup.bytes / MEGABYTE:.1f} MB, {rows:,} rows, {jobs:,} jobs"
    return (
        f"{backup.folder}: {size}; read to its end, and the books add up.\n"
        f"{''.join(f'taken away: {each}{chr(10)}' for each in gone)}"
        "Not in it: the settings (.env) with their keys. Keep those apart, and carry both off this machine.\n"
    )


async def take_daily(
    settings: Settings,
    folder: Path,
    *,
    keep: int,
    weeks: int,
    clock: Callable[[], datetime],
    out: TextIO | None = None,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> None:
    """Take a backup whenever the newest is a day old, for ever; one that failed is tried again soon."""
    out = out or sys.stdout
    while True:
        now = clock()
        newest = max((each.taken_at for each in backups_in(folder, settings)), default=None)
        if newest is None or not timedelta(0) <= now - newest < DAY:
            try:
                out.write(describe(*await take(settings, folder, keep=keep, weeks=weeks, now=now)))
            except (NotDone, StoreError) as exc:
                out.write(f"No backup was taken: {exc}\n")
            out.flush()
        await sleep(PAUSE)
