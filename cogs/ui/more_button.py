"""The button that asks for more credits; what it does is in `cogs.credits.credit_request`."""

from typing import Any, Final

import discord

from bot.locale import Words

MORE: Final = "quota:more"  # its `custom_id`


def more_button(say: Words, *, row: int | None = None) -> discord.ui.Button[Any]:
    """[Ask for more], to be put below a message."""
    return discord.ui.Button(emoji="🙋", label=say("more.button"), custom_id=MORE, row=row)
