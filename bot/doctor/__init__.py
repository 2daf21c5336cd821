"""`shotcaller doctor`: looks at everything the bot needs, and says in words what to fix."""

import logging
import sys
from collections.abc import AsyncIterator
from typing import TextIO

from bot.doctor.finding import Finding, Mark
from bot.doctor.guilds import look_at_discord
from bot.doctor.local import look_at_database, look_at_folder, look_at_rights, look_at_settings, look_at_spending
from bot.doctor.models import look_at_models
from bot.doctor.providers import look_at_providers
from bot.settings import Settings

__all__ = ["Finding", "Mark", "examine"]


async def examine(settings: Settings, *, out: TextIO | None = None) -> int:
    """Print one line for each thing looked at, as it is found; the exit code is 0 only when nothing has to be fixed."""
    out = out or sys.stdout
    silent = logging.NullHandler()  # what matters of the warnings below is said by the findings
    logging.getLogger().addHandler(silent)
    ill = 0
    try:
        async for finding in _findings(settings):
            out.write(f"{finding}\n")
            out.flush()
            ill += finding.mark is Mark.BAD
    finally:
        logging.getLogger().removeHandler(silent)
    out.write("\nAll is well.\n" if not ill else f"\n{ill} {'things have' if ill > 1 else 'thing has'} to be fixed.\n")
    return 1 if ill else 0


async def _findings(settings: Settings) -> AsyncIterator[Finding]:
    yield look_at_settings(settings)
    yield look_at_spending(settings)
    yield await look_at_folder(settings)
    for look in (look_at_database, look_at_rights, look_at_providers, look_at_discord, look_at_models):
        async for finding in look(settings):
            yield finding
