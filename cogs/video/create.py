"""`/video create`: from typed options to an accepted job, or to the reasons why not."""

from typing import Any

import discord
from discord import app_commands

from bot.client import Shotcaller
from bot.domain.request import AspectRatio
from bot.locale import Words, words
from cogs.request.build import wanted
from cogs.request.defaults import with_defaults
from cogs.request.submit import submit
from cogs.ui.options import OPTIONS, given
from cogs.ui.replies import acknowledge
from cogs.ui.retry import Typed, remember
from cogs.video.option_completions import NARROWED, completion
from cogs.video.retry_buttons import FORM, Fix, retried


def setup(bot: Shotcaller) -> None:
    """Add the command to the `/video` group."""
    bot.video.add_command(_command(bot, words()))
    bot.add_dynamic_items(Fix)
    bot.forms[FORM] = retried(bot)


def _command(bot: Shotcaller, say: Words) -> app_commands.Command[Any, ..., None]:
    @app_commands.command(name="create", description=say("command.video.create"))
    @app_commands.describe(**{option: say(f"option.{option}") for option in (*OPTIONS, "private")})
    @app_commands.choices(
        aspect=[app_commands.Choice(name=say(f"choice.aspect.{each}"), value=str(each)) for each in AspectRatio],
    )
    @app_commands.autocomplete(**{option: completion(option, bot) for option in NARROWED})
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
        typed = given(options)
        remember(interaction, Typed(options=typed, private=bool(private)))
        wish = await wanted(bot, interaction, typed)
        wish, note = await with_defaults(bot, interaction, wish, typed=typed)
        if model is None and wish.model != bot.services.videos.capability(None).model and not note:
            note = words(str(interaction.locale))("create.model", model=wish.model)
        await submit(bot, interaction, wish, private=bool(private), note=note)

    return create
