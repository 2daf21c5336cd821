"""What Discord is told of a command in other languages."""

from typing import Any

import discord
import pytest
from discord import app_commands

from bot.locale import DEFAULT, locales, words
from cogs.ui.translator import in_every_language

Payload = dict[str, Any]
CHINESE = [discord.Locale.chinese.value, discord.Locale.taiwan_chinese.value]
OTHERS = [each.value for each in (discord.Locale.british_english, discord.Locale.german, discord.Locale.japanese)]


def described(command: app_commands.Group | app_commands.ContextMenu) -> Payload:
    client = discord.Client(intents=discord.Intents.none())
    (told,) = in_every_language([command.to_dict(app_commands.CommandTree(client))])
    return told


@pytest.fixture
def group() -> Payload:
    """What is told of a group with a command in it, of its command, and of that one's option with choices."""
    made = app_commands.Group(name="video", description=words()("command.video"))

    @made.command(name="create", description=words()("command.video.create"))
    @app_commands.describe(prompt=words()("option.prompt"))
    @app_commands.choices(
        prompt=[app_commands.Choice(name=name, value=name) for name in (words()("choice.mode.pro"), "kling-v1")]
    )
    async def create(interaction: discord.Interaction[Any], prompt: str) -> None:
        raise NotImplementedError

    return described(made)


@pytest.fixture
def command(group: Payload) -> Payload:
    (found,) = group["options"]
    return dict(found)


@pytest.fixture
def option(command: Payload) -> Payload:
    (found,) = command["options"]
    return dict(found)


@pytest.mark.parametrize("locale", CHINESE)
def test_names_have_keys_of_their_own(group: Payload, command: Payload, option: Payload, locale: str) -> None:
    names = [each["name_localizations"][locale] for each in (group, command, option)]
    assert names == ["视频", "生成", "提示词"]


@pytest.mark.parametrize("locale", [discord.Locale.spain_spanish.value, discord.Locale.latin_american_spanish.value])
def test_readers_of_either_spanish_get_the_same_names(command: Payload, option: Payload, locale: str) -> None:
    assert command["name_localizations"][locale] == "crear"
    assert option["description_localizations"][locale] == words("es-ES")("option.prompt")


def test_a_group_in_a_group_has_the_names_of_both_in_its_key() -> None:
    admin = app_commands.Group(name="admin", description="-")
    app_commands.Group(name="setup", description="-", parent=admin)
    (inner,) = described(admin)["options"]
    assert inner["name_localizations"]["zh-CN"] == words("zh-CN")("slash.admin.setup")


def test_descriptions_and_choices_are_found_by_their_english(group: Payload, command: Payload, option: Payload) -> None:
    chinese = words("zh-CN")
    texts = [each["description_localizations"]["zh-CN"] for each in (group, command, option)]
    assert texts == [chinese("command.video"), chinese("command.video.create"), chinese("option.prompt")]
    assert option["choices"][0]["name_localizations"]["zh-CN"] == chinese("choice.mode.pro")


def test_a_menu_entry_is_found_by_its_english_too() -> None:
    menu = app_commands.ContextMenu(name=words()("menu.film"), callback=_make_video)
    assert described(menu)["name_localizations"]["zh-CN"] == words("zh-CN")("menu.film")


async def _make_video(interaction: discord.Interaction[Any], message: discord.Message) -> None:
    raise NotImplementedError


@pytest.mark.parametrize("locale", OTHERS)
def test_readers_of_other_languages_get_what_is_there(group: Payload, locale: str) -> None:
    assert locale not in group["name_localizations"]
    assert group["name"] == "video"


def test_what_no_catalogue_says_stays_as_it_is(option: Payload) -> None:
    assert option["choices"][1] == {"name": "kling-v1", "value": "kling-v1"}


@pytest.mark.parametrize("locale", [each for each in locales() if each != DEFAULT])
def test_texts_of_commands_mean_the_same_wherever_they_stand(locale: str) -> None:
    say, other = words(), words(locale)
    groups = ("command.", "option.", "choice.", "camera.", "menu.")
    keys = [key for key in sorted(say.keys()) if key.startswith(groups)]
    by_text: dict[str, set[str]] = {}
    for key in keys:
        by_text.setdefault(say(key), set()).add(other(key))
    assert {text: found for text, found in by_text.items() if len(found) > 1} == {}
