"""`/admin jobs`: looking through a guild's jobs, taking one back, deciding about dead letters."""

from collections.abc import Iterable
from typing import Any, Final

import discord
from discord import app_commands

from bot.client import Shotcaller
from bot.domain import JobFilter
from bot.locale import Words, words
from cogs.admin.jobs_actions import decide_job, show_one, show_page
from cogs.admin.jobs_views import choices
from cogs.ui import Command, acknowledge, autocomplete
from cogs.ui.completions import Offers

_ACTIONS: Final = {
    "cancel": JobFilter.WAITING,
    "recheck": JobFilter.DEAD,
    "retry": JobFilter.DEAD,
}  # about which


def setup(bot: Shotcaller) -> None:
    """Add the commands, and find their buttons again after any restart."""
    say = words()
    group = app_commands.Group(name="jobs", description=say("command.admin.jobs"))
    for make in (_list, _show, _writeoff):
        group.add_command(make(bot, say))
    for action, job_filter in _ACTIONS.items():
        group.add_command(_action_command(bot, say, action, job_filter))
    bot.admin.add_command(group)


def _list(bot: Shotcaller, say: Words) -> Command:
    @app_commands.command(name="list", description=say("command.admin.jobs.list"))
    @app_commands.describe(which=say("option.which"), member=say("option.jobs.member"))
    @app_commands.choices(
        which=[app_commands.Choice(name=say(f"choice.which.{each}"), value=each) for each in JobFilter]
    )
    async def list_(
        interaction: discord.Interaction[Any], which: str = JobFilter.LATEST, member: discord.User | None = None
    ) -> None:
        await acknowledge(interaction)
        await show_page(bot, interaction, JobFilter(which), user_id=member.id if member else None, skip=0)

    return list_


def _show(bot: Shotcaller, say: Words) -> Command:
    @app_commands.command(name="show", description=say("command.admin.jobs.show"))
    @app_commands.describe(job=say("option.job"))
    @autocomplete(job=_offered_jobs(bot, JobFilter.LATEST))
    async def show(interaction: discord.Interaction[Any], job: str) -> None:
        await acknowledge(interaction)
        await show_one(bot, interaction, job)

    return show


def _action_command(bot: Shotcaller, say: Words, action: str, job_filter: JobFilter) -> Command:
    """Build the command of a decision that needs nothing but the job."""

    @app_commands.command(name=action, description=say(f"command.admin.jobs.{action}"))
    @app_commands.describe(job=say("option.job"))
    @autocomplete(job=_offered_jobs(bot, job_filter))
    async def decide(interaction: discord.Interaction[Any], job: str) -> None:
        await acknowledge(interaction)
        await decide_job(bot, interaction, job, action)

    return decide


def _writeoff(bot: Shotcaller, say: Words) -> Command:
    @app_commands.command(name="writeoff", description=say("command.admin.jobs.writeoff"))
    @app_commands.describe(job=say("option.job"), billed=say("option.billed"))
    @autocomplete(job=_offered_jobs(bot, JobFilter.DEAD))
    async def writeoff(
        interaction: discord.Interaction[Any],
        job: str,
        billed: bool = False,  # noqa: FBT001, FBT002 (Discord's options)
    ) -> None:
        await acknowledge(interaction)
        await decide_job(bot, interaction, job, "billed" if billed else "free")

    return writeoff


def _offered_jobs(bot: Shotcaller, job_filter: JobFilter) -> Offers:
    async def offers(interaction: discord.Interaction[Any], typed: str) -> Iterable[tuple[str, str]]:
        if interaction.guild_id is None:
            return ()
        jobs = await bot.services.guild_jobs.candidates(job_filter, guild_id=interaction.guild_id)
        return choices(jobs, typed, words(str(interaction.locale)))

    return offers
