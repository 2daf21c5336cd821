"""Edit & rerun: the form with an earlier video's options, and the request for a new one."""

from collections.abc import Sequence
from typing import Any, Final

import discord

from bot.client import Shotcaller
from bot.domain import Capability, Job, Origin
from bot.locale import words
from cogs import ui
from cogs.request import build_request, submit

FORM: Final = ui.CustomId("remix:{job_id}", job_id=ui.JOB_ID)


async def open_edit_form(interaction: discord.Interaction[Any], job: Job, models: Sequence[Capability]) -> None:
    """Open the form with a job's options, as the first answer to a press; `models` are those the presser may use."""
    say, options = words(str(interaction.locale)), ui.options_of(job.request)
    form = ui.request_form(FORM(job_id=job.id), say("remix.title"), options=options, models=models, say=say)
    await ui.open_form(interaction, form)


async def submit_edited(bot: Shotcaller, interaction: discord.Interaction[Any], job_id: str) -> None:
    """Ask for the changed video when the form comes back. What was entered is kept if it is refused."""
    entries, say = ui.read_form(ui.entered(interaction)), words(str(interaction.locale))
    ui.remember(interaction, ui.TypedRequest(options=entries))  # should the job be gone, this is not
    job = await bot.services.results.job(job_id, ui.member_of(interaction))
    private = job.destination.private and job.shared_at is None
    ui.remember(interaction, ui.TypedRequest(options=entries, private=private, parent_id=job.id, origin=Origin.EDIT))
    request = await build_request(bot, interaction, ui.parse_options(entries, say))
    await submit(bot, interaction, request, private=private, parent_id=job.id, origin=Origin.EDIT)
