"""What Discord is told of a command in other languages."""

from typing import Any

import discord
import pytest
from discord import app_commands
from discord.app_commands import TranslationContext, locale_str
from discord.app_commands import TranslationContextLocation as Location
from discord.app_commands.translator import TranslationContextTypes

from bot.locale import words
from cogs.ui.translator import CatalogueTranslator

CHINESE = [discord.Locale.chinese, discord.Locale.taiwan_chinese]


def group() -> app_commands.Group:
    """A group with a command that has an option."""
    made = app_commands.Group(name="video", description=words()("command.video"))

    @made.command(name="create", description=words()("command.video.create"))
    @app_commands.describe(prompt=words()("option.prompt"))
    async def create(interaction: discord.Interaction[Any], prompt: str) -> None:
        raise NotImplementedError

    return made


async def said(text: str, place: Location, of: Any, locale: discord.Locale = discord.Locale.chinese) -> str | None:
    context: TranslationContextTypes = TranslationContext(place, of)  # type: ignore[call-overload]
    return await CatalogueTranslator().translate(locale_str(text), locale, context)


@pytest.mark.parametrize("locale", CHINESE)
async def test_names_have_keys_of_their_own(locale: discord.Locale) -> None:
    video = group()
    (create,) = video.commands
    assert isinstance(create, app_commands.Command)
    (prompt,) = create.parameters
    assert await said("video", Location.group_name, video, locale) == "视频"
    assert await said("create", Location.command_name, create, locale) == "生成"
    assert await said("prompt", Location.parameter_name, prompt, locale) == "提示词"


async def test_descriptions_and_choices_are_found_by_their_english() -> None:
    video = group()
    (create,) = video.commands
    chinese = words("zh-CN")
    assert await said(create.description, Location.command_description, create) == chinese("command.video.create")
    assert await said(video.description, Location.group_description, video) == chinese("command.video")
    choice = app_commands.Choice(name=words()("choice.mode.pro"), value="pro")
    assert await said(choice.name, Location.choice_name, choice) == chinese("choice.mode.pro")


async def test_a_menu_entry_is_found_by_its_english_too() -> None:
    @app_commands.context_menu(name=words()("menu.film"))
    async def make_video(interaction: discord.Interaction[Any], message: discord.Message) -> None:
        raise NotImplementedError

    assert await said(make_video.name, Location.command_name, make_video) == words("zh-CN")("menu.film")


@pytest.mark.parametrize("locale", [discord.Locale.british_english, discord.Locale.german, discord.Locale.japanese])
async def test_readers_of_other_languages_get_what_is_there(locale: discord.Locale) -> None:
    assert await said("video", Location.group_name, group(), locale) is None


async def test_what_no_catalogue_says_stays_as_it_is() -> None:
    choice = app_commands.Choice(name="kling-v1", value="kling-v1")
    assert await said("kling-v1", Location.choice_name, choice) is None


def test_texts_of_commands_mean_the_same_wherever_they_stand() -> None:
    say, chinese = words(), words("zh-CN")
    groups = ("command.", "option.", "choice.", "camera.", "menu.")
    keys = [key for key in sorted(say.keys()) if key.startswith(groups)]
    by_text: dict[str, set[str]] = {}
    for key in keys:
        by_text.setdefault(say(key), set()).add(chinese(key))
    assert {text: found for text, found in by_text.items() if len(found) > 1} == {}
