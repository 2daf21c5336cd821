"""`/library`: one's videos to page through, filter, search, open, and to send once more."""

from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

import discord
from discord import app_commands

from bot.client import Shotcaller
from bot.domain import ResultAction
from bot.errors import DraftGone, NotPermitted
from bot.locale import Words, words
from bot.service.jobs.copies import Copy, CopyKind
from cogs import ui
from cogs.library.views import OPEN, PAGE, SEARCH, SEND, PageState, chosen_model, page_text, page_view
from cogs.request import destination_of, offered_here
from cogs.ui import Command, acknowledge, answer, autocomplete, link, member_of, result_buttons, result_link
from cogs.ui.completions import my_videos
from cogs.ui.limits import FILE
from cogs.ui.result_info import info_embed


def setup(bot: Shotcaller) -> None:
    """Add the command, and find buttons and forms again after any restart."""
    bot.tree.add_command(_command(bot, words()))
    ui.on_press(bot, PAGE, _turn_page)
    ui.on_press(bot, OPEN, _open, first=ui.acknowledge)
    ui.on_press(bot, SEND, send_again, first=ui.acknowledge)
    ui.on_form(bot, FORM, _receive_search, first=ui.acknowledge_in_place)


def _command(bot: Shotcaller, say: Words) -> Command:
    @app_commands.command(name="library", description=say("command.library"))
    @app_commands.describe(
        text=say("option.library.text"),
        model=say("option.library.model"),
        favourites=say("option.library.favourites"),
        id=say("option.library.id"),
    )
    @app_commands.choices(
        model=[app_commands.Choice(name=say.model(each), value=each) for each in bot.services.videos.models]
    )
    @autocomplete(id=my_videos(bot))
    async def library(
        interaction: discord.Interaction[Any],
        text: app_commands.Range[str, 1, SEARCH] | None = None,
        model: str | None = None,
        favourites: bool | None = None,  # noqa: FBT001 (Discord's options)
        id: str | None = None,  # noqa: A002 (the option's name)
    ) -> None:
        await acknowledge(interaction)
        if id is not None:
            await show_one(bot, interaction, id.strip())
            return
        page_state = PageState(stars=bool(favourites), model=chosen_model(model or "", bot.services.videos.models))
        await show(bot, interaction, await start_search(bot, interaction, page_state, text or ""))

    return library


async def _receive_search(bot: Shotcaller, interaction: discord.Interaction[Any], *, stars: bool, model: str) -> None:
    """Show the first page of a search when its form comes back."""
    page_state = PageState(stars=stars, model=chosen_model(model, bot.services.videos.models))
    text = str(ui.entered(interaction).get("text", ""))
    await show(bot, interaction, await start_search(bot, interaction, page_state, text))


async def _turn_page(bot: Shotcaller, interaction: discord.Interaction[Any], action: str, **state: Any) -> None:
    """Turn to another page, or to a page of other videos; or ask for a text to search for."""
    page_state = PageState(**state)
    if action == "search":
        await ui.open_form(interaction, search_form(page_state, words(str(interaction.locale))))
        return
    await ui.acknowledge_in_place(interaction)
    if action == "model":
        model = chosen_model(ui.chosen_value(interaction), bot.services.videos.models)
        page_state = replace(page_state, page=0, model=model)
    await show(bot, interaction, page_state)


async def _open(bot: Shotcaller, interaction: discord.Interaction[Any]) -> None:
    await show_one(bot, interaction, ui.chosen_value(interaction))


FORM: Final = ui.CustomId("library:{stars}:{model}", stars=ui.FLAG, model=ui.Part(".{0,90}"))
DRAFT: Final = "library"  # the kind of the drafts that keep searched texts


async def start_search(
    bot: Shotcaller, interaction: discord.Interaction[Any], page_state: PageState, text: str
) -> PageState:
    """Begin a search for a text, on its first page."""
    page_state, text = replace(page_state, page=0, draft_id=""), " ".join(text.split())[:SEARCH]
    if not text:
        return page_state
    draft = await bot.services.drafts.begin(
        DRAFT, {"text": text}, user_id=interaction.user.id, guild_id=interaction.guild_id
    )
    return replace(page_state, draft_id=draft.id)


