"""`/settings`: the defaults that a person, a channel or a server has chosen once for all."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

import discord
from discord import app_commands

from bot.client import Shotcaller
from bot.domain import Capability, Notify, notify
from bot.domain.choices import offered
from bot.locale import Words, words
from bot.service.member.defaults import DEFAULTS, DefaultsLevel
from cogs import ui
from cogs.request import defaults_scope
from cogs.ui import Command, acknowledge, acknowledge_in_place, answer, parse_number
from cogs.ui.limits import OPTIONS
from cogs.ui.model_texts import model_about

NONE: Final = "-"  # the choice of no default
_SWITCHES: Final = ("sound", "watermark")
LONGEST: Final = 1000  # seconds that a choice may say at all

SETTING: Final = ui.CustomId(
    "settings:{whose}:{option}", whose=ui.Part("|".join(DefaultsLevel), DefaultsLevel), option=ui.Part("[a-z]{1,16}")
)


def setup(bot: Shotcaller) -> None:
    """Add the command and its controls."""
    bot.tree.add_command(_command(bot, words()))
    ui.on_press(bot, SETTING, _choose, first=acknowledge_in_place)


def _command(bot: Shotcaller, say: Words) -> Command:
    @app_commands.command(name="settings", description=say("command.settings"))
    @app_commands.describe(scope=say("option.scope"))
    @app_commands.choices(
        scope=[app_commands.Choice(name=say(f"choice.scope.{each}"), value=str(each)) for each in DefaultsLevel]
    )
    async def settings(interaction: discord.Interaction[Any], scope: str = DefaultsLevel.MINE) -> None:
        await acknowledge(interaction)
        whose = DefaultsLevel(scope)
        await _check(interaction, whose)
        await _show(bot, interaction, whose, await bot.services.defaults.of(whose, defaults_scope(interaction)))

    return settings


async def _choose(bot: Shotcaller, interaction: discord.Interaction[Any], whose: DefaultsLevel, option: str) -> None:
    await _check(interaction, whose)
    changes = _changes(option, ui.chosen_value(interaction) or NONE)
    place, now = defaults_scope(interaction), interaction.created_at
    await _show(bot, interaction, whose, await bot.services.defaults.choose(whose, place, changes, now=now))


async def _check(interaction: discord.Interaction[Any], whose: DefaultsLevel) -> None:
    """Check that this person may choose for everybody, if that is what they do.

    Raises:
        NotPermitted: they may not.
    """
    if whose is not DefaultsLevel.MINE:
        await ui.check_admin(interaction)


def _changes(option: str, value: str) -> dict[str, Any]:
    """The defaults to remember; a value that was never offered is not."""
    if option == "reset":
        return dict.fromkeys([*DEFAULTS, notify.PREFERENCE])
    if value == NONE:
        return {option: None} if option in {*DEFAULTS, notify.PREFERENCE} else {}
    if option in _SWITCHES:
        return {option: value == "yes"}
    if option == "duration":
        return {} if (seconds := parse_number(value, most=LONGEST)) is None else {option: seconds}
    return {option: value} if option in {*DEFAULTS, notify.PREFERENCE} else {}


async def _show(
    bot: Shotcaller, interaction: discord.Interaction[Any], whose: DefaultsLevel, saved: Mapping[str, Any]
) -> None:
    """Show the present settings in the answer, or in place of those that were changed."""
    say, models = words(str(interaction.locale)), list(bot.services.videos.models.values())
    rows = [_select(option, whose, saved, models, say) for option in _options(whose)]
    reset = discord.ui.Button[Any](custom_id=SETTING(whose=whose, option="reset"), label=f"↺ {say('settings.reset')}")
    container = discord.ui.Container[Any](
        discord.ui.TextDisplay(f"### ⚙️ {say(f'settings.title.{whose}')}\n{say('settings.what')}"),
        *(discord.ui.ActionRow[Any](row) for row in rows),
        discord.ui.ActionRow(reset),
    )
    await answer(interaction, view=ui.stateless_layout(container))


def _options(whose: DefaultsLevel) -> Sequence[str]:
    return (*DEFAULTS, notify.PREFERENCE) if whose is DefaultsLevel.MINE else tuple(DEFAULTS)


def _select(
    option: str, whose: DefaultsLevel, saved: Mapping[str, Any], models: Sequence[Capability], say: Words
) -> discord.ui.Select[Any]:
    chosen = saved.get(option, Notify.PING if option == notify.PREFERENCE else NONE)
    current = {True: "yes", False: "no"}[chosen] if isinstance(chosen, bool) else str(chosen)
    about = {each.model: model_about(each, say) for each in models} if option == "model" else {}
    options = [
        ui.select_option(value, label, description=about.get(value), default=value == current)
        for value, label in islice(_labelled_choices(option, saved, models, say), OPTIONS)
    ]
    return discord.ui.Select(custom_id=SETTING(whose=whose, option=option), options=options)


def _labelled_choices(
    option: str, saved: Mapping[str, Any], models: Sequence[Capability], say: Words
) -> Iterator[tuple[str, str]]:
    """List an option's values with their names; of what depends on the model, what the chosen one can do."""
    name = say(f"settings.{option}.name" if option in _SWITCHES else f"settings.{option}")
    for value, meaning in _choices(option, saved, models, say):
        yield value, say("settings.choice", name=name, value=meaning)


def _choices(
    option: str, saved: Mapping[str, Any], models: Sequence[Capability], say: Words
) -> Iterator[tuple[str, str]]:
    if option == notify.PREFERENCE:
        yield from ((str(each), say(f"settings.notify.{each}")) for each in Notify)
        return
    yield NONE, say("settings.none")
    model = {} if option == "model" else {"model": saved.get("model")}
    fitting = offered(option, model, models) or offered(option, {}, models)
    for value in fitting:
        match option:
            case "sound" | "watermark":
                answer = "yes" if value else "no"
                yield answer, say(answer)
            case "duration":
                yield str(value), say("seconds", n=value)
            case "model":
                yield value, say.model(value)
            case _:
                yield str(value), say(f"choice.{option}.{value}")
