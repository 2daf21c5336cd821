"""Autocompletions: what an option offers while it is typed, always in time, or else nothing."""

import logging
from collections.abc import Awaitable, Callable, Iterable
from itertools import islice
from typing import Any, TypeVar

import discord
from discord import app_commands

from bot.client import Shotcaller
from bot.domain import Preset
from bot.errors import StoreError
from bot.locale import words
from cogs.ui.job_names import job_choice
from cogs.ui.limits import CHOICE, CHOICES
from cogs.ui.replies import in_time
from cogs.ui.text import cut

# Gives names with their values for what is being typed, the most fitting first.
Offers = Callable[[discord.Interaction[Any], str], Awaitable[Iterable[tuple[str, Any]]]]
T = TypeVar("T")
Command = app_commands.Command[Any, ..., None]

log = logging.getLogger(__name__)


def autocomplete(**offers: Offers) -> Callable[[T], T]:
    """Complete options of a command with what is offered for each; with nothing where that is not known in time."""
    return app_commands.autocomplete(**{option: completion(each) for option, each in offers.items()})


def completion(offers: Offers) -> Callable[..., Any]:
    """Complete an option with what is offered, as far as Discord takes it."""

    async def complete(interaction: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[Any]]:
        try:
            async with in_time(interaction):
                found = await offers(interaction, typed)
        except StoreError as exc:
            log.info("nothing was offered", extra={"reason": repr(exc)})
            return []
        return [_choice(name, value) for name, value in islice(found, CHOICES)]

    return complete


def _choice(name: str, value: Any) -> app_commands.Choice[Any]:
    """Make a choice that Discord takes: without a name it is called by its value."""
    name = cut(" ".join(name.split()), CHOICE) or str(value)
    return app_commands.Choice(name=name, value=value[:CHOICE] if isinstance(value, str) else value)


def containing(typed: str, names: Iterable[str]) -> list[tuple[str, str]]:
    """Offer those of these names that contain what was typed."""
    wanted = typed.strip().casefold()
    return [(each, each) for each in names if wanted in each.casefold()]


def my_videos(bot: Shotcaller) -> Offers:
    """Offer one's latest videos by their prompts and when they were asked for; the value is the id."""

    async def offers(interaction: discord.Interaction[Any], typed: str) -> Iterable[tuple[str, str]]:
        jobs = await bot.services.library.recent(interaction.user.id, text=typed, most=CHOICES)
        say, now = words(str(interaction.locale)), bot.services.now()
        return [(job_choice(job, say, now=now), job.id) for job in jobs]

    return offers


def presets(bot: Shotcaller, fits: Callable[[Preset, int], bool] = lambda *_: True) -> Offers:
    """Offer presets by their names, those used most first; the value is the id, so that no name is mistaken."""

    async def offers(interaction: discord.Interaction[Any], typed: str) -> Iterable[tuple[str, str]]:
        user_id, typed = interaction.user.id, typed.strip().casefold()
        found = await bot.services.presets.visible(user_id=user_id, guild_id=interaction.guild_id)
        wanted = [each for each in found if typed in each.name.casefold() and fits(each, user_id)]
        wanted.sort(key=lambda each: -each.uses)
        return [(f"🌐 {each.name}" if each.shared else each.name, each.id) for each in wanted]

    return offers
