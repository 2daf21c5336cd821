"""Checks everything the bot needs, for `shotcaller doctor`, and says in words what to fix."""

import logging
import sys
from collections.abc import AsyncIterator
from typing import TextIO

from bot.doctor.callbacks import check_callbacks
from bot.doctor.finding import Finding, Mark
from bot.doctor.guilds import check_discord
from bot.doctor.local import check_database, check_folder, check_rights, check_settings, check_spending
from bot.doctor.processes import check_processes
from bot.doctor.providers import check_models, check_providers
from bot.redaction import Redactor
from bot.settings import Settings

__all__ = ["Finding", "Mark", "examine"]


async def examine(settings: Settings, *, out: TextIO | None = None) -> int:
    """Print a line for each thing that is checked, as it is found; the exit code is 0 only if nothing needs fixing."""
    out = out or sys.stdout
    silent = logging.NullHandler()  # what matters of the warnings below is said by the findings
    logging.getLogger().addHandler(silent)
    failed, redact = 0, Redactor(settings.secrets())
    try:
        async for finding in _findings(settings):
            out.write(f"{redact(str(finding))}\n")
            out.flush()
            failed += finding.mark is Mark.BAD
    finally:
        logging.getLogger().removeHandler(silent)
    out.write(
        "\nAll is well.\n"
        if not failed
        else f"\n{failed} {'things have' if failed > 1 else 'thing has'} to be fixed.\n"
    )
    return 1 if failed else 0


async def _findings(settings: Settings) -> AsyncIterator[Finding]:
    yield check_settings(settings)
    yield check_spending(settings)
    yield await check_folder(settings)
    looks = (
        check_database,
        check_processes,
        check_rights,
        check_providers,
        check_callbacks,
        check_discord,
        check_models,
    )
    for look in looks:
        async for finding in look(settings):
            yield finding
