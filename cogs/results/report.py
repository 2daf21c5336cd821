"""Report a result to the moderators, or where a guild has none, to the operator, in one's own words."""

from typing import Any, Final

import discord

from bot.client import Shotcaller
from bot.locale import words
from cogs.results.context import ResultPress
from cogs.ui import Form, acknowledge, answer, in_time, open_form, parse_id, values_of

FORM: Final = "report"  # the name of the form
REASON: Final = 500  # characters


async def open_report_form(press: ResultPress) -> None:
    """Open the form that asks what is wrong with a result.

    Raises:
        OwnReport: it is the presser's own video.
    """
    async with in_time(press.interaction):
        await press.bot.services.cases.check_reportable(press.job_id, by=press.interaction.user.id)
    say, message = press.say, press.interaction.message
    state = f"{press.job_id}:{message.id if message else 0}"
    form = Form(name=FORM, state=state, title=say("report.title"))
    form.text("reason", say("report.reason"), long=True, required=True, most=REASON, hint=say("report.hint"))
    await open_form(press.interaction, form)


async def receive_report(interaction: discord.Interaction[Any], state: str, data: dict[str, Any]) -> None:
    """Record a written report and say who has it now. It keeps the message's ids, if the video's records are gone."""
    await acknowledge(interaction)
    job_id, _, message = state.partition(":")
    bot: Shotcaller = interaction.client
    guild_id, user_id = interaction.guild_id, interaction.user.id
    place = (interaction.channel_id or 0, parse_id(message))
    reason = str(values_of(data).get("reason", ""))[:REASON]
    key = str(interaction.id)
    outcome = await bot.services.cases.report(
        job_id, guild_id=guild_id, message=place, by=user_id, reason=reason, key=key
    )
    await answer(interaction, words(str(interaction.locale))(f"report.{outcome}"))
