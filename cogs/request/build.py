"""Build the request that options mean here, for this person, with their defaults and a model that they may use."""

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import discord

from bot.client import Shotcaller
from bot.domain import Capability, VideoRequest
from bot.domain.terms import model_for
from bot.errors import StoreError, StoreUnavailable
from bot.locale import words
from bot.service.member.defaults import DEFAULTS, DefaultsScope, FilledRequest
from bot.service.member.storyboards import Storyboards
from cogs.ui import QUICK, member_of, request_from_options
from cogs.ui.text import chosen

log = logging.getLogger(__name__)


async def build_request(
    bot: Shotcaller, interaction: discord.Interaction[Any], options: Mapping[str, Any]
) -> VideoRequest:
    """Build the request that options mean; a model may be called by its name.

    Raises:
        InvalidRequest: there is no such request.
        ModelUnknown: no configured provider has its model.
    """
    videos, named = bot.services.videos, options.get("model")
    if named is not None:
        model = videos.capability(videos.models.id_of(named)).model
        return request_from_options({**options, "model": model}, model=model)
    return request_from_options(options, model=model_for(options, await models_here(bot, interaction)).model)


async def models_here(bot: Shotcaller, interaction: discord.Interaction[Any]) -> Sequence[Capability]:
    """The models, limited to what this person may use here; unlimited where the database is too slow to say."""
    videos = bot.services.videos
    try:
        async with asyncio.timeout(QUICK):
            return await videos.offered(member_of(interaction))
    except (TimeoutError, StoreError) as exc:
        log.info("the server's limits are not known", extra={"reason": repr(exc)})
        return list(videos.models.values())


async def offered_here(bot: Shotcaller, interaction: discord.Interaction[Any]) -> Mapping[str, Capability]:
    """`models_here` by their names."""
    return {each.model: each for each in await models_here(bot, interaction)}


async def storyboards_here(bot: Shotcaller, interaction: discord.Interaction[Any]) -> Storyboards:
    """The storyboard service, limited to the models that this person may use here."""
    return bot.services.storyboards.narrowed_to(await models_here(bot, interaction))


def defaults_scope(interaction: discord.Interaction[Any]) -> DefaultsScope:
    """Whose defaults count for an interaction: its person's, channel's and guild's; a thread has its channel's too."""
    parent = interaction.channel.parent_id if isinstance(interaction.channel, discord.Thread) else None
    channels = tuple(each for each in (interaction.channel_id, parent) if each)
    return DefaultsScope(user_id=interaction.user.id, channel_ids=channels, guild_id=interaction.guild_id)


async def with_defaults(
    bot: Shotcaller, interaction: discord.Interaction[Any], request: VideoRequest, *, typed: Collection[str]
) -> tuple[VideoRequest, str]:
    """Fill in the defaults that fit for what was not typed, and say which in a line, empty for none.

    A database that refuses to say them will refuse the request too, and then the operator hears of it.
    """
    try:
        models = await models_here(bot, interaction)
        filled = await bot.services.defaults.fill(
            request, typed=typed, place=defaults_scope(interaction), models=models
        )
    except StoreUnavailable:
        return request, ""
    return filled.request, used_defaults_line(filled, str(interaction.locale))


def used_defaults_line(filled: FilledRequest, locale: str) -> str:
    """Say on one line which defaults a request has."""
    if not filled.used:
        return ""
    say = words(locale)
    used = [_value_text(option, getattr(filled.request, DEFAULTS[option]), locale) for option in filled.used]
    return say("defaults.used", what=" · ".join(used))


def _value_text(option: str, value: Any, locale: str) -> str:
    say = words(locale)
    return say(f"defaults.no.{option}") if value is False else chosen(option, value, say)
