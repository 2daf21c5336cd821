"""`/preset`: named settings with gaps in the prompt, one's own or shared with the server."""

from typing import Any

import discord
from discord import app_commands

from bot.client import Shotcaller
from bot.domain import AspectRatio, Preset
from bot.locale import Words, words
from bot.service.member.presets import gaps, request_of
from cogs import ui
from cogs.presets.use import AGAIN, FORM, NAME, PAGE_FORM, fill_in, fill_page, reopen_form, show_list, use_preset
from cogs.request import build_request
from cogs.ui import Command, acknowledge, answer, autocomplete, options_of, safe
from cogs.ui.completions import my_videos, presets
from cogs.ui.options import OPTIONS
from cogs.video.create import complete_options


def setup(bot: Shotcaller) -> None:
    """Add the commands, the buttons and the form."""
    say = words()
    group = app_commands.Group(name="preset", description=say("command.preset"))
    for command in (save_command, _list, _use, _share, _unshare, _sharing, _delete):
        group.add_command(command(bot, say))
    bot.tree.add_command(group)
    ui.on_press(bot, AGAIN, reopen_form)
    ui.on_form(bot, FORM, fill_in)
    ui.on_form(bot, PAGE_FORM, fill_page, first=ui.acknowledge_in_place)


def _list(bot: Shotcaller, say: Words) -> Command:
    @app_commands.command(name="list", description=say("command.preset.list"))
    async def list_(interaction: discord.Interaction[Any]) -> None:
        await acknowledge(interaction)
        await show_list(bot, interaction)

    return list_


def _use(bot: Shotcaller, say: Words) -> Command:
    @app_commands.command(name="use", description=say("command.preset.use"))
    @app_commands.describe(name=say("option.preset.name"), private=say("option.private"))
    @autocomplete(name=presets(bot))
    async def use_(
        interaction: discord.Interaction[Any],
        name: str,
        private: bool | None = None,  # noqa: FBT001 (Discord's options)
    ) -> None:
        await use_preset(bot, interaction, name, private=bool(private))

    return use_


def _share(bot: Shotcaller, say: Words) -> Command:
    @app_commands.command(name="share", description=say("command.preset.share"))
    @app_commands.describe(name=say("option.preset.name"))
    @autocomplete(name=presets(bot, lambda preset, user_id: preset.user_id == user_id))
    async def share(interaction: discord.Interaction[Any], name: str) -> None:
        await acknowledge(interaction)
        say, guild_id = words(str(interaction.locale)), interaction.guild_id
        if guild_id is None:
            await answer(interaction, say("preset.share.nowhere"))
            return
        preset = await _find(bot, interaction, name)
        shared = await bot.services.presets.share(preset, **{**_who(interaction), "guild_id": guild_id})
        await answer(interaction, say("preset.share.done", name=safe(shared.name, NAME)))

    return share


def _unshare(bot: Shotcaller, say: Words) -> Command:
    @app_commands.command(name="unshare", description=say("command.preset.unshare"))
    @app_commands.describe(name=say("option.preset.name"))
    @autocomplete(name=presets(bot, lambda preset, _: preset.shared))
    async def unshare(interaction: discord.Interaction[Any], name: str) -> None:
        await acknowledge(interaction)
        preset = await _find(bot, interaction, name)
        mine = await bot.services.presets.unshare(preset, **_who(interaction))
        await answer(interaction, words(str(interaction.locale))("preset.unshare.done", name=safe(mine.name, NAME)))

    return unshare


def _sharing(bot: Shotcaller, say: Words) -> Command:
    @app_commands.command(name="sharing", description=say("command.preset.sharing"))
    @app_commands.describe(members=say("option.preset.members"))
    async def sharing(interaction: discord.Interaction[Any], members: bool) -> None:  # noqa: FBT001 (Discord's options)
        await acknowledge(interaction)
        say, manages = words(str(interaction.locale)), interaction.permissions.manage_guild
        if interaction.guild_id is None:
            await answer(interaction, say("preset.share.nowhere"))
            return
        await bot.services.presets.let_members_share(interaction.guild_id, allowed=members, manages=manages)
        await answer(interaction, say("preset.sharing.members" if members else "preset.sharing.admins"))

    return sharing


def _delete(bot: Shotcaller, say: Words) -> Command:
    @app_commands.command(name="delete", description=say("command.preset.delete"))
    @app_commands.describe(name=say("option.preset.name"))
    @autocomplete(name=presets(bot))
    async def delete(interaction: discord.Interaction[Any], name: str) -> None:
        await acknowledge(interaction)
        preset = await _find(bot, interaction, name)
        await bot.services.presets.delete(preset, **_who(interaction))
        await answer(interaction, words(str(interaction.locale))("preset.delete.done", name=safe(preset.name, NAME)))

    return delete


async def _find(bot: Shotcaller, interaction: discord.Interaction[Any], name: str) -> Preset:
    return await bot.services.presets.find(name, user_id=interaction.user.id, guild_id=interaction.guild_id)


def _who(interaction: discord.Interaction[Any]) -> dict[str, Any]:
    """The member who changes a preset, where, and whether they manage that server."""
    manages = interaction.guild_id is not None and interaction.permissions.manage_guild
    return {"user_id": interaction.user.id, "guild_id": interaction.guild_id, "manages": manages}


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
        strength: str | None = None,
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
