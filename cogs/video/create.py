"""`/video create`: from typed options to an accepted job, or to the reasons why not; and the completions of options.

Offered are only values that go with the other options. Where the database is too slow to say what the server allows,
all that the models can do is offered.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import discord
from discord import app_commands

from bot.client import Shotcaller
from bot.domain import AspectRatio, Capability, Mode, VideoRequest
from bot.domain.choices import models_for, offered
from bot.locale import Words, words
from cogs.request import build_request, models_here, submit, with_defaults
from cogs.ui import Command, TypedRequest, acknowledge, autocomplete, remember
from cogs.ui.completions import Offers, T
from cogs.ui.model_texts import model_line
from cogs.ui.options import OPTIONS


def setup(bot: Shotcaller) -> None:
    """Add the command to the `/video` group."""
    bot.video.add_command(_command(bot, words()))


def _command(bot: Shotcaller, say: Words) -> Command:
    @app_commands.command(name="create", description=say("command.video.create"))
    @app_commands.describe(**{option: say(f"option.{option}") for option in (*OPTIONS, "private")})
    @app_commands.choices(
        aspect=[app_commands.Choice(name=say(f"choice.aspect.{each}"), value=str(each)) for each in AspectRatio],
    )
    @complete_options(bot)
    async def create(  # noqa: PLR0917 (Discord's options are the command's interface)
        interaction: discord.Interaction[Any],
        prompt: str,
        model: str | None = None,
        mode: str | None = None,
        aspect: str | None = None,
        duration: int | None = None,
        sound: bool | None = None,  # noqa: FBT001
        negative: str | None = None,
        watermark: bool | None = None,  # noqa: FBT001
        cfg: float | None = None,
        camera: str | None = None,
        strength: str | None = None,
        private: bool | None = None,  # noqa: FBT001
    ) -> None:
        typed = {name: value for name, value in locals().items() if name in OPTIONS and value is not None}
        await acknowledge(interaction)
        remember(interaction, TypedRequest(options=typed, private=bool(private)))
        request = await build_request(bot, interaction, typed)
        request, note = await with_defaults(bot, interaction, request, typed=typed)
        if model is None and request.model != bot.services.videos.capability(None).model and not note:
            say = words(str(interaction.locale))
            note = say("create.model", model=say.model(request.model))
        await submit(bot, interaction, request, private=bool(private), note=note)

    return create


COMPLETED_OPTIONS: Final = ("model", "mode", "duration", "camera", "strength")  # offered as far as they go together


def complete_options(bot: Shotcaller, **more: Offers) -> Callable[[T], T]:
    """Complete the options of a video that depend on each other, and `more`."""
    return autocomplete(**{option: _offers_for(option, bot) for option in COMPLETED_OPTIONS}, **more)


def _offers_for(option: str, bot: Shotcaller) -> Offers:
    """Offer the values of an option that the other options, the server and the person allow."""

    async def offers(interaction: discord.Interaction[Any], typed: str) -> Iterable[tuple[str, Any]]:
        say, models = words(str(interaction.locale)), list(await models_here(bot, interaction))
        others = {name: value for name, value in interaction.namespace if name != option}
        wanted = str(typed).strip().casefold()
        named = [(_name(option, value, others, models, say), value) for value in offered(option, others, models)]
        return [
            (name, value)
            for name, value in named
            if wanted in name.casefold() or str(value).casefold().startswith(wanted)
        ]

    return offers


def _name(option: str, value: Any, others: Mapping[str, Any], models: list[Capability], say: Words) -> str:
    """Name an offered value, with its cost or what it needs where that is not clear already."""
    match option:
        case "model":
            return next(model_line(each, say) for each in models if each.model == value)
        case "mode":
            return say(f"choice.mode.{value}")
        case "duration":
            length = say("seconds", n=value)
            return f"{length} · {_cost(value, others, models, say)}" if others.get("mode") in list(Mode) else length
        case "camera":
            return f"{say(f'camera.{value}')}{_needs(others, models, say)}"
        case "strength":
            return say(f"strength.{value}")
        case _:
            return str(value)


def _cost(seconds: int, others: Mapping[str, Any], models: list[Capability], say: Words) -> str:
    """Say what so many seconds cost with the first model that makes them as chosen."""
    model = models_for({**others, "duration": seconds}, models)[0]
    sound = bool(others.get("sound"))
    request = VideoRequest(model=model.model, prompt="-", duration=seconds, mode=others["mode"], sound=sound)
    return say("credits", n=model.price(request).credits)


def _needs(others: Mapping[str, Any], models: list[Capability], say: Words) -> str:
    """Say which model, modes and durations a camera move needs, unless all are chosen."""
    model = models_for({**others, "camera": ""}, models)[0]
    if model.camera is None or {"model", "mode", "duration"} <= set(others):
        return ""
    modes = say("comma").join(say(f"mode.{mode}") for mode in model.camera.modes)
    seconds = say("comma").join(say("seconds.short", n=each) for each in model.camera.durations)
    return f" ({say.model(model.model)}, {modes}, {seconds})"
