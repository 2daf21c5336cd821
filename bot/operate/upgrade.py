"""Says what an upgrade to this version would do to the database, and whether now is the time; nothing is changed."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, TextIO

from bot import __version__
from bot.domain.finding import Finding, Mark, bad, good, note
from bot.errors import SettingsInvalid, StoreError
from bot.locale import Words
from bot.operate.backups import backups_in, is_running
from bot.settings import Settings
from bot.store.migrate import Migration, pending
from bot.wiring.database import open_database

FRESH: Final = timedelta(days=1)  # how old the newest backup may be
ROOM: Final = 3  # of the database's size: some migrations write tables anew, and a backup has to fit too
MEGABYTE: Final = 1024 * 1024


async def check(settings: Settings, folder: Path, say: Words, *, now: datetime, out: TextIO) -> int:
    """Print what there is to say of an upgrade; the exit code is 0 where nothing speaks against it, now."""
    against = 0
    async for finding in _findings(settings, folder, say, now=now):
        out.write(f"{finding}\n")
        against += finding.mark is Mark.BAD
    out.write(f"\n{say('upgrade.not_now') if against else say('upgrade.now')}\n")
    return 1 if against else 0


async def _findings(settings: Settings, folder: Path, say: Words, *, now: datetime) -> AsyncIterator[Finding]:
    name, path = settings.database_name, settings.database_path
    if path is not None and not await asyncio.to_thread(Path(path).is_file):
        yield good(say("check.database"), say("upgrade.database.new", name=name, version=__version__))
        return
    try:
        running = await is_running(settings)
        async with open_database(settings) as database:
            missing = await pending(database)
    except (StoreError, SettingsInvalid) as exc:
        text = exc.problems[0][1] if isinstance(exc, SettingsInvalid) else str(exc)
        yield bad(say("check.database"), f"{name}: {text}", say("upgrade.database.refuses.cure"))
        return
    yield _migrations(name, missing, say)
    for each in missing:
        yield note(f"{each.version:04}_{each.name}", say(f"upgrade.change.{each.version:04}"))
    yield _bot(name, say, running=running, changes=bool(missing))
    yield await asyncio.to_thread(_backup, settings, folder, say, now=now, needed=bool(missing))
    if path is not None:
        yield await asyncio.to_thread(_room, Path(path), say, needed=bool(missing))


def _migrations(name: str, missing: list[Migration], say: Words) -> Finding:
    if not missing:
        return good(say("check.database"), say("upgrade.database.good", name=name, version=__version__))
    text = say("upgrade.database.changes", name=name, n=len(missing))
    return note(say("check.database"), text, say("upgrade.database.changes.cure"))


def _bot(name: str, say: Words, *, running: bool, changes: bool) -> Finding:
    if running and changes:
        return bad(say("upgrade.bot"), say("upgrade.bot.running", name=name), say("upgrade.bot.running.cure"))
    if running:
        return note(say("upgrade.bot"), say("upgrade.bot.goes_on", name=name))
    return good(say("upgrade.bot"), say("upgrade.bot.none"))


def _backup(settings: Settings, folder: Path, say: Words, *, now: datetime, needed: bool) -> Finding:
    """Say how old the newest backup is."""
    newest = max((each.taken_at for each in backups_in(folder, settings)), default=None)
    if newest is None:
        text = say("check.backup.none", folder=folder)
    else:
        text = say("check.backup.newest", folder=folder, at=f"{newest:%Y-%m-%d %H:%M} UTC")
        if now - newest < FRESH:
            return good(say("check.backup"), text)
    return (bad if needed else note)(say("check.backup"), text, say("upgrade.backup.cure"))


def _room(path: Path, say: Words, *, needed: bool) -> Finding:
    """Say whether the disk has room for what migrations write anew."""
    size = sum(each.stat().st_size for each in path.parent.glob(f"{path.name}*") if each.name in _names(path))
    free = shutil.disk_usage(path.parent).free
    text = say("upgrade.disk.room", free=say.number(free // MEGABYTE), size=say.number(size // MEGABYTE))
    if free >= ROOM * size:
        return good(say("upgrade.disk"), text)
    return (bad if needed else note)(say("upgrade.disk"), text, say("upgrade.disk.cure", times=ROOM))


def _names(path: Path) -> tuple[str, ...]:
    return path.name, f"{path.name}-wal"
