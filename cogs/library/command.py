"""`/library`: one's videos to page through, filter, search, open, and to send once more."""

from dataclasses import replace
from typing import Any

import discord
from discord import app_commands

from bot.client import Shotcaller
from bot.locale import Words, words
from cogs import ui
from cogs.library.actions import FORM, search_form, send_again, show, show_one, start_search
from cogs.library.views import OPEN, PAGE, SEARCH, SEND, PageState, chosen_model
from cogs.ui import Command, acknowledge, autocomplete
from cogs.ui.completions import my_videos


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
    @app_commands.choices(model=[app_commands.Choice(name=each, value=each) for each in bot.services.videos.models])
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
