"""Describes backups: a folder each, with the database, what else the bot needs, and a list of all that with checksums.

A backup is there whole or not at all: it is made under a name that begins with a dot, and gets its own at the end.
"""

import hashlib
import json
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bot import __version__
from bot.errors import SettingsInvalid, ShotcallerError, StoreError
from bot.lockfile import InUse, sole_user
from bot.settings import Settings
from bot.store.contents import Contents, is_used
from bot.values import asdict, dataclass
from bot.wiring.database import open_database

LIST: Final = "backup.json"
FORMAT: Final = "shotcaller backup 1"
FILE, DUMP = "database.db", "database.dump"
_NAME: Final = re.compile(r"shotcaller-\d{4}-\d\d-\d\dT\d{6}Z(-\d+)?")
_BEGUN: Final = ".shotcaller-"  # what the names of backups begin with that are being made, or taken away
_CHUNK: Final = 1024 * 1024


class NotDone(ShotcallerError):
    """A backup was not taken, or not restored; the words say why and what to do. Nothing was changed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Backup:
    """One backup. `files` are the checksums of its files by their names; `running` is whether a bot wrote meanwhile."""

    folder: Path
    taken_at: datetime
    program: str  # its version
    database: str  # its name, without password
    running: bool
    contents: Contents
    files: Mapping[str, str]

    @property
    def on_server(self) -> bool:
        """Say whether it is of a PostgreSQL."""
        return DUMP in self.files

    @property
    def bytes(self) -> int:
        """Add up how large its files are."""
        return sum((self.folder / name).stat().st_size for name in self.files)

    def write_list(self) -> None:
        """Write the list of what is in it."""
        listed = {
            "format": FORMAT,
            "taken_at": self.taken_at.astimezone(UTC).isoformat(),
            **{name: getattr(self, name) for name in ("program", "database", "running")},
            **asdict(self.contents),
            "files": dict(self.files),
        }
        (self.folder / LIST).write_text(json.dumps(listed, indent=1), "utf-8")


def new_backup(settings: Settings, folder: Path, contents: Contents, *, taken_at: datetime, running: bool) -> Backup:
    """Describe the backup that a folder has the files of."""
    files = sorted(each for each in folder.rglob("*") if each.is_file())
    return Backup(
        folder=folder,
        taken_at=taken_at,
        program=__version__,
        database=settings.database_name,
        running=running,
        contents=contents,
        files={each.relative_to(folder).as_posix(): _checksum(each) for each in files},
    )


def read(folder: Path) -> Backup:
    """Read what is in a backup; its files are not looked at.

    Raises:
        NotDone: that is no backup, or one of a newer version.
    """
    try:
        listed = json.loads((folder / LIST).read_text("utf-8"))
        if listed["format"] != FORMAT:
            raise NotDone(f"{folder} is a backup of another version of Shotcaller ({listed['format']}).")
        return Backup(
            folder=folder,
            taken_at=datetime.fromisoformat(listed["taken_at"]),
            contents=Contents(
                versions={int(number): text for number, text in listed["versions"].items()}, rows=listed["rows"]
            ),
            **{name: listed[name] for name in ("program", "database", "running", "files")},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
        raise NotDone(f"{folder} is no backup: `shotcaller backup` makes folders with a {LIST} in them.") from exc


def demand_whole(backup: Backup) -> None:
    """Check that the files of a backup are what they were.

    Raises:
        NotDone: one has changed, or is missing.
    """
    for name, checksum in backup.files.items():
        file = backup.folder / name
        if ".." in Path(name).parts or not file.is_file() or _checksum(file) != checksum:
            raise NotDone(f"{backup.folder} is damaged: {name} is missing or has changed. Take another backup.")


def backups_in(folder: Path, settings: Settings) -> list[Backup]:
    """List the backups of the settings' database that lie in a folder, the oldest first; other files are no matter."""
    found = []
    for each in folder.glob("shotcaller-*"):
        with suppress(NotDone):
            if _NAME.fullmatch(each.name) and (backup := read(each)).database == settings.database_name:
                found.append(backup)
    return sorted(found, key=lambda each: (each.taken_at, each.folder.name))


def spared(backups: Iterable[Backup], *, keep: int, weeks: int) -> list[Backup]:
    """Choose what is kept: the `keep` newest, and the newest of each of the last `weeks` weeks that have any."""
    newest = sorted(backups, key=lambda each: (each.taken_at, each.folder.name), reverse=True)
    weekly: dict[tuple[int, int], Backup] = {}
    for each in newest:
        year, week, _ = each.taken_at.isocalendar()
        weekly.setdefault((year, week), each)
    chosen = {each.folder for each in [*newest[: max(1, keep)], *list(weekly.values())[:weeks]]}
    return [each for each in newest if each.folder in chosen]


def remove(backup: Backup) -> None:
    """Take a backup away: at once under its name, then from the disk."""
    going = backup.folder.with_name(f"{_BEGUN}{backup.folder.name}.old")
    backup.folder.rename(going)
    shutil.rmtree(going, ignore_errors=True)


def name_for(folder: Path, taken_at: datetime) -> str:
    """Name a new backup; two of one second are told apart by a number."""
    name, number = f"shotcaller-{taken_at.astimezone(UTC):%Y-%m-%dT%H%M%SZ}", 1
    free = name
    while (folder / free).exists():
        number += 1
        free = f"{name}-{number}"
    return free


@contextmanager
def room_for_one(folder: Path) -> Iterator[None]:
    """Be the only one who makes or takes away backups in a folder; what a dead one has begun is gone.

    Raises:
        NotDone: somebody else is at it, or the folder cannot be written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with sole_user(str(folder / ".backup")):
            for left in folder.glob(f"{_BEGUN}*"):
                shutil.rmtree(left, ignore_errors=True)
            yield
    except InUse as exc:
        raise NotDone(f"Another backup is being taken into {folder}. Wait for its end.") from exc
    except SettingsInvalid as exc:
        raise NotDone(f"{folder} cannot be written. Mend its rights, or name another with --to or BACKUP_DIR.") from exc
    except OSError as exc:
        raise NotDone(
            f"{folder} cannot be written ({exc.strerror}). Mend that, or name another folder with --to or BACKUP_DIR."
        ) from exc


@contextmanager
def being_made(folder: Path, name: str) -> Iterator[Path]:
    """Give a folder to make a backup in, which is gone at the end unless it was given its own name."""
    begun = folder / f"{_BEGUN}{name}"
    begun.mkdir(mode=0o700)
    try:
        yield begun
    finally:
        shutil.rmtree(begun, ignore_errors=True)


async def is_running(settings: Settings) -> bool:
    """Say whether a bot runs on the database.

    Raises:
        SettingsInvalid: its folder cannot be written, or its driver is missing.
        StoreError: nobody can tell.
    """
    if (path := settings.database_path) is None:
        async with open_database(settings) as database:
            return await is_used(database)
    try:
        with sole_user(path):
            return False
    except InUse:
        return True


def demand_known(contents: Contents, known: Mapping[int, str], what: str) -> None:
    """Check that this version of the program can go on with a database.

    Raises:
        StoreError: it is of a newer one.
    """
    if unknown := sorted(set(contents.versions) - set(known)):
        raise StoreError(f"{what} has migrations {unknown} that this version does not know: update the program")
    if changed := [number for number, text in contents.versions.items() if known[number] != text]:
        raise StoreError(f"{what} has migrations {changed} of another program than this one")


def _checksum(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        while chunk := opened.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
