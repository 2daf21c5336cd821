"""Translate the commands for Discord into every language there are texts for.

Names have keys of their own (`slash.video.create`, `slash.option.prompt`). Descriptions, choices and menu entries come
from the catalogue as English texts, so their key is found by the text.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import discord
from discord import AppCommandOptionType, AppCommandType

from bot.locale import DEFAULT, Words, locales, nearest, passing_words, words

_NAMES: Final = "slash"  # the group of the keys of names; a text of the others is found by its English
_GROUPS: Final = frozenset({_NAMES, "command", "option", "choice", "camera", "menu"})  # with texts for commands
_COMMANDS: Final = frozenset({AppCommandOptionType.subcommand.value, AppCommandOptionType.subcommand_group.value})


def in_every_language(commands: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Give commands as Discord is told of them, with their texts in other languages; what has none stays English.

    discord.py would ask for each text in each of its locales; these are few.
    """
    translator = _Translator()
    return [translator.command(each) for each in commands]


class _Translator:
    """The texts of commands in every language. Nothing else of the other languages is kept, nor this for long."""

    def __init__(self) -> None:
        others = {each: _texts_of_commands(passing_words(each)) for each in locales() if each != DEFAULT}
        self._texts = {each.value: others.get(nearest(each.value), {}) for each in discord.Locale}
        english = _texts_of_commands(words(DEFAULT))
        self._keys = {text: key for key, text in english.items() if _group(key) != _NAMES}

    def command(self, command: Mapping[str, Any]) -> dict[str, Any]:
        """Translate a command with all that is in it."""
        slash = command["type"] == AppCommandType.chat_input.value
        return self._translated(command, name_key=f"{_NAMES}.{command['name']}" if slash else None)

    def _translated(self, part: Mapping[str, Any], *, name_key: str | None) -> dict[str, Any]:
        """Translate a command, an option or a choice; a name without a key is found by its text."""
        made = dict(part)
        for field, key in (("name", name_key), ("description", None)):
            if texts := self._translations(part.get(field, ""), key):
                made[f"{field}_localizations"] = texts
        for field in ("options", "choices"):
            if field in part:
                made[field] = [
                    self._translated(each, name_key=_name_key(each, within=name_key)) for each in part[field]
                ]
        return made

    def _translations(self, text: str, key: str | None) -> dict[str, str]:
        """Find what a text is in each of Discord's locales where it is another."""
        key = key or self._keys.get(text, "")
        return {locale: texts[key] for locale, texts in self._texts.items() if texts.get(key, text) != text}


def _name_key(part: Mapping[str, Any], *, within: str | None) -> str | None:
    """Give the key of the name of an option or a command in a group; None for a choice."""
    if part.get("type") in _COMMANDS:
        return f"{within}.{part['name']}"
    return f"{_NAMES}.option.{part['name']}" if "type" in part else None


def _texts_of_commands(say: Words) -> dict[str, str]:
    """Give the texts that commands are made of, by key in its order."""
    return {key: say(key) for key in sorted(say.keys()) if _group(key) in _GROUPS}


def _group(key: str) -> str:
    return key.partition(".")[0]
