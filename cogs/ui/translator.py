"""Translate the commands for Discord into every language there are texts for.

Names have keys of their own (`slash.video.create`, `slash.option.prompt`). Descriptions, choices and menu entries come
from the catalogue as English texts, so their key is found by the text.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

import discord
from discord import AppCommandOptionType, AppCommandType

from bot.locale import DEFAULT, nearest, words

_GROUPS: Final = frozenset({"command", "option", "choice", "camera", "menu"})  # of keys with texts for commands
_COMMANDS: Final = frozenset({AppCommandOptionType.subcommand.value, AppCommandOptionType.subcommand_group.value})


def in_every_language(command: Mapping[str, Any]) -> dict[str, Any]:
    """Give a command as Discord is told of it, with its texts in other languages; what has none stays English.

    discord.py would ask for each text in each of its locales; these are few.
    """
    slash = command["type"] == AppCommandType.chat_input.value
    return _translated(command, name_key=f"slash.{command['name']}" if slash else None)


def _translated(part: Mapping[str, Any], *, name_key: str | None) -> dict[str, Any]:
    """Translate a command, an option or a choice with all that is in it; a name without a key is found by its text."""
    made = dict(part)
    for field, key in (("name", name_key), ("description", None)):
        if texts := _translations(part.get(field, ""), key):
            made[f"{field}_localizations"] = texts
    for field in ("options", "choices"):
        if field in part:
            made[field] = [_translated(each, name_key=_name_key(each, within=name_key)) for each in part[field]]
    return made


def _name_key(part: Mapping[str, Any], *, within: str | None) -> str | None:
    """Give the key of the name of an option or a command in a group; None for a choice."""
    if part.get("type") in _COMMANDS:
        return f"{within}.{part['name']}"
    return f"slash.option.{part['name']}" if "type" in part else None


def _translations(text: str, key: str | None) -> dict[str, str]:
    """Find what a text is in each of Discord's locales where it is another."""
    key = key or _by_text().get(text)
    found = {locale: words(locale)(key) for locale in _locales() if words(locale).has(key)} if key else {}
    return {locale: translation for locale, translation in found.items() if translation != text}


@cache
def _locales() -> Sequence[str]:
    """List those of Discord's locales whose readers have texts of their own."""
    return [each.value for each in discord.Locale if nearest(each.value) != DEFAULT]


@cache
def _by_text() -> Mapping[str, str]:
    """The keys of the texts that commands are made of, by their English."""
    say = words(DEFAULT)
    return {say(key): key for key in sorted(say.keys()) if key.partition(".")[0] in _GROUPS}
