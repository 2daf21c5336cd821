"""Show a page of a guild's jobs or one job, and carry out admins' decisions about them, by command or by button."""

from typing import Any, Final

import discord

from bot.client import Shotcaller
from bot.domain import EVERYWHERE, Job, JobFilter
from bot.errors import DeadLetterGone, NotPermitted
from bot.locale import words
from cogs import ui
from cogs.admin import jobs_views
from cogs.admin.common import check_admin_access

OWNER: Final = "owner"  # who runs the bot, among the names of permissions


async def _scope(bot: Shotcaller, interaction: discord.Interaction[Any]) -> int:
    """The guild whose jobs this person may decide about; everywhere for the bot's owner."""
    if await bot.is_owner(interaction.user):
        return EVERYWHERE
    if interaction.guild_id is None:
        raise NotPermitted(needed=OWNER)
    return interaction.guild_id


async def show_page(
    bot: Shotcaller, interaction: discord.Interaction[Any], job_filter: JobFilter, *, user_id: int | None, skip: int
) -> None:
    """Fill in the private answer with a page of jobs."""
    if job_filter is JobFilter.EVERYWHERE and await _scope(bot, interaction) != EVERYWHERE:
        raise NotPermitted(needed=OWNER)
    say, guild_id = words(str(interaction.locale)), interaction.guild_id or EVERYWHERE
    page = await bot.services.guild_jobs.page(job_filter, guild_id=guild_id, user_id=user_id, skip=skip)
    await ui.answer(
        interaction,
        embed=jobs_views.page_embed(page, job_filter, say),
        view=jobs_views.page_view(page, job_filter, user_id, say),
    )


async def show_one(bot: Shotcaller, interaction: discord.Interaction[Any], job_id: str) -> None:
    """Fill in the private answer with everything about one job."""
    jobs, say = bot.services.guild_jobs, words(str(interaction.locale))
    view = await jobs.job(job_id.strip(), guild_id=await _scope(bot, interaction))
    await ui.answer(
        interaction,
        embed=jobs_views.job_embed(view, await jobs.ledger_entries(view.job), say),
        view=jobs_views.job_actions_view(view.job, say),
    )


async def decide_job(bot: Shotcaller, interaction: discord.Interaction[Any], job_id: str, action: str) -> None:
    """Carry out a decision about a job, and answer with its outcome; the interaction has been acknowledged."""
    jobs = bot.services.guild_jobs
    job = (await jobs.job(job_id.strip(), guild_id=await _scope(bot, interaction))).job
    action = _action_for(action, job)
    place = job.destination.guild_id or EVERYWHERE
    entry = ui.audit_entry(
        interaction, f"job_{action}", guild_id=place, job=job.id, member=job.user_id, credits=job.credits
    )
    match action:
        case "cancel":
            job = await jobs.cancel(entry, job)
        case "recheck":
            job = await jobs.look_again(entry, job)
        case "retry" | "deliver":
            job = await jobs.retry(entry, job)
        case _:
            job = await jobs.write_off(entry, job, billed=action == "billed")
    await ui.answer(interaction, jobs_views.outcome_text(action, job, words(str(interaction.locale))))


def _action_for(action: str, job: Job) -> str:
    """Choose the action that a decision means for this kind of dead letter.

    Raises:
        DeadLetterGone: it is about a dead letter, and that is none, or of the other kind.
    """
    offered = {name for name, _ in jobs_views.actions_for(job)}
    if action == "cancel" or action in offered:
        return action
    for wanted, name in (("retry", "deliver"), ("free", "close"), ("billed", "close")):
        if action == wanted and name in offered:
            return name
    raise DeadLetterGone(job_id=job.id)


def setup(bot: Shotcaller) -> None:
    """Let the buttons and the select below jobs do what they are for."""
    ui.on_press(bot, jobs_views.JOB_ACTION, _decide, first=ui.acknowledge, access=check_admin_access)
    ui.on_press(bot, jobs_views.OPEN_JOB, _open, first=ui.acknowledge, access=check_admin_access)
    ui.on_press(bot, jobs_views.JOBS_PAGE, _turn_page, first=ui.acknowledge_in_place, access=check_admin_access)


async def _decide(bot: Shotcaller, interaction: discord.Interaction[Any], action: str, job: str) -> None:
    await decide_job(bot, interaction, job, action)


async def _open(bot: Shotcaller, interaction: discord.Interaction[Any]) -> None:
    await show_one(bot, interaction, ui.chosen_value(interaction))


async def _turn_page(
    bot: Shotcaller, interaction: discord.Interaction[Any], job_filter: JobFilter, user_id: int, skip: int
) -> None:
    await show_page(bot, interaction, job_filter, user_id=user_id or None, skip=skip)
