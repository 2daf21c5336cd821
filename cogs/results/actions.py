"""Star, send, show, delete and report a result: what its buttons do besides making new videos."""

from typing import Any, Final

import discord

from bot.client import Shotcaller
from bot.domain import JobStatus, ResultAction
from bot.locale import words
from bot.service.jobs.copies import Copy, CopyKind
from bot.service.ports import Card, phase_of
from cogs import ui
from cogs.request import offered_here
from cogs.results.context import ResultPress
from cogs.ui.job_views import failure_buttons, private_ending
from cogs.ui.limits import FILE
from cogs.ui.result_info import full_text_embeds, info_embed

REPORT: Final = ui.CustomId("report:{job_id}:{message_id}", job_id=ui.JOB_ID, message_id=ui.SNOWFLAKE)
REASON: Final = 500  # characters of a report


async def toggle_star(press: ResultPress) -> None:
    """Star a result, or take the star back; the count is on the button."""
    interaction = press.interaction
    await ui.acknowledge_in_place(interaction)
    starred, count = await press.bot.services.library.favourite(press.job_id, press.member)
    if interaction.message is not None:
        public = words(str(interaction.guild_locale or interaction.locale))
        label = str(count) if count else public("result.button.star")
        await ui.answer(interaction, view=_relabel(interaction.message, press.custom_id("star"), label))
    await ui.follow_up(interaction, press.say("result.starred" if starred else "result.unstarred"))


def _relabel(message: discord.Message, custom_id: str, label: str) -> discord.ui.View | discord.ui.LayoutView:
    """Copy a message's components with another label on one button."""
    kind = discord.ui.LayoutView if message.flags.components_v2 else discord.ui.View
    view = kind.from_message(message, timeout=None)
    for item in view.walk_children():
        if isinstance(item, discord.ui.Button) and item.custom_id == custom_id:
            item.label = label
    view.stop()
    return view


async def send_to_presser(press: ResultPress) -> None:
    """Send a result to the presser's direct messages, as a fresh file."""
    interaction = press.interaction
    copy = Copy(
        kind=CopyKind.DIRECT,
        user_id=interaction.user.id,
        locale=str(interaction.locale),
        nonce=str(interaction.id),
        limit=FILE,
    )
    posted = await press.results.resend(await press.job(ResultAction.HAVE), copy)
    await ui.answer(interaction, press.say("result.sent", link=ui.link(None, posted.channel_id, posted.message_id)))


async def show_info(press: ResultPress) -> None:
    """Show everything about a result, and where it comes from."""
    job = await press.job()
    embed = info_embed(job, await press.results.lineage(job, press.member), press.say)
    await ui.answer(press.interaction, embed=embed)


async def show_why(press: ResultPress) -> None:
    """Show the requester why there is no video, with what can be done about it."""
    job, say = await press.own_ended_job(), press.say
    text = private_ending(Card(job=job, phase=phase_of(job)), say)
    failed = job.status is JobStatus.FAILED
    buttons = failure_buttons(job, say, models=await offered_here(press.bot, press.interaction)) if failed else None
    await ui.answer(press.interaction, text, view=buttons)


async def show_full_texts(press: ResultPress) -> None:
    """Show a request's texts in full."""
    embeds = full_text_embeds((await press.source()).request, press.say)
    await ui.answer(press.interaction, embeds=embeds)


async def confirm_deletion(press: ResultPress) -> None:
    """Ask for confirmation of a deletion; nothing is deleted by one slip of a thumb."""
    job = await press.job(ResultAction.DELETE)
    message, say = press.interaction.message, press.say
    erase = discord.ui.Button[Any](
        emoji="🗑️",
        label=say("result.button.erase"),
        custom_id=press.custom_id("erase", message.id if message else 0),
        style=discord.ButtonStyle.danger,
    )
    own = job.user_id == press.interaction.user.id
    question = say("result.erase" if own else "result.erase.moderator")
    await ui.answer(press.interaction, question, view=ui.stateless(erase))


async def delete_message(press: ResultPress) -> None:
    """Delete the result's message, after the confirmation."""
    job = await press.job(ResultAction.DELETE)
    channel_id, message_id = press.interaction.channel_id or 0, ui.parse_id(press.more)
    removed = await press.results.remove(job, press.member, channel_id=channel_id, message_id=message_id)
    await ui.answer(press.interaction, press.say(f"result.erased.{removed}"))


async def open_report_form(press: ResultPress) -> None:
    """Open the form that asks what is wrong with a result.

    Raises:
        OwnReport: it is the presser's own video.
    """
    async with ui.in_time(press.interaction):
        await press.bot.services.cases.check_reportable(press.job_id, by=press.interaction.user.id)
    say, message = press.say, press.interaction.message
    form = ui.Form(REPORT(job_id=press.job_id, message_id=message.id if message else 0), say("report.title"))
    form.text("reason", say("report.reason"), long=True, required=True, most=REASON, hint=say("report.hint"))
    await ui.open_form(press.interaction, form)


async def receive_report(bot: Shotcaller, interaction: discord.Interaction[Any], job_id: str, message_id: int) -> None:
    """Record a written report and say who has it now. It keeps the message's ids, if the video's records are gone."""
    guild_id, user_id = interaction.guild_id, interaction.user.id
    place = (interaction.channel_id or 0, message_id)
    reason = str(ui.entered(interaction).get("reason", ""))[:REASON]
    key = str(interaction.id)
    outcome = await bot.services.cases.report(
        job_id, guild_id=guild_id, message=place, by=user_id, reason=reason, key=key
    )
    await ui.answer(interaction, words(str(interaction.locale))(f"report.{outcome}"))
