"""The buttons below the messages in which the bot introduces itself in a new server, by which they are known again."""

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
    return stateless(discord.ui.Button[Any](label=say("welcome.open"), url=_address(guild_id, channel_id)))


def is_welcome(message: discord.Message, *, guild_id: int, channel_id: int) -> bool:
    """Whether a message of the bot's introduces it in that guild, whatever its words and language are by now."""
    buttons = [part for row in message.components if isinstance(row, discord.ActionRow) for part in row.children]
    return any(
        isinstance(each, discord.Button)
        and (each.custom_id == SETUP_OPEN() or each.url == _address(guild_id, channel_id))
        for each in buttons
    )


def _address(guild_id: int, channel_id: int) -> str:
    return f"https://discord.com/channels/{guild_id}/{channel_id}"
