"""`/quota`: what a person has left, what is reserved, when it renews, and what things cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import discord
from discord import app_commands

from bot.domain.request import Mode, VideoRequest
from bot.locale import words
from cogs._member import member_of
from cogs._replies import acknowledge, answer
from cogs._text import since

if TYPE_CHECKING:
    from bot.client import Shotcaller
    from bot.domain.quota import Account
    from bot.locale import Words
    from bot.service.videos import Videos

BAR: Final = 16  # squares


async def setup(bot: Shotcaller) -> None:
    """Add the command."""
    bot.tree.add_command(_command(bot.services.videos, words()))


def _command(videos: Videos, say: Words) -> app_commands.Command[Any, ..., None]:
    @app_commands.command(name="quota", description=say("command.quota"))
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    async def quota(interaction: discord.Interaction[Any]) -> None:
        await acknowledge(interaction)
        standing = await videos.standing(member_of(interaction))
        say, account = words(str(interaction.locale)), standing.own.account
        text = say(
            "quota",
            bar=bar(account),
            balance=say("credits", n=account.balance),
            allowance=account.allowance,
            held=account.held,
            settled=account.settled,
            renews=since(standing.own.renews_at),
        )
        await answer(interaction, f"{text}\n-# {_prices(videos, say)}")

    return quota


def bar(account: Account) -> str:
    """An allowance as squares: green is left, yellow is reserved, black is used."""
    if account.allowance <= 0:
        return "⬛" * BAR
    held = min(BAR, -(-account.held * BAR // account.allowance))
    left = min(BAR - held, -(-account.balance * BAR // account.allowance))
    return "🟩" * left + "🟨" * held + "⬛" * (BAR - left - held)


def _prices(videos: Videos, say: Words) -> str:
    model = videos.capability(None)

    def cost(*, mode: Mode = Mode.STD, sound: bool = False) -> str:
        wish = VideoRequest(model=model.model, prompt="-", mode=mode, sound=sound)
        return say("credits", n=model.price(wish).credits)

    return say("quota.prices", std=cost(), pro=cost(mode=Mode.PRO), sound=cost(sound=True))
