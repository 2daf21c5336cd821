"""`/inbox`: the videos that wait for one person, since they could not be sent: to fetch, share or dismiss."""

from typing import Any, Final

import discord
from discord import app_commands

from bot.client import Shotcaller
from bot.domain import Job
from bot.locale import Words, words
from bot.service.jobs.results import PAGE, InboxPage
from cogs import ui
from cogs.adapters.posting import mapped_errors, result_file, upload_timeout
from cogs.request import offered_here
from cogs.results.context import ResultPress, share
from cogs.ui import Command, acknowledge, acknowledge_in_place, answer, member_of, result_buttons, safe, settings, since
from cogs.ui.job_views import GET, result_text

PROMPT: Final = 120  # characters of a prompt in the list

SHARE: Final = ui.CustomId("inbox:share:{job_id}", job_id=ui.JOB_ID)
DISMISS: Final = ui.CustomId("inbox:dismiss:{job_id}", job_id=ui.JOB_ID)
DISMISS_IT: Final = ui.CustomId("inbox:dismiss-it:{job_id}", job_id=ui.JOB_ID)
LIST: Final = ui.CustomId("inbox:list")
PAGE_OF: Final = ui.CustomId("inbox:page:{skip}", skip=ui.digits(7))


def setup(bot: Shotcaller) -> None:
    """Add the command, and find its buttons again after any restart."""
    ui.on_press(bot, GET, _get, first=acknowledge)
    ui.on_press(bot, SHARE, _share, first=acknowledge)
    ui.on_press(bot, DISMISS, _ask_to_dismiss, first=acknowledge_in_place)
    ui.on_press(bot, DISMISS_IT, _dismiss, first=acknowledge_in_place)
    ui.on_press(bot, LIST, _list_again, first=acknowledge_in_place)
    ui.on_press(bot, PAGE_OF, _turn_page, first=acknowledge)
    bot.tree.add_command(_command(bot, words()))


def _command(bot: Shotcaller, say: Words) -> Command:
    @app_commands.command(name="inbox", description=say("command.inbox"))
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
    entries = (_entry(n, job, say) for n, job in _numbered(page))
    return "\n".join([f"### {say('inbox.title')}", *entries, f"-# {say('inbox.charged')}"])


def _entry(number: int, job: Job, say: Words) -> str:
    line = f"**{number}.** {since(job.finished_at or job.created_at)} · {settings(job.request, say)}"
    return f"{line} · {say('credits', n=job.credits)}\n> {safe(job.request.text(), PROMPT)}"


def page_buttons(page: InboxPage, say: Words) -> discord.ui.View:
    """The buttons of a page: a row a video, and a row to turn the pages."""
    items: list[discord.ui.Item[Any]] = []
    for row, (number, job) in enumerate(_numbered(page)):
        get, style = say("inbox.get", number=number), discord.ButtonStyle.primary
        items.append(discord.ui.Button(emoji="📥", label=get, custom_id=GET(job_id=job.id), style=style, row=row))
        if job.destination.guild_id is not None:
            label = say("inbox.share", number=number)
            items.append(discord.ui.Button(emoji="📣", label=label, custom_id=SHARE(job_id=job.id), row=row))
        label = say("inbox.dismiss", number=number)
        items.append(discord.ui.Button(emoji="🗑️", label=label, custom_id=DISMISS(job_id=job.id), row=row))
    turns = ((page.skip > 0, max(0, page.skip - PAGE), "◀", "back"), (page.more, page.skip + PAGE, "▶", "more"))
    for offered, skip, emoji, name in turns:
        if offered:
            label = f"{emoji} {say(f'inbox.{name}')}"
            items.append(discord.ui.Button(label=label, custom_id=PAGE_OF(skip=skip), row=4))
    return ui.stateless(*items)


def _numbered(page: InboxPage) -> list[tuple[int, Job]]:
    return list(enumerate(page.jobs, start=page.skip + 1))


async def _turn_page(bot: Shotcaller, interaction: discord.Interaction[Any], skip: int) -> None:
    await _show(bot, interaction, skip=skip)


async def _share(bot: Shotcaller, interaction: discord.Interaction[Any], job_id: str) -> None:
    await share(ResultPress(bot=bot, interaction=interaction, job_id=job_id))


async def _ask_to_dismiss(bot: Shotcaller, interaction: discord.Interaction[Any], job_id: str) -> None:
    """Ask in place of the list before a video goes that nobody has seen, and that is charged all the same."""
    press = ResultPress(bot=bot, interaction=interaction, job_id=job_id)
    job, say = await press.own_job(), press.say
    danger, sure = discord.ButtonStyle.danger, say("inbox.sure", price=say("credits", n=job.credits))
    buttons = (
        discord.ui.Button[Any](label=say("inbox.sure.yes"), custom_id=DISMISS_IT(job_id=job.id), style=danger),
        discord.ui.Button[Any](label=say("inbox.sure.no"), custom_id=LIST()),
    )
    await answer(interaction, f"{sure}\n> {safe(job.request.text(), PROMPT)}", view=ui.stateless(*buttons))


async def _list_again(bot: Shotcaller, interaction: discord.Interaction[Any]) -> None:
    await _show(bot, interaction, skip=0)


async def _dismiss(bot: Shotcaller, interaction: discord.Interaction[Any], job_id: str) -> None:
    """Take a video out of the list, which stands there without it."""
    await bot.services.results.dismiss(job_id, member_of(interaction))
    await _show(bot, interaction, skip=0)


async def _get(bot: Shotcaller, interaction: discord.Interaction[Any], job_id: str) -> None:
    """Send a video in the private answer."""
    press = ResultPress(bot=bot, interaction=interaction, job_id=job_id)
    job, say = await press.own_job(), press.say
    handover = press.results.video(job, limit=interaction.filesize_limit, user_id=interaction.user.id)
    async with handover as video, mapped_errors(within=upload_timeout(video)):
        await answer(
            interaction,
            result_text(job, say, label=video.label),
            view=result_buttons(job, say, models=await offered_here(bot, interaction), ephemeral=True),
            files=[result_file(video, say)],
        )
