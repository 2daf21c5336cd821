"""The buttons of a result: build on it, look into it, send it, share it, take it away, report it."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import discord

from bot.client import Shotcaller
from bot.errors import ResultForgotten
from cogs.results import actions, edit, report, rerun
from cogs.results.context import ResultPress
from cogs.ui import PersistentItem, acknowledge


def setup(bot: Shotcaller) -> None:
    """Find the buttons and the forms again after any restart."""
    bot.add_dynamic_items(ResultButton)
    bot.forms[report.FORM] = report.receive_report
    bot.forms[edit.FORM] = edit.submit_edited


class ResultButton(
    PersistentItem[discord.ui.Button[Any]],
    template=r"result:(?P<action>[a-z]+):(?P<job>[0-9A-Za-z-]{1,40})(?::(?P<more>[0-9:]+))?",
):
    """Any button of a result."""

    async def handle_press(self, bot: Shotcaller, interaction: discord.Interaction[Any]) -> None:
        """Do what the button is for."""
        press = ResultPress(bot=bot, interaction=interaction, job_id=self.fields["job"], more=self.fields["more"])
        await ACTIONS.get(self.fields["action"], _nothing)(press)


async def _nothing(press: ResultPress) -> None:
    await acknowledge(press.interaction)
    raise ResultForgotten


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
    "share": actions.share,
    "delete": actions.confirm_deletion,
    "erase": actions.delete_message,
    "report": report.open_report_form,
}
