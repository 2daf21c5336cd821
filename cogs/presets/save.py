"""`/preset save`: keep what was typed, over a video's settings, under a name."""

from typing import Any, Final

import discord
from discord import app_commands

from bot.client import Shotcaller
from bot.domain import AspectRatio, Preset
from bot.locale import Words, words
from bot.service.member.presets import gaps, request_of
from cogs.request import build_request
from cogs.ui import Command, acknowledge, answer, options_of, safe
from cogs.ui.completions import my_videos
from cogs.ui.options import OPTIONS
from cogs.video.create import complete_options

NAME: Final = 32  # characters of a name shown


def save_command(bot: Shotcaller, say: Words) -> Command:
    """Build `/preset save`: options like those of `/video create`, over the settings of a video of one's own."""

    @app_commands.command(name="save", description=say("command.preset.save"))
    @app_commands.rename(source="from")
    @app_commands.describe(
        **{option: say(f"option.{option}") for option in OPTIONS if option != "prompt"},
        name=say("option.preset.new"),
        prompt=say("option.preset.prompt"),
        source=say("option.preset.from"),
    )
    @app_commands.choices(
        aspect=[app_commands.Choice(name=say(f"choice.aspect.{each}"), value=str(each)) for each in AspectRatio],
    )
    @complete_options(bot, source=my_videos(bot))
    async def save(  # noqa: PLR0917 (Discord's options are the command's interface)
        interaction: discord.Interaction[Any],
        name: str,
        prompt: str | None = None,
        source: str | None = None,
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
    ) -> None:
        typed = {option: value for option, value in locals().items() if option in OPTIONS and value is not None}
        await acknowledge(interaction)
        options = await _merge(bot, interaction, typed, source=source)
        request = await build_request(bot, interaction, options)
        preset, new = await bot.services.presets.save(name, request, user_id=interaction.user.id)
        await answer(interaction, _saved_text(preset, words(str(interaction.locale)), new=new))

    return save


async def _merge(
    bot: Shotcaller, interaction: discord.Interaction[Any], typed: dict[str, Any], *, source: str | None
) -> dict[str, Any]:
    """Put what was typed over the settings of a video: the named one, or without a prompt the latest."""
    if source is None and "prompt" not in typed:
        latest = await bot.services.library.recent(interaction.user.id, most=1)
        source = latest[0].id if latest else None
    if source is None:
        return typed
    known = options_of(await bot.services.presets.of_video(source, user_id=interaction.user.id))
    if {"prompt", "duration"} & typed.keys():
        known.pop("shots", None)
    if "camera" in typed:
        known.pop("strength", None)
    return {**known, **typed}


def _saved_text(preset: Preset, say: Words, *, new: bool) -> str:
    names = gaps(request_of(preset))
    line = say("preset.saved" if new else "preset.replaced", name=safe(preset.name, NAME))
    asked = say("preset.saved.gaps", gaps=", ".join(f"**{safe(each, NAME)}**" for each in names))
    return f"{line}\n{asked if names else say('preset.saved.no_gaps')}"
