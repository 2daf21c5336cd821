"""`/video storyboard`: opens the builder; and the forms of the builder when they come back."""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias

import discord
from discord import app_commands

from bot.client import Shotcaller
from bot.domain import AspectRatio, Board, Capability, Mode, Storyboard
from bot.domain.script import script_of, with_script
from bot.domain.storyboard import LONGEST, SHORTEST, tidy
from bot.errors import ModelUnknown
from bot.locale import Words, words
from bot.service.member.presets import NAME_LIMIT
from bot.service.member.storyboards import OpenStoryboard, Storyboards
from cogs import ui
from cogs.request import storyboards_here, with_defaults
from cogs.storyboard import forms
from cogs.storyboard.builder import BuilderPosition, change, send_back, send_left_out, show_builder
from cogs.storyboard.views import FORM, script_notes
from cogs.ui import Command, acknowledge, acknowledge_in_place, autocomplete, parse_number, safe
from cogs.ui.limits import FORM_TEXT

Interaction: TypeAlias = "discord.Interaction[Any]"
Values: TypeAlias = "Mapping[str, Any]"


def setup(bot: Shotcaller) -> None:
    """Add the command to the `/video` group, and what the builder's buttons and forms do."""
    bot.video.add_command(_command(bot, words()))
    ui.on_form(bot, FORM, _receive_form, first=acknowledge_in_place)


def _command(bot: Shotcaller, say: Words) -> Command:
    storyboards = bot.services.storyboards

    async def templates(interaction: discord.Interaction[Any], typed: str) -> Iterable[tuple[str, str]]:
        found = await storyboards.templates(user_id=interaction.user.id, guild_id=interaction.guild_id)
        return [(each.name, each.id) for each in found if typed.strip().casefold() in each.name.casefold()]

    @app_commands.command(name="storyboard", description=say("command.video.storyboard"))
    @app_commands.describe(**{option: say(f"option.{option}") for option in ("script", "seconds", "template")})
    @autocomplete(template=templates)
    async def storyboard(
        interaction: discord.Interaction[Any],
        script: app_commands.Range[str, 1, FORM_TEXT] | None = None,
        seconds: app_commands.Range[int, SHORTEST, LONGEST] | None = None,
        template: str | None = None,
    ) -> None:
        await acknowledge(interaction)
        boards = await storyboards_here(bot, interaction)
        user_id, guild_id = interaction.user.id, interaction.guild_id
        start = await boards.template(template, user_id=user_id, guild_id=guild_id) if template else None
        found = await boards.open(user_id=user_id, guild_id=guild_id, fresh=await _fresh(bot, interaction, boards))
        opened = found
        if start or script or seconds:
            opened = await boards.change_anyway(found, _apply_options(boards.models, start, script, seconds))
        await show_builder(bot, interaction, opened, notice=_notice(found, opened, words(str(interaction.locale))))
        await send_left_out(interaction, opened)

    return storyboard


async def _fresh(bot: Shotcaller, interaction: Interaction, boards: Storyboards) -> Storyboard:
    """Build an empty storyboard with the person's default settings."""
    fresh = boards.fresh()
    usual, _ = await with_defaults(bot, interaction, fresh.draft_request(), typed=("model", "duration"))
    return fresh.changed(**{name: getattr(usual, name) for name in ("mode", "aspect_ratio", "sound", "watermark")})


def _apply_options(
    models: Mapping[str, Capability], start: Storyboard | None, script: str | None, seconds: int | None
) -> Callable[[Board], Board]:
    """Build what the command's options do; a script that would replace shots waits until its author has seen them."""

    def apply_options(board: Board) -> Board:
        story = start or board.now
        if seconds is not None:
            story = story.fitted(seconds) if start else story.changed(total=seconds)
        if script is None:
            return board.changed_to(story)
        story = with_script(story.empty(), script, models.get(story.model, models[board.now.model]))
        return board.changed_to(story) if board.now.blank else board.propose(story)

    return apply_options


def _notice(found: OpenStoryboard, opened: OpenStoryboard, say: Words) -> str:
    """Say what became of the storyboard that was there already, and of the script."""
    if opened.board.proposed is not None:
        return ""
    notes = script_notes(opened.board.now, opened.model, say) if opened.board.now.script else []
    return "\n".join([*notes, *filter(None, [_welcome(found.board, opened.board, say)])])


