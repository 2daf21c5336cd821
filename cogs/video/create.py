"""`/video create`: from typed options to an accepted job, or to the reasons why not."""

from typing import Any

import discord
from discord import app_commands

from bot.client import Shotcaller
from bot.domain import AspectRatio
from bot.locale import Words, words
from cogs.request import build_request, submit, with_defaults
from cogs.ui import Command, TypedRequest, acknowledge, remember
from cogs.ui.options import OPTIONS
from cogs.video.option_completions import complete_options


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
        strength: float | None = None,
        private: bool | None = None,  # noqa: FBT001
    ) -> None:
        typed = {name: value for name, value in locals().items() if name in OPTIONS and value is not None}
        await acknowledge(interaction)
        remember(interaction, TypedRequest(options=typed, private=bool(private)))
        request = await build_request(bot, interaction, typed)
        request, note = await with_defaults(bot, interaction, request, typed=typed)
        if model is None and request.model != bot.services.videos.capability(None).model and not note:
            note = words(str(interaction.locale))("create.model", model=request.model)
        await submit(bot, interaction, request, private=bool(private), note=note)

    return create
