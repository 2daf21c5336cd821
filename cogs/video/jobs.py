"""`/video jobs` and `/video cancel`: list one's jobs, and cancel one."""

from collections.abc import Iterable
from typing import Any

import discord
from discord import app_commands

from bot.client import Shotcaller
from bot.locale import Words, words
from bot.service.jobs.videos import Videos
from cogs.ui import CHOICES, CONTENT, Command, acknowledge, answer, autocomplete
from cogs.ui.job_views import job_line


def setup(bot: Shotcaller) -> None:
    """Add the commands to the `/video` group."""
    bot.video.add_command(_list_command(bot.services.videos, words()))
    bot.video.add_command(_cancel_command(bot.services.videos, words()))


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
