"""Report a result to the moderators, or where a guild has none, to the operator, in one's own words."""

from typing import Any, Final

import discord

from bot.client import Shotcaller
from bot.locale import words
from cogs import ui
from cogs.results.context import ResultPress

FORM: Final = ui.CustomId("report:{job_id}:{message_id}", job_id=ui.JOB_ID, message_id=ui.SNOWFLAKE)
REASON: Final = 500  # characters


async def open_report_form(press: ResultPress) -> None:
    """Open the form that asks what is wrong with a result.

    Raises:
        OwnReport: it is the presser's own video.
    """
    async with ui.in_time(press.interaction):
        await press.bot.services.cases.check_reportable(press.job_id, by=press.interaction.user.id)
    say, message = press.say, press.interaction.message
    form = ui.Form(FORM(job_id=press.job_id, message_id=message.id if message else 0), say("report.title"))
    form.text("reason", say("report.reason"), long=True, required=True, most=REASON, hint=say("report.hint"))
    await ui.open_form(press.interaction, form)


async def receive_report(bot: Shotcaller, interaction: discord.Interaction[Any], job_id: str, message_id: int) -> None:
    """Record a written report and say who has it now. It keeps the message's ids, if the video's records are gone."""
    guild_id, user_id = interaction.guild_id, interaction.user.id
    place = (interaction.channel_id or 0, message_id)
    reason = str(ui.entered(interaction).get("reason", ""))[:REASON]
    key = str(interaction.id)
    outcome = await bot.services.cases.report(
        job_id, guild_id=guild_id, message=place, by=user_id, reason=reason, key=key
    )
    await ui.answer(interaction, words(str(interaction.locale))(f"report.{outcome}"))
