"""What a result's buttons do besides making new videos: star it, send it, show and share it, delete it."""

from typing import Any

import discord

from bot.domain import ResultAction
from bot.locale import words
from bot.service.jobs.copies import Copy, CopyKind
from cogs.results import context
from cogs.results.context import ResultPress
from cogs.ui import acknowledge, acknowledge_in_place, answer, follow_up, link, parse_id, stateless
from cogs.ui.limits import FILE
from cogs.ui.result_info import full_text_embeds, info_embed


async def toggle_star(press: ResultPress) -> None:
    """Star a result, or take the star back; the count is on the button."""
    interaction = press.interaction
    await acknowledge_in_place(interaction)
    starred, count = await press.bot.services.library.favourite(press.job_id, press.member)
    if interaction.message is not None:
        public = words(str(interaction.guild_locale or interaction.locale))
        label = str(count) if count else public("result.button.star")
        await answer(interaction, view=_relabel(interaction.message, press.custom_id("star"), label))
    await follow_up(interaction, press.say("result.starred" if starred else "result.unstarred"))


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
    await acknowledge(press.interaction)
    interaction = press.interaction
    copy = Copy(
        kind=CopyKind.DIRECT,
        user_id=interaction.user.id,
        locale=str(interaction.locale),
        nonce=str(interaction.id),
        limit=FILE,
    )
    posted = await press.results.resend(await press.job(ResultAction.HAVE), copy)
    await answer(interaction, press.say("result.sent", link=link(None, posted.channel_id, posted.message_id)))


async def show_info(press: ResultPress) -> None:
    """Show everything about a result, and where it comes from."""
    await acknowledge(press.interaction)
    job = await press.job()
    embed = info_embed(job, await press.results.lineage(job, press.member), press.say)
    await answer(press.interaction, embed=embed)


async def show_full_texts(press: ResultPress) -> None:
    """Show a request's texts in full."""
    await acknowledge(press.interaction)
    embeds = full_text_embeds((await press.source()).request, press.say)
    await answer(press.interaction, embeds=embeds)


async def share(press: ResultPress) -> None:
    """Post the presser's own private result in its channel."""
    await acknowledge(press.interaction)
    await context.share(press)


async def confirm_deletion(press: ResultPress) -> None:
    """Ask for confirmation of a deletion; nothing is deleted by one slip of a thumb."""
    await acknowledge(press.interaction)
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
    await answer(press.interaction, question, view=stateless(erase))


async def delete_message(press: ResultPress) -> None:
    """Delete the result's message, after the confirmation."""
    await acknowledge(press.interaction)
    job = await press.job(ResultAction.DELETE)
    channel_id, message_id = press.interaction.channel_id or 0, parse_id(press.more)
    removed = await press.results.remove(job, press.member, channel_id=channel_id, message_id=message_id)
    await answer(press.interaction, press.say(f"result.erased.{removed}"))
