"""Checks what the bot stands on: its settings, its folder and its database."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from bot.doctor.finding import Finding, bad, good, note
from bot.domain import DeadLetter, Job
from bot.errors import SettingsInvalid, StoreError, StoreUnavailable
from bot.lockfile import sole_user
from bot.private_files import is_open_to_others, open_to_others
from bot.settings import Settings
from bot.store.community.reports import ReportStore
from bot.store.database import Database
from bot.store.jobs.queries import JobQueryStore
from bot.store.member.feedback import FeedbackStore
from bot.store.migrate import pending
from bot.store.outbox import OutboxStore
from bot.wiring.database import open_database
from bot.wiring.providers import configured
from bot.wiring.spending import spending_text

MEGABYTE: Final = 1024 * 1024
ROOM: Final = 5  # of the largest videos; with less the disk may be full soon
LETTERS: Final = 20  # dead letters listed
FEW: Final = 3  # files named
KEYS: Final = ".env"  # where the settings are read from


def check_settings(settings: Settings) -> Finding:
    """Summarize the settings, which have been read, without anything secret."""
    guilds = ", ".join(map(str, settings.discord_guild_ids)) or "every guild"
    prices = f"prices of {settings.price_table}" if settings.price_table else "list prices"
    return good(
        "settings",
        f"video services {' and '.join(configured(settings))}; commands for {guilds}; "
        f"{settings.daily_credits} credits a member and day; {prices}; database {settings.database_name}",
    )


def check_spending(settings: Settings) -> Finding:
    """Say what the settings allow people to spend."""
    text = spending_text(settings)
    if settings.monthly_budget_usd is not None:
        return good("spending", text)
    return note("spending", text, "Set MONTHLY_BUDGET_USD to the most that a month may cost you, unless you mean it.")


async def check_folder(settings: Settings) -> Finding:
    """Check whether videos can be put down where the settings say."""
    folder = settings.data_dir
    try:
        free = await asyncio.to_thread(_free, folder)
    except OSError as exc:
        return bad("data folder", f"{folder} cannot be written: {exc}", "Mend its rights, or set DATA_DIR to another.")
    text = f"{folder.resolve()} can be written, {free // MEGABYTE} MB free"
    if free < ROOM * settings.max_result_megabytes * MEGABYTE:
        return note("data folder", text, f"Make room: one video may have up to {settings.max_result_megabytes} MB.")
    return good("data folder", text)


async def check_rights(settings: Settings) -> AsyncIterator[Finding]:
    """Find what others on this machine may read, though it is nobody's but the operator's."""
    if files := await asyncio.to_thread(open_to_others, settings):
        few = ", ".join(map(str, files[:FEW])) + (f" and {len(files) - FEW} more" if len(files) > FEW else "")
        remedy = "Start the bot as the user whom they belong to; it takes others' rights away."
        yield note("files", f"others on this machine may open {few}", remedy)
    keys = Path(KEYS)
    if await asyncio.to_thread(is_open_to_others, keys):
        yield note("keys", f"others on this machine may open {keys}", f"Type: chmod 600 {keys}")


async def check_database(settings: Settings) -> AsyncIterator[Finding]:
    """Check whether the database opens and is up to date, and find what in it waits for the operator."""
    name, path = settings.database_name, settings.database_path
    try:
        state = await asyncio.to_thread(_state, path)
    except SettingsInvalid as exc:
        yield bad(
            "database", str(exc.problems[0][1]), "Mend the folder's rights, or set DATABASE_URL to another place."
        )
        return
    if path is not None and not await asyncio.to_thread(Path(path).exists):
        yield good("database", f"{name} is not there yet; the first start makes it")
        return
    try:
        async with open_database(settings) as database:
            missing = await pending(database)
            waiting = [] if missing else [each async for each in _waiting(database)]
    except (SettingsInvalid, StoreError) as exc:
        yield _closed(settings, exc)
        return
    if missing:
        yield note("database", f"{name} opens; {len(missing)} migrations are missing", "The next start applies them.")
    else:
        yield good("database", f"{name} opens and is up to date{state}")
    for each in waiting:
        yield each


def _closed(settings: Settings, exc: SettingsInvalid | StoreError) -> Finding:
    """Say why the database can't be used."""
    match exc:
        case SettingsInvalid():
            return bad("database", exc.problems[0][1], "Install it, or set DATABASE_URL to a file (sqlite:///…).")
        case StoreUnavailable() if settings.database_path is None:
            remedy = "Look at DATABASE_URL, and at that server and its log."
        case StoreUnavailable():
            remedy = "Look for another program that has it open, or a full disk."
        case _:
            remedy = "Use the version of Shotcaller that this database belongs to, or a newer one."
            return bad("database", str(exc), remedy)
    return bad("database", f"{settings.database_name} refuses: {exc}", remedy)


async def _waiting(database: Database) -> AsyncIterator[Finding]:
    """Find what waits for the operator."""
    for job in await JobQueryStore(database).dead_letters(most=LETTERS):
        yield _letter(job)
    remedy = (
        "Set OPERATOR_CHANNEL_ID, or take direct messages from the bot; servers choose a channel of their moderators."
    )
    if reports := await ReportStore(database).unseen():
        yield note(
            "reports", f"nobody could be shown {len(reports)}, the oldest from {reports[0]:%Y-%m-%d %H:%M} UTC", remedy
        )
    if notes := await FeedbackStore(database).not_yet_told():
        yield note("feedback", f"you could not be shown {notes}", remedy)
    for kind, reason, number in await OutboxStore(database).given_up():
        cure = "`/admin doctor` in the server says which of its channels is closed to the bot."
        yield note("outbox", f"{number} of kind “{kind}” given up within a month: {reason}", cure)


def _letter(job: Job) -> Finding:
    service = f"{job.provider}, external id {job.external_id}"
    if job.dead_letter is DeadLetter.OUTCOME_UNKNOWN:
        text = f"it may or may not have reached the video service ({service}); {job.credits} credits are held"
        return note(f"job {job.id}", text, "Look it up in the service's own console.")
    text = f"its video is ready and nobody could be given it ({service}, user {job.user_id})"
    return note(f"job {job.id}", text, f"The file is results/{job.id}.mp4 in the data folder.")


def _free(folder: Path) -> int:
    """Count the bytes that are free where a file has just been written.

    Raises:
        OSError: it could not be.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(b"x")
        file.flush()
    return shutil.disk_usage(folder).free


def _state(path: str | None) -> str:
    """Say whether a bot runs on a file; of a server nothing is said, since many may.

    Raises:
        SettingsInvalid: its folder cannot be written.
    """
    if path is None:
        return ""
    try:
        with sole_user(path):
            return "; no bot is running on it"
    except SettingsInvalid as exc:
        if isinstance(exc.__cause__, TimeoutError):
            return "; a bot is running on it"
        raise
