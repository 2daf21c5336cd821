"""`/video jobs` and `/video cancel`: list one's jobs, and cancel one."""

from collections.abc import Iterable
from typing import Any

import discord
from discord import app_commands

from bot.client import Shotcaller
from bot.domain import Job
from bot.errors import GuildJobUnknown, JobUnknown, NotYoursToCancel, TooLateToCancel
from bot.locale import Words, words
from bot.service.admin.jobs import decision_entry
from bot.service.jobs.videos import Videos
from cogs import ui
from cogs.ui import CHOICES, CONTENT, Command, acknowledge, answer, autocomplete, member_of
from cogs.ui.job_views import CANCEL, job_line


def setup(bot: Shotcaller) -> None:
    """Add the commands to the `/video` group."""
    bot.video.add_command(_list_command(bot.services.videos, words()))
    bot.video.add_command(_cancel_command(bot.services.videos, words()))
    ui.on_press(bot, CANCEL, _press_cancel)


def _list_command(videos: Videos, say: Words) -> Command:
    @app_commands.command(name="jobs", description=say("command.video.jobs"))
    async def jobs(interaction: discord.Interaction[Any]) -> None:
        await acknowledge(interaction)
        views = await videos.latest(user_id=interaction.user.id, guild_id=interaction.guild_id)
        say = words(str(interaction.locale))
        if not views:
            await answer(interaction, say("jobs.none"))
            return
        text = f"### {say('jobs.title')}"
        for line in (job_line(view, say) for view in views):
            if len(text) + len(line) + 1 > CONTENT:
                break
            text += f"\n{line}"
        await answer(interaction, text)

    return jobs


def _cancel_command(videos: Videos, say: Words) -> Command:
    async def waiting(interaction: discord.Interaction[Any], typed: str) -> Iterable[tuple[str, str]]:
        views = await videos.latest(user_id=interaction.user.id, guild_id=interaction.guild_id, most=CHOICES)
        jobs = [view.job for view in views if view.job.cancellable]
        texts = [(job.request.text(), job.id) for job in jobs]
        return [(text, job_id) for text, job_id in texts if typed.lower() in text.lower() or typed in job_id]

    @app_commands.command(name="cancel", description=say("command.video.cancel"))
    @app_commands.describe(job=say("option.job"))
    @autocomplete(job=waiting)
    async def cancel(interaction: discord.Interaction[Any], job: str) -> None:
        await acknowledge(interaction)
        cancelled = await videos.cancel(job.strip(), user_id=interaction.user.id)
        await answer(interaction, words(str(interaction.locale))("cancelled", n=cancelled.credits))

    return cancel


async def _press_cancel(bot: Shotcaller, interaction: discord.Interaction[Any], job_id: str) -> None:
    """Take a waiting job back, for its author or a moderator of its guild: on its card, or in the private answer."""
    await ui.acknowledge_privately(interaction)
    say = words(str(interaction.locale))
    try:
        cancelled = await _cancelled(bot, interaction, job_id)
    except TooLateToCancel:
        if ui.is_private(interaction):
            await answer(interaction, view=None)
        raise
    own = cancelled.user_id == interaction.user.id
    if own:
        text = say("cancelled", n=cancelled.credits)
    else:
        text = say("cancelled.member", credits=say("credits", n=cancelled.credits), member=f"<@{cancelled.user_id}>")
    await answer(interaction, text, embeds=(), view=None)


async def _cancelled(bot: Shotcaller, interaction: discord.Interaction[Any], job_id: str) -> Job:
    """Cancel a job in the name of whoever pressed.

    Raises:
        NotYoursToCancel: it is somebody else's, and they are no moderator where it was asked for.
        TooLateToCancel: its provider may have heard of it already.
    """
    member, jobs = member_of(interaction), bot.services.guild_jobs
    try:
        return await bot.services.videos.cancel(job_id, user_id=member.user_id)
    except JobUnknown as exc:
        if not member.moderates or member.guild_id is None:
            raise NotYoursToCancel from exc
    try:
        job = (await jobs.job(job_id, guild_id=member.guild_id)).job
    except GuildJobUnknown as exc:
        raise NotYoursToCancel from exc
    if job.destination.private:
        raise NotYoursToCancel
    now = bot.services.now()
    entry = decision_entry("cancel", job, entry_id=str(interaction.id), by=member.user_id, at=now)
    return await jobs.cancel(entry, job)