async def show(bot: Shotcaller, interaction: discord.Interaction[Any], page_state: PageState) -> None:
    """Show a page of the library. A search that is too old to be known any more shows everything."""
    services, user_id, say = bot.services, interaction.user.id, words(str(interaction.locale))
    text = ""
    if page_state.draft_id:
        with suppress(DraftGone):
            text = str((await services.drafts.read(page_state.draft_id, DRAFT, user_id=user_id)).body["text"])
    page_state = page_state if text else replace(page_state, draft_id="")
    page = await services.library.page(
        member_of(interaction),
        text=text,
        model=page_state.model or None,
        favourites=page_state.stars,
        number=page_state.page,
    )
    await answer(
        interaction,
        page_text(page, page_state, text, say),
        view=page_view(page, page_state, list(services.videos.models), say, searched=bool(text)),
    )


async def show_one(bot: Shotcaller, interaction: discord.Interaction[Any], job_id: str) -> None:
    """Show everything about a video, with its buttons."""
    services, member, say = bot.services, member_of(interaction), words(str(interaction.locale))
    job = await services.library.video(job_id, member)
    lineage, stars = await services.results.lineage(job, member), await services.library.stars(job.id)
    view = result_buttons(job, say, models=await offered_here(bot, interaction), stars=stars, ephemeral=True)
    if job.delivered_at is not None and job.removed_at is None:
        label, style = say("library.send"), discord.ButtonStyle.primary
        view.add_item(discord.ui.Button(emoji="📤", label=label, style=style, custom_id=SEND(job_id=job.id), row=3))
    if (url := result_link(job)) is not None:
        view.add_item(discord.ui.Button(emoji="🔗", label=say("library.message"), url=url, row=3))
    await answer(
        interaction, embed=info_embed(job, lineage, say, to_admin=member.runs(job.destination.guild_id)), view=view
    )


async def send_again(bot: Shotcaller, interaction: discord.Interaction[Any], job_id: str) -> None:
    """Post a fresh copy of a video where the interaction came from, which has been acknowledged privately.

    Raises:
        NotPermitted: the person may not write there themselves.
        MissingPermissions: the bot may not post a video there.
        Refused: as `Videos.may_show` and `Results.resend`.
    """
    member = member_of(interaction)
    job = await bot.services.library.video(
        job_id, member, ResultAction.HAVE if member.guild_id is None else ResultAction.SHOW
    )
    usual = str(interaction.guild_locale or interaction.locale)
    copy = _copy_here(interaction, await bot.services.guilds.language(interaction.guild_id, otherwise=usual))
    if copy.channel_id is not None:
        covered = await bot.services.videos.may_show(job, member, channel_id=copy.channel_id)
        job = replace(job, spoiler=job.spoiler or covered)
    posted = await bot.services.results.resend(job, copy)
    where = link(interaction.guild_id, posted.channel_id, posted.message_id)
    await answer(interaction, words(str(interaction.locale))("library.sent", link=where))


def search_form(page_state: PageState, say: Words) -> ui.Form:
    """The form that asks what to search for."""
    form = ui.Form(FORM(stars=page_state.stars, model=page_state.model), say("library.search.title"))
    form.text("text", say("library.search.text"), required=True, most=SEARCH, hint=say("library.search.hint"))
    return form


def _copy_here(interaction: discord.Interaction[Any], public_locale: str) -> Copy:
    """Describe a copy for the channel of an interaction, in the name of its person and in a guild's language.

    Raises:
        NotPermitted: they may not write there themselves.
        MissingPermissions: the bot may not post a video there.
    """
    locale, user_id, nonce = str(interaction.locale), interaction.user.id, f"again-{interaction.id}"
    if interaction.guild_id is None:
        return Copy(kind=CopyKind.DIRECT, user_id=user_id, locale=locale, nonce=nonce, limit=FILE)
    in_thread = isinstance(interaction.channel, discord.Thread)
    needed = "send_messages_in_threads" if in_thread else "send_messages"
    if not getattr(interaction.permissions, needed):
        raise NotPermitted(needed=needed)
    place = destination_of(interaction, private=False)
    return Copy(
        kind=CopyKind.AGAIN,
        user_id=user_id,
        locale=public_locale,
        nonce=nonce,
        limit=place.upload_limit,
        guild_id=place.guild_id,
        channel_id=place.channel_id,
    )
