"""Submit a request, whatever was pressed or typed: check its destination, make its job, answer privately."""

from typing import Any

import discord

from bot.client import IN_CHANNEL, IN_THREAD, Shotcaller
from bot.domain import Destination, JobStatus, Origin, Review, VideoRequest
from bot.elsewhere import is_elsewhere
from bot.errors import MissingPermissions
from bot.locale import Words, words
from bot.service.jobs.types import Accepted, RequestContext
from cogs.ui import TypedRequest, member_of, options_of, remember, seen_link, since
from cogs.ui.job_views import cancel_button
from cogs.ui.limits import FILE
from cogs.ui.replies import answer_accepted
from cogs.ui.text import wait


async def submit(
    bot: Shotcaller,
    interaction: discord.Interaction[Any],
    request: VideoRequest,
    *,
    private: bool = False,
    parent_id: str | None = None,
    origin: Origin = Origin.CREATE,
    key: str | None = None,
    confirmed: bool = False,
    at_a_tap: bool = False,
    note: str = "",
) -> Accepted:
    """Ask for a video in the name of whoever caused the interaction, which has been acknowledged privately.

    Asking again with the same `key` makes no second job; it is the interaction's id where it is left out. `confirmed`
    is whether they have said yes to the price; `at_a_tap`: nothing was typed for it. The `note` is added to the answer.

    Raises:
        Refused: the reasons why not, and every other error of `Videos.request`: `explain` has words for them.
    """
    key = key or str(interaction.id)
    model = bot.services.videos.models.get(request.model)
    typed = TypedRequest(
        options=options_of(request),
        private=private,
        parent_id=parent_id,
        origin=origin,
        key=key,
        price=None if model is None else model.price(request).credits,
    )
    remember(interaction, typed)
    destination = destination_of(interaction, private=private)
    context = RequestContext(
        key=key,
        member=member_of(interaction),
        locale=str(interaction.locale),
        public_locale=str(interaction.guild_locale or interaction.locale),
        destination=destination,
        parent_id=parent_id,
        origin=origin,
        confirmed=confirmed,
        at_a_tap=at_a_tap,
    )
    async with bot.answers.keep(interaction, key=key):
        accepted, say = await bot.services.videos.request(request, context), words(str(interaction.locale))
        text = _accepted_text(accepted, say)
        buttons = cancel_button(accepted.job, say) if accepted.cancellable else None
        if buttons is not None:
            bot.answers.offers(key)
        await answer_accepted(interaction, f"{text}\n-# {note}" if note else text, view=buttons)
    await bot.answers.show_early_card(key)
    return accepted


def _accepted_text(accepted: Accepted, say: Words) -> str:
    """Say what becomes of an accepted request, and what else its author should know."""
    lines = [_accepted_line(accepted, say)]
    if accepted.job.review is Review.RESULT:
        lines.append(say("accepted.review.result"))
    if accepted.warned:
        lines.append(say("accepted.warned"))
    return "\n".join(lines)


def _accepted_line(accepted: Accepted, say: Words) -> str:
    job, price = accepted.job, say("credits", n=accepted.price.credits)
    if accepted.left is not None:
        price = say("accepted.left", price=price, left=say("credits", n=accepted.left))
    if job.status is JobStatus.PENDING:
        return say("accepted.review", price=price)
    values = {"price": price, "wait": _wait(accepted, say)}
    if job.destination.private:
        return say("accepted.private", **values)
    card = seen_link(job)
    if card is None:
        return say("accepted.no_card", **values)
    return say("accepted" if accepted.new else "accepted.again", card=card, **values)


def _wait(accepted: Accepted, say: Words) -> str:
    """Say how long a video usually takes; where it waits in line, its place and when it is expected."""
    queue_forecast = accepted.queue_forecast
    if queue_forecast is None:
        return wait(accepted.expected, say)
    if queue_forecast.paused:
        return say("wait.line.paused", position=queue_forecast.position)
    if queue_forecast.expected_at is None:
        return say("wait.line", position=queue_forecast.position)
    return say("wait.line.expected", position=queue_forecast.position, expected=since(queue_forecast.expected_at))


def destination_of(interaction: discord.Interaction[Any], *, private: bool) -> Destination:
    """Find where an interaction's result goes: its channel, or its person's direct messages.

    Raises:
        MissingPermissions: the bot may not post a result there.
    """
    channel, private = interaction.channel_id or 0, private or is_elsewhere(interaction)
    if interaction.guild_id is None or private:
        limit = FILE if private else interaction.filesize_limit
        return Destination(guild_id=interaction.guild_id, channel_id=channel, upload_limit=limit, private=private)
    missing = _missing_permissions(interaction)
    if missing:
        raise MissingPermissions(channel_id=channel, missing=missing)
    return Destination(guild_id=interaction.guild_id, channel_id=channel, upload_limit=interaction.filesize_limit)


def _missing_permissions(interaction: discord.Interaction[Any]) -> list[str]:
    """List the permissions that the bot lacks in this channel, by Discord's names."""
    in_thread = isinstance(interaction.channel, discord.Thread)
    return [name for name in (IN_THREAD if in_thread else IN_CHANNEL) if not getattr(interaction.app_permissions, name)]
