"""The button below the message in which the bot introduces itself in a new server."""

from typing import Any, Final

import discord

from bot.locale import Words
from cogs.ui.custom_ids import CustomId, stateless

SETUP_OPEN: Final = CustomId("setup:open")


def welcome_button(say: Words) -> discord.ui.View:
    """Make the button that opens `/admin setup`, privately, for who may use it."""
    button = discord.ui.Button[Any](
        custom_id=SETUP_OPEN(), label=say("welcome.setup"), emoji="🛠️", style=discord.ButtonStyle.primary
    )
    return stateless(button)


def way_there(guild_id: int, channel_id: int, say: Words) -> discord.ui.View:
    """Make the button that leads from direct messages to a channel of the server, where commands are typed."""
    url = f"https://discord.com/channels/{guild_id}/{channel_id}"
    return stateless(discord.ui.Button[Any](label=say("welcome.open"), url=url))
