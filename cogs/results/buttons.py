"""The buttons of a result: build on it, look into it, send it, share it, take it away, report it."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import discord

from bot.client import Shotcaller
from bot.errors import ResultForgotten
from cogs import ui
from cogs.results import actions, rerun
from cogs.results.context import ResultPress, share
from cogs.ui.job_views import RESULT


def setup(bot: Shotcaller) -> None:
    """Find the buttons and the forms again after any restart."""
    ui.on_press(bot, RESULT, _press)
    ui.on_form(bot, actions.REPORT, actions.receive_report)
    ui.on_form(bot, rerun.FORM, rerun.submit_edited)


async def _press(
    bot: Shotcaller, interaction: discord.Interaction[Any], action: str, job_id: str, more: str | None
) -> None:
    if action not in ANSWERING:
        await (ui.acknowledge_in_place if action not in ANEW and _is_menu(interaction) else ui.acknowledge)(interaction)
    if action not in ACTIONS:
        raise ResultForgotten
    await ACTIONS[action](ResultPress(bot=bot, interaction=interaction, job_id=job_id, more=more or ""))


def _is_menu(interaction: discord.Interaction[Any]) -> bool:
    """Whether what was pressed is a private answer with words and buttons alone: what comes of it takes its place."""
    message = interaction.message
    return message is not None and ui.is_private(interaction) and not (message.embeds or message.attachments)


ANEW: Final = frozenset({"board"})  # whose answer is a message of its own kind
ANSWERING: Final = frozenset({"edit", "star", "report"})  # whose first answer is not a private one: a form, or a change
ACTIONS: Final[dict[str, Callable[[ResultPress], Awaitable[None]]]] = {
    "again": rerun.repeat,
    "instead": rerun.remake_with_other_model,
    "edit": rerun.edit_and_rerun,
    "pro": rerun.remake_in_pro,
    "shape": rerun.offer_shapes,
    "reshape": rerun.remake_in_shape,
    "board": rerun.open_storyboard,
    "star": actions.toggle_star,
    "dm": actions.send_to_presser,
    "info": actions.show_info,
    "whole": actions.show_full_texts,
    "share": share,
    "delete": actions.confirm_deletion,
    "erase": actions.delete_message,
    "report": actions.open_report_form,
    "why": actions.show_why,
    "more": actions.open_menu,
}
