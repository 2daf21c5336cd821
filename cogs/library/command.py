"""`/library`: one's videos to page through, filter, search, open, and to send once more."""

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Self

import discord
from discord import app_commands

from bot.client import Shotcaller
from bot.locale import Words, words
from cogs.library.actions import FORM, search_form, send_again, show, show_one, start_search
from cogs.library.views import SEARCH, STATE, PageState, chosen_model
from cogs.ui import Command, PersistentItem, acknowledge, acknowledge_in_place, autocomplete, open_form, values_of
from cogs.ui.completions import my_videos


def setup(bot: Shotcaller) -> None:
    """Add the command, and find buttons and forms again after any restart."""
    bot.tree.add_command(_command(bot, words()))
    bot.add_dynamic_items(PageItem, VideoItem)
    bot.forms[FORM] = partial(_receive_search, bot)


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
        page_state = PageState(
            stars=bool(favourites), model=chosen_model([model or ""], list(bot.services.videos.models))
        )
        await show(bot, interaction, await start_search(bot, interaction, page_state, text or ""))

    return library


async def _receive_search(
    bot: Shotcaller, interaction: discord.Interaction[Any], state: str, data: Mapping[str, Any]
) -> None:
    """Show the first page of a search when its form comes back."""
    await acknowledge_in_place(interaction)
    stars, _, model = state.partition(":")
    page_state = PageState(stars=stars == "1", model=chosen_model([model], list(bot.services.videos.models)))
    await show(bot, interaction, await start_search(bot, interaction, page_state, str(values_of(data).get("text", ""))))


class PageItem(
    PersistentItem[discord.ui.Item[Any]], template=rf"library:(?P<action>back|next|stars|search|clear|model):{STATE}"
):
    """A control that turns to another page, or to a page of other videos."""

    def __init__(self, item: discord.ui.Item[Any], *, action: str, page_state: PageState) -> None:
        super().__init__(item)
        self._action, self._page_state = action, page_state

    @classmethod
    async def from_custom_id(
        cls, _: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Made by discord.py when something of a page is pressed or chosen."""
        return cls(item, action=match["action"], page_state=PageState.of(match))

    async def handle_press(self, bot: Shotcaller, interaction: discord.Interaction[Any]) -> None:
        """See `PersistentItem`."""
        page_state = self._page_state
        if self._action == "search":
            await open_form(interaction, search_form(page_state, words(str(interaction.locale))))
            return
        await acknowledge_in_place(interaction)
        if isinstance(self.item, discord.ui.Select):
            page_state = replace(
                page_state, page=0, model=chosen_model(self.item.values, list(bot.services.videos.models))
            )
        await show(bot, interaction, page_state)


class VideoItem(PersistentItem[discord.ui.Item[Any]], template=r"library:(?:open|send:(?P<job>[0-9A-Za-z-]{1,40}))"):
    """A control that opens the chosen video beside the list, or posts a fresh copy of one."""

    def __init__(self, item: discord.ui.Item[Any], *, job_id: str) -> None:
        super().__init__(item)
        self._job_id = job_id

    @classmethod
    async def from_custom_id(
        cls, _: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Made by discord.py when a video is chosen, or is to be sent."""
        return cls(item, job_id=match["job"] or "")

    async def handle_press(self, bot: Shotcaller, interaction: discord.Interaction[Any]) -> None:
        """See `PersistentItem`."""
        await acknowledge(interaction)
        if isinstance(self.item, discord.ui.Select):
            await show_one(bot, interaction, self.item.values[0])
        else:
            await send_again(bot, interaction, self._job_id)
