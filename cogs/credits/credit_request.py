"""[Ask for more]: a request for more credits, decided by the guild's admins."""

from typing import Any, Final

import discord

from bot.client import FormHandler, Shotcaller
from bot.domain.quota import MAX_REQUESTED_CREDITS
from bot.locale import Words, words
from cogs.ui import Form, PersistentItem, acknowledge, answer, member_of, open_form, values_of
from cogs.ui.more_button import MORE, more_button

FORM: Final = "more"
WHY: Final = 300  # characters
DIGITS: Final = len(str(MAX_REQUESTED_CREDITS))  # that a form takes


class AskForCreditsButton(PersistentItem[discord.ui.Item[Any]], template=MORE):
    """The button below `/quota`, and below refusals for want of credits.

    It opens a form. No database is asked, so it is always in time.
    """

    @staticmethod
    def as_view(say: Words) -> discord.ui.View:
        """A view with the button alone."""
        view = discord.ui.View(timeout=None)
        view.add_item(more_button(say))
        view.stop()
        return view

    async def handle_press(self, bot: Shotcaller, interaction: discord.Interaction[Any]) -> None:  # noqa: ARG002 (see `PersistentItem`)
        """See `PersistentItem`."""
        say = words(str(interaction.locale))
        form = Form(name=FORM, state="", title=say("more.title"))
        form.text("credits", say("more.credits"), required=True, most=DIGITS, hint=say("more.credits.hint"))
        form.text("why", say("more.why"), long=True, required=True, most=WHY)
        await open_form(interaction, form)


def credit_request_handler(bot: Shotcaller) -> FormHandler:
    """Handle the form when it comes back."""

    async def ask_for_more(interaction: discord.Interaction[Any], _state: str, data: dict[str, Any]) -> None:
        await acknowledge(interaction)
        say, values = words(str(interaction.locale)), values_of(data)
        wanted = parse_credits(str(values.get("credits", "")))
        if wanted is None:
            await answer(interaction, say("more.number", most=say.number(MAX_REQUESTED_CREDITS)))
            return
        outcome = await bot.services.credits.ask_for_more(
            member_of(interaction),
            key=str(interaction.id),
            credits_=wanted,
            why=str(values.get("why", ""))[:WHY],
            locale=str(interaction.locale),
        )
        await answer(interaction, say(f"more.{outcome}", credits=say("credits", n=wanted)))

    return ask_for_more


def parse_credits(typed: str) -> int | None:
    """Parse a number of credits that may be asked for or given at once."""
    text = typed.strip()
    number = int(text) if text.isdecimal() and len(text) <= DIGITS else 0
    return number if 0 < number <= MAX_REQUESTED_CREDITS else None
