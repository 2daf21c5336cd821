"""The one way to answer an interaction: acknowledge at once, answer, follow up, open a form.

Discord waits three seconds for the first answer, and lets it be edited for fifteen minutes.
"""

import asyncio
import contextlib
import io
import logging
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

import aiohttp
import discord

from bot.errors import StoreUnavailable

log = logging.getLogger(__name__)

FIRST_ANSWER: Final = 2.0  # seconds that may go by before the first answer is sent: the rest is the network's
QUICK: Final = 1.5  # seconds for a question of those before it that can do without its answer
ACCEPTED: Final = "accepted"  # among an interaction's extras: the words for a request that was accepted

_DEADLINE: Final = "deadline"  # among an interaction's extras: of the first answer, by the loop's clock
_PAUSES: Final = (0.5, 2.0, 8.0)  # seconds between the tries to say that a request was accepted
_PATIENCE: Final = 15.0  # seconds that Discord has for each

_MISSING: Final[Any] = discord.utils.MISSING
_NOBODY: Final = discord.AllowedMentions.none()
# First answers after which there is no private answer to fill in: what was pressed, or a form, is still to be seen.
_ABOUT_A_MESSAGE: Final = (
    discord.InteractionResponseType.deferred_message_update,
    discord.InteractionResponseType.message_update,
    discord.InteractionResponseType.modal,
)


@contextlib.asynccontextmanager
async def in_time(interaction: discord.Interaction[Any]) -> AsyncIterator[None]:
    """Do what comes before the first answer, all of it together in the time that Discord waits.

    Raises:
        StoreUnavailable: it takes too long.
    """
    now = asyncio.get_running_loop().time()
    try:
        async with asyncio.timeout_at(interaction.extras.setdefault(_DEADLINE, now + FIRST_ANSWER)):
            yield
    except TimeoutError as exc:
        raise StoreUnavailable("slow") from exc


async def acknowledge(interaction: discord.Interaction[Any]) -> None:
    """Tell Discord, before anything else, that an answer for this person alone will come."""
    await interaction.response.defer(ephemeral=True, thinking=True)


async def acknowledge_in_place(interaction: discord.Interaction[Any]) -> None:
    """Tell Discord, before anything else, that the message that was used will change."""
    await interaction.response.defer()


def changes_what_was_used(interaction: discord.Interaction[Any]) -> bool:
    """Whether Discord was told that the message that was used will change."""
    return interaction.response.type is discord.InteractionResponseType.deferred_message_update


def is_private(interaction: discord.Interaction[Any]) -> bool:
    """Whether what was pressed is an answer that only its person sees."""
    return interaction.message is not None and interaction.message.flags.ephemeral


async def acknowledge_privately(interaction: discord.Interaction[Any]) -> None:
    """Tell Discord that a private answer will come: in place of the one that was pressed, if it was one."""
    await (acknowledge_in_place if is_private(interaction) else acknowledge)(interaction)


async def open_form(interaction: discord.Interaction[Any], form: discord.ui.Modal) -> None:
    """Open a form, which can only be the first answer: what it shows is read `in_time`."""
    await interaction.response.send_modal(form)


async def replace_message(interaction: discord.Interaction[Any], text: str) -> None:
    """Put a text in place of the message that was used, as the first answer."""
    await interaction.response.edit_message(content=text, embed=None, view=None)


async def answer(
    interaction: discord.Interaction[Any],
    text: str | None = _MISSING,
    *,
    embed: discord.Embed | None = _MISSING,
    embeds: Sequence[discord.Embed] = _MISSING,
    view: discord.ui.View | discord.ui.LayoutView | None = _MISSING,
    files: Sequence[discord.File] = _MISSING,
) -> None:
    """Fill in the private answer, or change the message that was used. What is not given stays as it is."""
    await interaction.edit_original_response(
        content=text, embed=embed, embeds=embeds, view=view, attachments=files, allowed_mentions=_NOBODY
    )


async def follow_up(interaction: discord.Interaction[Any], text: str, *, files: Sequence[discord.File] = ()) -> None:
    """Say something more, for this person alone."""
    await interaction.followup.send(text, files=files, ephemeral=True, allowed_mentions=_NOBODY)


async def announce(interaction: discord.Interaction[Any], text: str, *, mention: discord.abc.User) -> None:
    """Say something more for everybody in the channel; one person may be mentioned."""
    await interaction.followup.send(text, allowed_mentions=discord.AllowedMentions(users=[mention]))


async def answer_error(
    interaction: discord.Interaction[Any],
    text: str,
    *,
    view: discord.ui.View | None = None,
    files: Sequence[discord.File] = (),
) -> None:
    """Say privately what has failed, whatever has been answered before: nothing of a message that was used changes."""
    shown: dict[str, Any] = {"content": text, "allowed_mentions": _NOBODY} | ({} if view is None else {"view": view})
    if interaction.response.type in _ABOUT_A_MESSAGE:
        await interaction.followup.send(files=files, ephemeral=True, **shown)
    elif interaction.response.is_done():
        await interaction.edit_original_response(attachments=files, **shown)
    else:
        await interaction.response.send_message(files=files, ephemeral=True, **shown)


async def answer_accepted(
    interaction: discord.Interaction[Any], text: str, *, view: discord.ui.View | None = None
) -> None:
    """Say that a request was accepted, again where Discord is in trouble. Whatever fails from here on, it stays so."""
    interaction.extras[ACCEPTED] = text
    for pause in (*_PAUSES, None):
        try:
            async with asyncio.timeout(_PATIENCE):
                await answer(interaction, text, embeds=(), view=view)
        except (discord.HTTPException, aiohttp.ClientError, OSError, TimeoutError) as exc:
            log.warning("an accepted request could not be answered", extra={"reason": repr(exc)})
            if pause is None or isinstance(exc, discord.Forbidden | discord.NotFound):
                return  # the card says the same
            await asyncio.sleep(pause)
        else:
            return


def file_of(content: str | bytes, filename: str, *, description: str | None = None) -> discord.File:
    """Make a file to attach."""
    data = content.encode(errors="replace") if isinstance(content, str) else content
    return discord.File(io.BytesIO(data), filename=filename, description=description)
