"""Says what an upgrade to this version would do to the database, and whether now is the time; nothing is changed."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, TextIO

from bot import __version__
from bot.domain.finding import Finding, Mark, bad, good, note
from bot.errors import SettingsInvalid, StoreError
from bot.operate.backups import backups_in, is_running
from bot.settings import Settings
from bot.store.migrate import Migration, pending
from bot.wiring.database import open_database

FRESH: Final = timedelta(days=1)  # how old the newest backup may be
ROOM: Final = 3  # of the database's size: some migrations write tables anew, and a backup has to fit too
MEGABYTE: Final = 1024 * 1024

CHANGES: Final[Mapping[int, str]] = {
    1: "makes jobs, accounts and the ledger",
    2: "keeps what builds on a video, favourites, presets and drafts",
    3: "keeps what servers decide, cases, the audit and queues, and writes accounts and the ledger anew",
    5: "keeps who took a video away and where it was shown again",
    6: "keeps where and when a post was meant",
    7: "keeps when the bot was last alive",
    8: "keeps which models were given up",
    10: "keeps when telling somebody was intended",
    11: "gives every report a row of its own",
    12: "makes an index of what is in the making",
    13: "keeps where videos were posted again",
    15: "moves all that is still to be posted into one table, the outbox",
    17: "counts what waits and what is in the making",
    19: "keeps which processes share the database",
    20: "notes which process posts what",
    21: "keeps what processes have to know of each other: services that rest, troubles that were told",
    22: "keeps how private answers are edited, sealed",
    25: "keeps whose turn it is to sign in to Discord, and which commands Discord has",
    26: "notes whether the database is a copy, so that a restored one pays for nothing twice",
    27: "keeps who may sign in to the operator's page, and who is signed in",
    28: "makes an index of what waits for a moderator or to be posted",
    31: "makes the index of what waits in an inbox anew: what was sent privately is not in it",
}
"""What each migration does, for who runs the bot."""


async def check(settings: Settings, folder: Path, *, now: datetime, out: TextIO) -> int:
    """Print what there is to say of an upgrade; the exit code is 0 where nothing speaks against it, now."""
    against = 0
    async for finding in _findings(settings, folder, now=now):
        out.write(f"{finding}\n")
        against += finding.mark is Mark.BAD
    out.write("\nNot now: see above.\n" if against else "\nNothing speaks against it.\n")
    return 1 if against else 0


async def _findings(settings: Settings, folder: Path, *, now: datetime) -> AsyncIterator[Finding]:
    name, path = settings.database_name, settings.database_path
    if path is not None and not await asyncio.to_thread(Path(path).is_file):
        yield good("database", f"{name} is not there yet; the first start of {__version__} makes it")
        return
    try:
        running = await is_running(settings)
        async with open_database(settings) as database:
            missing = await pending(database)
    except (StoreError, SettingsInvalid) as exc:
        text = exc.problems[0][1] if isinstance(exc, SettingsInvalid) else str(exc)
        yield bad("database", f"{name}: {text}", "Nothing was changed. `shotcaller doctor` says more.")
        return
    yield _migrations(name, missing)
    for each in missing:
        yield note(f"{each.version:04}_{each.name}", CHANGES.get(each.version, "has no description"))
    if running and missing:
        yield bad(
            "bot",
            f"a bot is running on {name}",
            "Stop it first; the new version applies the migrations when it starts.",
        )
    elif running:
        yield note("bot", f"a bot is running on {name}; it goes on until you start the new version in its place")
    else:
        yield good("bot", "none is running")
    yield await asyncio.to_thread(_backup, settings, folder, now=now, needed=bool(missing))
    if path is not None:
        yield await asyncio.to_thread(_room, Path(path), needed=bool(missing))


def _migrations(name: str, missing: list[Migration]) -> Finding:
    if not missing:
        return good("database", f"{name} is as {__version__} wants it; nothing changes")
    text = f"{name} would be changed by {len(missing)} migrations, each whole or not at all:"
    return note(
        "database", text, "There is no way back but a backup: an older version refuses the database afterwards."
    )


def _backup(settings: Settings, folder: Path, *, now: datetime, needed: bool) -> Finding:
    """Say how old the newest backup is."""
    newest = max((each.taken_at for each in backups_in(folder, settings)), default=None)
    if newest is not None and now - newest < FRESH:
        return good("backup", f"the newest in {folder} is of {newest:%Y-%m-%d %H:%M} UTC")
    text = (
        f"there is none in {folder}" if newest is None else f"the newest in {folder} is of {newest:%Y-%m-%d %H:%M} UTC"
    )
    return (bad if needed else note)("backup", text, "Type: shotcaller backup")


def _room(path: Path, *, needed: bool) -> Finding:
    """Say whether the disk has room for what migrations write anew."""
    size = sum(each.stat().st_size for each in path.parent.glob(f"{path.name}*") if each.name in _names(path))
    free = shutil.disk_usage(path.parent).free
    text = f"{free // MEGABYTE:,} MB free where the database of {size // MEGABYTE:,} MB lies"
    if free >= ROOM * size:
        return good("disk", text)
    return (bad if needed else note)("disk", text, f"Make room for {ROOM} times the database.")


def _names(path: Path) -> tuple[str, ...]:
    return path.name, f"{path.name}-wal"
