"""[Ask for more]: a request for more credits, decided by the guild's admins."""

from typing import Any, Final

import discord

from bot.client import Shotcaller
from bot.domain.quota import MAX_REQUESTED_CREDITS
from bot.locale import words
from cogs import ui
from cogs.ui.retry import MORE, more_button
from cogs.ui.text import copy_block

FORM: Final = ui.CustomId("more:")
WHY: Final = 300  # characters
DIGITS: Final = len(str(MAX_REQUESTED_CREDITS))  # that a form takes


def setup(bot: Shotcaller) -> None:
    """Handle the button below `/quota` and below refusals for want of credits, and its form."""
    ui.on_press(bot, MORE, _open_form)
    ui.on_form(bot, FORM, _receive_form)


async def _open_form(_bot: Shotcaller, interaction: discord.Interaction[Any]) -> None:
    say = words(str(interaction.locale))
    form = ui.Form(FORM(), say("more.title"))
    form.text("credits", say("more.credits"), required=True, most=DIGITS, hint=say("more.credits.hint"))
    form.text("why", say("more.why"), long=True, required=True, most=WHY)
    await ui.open_form(interaction, form)


async def _receive_form(bot: Shotcaller, interaction: discord.Interaction[Any]) -> None:
    say, values = words(str(interaction.locale)), ui.entered(interaction)
    wanted, why = parse_credits(str(values.get("credits", ""))), str(values.get("why", ""))[:WHY]
    if wanted is None:
        refusal = say("more.number", most=say.number(MAX_REQUESTED_CREDITS))
        await ui.answer(interaction, f"{refusal}\n{copy_block(why, say)}", view=ui.stateless(more_button(say)))
        return
    outcome = await bot.services.credits.ask_for_more(
        ui.member_of(interaction),
        key=str(interaction.id),
        credits_=wanted,
        why=why,
        locale=str(interaction.locale),
        asked_in=interaction.channel_id,
    )
    await ui.answer(interaction, say(f"more.{outcome}", credits=say("credits", n=wanted)))


def parse_credits(typed: str) -> int | None:
    """Parse a number of credits that may be asked for or given at once."""
    text = typed.strip()
    number = int(text) if text.isdecimal() and len(text) <= DIGITS else 0
    return number if 0 < number <= MAX_REQUESTED_CREDITS else None
