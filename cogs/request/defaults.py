"""Fill a request with remembered defaults, and say which."""

from collections.abc import Collection
from typing import Any

import discord

from bot.client import Shotcaller
from bot.domain import VideoRequest
from bot.errors import StoreUnavailable
from bot.locale import words
from bot.service.member.defaults import DEFAULTS, DefaultsScope, FilledRequest
from cogs.request.build import models_here
from cogs.ui.text import chosen


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
        filled = await bot.services.choices.fill(request, typed=typed, place=defaults_scope(interaction), models=models)
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
