"""`/video jobs` and `/video cancel`: list one's jobs, and cancel one."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import discord
from discord import app_commands

from bot.client import Shotcaller
from bot.domain import Capability, Job, JobStatus
from bot.errors import GuildJobUnknown, JobUnknown, NotYoursToCancel, TooLateToCancel
from bot.locale import Words, words
from bot.service.admin.jobs import decision_entry
from bot.service.jobs.videos import Videos
from cogs import ui
from cogs.ui import (
    CHOICES,
    CONTENT,
    Command,
    acknowledge,
    acknowledge_in_place,
    answer,
    autocomplete,
    member_of,
    seen_link,
)
from cogs.ui.job_names import is_address, job_at, job_choice, job_id_meant
from cogs.ui.job_views import CANCEL, RESULT, job_line
from cogs.ui.text import button_label

LISTED: Final = 5  # jobs, with a button each

CANCEL_LISTED: Final = ui.CustomId("jobs:cancel:{job_id}", job_id=ui.JOB_ID)


def setup(bot: Shotcaller) -> None:
    """Add the commands to the `/video` group."""
    bot.video.add_command(_list_command(bot.services.videos, words()))
    bot.video.add_command(_cancel_command(bot.services.videos, words()))
    ui.on_press(bot, CANCEL, _press_cancel)
    ui.on_press(bot, CANCEL_LISTED, _cancel_listed, first=acknowledge_in_place)


def _list_command(videos: Videos, say: Words) -> Command:
    @app_commands.command(name="jobs", description=say("command.video.jobs"))
    async def jobs(interaction: discord.Interaction[Any]) -> None:
        await acknowledge(interaction)
        await _show(videos, interaction)

    return jobs


async def _show(videos: Videos, interaction: discord.Interaction[Any]) -> None:
    """Answer with somebody's latest jobs here, and what can be done about each."""
    views = await videos.latest(user_id=interaction.user.id, guild_id=interaction.guild_id, most=LISTED)
    say = words(str(interaction.locale))
    if not views:
        await answer(interaction, say("jobs.none"), view=None)
        return
    text, buttons = f"### {say('jobs.title')}", list[discord.ui.Button[Any]]()
    for number, view in enumerate(views, start=1):
        line = f"\n**{number}.** {job_line(view, say)}"
        if len(text) + len(line) > CONTENT:
            break
        text += line
        buttons += job_buttons(number, view.job, say, models=videos.models)
    await answer(interaction, text, view=ui.stateless(*buttons) if buttons else None)


def job_buttons(
    number: int, job: Job, say: Words, *, models: Mapping[str, Capability]
) -> Iterator[discord.ui.Button[Any]]:
    """The button of a job in a list: to cancel, edit, see or get it, or to try it again with its price."""
    if job.removed_at is not None:
        return
    url = seen_link(job)
    model = models.get(job.request.model)
    if job.cancellable:
        label = say("jobs.cancel", number=number)
        yield discord.ui.Button(emoji="✖️", label=label, custom_id=CANCEL_LISTED(job_id=job.id))
    elif job.status is JobStatus.FAILED and job.retry_may_help and model is not None:
        cost = model.price(job.request).credits
        label = button_label(say("jobs.again", number=number), say, cost=cost)
        yield discord.ui.Button(emoji="🔁", label=label, custom_id=RESULT(action="again", job_id=job.id, more=cost))
    elif job.status is JobStatus.FAILED:
        label = say("jobs.edit", number=number)
        yield discord.ui.Button(emoji="✏️", label=label, custom_id=RESULT(action="edit", job_id=job.id))
    elif url is not None:
        yield discord.ui.Button(label=say("jobs.open", number=number), url=url)
    elif job.delivered_at is not None:
        label = say("jobs.send", number=number)
        yield discord.ui.Button(emoji="📩", label=label, custom_id=RESULT(action="dm", job_id=job.id))


async def _cancel_listed(bot: Shotcaller, interaction: discord.Interaction[Any], job_id: str) -> None:
    """Cancel a job of the list, which shows that at once."""
    await bot.services.videos.cancel(job_id, user_id=interaction.user.id)
    await _show(bot.services.videos, interaction)


def _cancel_command(videos: Videos, say: Words) -> Command:
    async def waiting(interaction: discord.Interaction[Any], typed: str) -> list[Job]:
        views = await videos.latest(user_id=interaction.user.id, guild_id=interaction.guild_id, most=CHOICES)
        jobs = [view.job for view in views if view.job.cancellable]
        if is_address(typed):
            meant = await job_at(interaction.client, typed)
            return [job for job in jobs if job.id == meant]
        return [job for job in jobs if typed.casefold() in job.request.text().casefold() or typed in job.id]

    async def offers(interaction: discord.Interaction[Any], typed: str) -> Iterable[tuple[str, str]]:
        say, now = words(str(interaction.locale)), interaction.client.services.now()
        return [(job_choice(job, say, now=now), job.id) for job in await waiting(interaction, typed)]

    @app_commands.command(name="cancel", description=say("command.video.cancel"))
    @app_commands.describe(job=say("option.job"))
    @autocomplete(job=offers)
    async def cancel(interaction: discord.Interaction[Any], job: str) -> None:
        async def search(typed: str) -> list[str]:
            return [each.id for each in await waiting(interaction, typed)]

        await acknowledge(interaction)
        cancelled = await videos.cancel(await job_id_meant(interaction, job, search), user_id=interaction.user.id)
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
