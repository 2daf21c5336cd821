"""The commands as Discord was told of them: every one within its limits, in every language."""

import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from bot.locale import locales, words
from tests.acceptance.system import System

Json = dict[str, Any]

CHAT_INPUT, SUBCOMMANDS = 1, (1, 2)
NAME: Final = re.compile(r"[-_'\w]{1,32}")
TEXT, MOST, WHOLE = 100, 25, 8000  # characters of a description; options or choices; characters of a command in all
CHINESE: Final = ("zh-CN", "zh-TW")
SPANISH: Final = ("es-ES", "es-419")
OTHERS: Final = (*CHINESE, *SPANISH)


@pytest.fixture
async def commands(system: System) -> list[Json]:
    """Every command of the running bot."""
    async with system.bot():
        return system.sandbox.discord.registry.offered(str(system.sandbox.describe()["discord"]["guild_id"]))


def parts(command: Json) -> Iterator[Json]:
    """A command, its subcommands and all their options."""
    yield command
    for option in command.get("options") or []:
        yield from parts(option)


def choices(command: Json) -> Iterator[Json]:
    """Every choice of every option of a command."""
    for part in parts(command):
        yield from part.get("choices") or []


def texts(part: Json, key: str) -> dict[str, str]:
    """A name or a description in every language; that of all others is under the empty one."""
    return {"": part.get(key) or "", **(part.get(f"{key}_localizations") or {})}


def size(command: Json, locale: str) -> int:
    """The characters that one language's readers are sent of a command."""
    named = [*parts(command), *choices(command)]
    values = sum(len(str(choice["value"])) for choice in choices(command))
    shown = (texts(each, key) for each in named for key in ("name", "description"))
    return values + sum(len(text.get(locale, text[""])) for text in shown)


async def test_every_command_is_within_discords_limits_in_every_language(commands: list[Json]) -> None:
    assert len(commands) > 2
    for command in commands:
        for locale in ("", *OTHERS):
            assert size(command, locale) <= WHOLE, command["name"]
        for part in parts(command):
            assert len(part.get("options") or []) <= MOST, part["name"]
            assert len(part.get("choices") or []) <= MOST, part["name"]
            for name in texts(part, "name").values():
                if command["type"] == CHAT_INPUT:
                    assert NAME.fullmatch(name), name
                    assert name == name.lower()
                assert 1 <= len(name) <= 32
            described = texts(part, "description") if command["type"] == CHAT_INPUT else {}
            assert [text for text in described.values() if not 1 <= len(text) <= TEXT] == []
        for choice in choices(command):
            assert [name for name in texts(choice, "name").values() if not 1 <= len(name) <= TEXT] == []


async def test_names_beside_one_another_differ_in_every_language(commands: list[Json]) -> None:
    for command in commands:
        for part in parts(command):
            for beside in (part.get("options") or [], part.get("choices") or []):
                for locale in ("", *OTHERS):
                    names = [texts(each, "name").get(locale, each["name"]) for each in beside]
                    assert len(names) == len(set(names)), (part["name"], locale)
    for locale in ("", *OTHERS):
        names = [(each["type"], texts(each, "name").get(locale, each["name"])) for each in commands]
        assert len(names) == len(set(names)), locale


@pytest.mark.parametrize("locale", OTHERS)
async def test_everything_about_a_command_is_said_in_other_languages(commands: list[Json], locale: str) -> None:
    say, own = words(), words(locale)
    same = {own(key) for key in own.keys() & say.keys() if key.startswith("slash.") and own(key) == say(key)}
    english = {
        part["name"] if key == "name" else texts(part, key)[""]
        for command in commands
        for part in parts(command)
        for key in ("name", "description")
        if texts(part, key)[""] and locale not in texts(part, key)
    }
    assert english - same == set()


async def test_choices_are_said_in_chinese_unless_they_are_names(commands: list[Json]) -> None:
    names = {"Kirin 3", "Kling 1", *(words(each)("language.name") for each in locales())}
    english = [
        choice["name"]
        for command in commands
        for choice in choices(command)
        if choice["name"] not in names and not set(CHINESE) <= set(texts(choice, "name"))
    ]
    assert english == []


async def test_other_languages_are_left_to_the_english_names(commands: list[Json]) -> None:
    told = {
        locale
        for command in commands
        for part in (*parts(command), *choices(command))
        for key in ("name", "description")
        for locale in texts(part, key)
    }
    assert told == {"", *OTHERS}


async def test_what_only_a_server_has_is_not_offered_in_direct_messages(commands: list[Json]) -> None:
    servers_only = {command["name"] for command in commands if command.get("contexts") == [0]}
    assert servers_only == {"admin", "gallery", "gift"}
