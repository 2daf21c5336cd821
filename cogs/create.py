"""`/video create`: from typed options to an accepted job, or to the reasons why not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import discord
from discord import app_commands

from bot.domain.request import AXES, AspectRatio, CameraType, Mode
from bot.locale import words
from cogs._fix import FORM, Fix, retried
from cogs._replies import acknowledge
from cogs._rescue import Typed, remember
from cogs._submit import submit
from cogs._wish import OPTIONS, given, wish_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.client import Shotcaller
    from bot.domain.capability import Capability
    from bot.locale import Words

_MOVES: Final = ("zoom", *(axis for axis in AXES if axis != "zoom"), *list(CameraType)[1:])


async def setup(bot: Shotcaller) -> None:
    """Add the command to the `/video` group."""
    bot.video.add_command(_command(bot, words()))
    bot.add_dynamic_items(Fix)
    bot.forms[FORM] = retried(bot)


def _command(bot: Shotcaller, say: Words) -> app_commands.Command[Any, ..., None]:
    videos = bot.services.videos

    @app_commands.command(name="create", description=say("command.video.create"))
    @app_commands.describe(**{option: say(f"option.{option}") for option in (*OPTIONS, "private")})
    @app_commands.choices(
        model=_models(list(videos.models.values())),
        mode=[app_commands.Choice(name=say(f"choice.mode.{each}"), value=str(each)) for each in Mode],
        aspect=[app_commands.Choice(name=say(f"choice.aspect.{each}"), value=str(each)) for each in AspectRatio],
    )
    @app_commands.autocomplete(camera=_camera_moves)
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
        strength: float | None = None,
        private: bool | None = None,  # noqa: FBT001
    ) -> None:
        await acknowledge(interaction)
        options = {
            "prompt": prompt,
            "model": model,
            "mode": mode,
            "aspect": aspect,
            "duration": duration,
            "sound": sound,
            "negative": negative,
            "watermark": watermark,
            "cfg": cfg,
            "camera": camera,
            "strength": strength,
        }
        remember(interaction, Typed(options=given(options), private=bool(private)))
        wish = wish_of(options, model=videos.capability(model).model)
        await submit(bot, interaction, wish, private=bool(private))

    return create


def _models(models: Sequence[Capability]) -> list[app_commands.Choice[str]]:
    return [app_commands.Choice(name=each.model, value=each.model) for each in models]


async def _camera_moves(interaction: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
    """The camera's moves whose name or description begins like what is typed."""
    say, typed = words(str(interaction.locale)), typed.strip().lower()
    named = [(move, say(f"camera.{move}")) for move in _MOVES]
    return [
        app_commands.Choice(name=name, value=str(move))
        for move, name in named
        if not typed or typed in name.lower() or typed in move
    ]
