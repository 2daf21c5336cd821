"""The buttons of a result: build on it, look into it, send it, share it, take it away, report it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import discord

from bot.errors import ResultForgotten
from cogs import _building, _edit, _keeping, _report
from cogs._buttons import Lasting
from cogs._press import Press
from cogs._replies import acknowledge

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.client import Shotcaller


async def setup(bot: Shotcaller) -> None:
    """Find the buttons and the forms again after any restart."""
    bot.add_dynamic_items(ResultButton)
    bot.forms[_report.FORM] = _report.reported
    bot.forms[_edit.FORM] = _edit.edited


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
    "again": _building.again,
    "instead": _building.instead,
    "edit": _building.edit,
    "pro": _building.pro,
    "shape": _building.shape,
    "reshape": _building.reshape,
    "board": _building.board,
    "star": _keeping.star,
    "dm": _keeping.dm,
    "info": _keeping.info,
    "whole": _keeping.whole,
    "share": _keeping.share,
    "delete": _keeping.delete,
    "erase": _keeping.erase,
    "report": _report.report,
}
