"""Reporting a result to the operator, in one's own words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bot.locale import words
from cogs._modals import Form, values_of
from cogs._replies import acknowledge, answer
from cogs._text import link, safe

if TYPE_CHECKING:
    import discord

    from bot.client import Shotcaller
    from cogs._press import Press

FORM: Final = "report"  # the name of the form
REASON: Final = 500  # characters


async def report(press: Press) -> None:
    """Ask what is wrong."""
    say, message = press.say, press.interaction.message
    state = f"{press.job_id}:{message.id if message else 0}"
    form = Form(name=FORM, state=state, title=say("report.title"))
    form.text("reason", say("report.reason"), long=True, required=True, most=REASON, hint=say("report.hint"))
    await press.interaction.response.send_modal(form)


async def reported(interaction: discord.Interaction[Any], state: str, data: dict[str, Any]) -> None:
    """A report was written: the operator gets it with the way to the message, also where its records are gone."""
    await acknowledge(interaction)
    job_id, _, message = state.partition(":")
    bot: Shotcaller = interaction.client
    place = link(interaction.guild_id, interaction.channel_id or 0, int(message) if message.isdecimal() else 0)
    reason = safe(str(values_of(data).get("reason", "")), REASON)
    await bot.services.results.report(job_id, detail=f"{place} · <@{interaction.user.id}>: {reason}")
    await answer(interaction, words(str(interaction.locale))("report.thanks"))
