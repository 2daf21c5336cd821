"""Translate the commands for Discord into every language there are texts for.

Names have keys of their own (`slash.video.create`, `slash.option.prompt`). Descriptions, choices and menu entries come
from the catalogue as English texts, so their key is found by the text.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import discord
from discord import app_commands
from discord.app_commands import TranslationContextLocation as Location

from bot.locale import DEFAULT, nearest, words

_GROUPS: Final = frozenset({"command", "option", "choice", "camera", "menu"})  # of keys with texts for commands


class CatalogueTranslator(app_commands.Translator):
    """Translates what a command consists of; what the catalogues do not say stays English."""

    async def translate(
        self,
        string: app_commands.locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContext[Any, Any],
    ) -> str | None:
        """Translate a text into a reader's language; None where there is no translation, or it is the same."""
        if nearest(locale.value) == DEFAULT:
            return None
        key = _name_key(context) or _by_text().get(string.message)
        say = words(locale.value)
        text = say(key) if key is not None and say.has(key) else string.message
        return None if text == string.message else text


def _name_key(context: app_commands.TranslationContext[Any, Any]) -> str | None:
    """The key of a command's or an option's name; None for everything else."""
    named = context.data
    if context.location is Location.parameter_name:
        return f"slash.option.{named.display_name}"
    if context.location is Location.group_name or isinstance(named, app_commands.Command):
        at_name = context.location in {Location.group_name, Location.command_name}
        return f"slash.{named.qualified_name.replace(' ', '.')}" if at_name else None
    return None


@cache
def _by_text() -> Mapping[str, str]:
    """The keys of the texts that commands are made of, by their English."""
    say = words(DEFAULT)
    return {say(key): key for key in sorted(say.keys()) if key.partition(".")[0] in _GROUPS}
