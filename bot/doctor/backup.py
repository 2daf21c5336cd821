"""Checks how old the newest backup is."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Final

from bot.clock import utc_now
from bot.domain.finding import Finding, good, note
from bot.locale import Words
from bot.operate.backups import backups_in
from bot.settings import Settings

FRESH: Final = timedelta(hours=26)  # a day, and the time that a nightly one takes


async def check_backups(settings: Settings, say: Words) -> AsyncIterator[Finding]:
    """Tell of when the newest backup of the database is; nothing where there is no database yet."""
    path = settings.database_path
    if path is not None and not await asyncio.to_thread(Path(path).exists):
        return
    folder, about = settings.backups_dir, say("check.backup")
    taken = [each.taken_at for each in await asyncio.to_thread(backups_in, folder, settings)]
    if not taken:
        yield note(about, say("check.backup.none", folder=folder), say("check.backup.none.cure"))
        return
    newest = max(taken)
    text = say("check.backup.newest", folder=folder, at=f"{newest:%Y-%m-%d %H:%M} UTC")
    fresh = utc_now() - newest < FRESH
    yield good(about, text) if fresh else note(about, text, say("check.backup.old.cure"))
