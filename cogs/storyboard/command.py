"""`/video storyboard`: opens the builder; and the forms of the builder when they come back."""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias

import discord
from discord import app_commands

from bot.client import Shotcaller
from bot.domain import MAX_SHOTS, AspectRatio, Board, Mode, Storyboard
from bot.domain.script import read
from bot.domain.storyboard import LONGEST, SHORTEST, tidy
from bot.errors import ModelUnknown
from bot.locale import Words, words
from bot.service.member.presets import NAME_LIMIT
from bot.service.member.storyboards import Storyboards
from cogs import ui
from cogs.request import storyboards_here, with_defaults
from cogs.storyboard import forms
from cogs.storyboard.builder import BuilderPosition, change, show_builder
from cogs.storyboard.views import FORM
from cogs.ui import Command, acknowledge, acknowledge_in_place, autocomplete, file_of, follow_up, parse_number, safe
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
        say = words(str(interaction.locale))
        left_out, apply_options = _start(start, script, seconds, say)
        opened = await boards.change_anyway(found, apply_options) if start or script or seconds else found
        notice = f"{left_out}\n{_welcome(found.board, say, new=bool(start or script))}".strip()
        await show_builder(bot, interaction, opened, notice=notice)
        if left_out and script:
            await _send_back_as_file(interaction, script, say)

    return storyboard


async def _fresh(bot: Shotcaller, interaction: Interaction, boards: Storyboards) -> Storyboard:
    """Build an empty storyboard with the person's default settings."""
    fresh = boards.fresh()
    usual, _ = await with_defaults(bot, interaction, fresh.draft_request(), typed=("model", "duration"))
    return fresh.changed(**{name: getattr(usual, name) for name in ("mode", "aspect_ratio", "sound", "watermark")})


def _welcome(found: Board, say: Words, *, new: bool) -> str:
    """Say what became of the storyboard that was there already."""
    if not found.now.blank:
        return say("storyboard.replaced" if new else "storyboard.resumed")
    had_one = any(not before.blank for before in found.past)
    return say("storyboard.last") if had_one and not new else ""


def _start(
    start: Storyboard | None, script: str | None, seconds: int | None, say: Words
) -> tuple[str, Callable[[Storyboard], Storyboard]]:
    """Build what the command's options change in the storyboard that is there, and what to say about it."""

    def apply_options(story: Storyboard) -> Storyboard:
        story = (start or story).changed(**({"total": seconds} if seconds else {}))
        if script is None:
            return story
        story = with_script(story.empty(), script)
        return story.changed(total=seconds) if seconds else story

    return _left_out(script or "", say), apply_options


def with_script(story: Storyboard, script: str) -> Storyboard:
    """Replace a storyboard's shots by a script's; unchanged where the script has none."""
    found = read(script, total=story.total)
    return story.changed(shots=found.shots, total=found.total) if found.shots else story


def _left_out(script: str, say: Words) -> str:
    number = read(script, total=LONGEST).left_out
    return f"⚠️ {say('storyboard.script.left_out', n=number, most=MAX_SHOTS)}" if number else ""


async def _receive_shot(bot: Shotcaller, interaction: Interaction, position: BuilderPosition, values: Values) -> None:
    say, prompt, typed = words(str(interaction.locale)), values.get("prompt", ""), values.get("seconds", "")
    number = re.search(r"[0-9]{1,4}", typed)
    seconds = int(number[0]) if number else None
    opened = await change(
        bot,
        interaction,
        position,
        lambda board: board.changed_to(board.now.edit(position.shot, prompt=prompt, seconds=seconds)),
    )
    unread = seconds is None and typed.strip()
    notice = f"⚠️ {say('storyboard.seconds_unread', typed=safe(typed, 20))}" if unread else ""
    await show_builder(bot, interaction, opened, at=position.shot, notice=notice)
    if opened.behind:
        await _send_back_as_file(interaction, prompt, say)


async def _receive_script(bot: Shotcaller, interaction: Interaction, position: BuilderPosition, values: Values) -> None:
    say, script = words(str(interaction.locale)), values.get("script", "")
    opened = await change(bot, interaction, position, lambda board: board.changed_to(with_script(board.now, script)))
    notice = _left_out(script, say)
    await show_builder(bot, interaction, opened, notice=notice)
    if opened.behind or notice:
        await _send_back_as_file(interaction, script, say)


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
    opened = await change(bot, interaction, position, lambda board: board.changed_to(board.now.changed(**changes)))
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


async def _send_back_as_file(interaction: Interaction, text: str, say: Words) -> None:
    """Send back as a file what was typed and found no place: nobody should have to type it twice."""
    await follow_up(interaction, say("typed.attached"), files=[file_of(text, "what-you-typed.txt")])


async def _receive_form(bot: Shotcaller, interaction: Interaction, which: str, **place: Any) -> None:
    await _FORMS[which](bot, interaction, BuilderPosition(**place), ui.entered(interaction))


_FORMS: Final[Mapping[str, Callable[[Shotcaller, Interaction, BuilderPosition, Values], Awaitable[None]]]] = {
    "edit": _receive_shot,
    "script": _receive_script,
    "settings": _receive_settings,
    "template": _receive_template,
}
