"""`/inbox`: what waits for one person: videos that reached nobody, and private ones that were not shared."""

from typing import Any, Final

import discord
from discord import app_commands

from bot.client import Shotcaller
from bot.domain import Job
from bot.locale import Words, words
from bot.service.jobs.results import PAGE, InboxPage
from cogs.adapters.posting import mapped_errors, result_file, upload_timeout
from cogs.request import offered_here
from cogs.results.context import ResultPress, share
from cogs.ui import Command, PersistentItem, acknowledge, answer, parse_number, result_buttons, safe, settings, since
from cogs.ui.job_views import result_text

PROMPT: Final = 120  # characters of a prompt in the list
FURTHEST: Final = 1_000_000  # videos that may be skipped


def setup(bot: Shotcaller) -> None:
    """Add the command, and find its buttons again after any restart."""
    bot.add_dynamic_items(InboxButton)
    bot.tree.add_command(_command(bot, words()))


def _command(bot: Shotcaller, say: Words) -> Command:
    @app_commands.command(name="inbox", description=say("command.inbox"))
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    async def inbox(interaction: discord.Interaction[Any]) -> None:
        await acknowledge(interaction)
        await _show(bot, interaction, skip=0)

    return inbox


async def _show(bot: Shotcaller, interaction: discord.Interaction[Any], *, skip: int) -> None:
    """Answer with one page of the inbox."""
    page, say = await bot.services.results.inbox(interaction.user.id, skip=skip), words(str(interaction.locale))
    await answer(interaction, page_text(page, say), view=page_buttons(page, say))


def page_text(page: InboxPage, say: Words) -> str:
    """List the videos of a page, a numbered entry each."""
    if not page.jobs:
        return say("inbox.none")
    return "\n".join([f"### {say('inbox.title')}", *(_entry(n, job, say) for n, job in _numbered(page))])


def _entry(number: int, job: Job, say: Words) -> str:
    state = say("inbox.undelivered" if job.delivered_at is None else "inbox.private")
    line = f"**{number}.** {state} · {since(job.finished_at or job.created_at)} · {settings(job.request, say)}"
    return f"{line}\n> {safe(job.request.text(), PROMPT)}"


def page_buttons(page: InboxPage, say: Words) -> discord.ui.View:
    """The buttons of a page: a row a video, and a row to turn the pages."""
    view = discord.ui.View(timeout=None)
    for row, (number, job) in enumerate(_numbered(page)):
        get = discord.ui.Button[Any](
            emoji="📥",
            label=say("inbox.get", number=number),
            custom_id=f"inbox:get:{job.id}",
            style=discord.ButtonStyle.primary,
            row=row,
        )
        view.add_item(get)
        if job.destination.guild_id is not None:
            label = say("inbox.share", number=number)
            view.add_item(discord.ui.Button(emoji="📣", label=label, custom_id=f"inbox:share:{job.id}", row=row))
    turns = ((page.skip > 0, max(0, page.skip - PAGE), "◀", "back"), (page.more, page.skip + PAGE, "▶", "more"))
    for offered, skip, emoji, name in turns:
        if offered:
            custom_id = f"inbox:page:{skip}"
            view.add_item(discord.ui.Button(label=f"{emoji} {say(f'inbox.{name}')}", custom_id=custom_id, row=4))
    view.stop()
    return view


def _numbered(page: InboxPage) -> list[tuple[int, Job]]:
    return list(enumerate(page.jobs, start=page.skip + 1))


class InboxButton(
    PersistentItem[discord.ui.Button[Any]], template=r"inbox:(?P<action>get|share|page):(?P<what>[0-9A-Za-z-]{1,40})"
):
    """Any button of the inbox. Whose videos there are is asked afresh at every press."""

    async def handle_press(self, bot: Shotcaller, interaction: discord.Interaction[Any]) -> None:
        """Do what the button is for."""
        await acknowledge(interaction)
        press = ResultPress(bot=bot, interaction=interaction, job_id=self.fields["what"], more="")
        if self.fields["action"] == "page":
            await _show(bot, interaction, skip=parse_number(self.fields["what"], most=FURTHEST) or 0)
        elif self.fields["action"] == "share":
            await share(press)
        else:
            await _hand_over(press)


async def _hand_over(press: ResultPress) -> None:
    """Send the video in the private answer."""
    job, interaction, say = await press.own_job(), press.interaction, press.say
    handover = press.results.video(job, limit=interaction.filesize_limit, user_id=interaction.user.id)
    async with handover as video, mapped_errors(within=upload_timeout(video)):
        await answer(
            interaction,
            result_text(job, say, label=video.label),
            view=result_buttons(job, say, models=await offered_here(press.bot, interaction), ephemeral=True),
            files=[result_file(video, say)],
        )
