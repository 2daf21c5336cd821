"""The one way from a wish to a job, whatever was pressed or typed: destination, request, private answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.domain.job import Origin
from bot.locale import words
from bot.service.videos import Asking
from cogs._destination import destination_of
from cogs._replies import answer
from cogs._text import link, wait

if TYPE_CHECKING:
    import discord

    from bot.client import Shotcaller
    from bot.domain.request import VideoRequest
    from bot.locale import Words
    from bot.service.videos import Accepted


async def submit(
    bot: Shotcaller,
    interaction: discord.Interaction[Any],
    wish: VideoRequest,
    *,
    private: bool = False,
    parent_id: str | None = None,
    origin: Origin = Origin.CREATE,
) -> Accepted:
    """Ask for a video in the name of whoever caused the interaction, which has been acknowledged privately.

    Raises:
        Refused: the reasons why not, and every other error of `Videos.request`: `explain` has words for them.
    """
    destination = destination_of(interaction, private=private)
    asking = Asking(
        key=str(interaction.id),
        user_id=interaction.user.id,
        locale=str(interaction.locale),
        public_locale=str(interaction.guild_locale or interaction.locale),
        destination=destination,
        parent_id=parent_id,
        origin=origin,
    )
    with bot.answers.expected(interaction):
        accepted = await bot.services.videos.request(wish, asking)
        await answer(interaction, _accepted(accepted, words(str(interaction.locale))))
    return accepted


def _accepted(accepted: Accepted, say: Words) -> str:
    job, price = accepted.job, say("credits", n=accepted.price.credits)
    if accepted.account is not None:
        price = say("accepted.left", price=price, left=say("credits", n=accepted.account.balance))
    values = {"price": price, "wait": wait(accepted.expected, say)}
    if job.destination.private:
        return say("accepted.private", **values)
    if job.card_channel_id is None or job.card_message_id is None:
        return say("accepted.no_card", **values)
    card = link(job.destination.guild_id, job.card_channel_id, job.card_message_id)
    return say("accepted" if accepted.new else "accepted.again", card=card, **values)
