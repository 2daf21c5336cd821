"""Checks everything the bot needs, for `shotcaller doctor`, and says in words what to fix."""

import logging
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import TextIO

from bot.doctor.backup import check_backups
from bot.doctor.callbacks import check_callbacks
from bot.doctor.guilds import check_discord
from bot.doctor.local import check_database, check_folder, check_rights, check_settings, check_spending
from bot.doctor.processes import check_processes
from bot.doctor.providers import check_models, check_providers
from bot.domain.finding import Finding, Mark
from bot.locale import Words
from bot.redaction import Redactor
from bot.settings import Settings

__all__ = ["Finding", "Mark", "examine", "findings"]


async def examine(settings: Settings, say: Words, *, out: TextIO | None = None) -> int:
    """Print a line for each thing that is checked, as it is found; the exit code is 0 only if nothing needs fixing."""
    out = out or sys.stdout
    silent = logging.NullHandler()  # what matters of the warnings below is said by the findings
    logging.getLogger().addHandler(silent)
    failed = noted = 0
    try:
        async for finding in findings(settings, say):
            out.write(f"{finding}\n")
            out.flush()
            failed += finding.mark is Mark.BAD
            noted += finding.mark is Mark.NOTE
    finally:
        logging.getLogger().removeHandler(silent)
    out.write(f"\n{_result(failed, noted, say)}\n")
    return 1 if failed else 0


def _result(failed: int, noted: int, say: Words) -> str:
    """Say what all findings come to."""
    if failed:
        return say("check.failed", n=failed)
    return say("check.noted", n=noted) if noted else say("check.well")


async def findings(settings: Settings, say: Words) -> AsyncIterator[Finding]:
    """Look at one thing after another, and tell of each without anything secret."""
    redact = Redactor(settings.secrets())
    async for finding in _looks(settings, say):
        yield replace(finding, text=redact(finding.text), remedy=redact(finding.remedy))


async def _looks(settings: Settings, say: Words) -> AsyncIterator[Finding]:
    yield check_settings(settings, say)
    yield check_spending(settings, say)
    yield await check_folder(settings, say)
    looks = (
        check_database,
        check_backups,
        check_processes,
        check_rights,
        check_providers,
        check_callbacks,
        check_discord,
        check_models,
    )
    for look in looks:
        async for finding in look(settings, say):
            yield finding
