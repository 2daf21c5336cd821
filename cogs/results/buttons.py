"""The buttons of a result: build on it, look into it, send it, share it, take it away, report it."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import discord

from bot.client import Shotcaller
from bot.errors import ResultForgotten
from cogs.results import actions, edit, report, rerun
from cogs.results.context import Press
from cogs.ui.buttons import Lasting
from cogs.ui.replies import acknowledge


def setup(bot: Shotcaller) -> None:
    """Find the buttons and the forms again after any restart."""
    bot.add_dynamic_items(ResultButton)
    bot.forms[report.FORM] = report.reported
    bot.forms[edit.FORM] = edit.edited


class ResultButton(
    Lasting[discord.ui.Button[Any]],
    template=r"result:(?P<deed>[a-z]+):(?P<job>[0-9A-Za-z-]{1,40})(?::(?P<more>[0-9:]+))?",
):
    """Any button of a result."""

    async def pressed(self, bot: Shotcaller, interaction: discord.Interaction[Any]) -> None:
        """Do what the button is for."""
        press = Press(bot=bot, interaction=interaction, job_id=self.said["job"], more=self.said["more"])
        await ACTIONS.get(self.said["deed"], _nothing)(press)


async def _nothing(press: Press) -> None:
    await acknowledge(press.interaction)
    raise ResultForgotten


ACTIONS: Final[dict[str, Callable[[Press], Awaitable[None]]]] = {
    "again": rerun.again,
    "instead": rerun.instead,
    "edit": rerun.edit,
    "pro": rerun.pro,
    "shape": rerun.shape,
    "reshape": rerun.reshape,
    "board": rerun.board,
    "star": actions.star,
    "dm": actions.dm,
    "info": actions.info,
    "whole": actions.whole,
    "share": actions.share,
    "delete": actions.delete,
    "erase": actions.erase,
    "report": report.report,
}
