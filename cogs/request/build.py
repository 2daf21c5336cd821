"""Build the request that options mean here, for this person: without a model, one that can do the rest."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any

import discord

from bot.client import Shotcaller
from bot.domain import Capability, VideoRequest
from bot.domain.terms import model_for
from bot.errors import StoreError
from bot.service.member.storyboards import Storyboards
from cogs.ui import FORM_TIMEOUT, member_of, request_from_options

log = logging.getLogger(__name__)


async def build_request(
    bot: Shotcaller, interaction: discord.Interaction[Any], options: Mapping[str, Any]
) -> VideoRequest:
    """Build the request that options mean.

    Raises:
        InvalidRequest: there is no such request.
        ModelUnknown: no configured provider has its model.
    """
    named = options.get("model")
    if named is not None:
        return request_from_options(options, model=bot.services.videos.capability(named).model)
    return request_from_options(options, model=model_for(options, await models_here(bot, interaction)).model)


async def models_here(bot: Shotcaller, interaction: discord.Interaction[Any]) -> Sequence[Capability]:
    """The models, limited to what this person may use here; unlimited where the database is too slow to say."""
    videos = bot.services.videos
    try:
        async with asyncio.timeout(FORM_TIMEOUT):
            return await videos.offered(member_of(interaction))
    except (TimeoutError, StoreError) as exc:
        log.info("the server's limits are not known", extra={"reason": repr(exc)})
        return list(videos.models.values())


async def offered_here(bot: Shotcaller, interaction: discord.Interaction[Any]) -> Mapping[str, Capability]:
    """`models_here` by their names."""
    return {each.model: each for each in await models_here(bot, interaction)}


async def storyboards_here(bot: Shotcaller, interaction: discord.Interaction[Any]) -> Storyboards:
    """The storyboard service, limited to the models that this person may use here."""
    return bot.services.storyboards.among(await models_here(bot, interaction))