def _welcome(found: Board, opened: Board, say: Words) -> str:
    new = opened.now.shots != found.now.shots
    if not found.now.blank:
        return say("storyboard.replaced" if new else "storyboard.resumed")
    had_one = any(not before.blank for before in found.past)
    return say("storyboard.last") if had_one and not new else ""


async def _receive_shot(bot: Shotcaller, interaction: Interaction, position: BuilderPosition, values: Values) -> None:
    say, prompt, typed = words(str(interaction.locale)), values.get("prompt", ""), values.get("seconds", "")
    number = re.search(r"[0-9]{1,4}", typed)
    seconds = int(number[0]) if number else None
    opened = await change(
        bot,
        interaction,
        position,
        lambda board, _: board.changed_to(board.now.edit(position.shot, prompt=prompt, seconds=seconds)),
    )
    unread = seconds is None and typed.strip()
    notice = f"⚠️ {say('storyboard.seconds_unread', typed=safe(typed, 20))}" if unread else ""
    await show_builder(bot, interaction, opened, at=position.shot, notice=notice)
    if opened.behind:
        await send_back(interaction, prompt)


async def _receive_script(bot: Shotcaller, interaction: Interaction, position: BuilderPosition, values: Values) -> None:
    script = values.get("script", "")
    opened = await change(bot, interaction, position, lambda board, model: _with_typed(board, script, model))
    story = opened.board.now
    read = story.script == script and opened.board.proposed is None
    notes = script_notes(story, opened.model, words(str(interaction.locale))) if read else []
    await show_builder(bot, interaction, opened, notice="\n".join(notes))
    if opened.behind:
        await send_back(interaction, script)
    elif read:
        await send_left_out(interaction, opened)


def _with_typed(board: Board, script: str, model: Capability) -> Board:
    """Put a typed script on an empty storyboard, or propose it beside one; one that was not changed does nothing."""
    story = with_script(board.now, script, model)
    if script.split() == script_of(board.now, model).split() or story == board.now:
        return board.propose(None)
    return board.changed_to(story) if board.now.blank else board.propose(story)


async def _receive_settings(
    bot: Shotcaller, interaction: Interaction, position: BuilderPosition, values: Values
) -> None:
    model, _, mode = values["quality"][0].partition(" ")
    if model not in (await storyboards_here(bot, interaction)).models or mode not in set(Mode):
        raise ModelUnknown(model=model)
    shape = values["aspect"][0]
    extras = values.get("extras") or ()
    changes = {
        "model": model,
        "mode": Mode(mode),
        "total": parse_number(values["total"][0], most=LONGEST) or 1,
        "negative_prompt": tidy(values.get("negative", "")),
        **({"aspect_ratio": AspectRatio(shape)} if shape in set(AspectRatio) else {}),
        **{extra: extra in extras for extra in forms.EXTRAS},
    }
    opened = await change(bot, interaction, position, lambda board, _: board.changed_to(board.now.changed(**changes)))
    await show_builder(bot, interaction, opened, at=position.shot)


async def _receive_template(
    bot: Shotcaller, interaction: Interaction, position: BuilderPosition, values: Values
) -> None:
    boards = await storyboards_here(bot, interaction)
    say, user_id = words(str(interaction.locale)), interaction.user.id
    opened, notices = await boards.read(position.draft, user_id=user_id), []
    forgotten = [await boards.delete_template(each, user_id=user_id) for each in values.get("forget") or ()]
    if any(forgotten):
        notices.append(f"🗑️ {say('storyboard.template.forgotten')}")
    if name := values.get("name", "").strip():
        new = await boards.save_template(opened.board.now, user_id=user_id, name=name)
        key = "storyboard.template.saved" if new else "storyboard.template.replaced"
        notices.append(f"💾 {say(key, name=safe(name, NAME_LIMIT))}")
    await show_builder(bot, interaction, opened, at=position.shot, notice="\n".join(notices))


async def _receive_form(bot: Shotcaller, interaction: Interaction, which: str, **place: Any) -> None:
    await _FORMS[which](bot, interaction, BuilderPosition(**place), ui.entered(interaction))


_FORMS: Final[Mapping[str, Callable[[Shotcaller, Interaction, BuilderPosition, Values], Awaitable[None]]]] = {
    "edit": _receive_shot,
    "script": _receive_script,
    "settings": _receive_settings,
    "template": _receive_template,
}
