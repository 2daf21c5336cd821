"""Restores backups: checked before anything is replaced, only while no bot runs; what was there is kept aside."""

import asyncio
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bot.domain import millis
from bot.errors import SettingsInvalid
from bot.operate import postgres_programs
from bot.operate.backup import KEPT, TABLES
from bot.operate.backups import DUMP, FILE, Backup, NotDone, demand_known, demand_whole, is_running, read
from bot.settings import Settings
from bot.store.contents import (
    contents_of_file,
    contents_of_server,
    fold_in,
    is_empty,
    server_version,
    sync,
    unmark,
)
from bot.store.migrate import shipped
from bot.store.restored import MARK
from bot.values import dataclass
from bot.wiring.database import only_user, open_database

BESIDE: Final = ("", "-wal", "-shm", "-journal")  # what the names of a SQLite database's files end with

GONE_ON: Final = (
    "What was unfinished then is looked for at the video services before it is submitted: nothing is paid for twice.",
    "Where a service cannot tell, you decide (`/admin jobs`).",
    "What was accepted since is not known any more: its credits are back, and its cost is in no budget.",
    "What people have had deleted since is there again.",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Restored:
    """What was restored, what was there before, and the migrations that the next start applies."""

    backup: Backup
    aside: Path | None
    pending: tuple[str, ...]
    tables: tuple[Path, ...]


async def restore(settings: Settings, folder: Path, *, moved: bool, now: datetime) -> Restored:
    """Put a backup in the place of the settings' database.

    `moved` says that the bot was stopped when it was taken and has not run since: nothing was done elsewhere.

    Raises:
        NotDone, StoreError, SettingsInvalid: nothing was replaced.
    """
    backup = read(folder)
    await asyncio.to_thread(demand_whole, backup)
    known = {each.version: each.checksum for each in shipped()}
    demand_known(backup.contents, known, str(folder))
    if moved and backup.running:
        raise NotDone(
            f"A bot was running while {folder} was taken, so it has gone on since: restore it without --moved. "
            "What was unfinished is then looked for at the video services before anything is submitted."
        )
    if backup.on_server != (settings.database_path is None):
        kind = "a PostgreSQL" if backup.on_server else "a SQLite file"
        raise NotDone(f"{folder} is of {kind}, and DATABASE_URL names another kind of database.")
    if await is_running(settings):
        raise NotDone(f"A bot is running on {settings.database_name}. Stop it, then restore again.")
    aside = None
    if settings.database_path is not None:
        aside = await _restore_file(settings, backup, moved=moved, now=now)
    else:
        await _restore_server(settings, backup, moved=moved)
    await asyncio.to_thread(_put_back, backup, settings.results_dir)
    pending = tuple(
        f"{each.version:04}_{each.name}" for each in shipped() if each.version not in backup.contents.versions
    )
    return Restored(backup=backup, aside=aside, pending=pending, tables=tuple(sorted((folder / TABLES).glob("*"))))


async def _restore_file(settings: Settings, backup: Backup, *, moved: bool, now: datetime) -> Path | None:
    path = Path(settings.database_path or "")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with only_user(settings):
            return await asyncio.to_thread(_replace, path, backup, moved=moved, now=now)
    except SettingsInvalid as exc:
        raise NotDone(f"{path} cannot be replaced: {exc.problems[0][1]}.") from exc
    except OSError as exc:
        raise NotDone(f"{path} cannot be replaced ({exc.strerror}). Mend that, and restore again.") from exc


def _replace(path: Path, backup: Backup, *, moved: bool, now: datetime) -> Path | None:
    """Put a copy of the backup's file in the place of the database, in one step; give where that is now."""
    fresh = path.with_name(f"{path.name}.restoring")
    try:
        shutil.copyfile(backup.folder / FILE, fresh)
        fresh.chmod(0o600)
        contents_of_file(fresh)
        if moved:
            unmark(fresh, taken_at=backup.taken_at)
        sync(fresh)
        aside = _set_aside(path, now) if any(each.exists() for each in _files(path)) else None
        fresh.replace(path)
        sync(path.parent)
    finally:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
    return aside


def _set_aside(path: Path, now: datetime) -> Path:
    """Keep what is there under another name. The database itself stays where it is, until another takes its place."""
    aside = path.with_name(f"{path.name}.before-{now.astimezone(UTC):%Y-%m-%dT%H%M%SZ}")
    if aside.exists():
        raise FileExistsError(None, f"{aside} is there already")
    if path.exists():
        fold_in(path)  # of a damaged one the files beside it go aside as they are
        try:
            os.link(path, aside)
        except OSError:  # a file system without links
            shutil.copyfile(path, aside)
        aside.chmod(0o600)
    for each in _files(path):
        if each != path and each.exists():
            each.rename(f"{aside}{each.name.removeprefix(path.name)}")
    return aside


def _files(path: Path) -> Iterator[Path]:
    return (path.with_name(path.name + end) for end in BESIDE)


async def _restore_server(settings: Settings, backup: Backup, *, moved: bool) -> None:
    async with open_database(settings, patient=True) as database:
        if not await is_empty(database):
            raise NotDone(
                f"{settings.database_name} is not empty. Make another database (createdb --encoding=UTF8 "
                "--template=template0 NAME), have DATABASE_URL name it, and restore into that; the old one stays."
            )
        version = await server_version(database)
        mark = () if moved else [each.replace("$1", str(millis(backup.taken_at))) for each in MARK]
        url, dump = settings.database_url, backup.folder / DUMP
        await asyncio.to_thread(postgres_programs.restore, dump, url, server=version, last=mark)
        await contents_of_server(database, settings.database_name)


def _put_back(backup: Backup, results: Path) -> None:
    """Put the videos back that wait for their people, but for those that are there."""
    for file in (backup.folder / KEPT).glob("*.mp4"):
        results.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (results / file.name).exists():
            shutil.copyfile(file, results / file.name)


def describe(restored: Restored, settings: Settings, *, moved: bool) -> str:
    """Say what was done, and what comes of it."""
    backup = restored.backup
    lines = [f"{settings.database_name} is as it was on {backup.taken_at.astimezone(UTC):%Y-%m-%d at %H:%M:%S} UTC."]
    if restored.aside is not None:
        lines.append(
            f"What was there is kept as {restored.aside}; delete it once all is well: it holds what people wrote."
        )
    if restored.pending:
        lines.append(f"It is of an older version: the next start applies {', '.join(restored.pending)}.")
    if restored.tables:
        named = ", ".join(map(str, restored.tables))
        lines.append(f"Not put back, so that nothing of yours is overwritten: {named}.")
    if moved:
        lines.append("The bot goes on as if it had not moved.")
    else:
        lines += GONE_ON
    return "".join(f"{line}\n" for line in lines)
