"""Star, send, show, delete and report a result: what its buttons do besides making new videos."""

from typing import Any, Final

import discord

from bot.client import Shotcaller
from bot.domain import Job, JobStatus, ResultAction
from bot.errors import ResultForgotten
from bot.locale import words
from bot.service.jobs.copies import Copy, CopyKind
from bot.service.ports import Card, phase_of
from cogs import ui
from cogs.request import offered_here
from cogs.results.context import ResultPress
from cogs.ui.job_views import (
    PROMPT_IN_LIST,
    MenuReader,
    failure_buttons,
    private_ending,
    report_button,
    result_menu,
    star_label,
)
from cogs.ui.limits import FILE
from cogs.ui.result_info import full_text_embeds, info_embed
from cogs.ui.text import safe

REPORT: Final = ui.CustomId("report:{job_id}:{message_id}", job_id=ui.JOB_ID, message_id=ui.SNOWFLAKE)
REASON: Final = 500  # characters of a report


async def toggle_star(press: ResultPress) -> None:
    """Star a result, or take the star back; the count is on the button."""
    interaction = press.interaction
    await ui.acknowledge_in_place(interaction)
    starred, count = await press.bot.services.library.favourite(press.job_id, press.member)
    if press.more:  # in the menu, which has no count
        await press.answer(press.say("result.starred" if starred else "result.unstarred"))
        return
    if interaction.message is not None:
        view = _relabel(interaction.message, press.custom_id("star"), star_label(count))
        await ui.answer(interaction, view=view)
    await ui.follow_up(interaction, press.say("result.starred" if starred else "result.unstarred"))


def _relabel(message: discord.Message, custom_id: str, label: str) -> discord.ui.View | discord.ui.LayoutView:
    """Copy a message's components with another label on one button."""
    kind = discord.ui.LayoutView if message.flags.components_v2 else discord.ui.View
    view = kind.from_message(message, timeout=None)
    for item in view.walk_children():
        if isinstance(item, discord.ui.Button) and item.custom_id == custom_id:
            item.label = label or None
    view.stop()
    return view


async def open_menu(press: ResultPress) -> None:
    """Show the rest of the buttons, as far as they are for the presser. A video without records can be reported."""
    interaction, say = press.interaction, press.say
    try:
        job = await press.job()
    except ResultForgotten:
        job = None
    reader = MenuReader(
        author=job is not None and job.user_id == interaction.user.id,
        moderates=press.member.moderates,
        direct=interaction.guild_id is None,
        hidden=ui.is_private(interaction),
        message_id=press.message_id,
    )
    if job is None:
        button = report_button(press.job_id, reader, say)
        await press.answer(say("result.more.forgotten"), view=ui.stateless(button))
        return
    menu = result_menu(job, say, reader, models=await offered_here(press.bot, interaction))
    prompt = safe(job.request.text(), PROMPT_IN_LIST)
    await press.answer(f"> {prompt}" if prompt else say("info.title"), view=menu)


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
    await press.answer(press.say("result.sent", link=ui.link(None, posted.channel_id, posted.message_id)))


async def show_info(press: ResultPress) -> None:
    """Show everything about a result, and where it comes from."""
    job = await press.job()
    lineage, member = await press.results.lineage(job, press.member), press.member
    embed = info_embed(job, lineage, press.say, to_admin=member.runs(job.destination.guild_id))
    await press.answer(embeds=[embed])


async def show_why(press: ResultPress) -> None:
    """Show the requester why there is no video, with what can be done about it."""
    job, say = await press.own_ended_job(), press.say
    text = private_ending(Card(job=job, phase=phase_of(job)), say)
    failed = job.status is JobStatus.FAILED
    buttons = failure_buttons(job, say, models=await offered_here(press.bot, press.interaction)) if failed else None
    await press.answer(text, view=buttons)


async def show_full_texts(press: ResultPress) -> None:
    """Show a request's texts in full."""
    embeds = full_text_embeds((await press.source()).request, press.say)
    await press.answer(embeds=embeds)


async def confirm_deletion(press: ResultPress) -> None:
    """Ask for confirmation of a deletion; nothing is deleted by one slip of a thumb."""
    job, say = await _deletable(press), press.say
    erase = discord.ui.Button[Any](
        emoji="🗑️",
        label=say("result.button.erase"),
        custom_id=press.custom_id("erase", press.message_id),
        style=discord.ButtonStyle.danger,
    )
    if job is None:
        question = "result.erase.copy"
    else:
        question = "result.erase" if job.user_id == press.interaction.user.id else "result.erase.moderator"
    await press.answer(say(question), view=ui.stateless(erase))


async def delete_message(press: ResultPress) -> None:
    """Delete the result's message, after the confirmation."""
    job, place = await _deletable(press), (press.interaction.channel_id or 0, ui.parse_id(press.more))
    if job is None:
        removed = await press.results.remove_copy(press.job_id, channel_id=place[0], message_id=place[1])
    else:
        removed = await press.results.remove(job, press.member, channel_id=place[0], message_id=place[1])
    await press.answer(press.say(f"result.erased.{removed}"))


async def _deletable(press: ResultPress) -> Job | None:
    """The job of a result that the presser may take away; None for somebody else's in their own direct messages.

    Raises:
        ResultForgotten, NotYours: they may not.
    """
    try:
        return await press.job(ResultAction.DELETE)
    except ResultForgotten:
        if press.interaction.guild_id is not None:
            raise
        return None


async def open_report_form(press: ResultPress) -> None:
    """Open the form that asks what is wrong with a result.

    Raises:
        OwnReport: it is the presser's own video.
    """
    async with ui.in_time(press.interaction):
        await press.bot.services.cases.check_reportable(press.job_id, by=press.interaction.user.id)
    say = press.say
    form = ui.Form(REPORT(job_id=press.job_id, message_id=press.message_id), say("report.title"))
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
