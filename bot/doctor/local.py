"""Checks what the bot stands on: its settings, its folder and its database."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Final

from bot.domain import DeadLetter, Job
from bot.domain.finding import Finding, bad, good, note
from bot.errors import SettingsInvalid, StoreError, StoreUnavailable
from bot.locale import Words
from bot.lockfile import InUse, sole_user
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
from bot.wiring.spending import most_usd_a_day

MEGABYTE: Final = 1024 * 1024
ROOM: Final = 5  # of the largest videos; with less the disk may be full soon
LETTERS: Final = 20  # dead letters listed
FEW: Final = 3  # files named
KEYS: Final = ".env"  # where the settings are read from


def check_settings(settings: Settings, say: Words) -> Finding:
    """Summarize the settings, which have been read, without anything secret."""
    table = settings.price_table
    text = say(
        "check.settings.good",
        services=say("comma").join(configured(settings)),
        guilds=say("comma").join(map(str, settings.discord_guild_ids)) or say("check.settings.everywhere"),
        credits=say("credits", n=settings.daily_credits),
        prices=say("check.settings.prices", file=table) if table else say("check.settings.list"),
        database=settings.database_name,
    )
    return good(say("check.settings"), text)


def check_spending(settings: Settings, say: Words) -> Finding:
    """Say what the settings allow people to spend."""

    def most(usd: Decimal | None) -> str:
        return say("check.spending.any") if usd is None else say("check.spending.most", usd=say.usd(usd))

    server, direct = most_usd_a_day(settings)
    budget, about = settings.monthly_budget_usd, say("check.spending")
    if budget is not None:
        month = most(Decimal(budget))
        return good(about, say("check.spending.text", server=most(server), direct=most(direct), month=month))
    text = say("check.spending.text", server=most(server), direct=most(direct), month=say("check.spending.unlimited"))
    return note(about, text, say("check.spending.cure"))


async def check_folder(settings: Settings, say: Words) -> Finding:
    """Check whether videos can be put down where the settings say."""
    folder, about = settings.data_dir, say("check.folder")
    try:
        free = await asyncio.to_thread(_free, folder)
    except OSError as exc:
        return bad(about, say("check.folder.closed", folder=folder, error=exc), say("check.folder.closed.cure"))
    text = say("check.folder.good", folder=folder.resolve(), free=free // MEGABYTE)
    if free < ROOM * settings.max_result_megabytes * MEGABYTE:
        return note(about, text, say("check.folder.full.cure", most=settings.max_result_megabytes))
    return good(about, text)


async def check_rights(settings: Settings, say: Words) -> AsyncIterator[Finding]:
    """Find what others on this machine may read, though it is nobody's but the operator's."""
    if files := await asyncio.to_thread(open_to_others, settings):
        few = say("comma").join(map(str, files[:FEW]))
        few = say("check.files.more", names=few, n=len(files) - FEW) if len(files) > FEW else few
        yield note(say("check.files"), say("check.files.open", names=few), say("check.files.cure"))
    keys = Path(KEYS)
    if await asyncio.to_thread(is_open_to_others, keys):
        yield note(say("check.keys"), say("check.files.open", names=keys), say("check.keys.cure", file=keys))


async def check_database(settings: Settings, say: Words) -> AsyncIterator[Finding]:
    """Check whether the database opens and is up to date, and find what in it waits for the operator."""
    name, path, about = settings.database_name, settings.database_path, say("check.database")
    try:
        state = await asyncio.to_thread(_state, path, say)
    except SettingsInvalid as exc:
        yield bad(about, str(exc.problems[0][1]), say("check.database.folder.cure"))
        return
    if path is not None and not await asyncio.to_thread(Path(path).exists):
        yield good(about, say("check.database.new", name=name))
        return
    try:
        async with open_database(settings) as database:
            missing = await pending(database)
            waiting = [] if missing else [each async for each in _waiting(database, say)]
    except (SettingsInvalid, StoreError) as exc:
        yield _closed(settings, exc, say)
        return
    if missing:
        text = say("check.database.old", name=name, n=len(missing))
        yield note(about, text, say("check.database.old.cure"))
    else:
        yield good(about, say("check.database.good", name=name, state=state))
    for each in waiting:
        yield each


def _closed(settings: Settings, exc: SettingsInvalid | StoreError, say: Words) -> Finding:
    """Say why the database can't be used."""
    about = say("check.database")
    match exc:
        case SettingsInvalid():
            return bad(about, exc.problems[0][1], say("check.database.driver.cure"))
        case StoreUnavailable() if settings.database_path is None:
            remedy = say("check.database.server.cure")
        case StoreUnavailable():
            remedy = say("check.database.file.cure")
        case _:
            return bad(about, str(exc), say("check.database.newer.cure"))
    return bad(about, say("check.database.refuses", name=settings.database_name, error=exc), remedy)


async def _waiting(database: Database, say: Words) -> AsyncIterator[Finding]:
    """Find what waits for the operator."""
    for job in await JobQueryStore(database).dead_letters(most=LETTERS):
        yield _letter(job, say)
    remedy = say("check.unseen.cure")
    if reports := await ReportStore(database).unseen():
        text = say("check.reports.unseen", n=len(reports), oldest=f"{reports[0]:%Y-%m-%d %H:%M} UTC")
        yield note(say("check.reports"), text, remedy)
    if notes := await FeedbackStore(database).not_yet_told():
        yield note(say("check.feedback"), say("check.feedback.unseen", n=notes), remedy)
    for kind, reason, number in await OutboxStore(database).given_up():
        text = say("check.outbox.given_up", n=number, kind=kind, why=reason)
        yield note(say("check.outbox"), text, say("check.outbox.cure"))


def _letter(job: Job, say: Words) -> Finding:
    about, service, external_id = say("check.job", id=job.id), job.provider, job.external_id
    if job.dead_letter is DeadLetter.OUTCOME_UNKNOWN:
        held = say("credits", n=job.credits)
        text = say("check.job.unknown", service=service, external_id=external_id, credits=held)
        return note(about, text, say("check.job.unknown.cure"))
    text = say("check.job.undeliverable", service=service, external_id=external_id, user=job.user_id)
    return note(about, text, say("check.job.undeliverable.cure", file=f"results/{job.id}.mp4"))


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


def _state(path: str | None, say: Words) -> str:
    """Say whether a bot runs on a file; of a server nothing is said, since many may.

    Raises:
        SettingsInvalid: its folder cannot be written.
    """
    if path is None:
        return ""
    try:
        with sole_user(path):
            return say("check.database.idle")
    except InUse:
        return say("check.database.used")
