"""Explains every error to the person it concerns: what, why, what now, with buttons for what can be done about it."""

import logging
from collections.abc import Iterator, Sequence
from secrets import token_hex
from typing import Any, Final

import aiohttp
import discord
from discord import app_commands

from bot.errors import PlaceClosed, Refused, StoreLost, StoreUnavailable
from bot.locale import Words, words
from cogs.ui.error_texts import describe
from cogs.ui.limits import CONTENT
from cogs.ui.replies import ACCEPTED, answer_accepted, answer_error, file_of
from cogs.ui.retry import RefusalButtons, offer_retry
from cogs.ui.text import command_text, copy_block, width

SHORT: Final = 40  # characters of a command: one that is no longer is typed again faster than copied
FITTING: Final = 38  # characters of a button's label that a phone shows whole

_OURS: Final = (StoreUnavailable, StoreLost)  # what is the bot's own fault, though it has words

log = logging.getLogger(__name__)


async def explain(interaction: discord.Interaction[Any], error: Exception) -> None:
    """Answer a failed command: what happened, what it means for the credits, what to do next. Keeps what was typed."""
    cause = error.original if isinstance(error, app_commands.CommandInvokeError) else error
    if (accepted := interaction.extras.get(ACCEPTED)) is not None:  # "try again" would make a second video
        log.error("what followed an accepted request has failed", exc_info=cause)
        await answer_accepted(interaction, accepted)
        return
    reference = token_hex(4)
    if isinstance(cause, PlaceClosed):
        cause = PlaceClosed(
            channel_id=cause.channel_id, open_channels=visible_channels(interaction, cause.open_channels)
        )
    say = words(str(interaction.locale))
    text = describe(cause, say)
    if isinstance(cause, Refused):
        log.info("refused", extra={"error": type(cause).__name__, "reference": reference})
    elif text is not None:
        log.warning("turned away", extra={"error": repr(cause), "reference": reference})
    else:
        log.error("a command failed unexpectedly", exc_info=cause, extra={"reference": reference})
    ours, buttons = text is None or isinstance(cause, _OURS), await _retry_buttons(interaction, cause)
    lines = [text or say("error.unexpected"), *_alternatives(buttons, say)]
    if ours:
        lines.append(f"-# {say('reference', reference=reference)}")
    typed = "" if buttons is not None and buttons.editable else _typed_command(interaction, say)
    try:
        await _send(interaction, "\n".join(lines), typed, None if buttons is None else buttons.view)
    except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError) as exc:
        log.warning("the answer could not be given", extra={"reason": repr(exc), "reference": reference})


def _alternatives(buttons: RefusalButtons | None, say: Words) -> Iterator[str]:
    """Say what the buttons ask for where a phone cuts their labels."""
    if buttons is not None and any(width(each) > FITTING for each in buttons.alternatives):
        yield say("fix.instead")
        yield from (f"- {each}" for each in buttons.alternatives)


def visible_channels(interaction: discord.Interaction[Any], channel_ids: Sequence[int]) -> list[int]:
    """Of these channels, and of the channels in these categories, those that the person may see."""
    person: Any = interaction.user  # of a guild, where there are channels
    found: list[discord.abc.GuildChannel] = []
    for each in channel_ids if interaction.guild else ():
        channel = interaction.guild.get_channel(each) if interaction.guild else None
        found += getattr(channel, "channels", [channel] if channel else [])
    return [each.id for each in found if each.permissions_for(person).view_channel]


async def _retry_buttons(interaction: discord.Interaction[Any], cause: Exception) -> RefusalButtons | None:
    """Offer the buttons below a refusal. Whatever goes wrong with them, the refusal itself is said."""
    try:
        return await offer_retry(interaction, cause, words(str(interaction.locale)))
    except Exception:
        log.exception("no way out could be offered")
        return None


async def _send(interaction: discord.Interaction[Any], text: str, typed: str, buttons: discord.ui.View | None) -> None:
    """Send a refusal with what is to be copied: below it where that fits, else in a file."""
    say, files = words(str(interaction.locale)), []
    if typed:
        block = copy_block(typed, say)
        if len(text) + len(block) < CONTENT:
            text += f"\n{block}"
        else:
            text += f"\n{say('typed.attached')}"
            files.append(file_of(typed, "what-you-typed.txt"))
    await answer_error(interaction, text[:CONTENT], view=buttons, files=files)


def _typed_command(interaction: discord.Interaction[Any], say: Words) -> str:
    """Repeat the command as it was typed; empty where it is no chat command, or a short one."""
    command = interaction.command
    if not isinstance(command, app_commands.Command):
        return ""
    options = {name: value for name, value in interaction.namespace}  # noqa: C416 (it answers to no `keys`)
    typed = command_text(command.qualified_name, options, say)
    return typed if len(typed) > SHORT else ""
