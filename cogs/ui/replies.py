"""Private answers: acknowledge at once, answer, and explain every refusal in words that a person understands."""

import asyncio
import io
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from secrets import token_hex
from typing import Any, Final

import aiohttp
import discord
from discord import app_commands

from bot.errors import (
    BudgetExceeded,
    ChannelUnfit,
    GuildQuotaExceeded,
    ImpossibleRequest,
    InvalidRequest,
    JobUnknown,
    MissingPermissions,
    ModelGivenUp,
    ModelUnknown,
    NotPermitted,
    PlaceClosed,
    QuotaExceeded,
    Refused,
    SeveralReasons,
    ShotcallerError,
    TooManyJobs,
    TooManyPresets,
    TooOften,
)
from bot.locale import Words, words
from cogs.ui import guild_errors, moderation_errors
from cogs.ui.retry import RefusalButtons, offer_retry
from cogs.ui.text import command_text, safe, since

log = logging.getLogger(__name__)

CONTENT: Final = 2000  # characters of a message

_ACCEPTED: Final = "accepted"  # among an interaction's extras: the words for it
_WAITS: Final = (0.5, 2.0, 8.0)  # seconds between the tries to say it
_PATIENCE: Final = 15.0  # seconds that Discord has for each

# First answers after which there is no private answer to fill in: what was pressed, or a form, is still to be seen.
_ABOUT_A_MESSAGE: Final = (
    discord.InteractionResponseType.deferred_message_update,
    discord.InteractionResponseType.message_update,
    discord.InteractionResponseType.modal,
)


async def acknowledge(interaction: discord.Interaction[Any]) -> None:
    """Tell Discord, within its 3 seconds and before anything else, that an answer for this person alone will come."""
    await interaction.response.defer(ephemeral=True, thinking=True)


async def answer(interaction: discord.Interaction[Any], text: str) -> None:
    """Fill in the private answer."""
    await interaction.edit_original_response(content=text, allowed_mentions=discord.AllowedMentions.none())


async def answer_accepted(interaction: discord.Interaction[Any], text: str) -> None:
    """Say that a request was accepted, again where Discord is in trouble. Whatever fails from here on, it stays so."""
    interaction.extras[_ACCEPTED] = text
    for wait in (*_WAITS, None):
        try:
            async with asyncio.timeout(_PATIENCE):
                await answer(interaction, text)
        except (discord.HTTPException, aiohttp.ClientError, OSError, TimeoutError) as exc:
            log.warning("an accepted request could not be answered", extra={"reason": repr(exc)})
            if wait is None or isinstance(exc, discord.Forbidden | discord.NotFound):
                return  # the card says the same
            await asyncio.sleep(wait)
        else:
            return


async def explain(interaction: discord.Interaction[Any], error: Exception) -> None:
    """Answer a failed command: what happened, what it means for the credits, what to do next. Keeps what was typed."""
    cause = error.original if isinstance(error, app_commands.CommandInvokeError) else error
    if (accepted := interaction.extras.get(_ACCEPTED)) is not None:  # "try again" would make a second video
        log.error("what followed an accepted request has failed", exc_info=cause)
        await answer_accepted(interaction, accepted)
        return
    reference = token_hex(4)
    if isinstance(cause, PlaceClosed):
        cause = PlaceClosed(
            channel_id=cause.channel_id, open_channels=visible_channels(interaction, cause.open_channels)
        )
    text = describe(cause, words(str(interaction.locale)))
    if isinstance(cause, Refused):
        log.info("refused", extra={"error": type(cause).__name__, "reference": reference})
    elif text is not None:
        log.warning("turned away", extra={"error": repr(cause), "reference": reference})
    else:
        log.error("a command failed unexpectedly", exc_info=cause, extra={"reference": reference})
    text = text or words(str(interaction.locale))("error.unexpected")
    say, retry_buttons = words(str(interaction.locale)), await _retry_buttons(interaction, cause)
    if retry_buttons is not None and retry_buttons.alternatives:
        text += "\n" + "\n".join([say("fix.instead"), *(f"- {way}" for way in retry_buttons.alternatives)])
    text += f"\n-# {say('reference', reference=reference)}"
    try:
        await _send(interaction, text, None if retry_buttons is None else retry_buttons.view)
    except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError) as exc:
        log.warning("the answer could not be given", extra={"reason": repr(exc), "reference": reference})


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


def describe(error: Exception, say: Words) -> str | None:
    """Put an error in words; None for what should never have happened."""
    if isinstance(error, Refused):
        values = _VALUES.get(type(error))
        return say(_key(type(error)), **(values(error, say) if values else _raw_values(error)))
    if isinstance(error, _COMMAND_GONE):
        return say("error.command_unknown")
    keys = (_key(kind) for kind in type(error).__mro__ if issubclass(kind, ShotcallerError))
    return next((say(key) for key in keys if say.has(key)), None)


def _key(kind: type[BaseException]) -> str:
    return "error." + re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()


def _raw_values(error: Refused) -> dict[str, Any]:
    """A refusal's data as they are, but texts made safe: somebody may have typed them."""
    return {name: safe(value, 60) if isinstance(value, str) else value for name, value in error.values().items()}


def _problems(error: InvalidRequest, say: Words) -> str:
    lines = []
    for problem in error.problems:
        values = {name: _value_text(name, value, say) for name, value in problem.values.items()}
        lines.append(f"- {say(f'problem.{problem.code}', **values)}")
    return "\n".join(lines)


def _value_text(gap: str, value: Any, say: Words) -> Any:
    """Fill a gap of a problem's words: modes and camera moves by their names, what was typed made safe."""
    if not isinstance(value, str):
        return value
    if gap not in _CHOICES:
        return safe(value, 60)
    keys = [(part, f"{_CHOICES[gap]}.{part}") for part in value.split(", ")]
    return say("comma").join(say(key) if say.has(key) else safe(part, 60) for part, key in keys)


def _request_values(error: InvalidRequest, say: Words) -> dict[str, Any]:
    return {"problems": _problems(error, say)}


def _impossible_values(error: ImpossibleRequest, say: Words) -> dict[str, Any]:
    return {**_request_values(error, say), "model": error.problems[0].values.get("model", "")}


def _several_values(error: SeveralReasons, say: Words) -> dict[str, Any]:
    return {"reasons": "\n".join(_reason(each, say) for each in error.reasons)}


def _reason(error: Refused, say: Words) -> str:
    """Say one of several reasons, on lines of its own."""
    if isinstance(error, ImpossibleRequest):
        problems = "\n".join(f"  {line}" for line in _problems(error, say).splitlines())
        return f"- {say('reason.impossible_request', model=_impossible_values(error, say)['model'], problems=problems)}"
    values, short = _VALUES[type(error)](error, say), _SHORT.get(type(error))
    return f"- {values['what'] if short is None else say(f'reason.{short}', **values)}"


def _model_values(error: ModelUnknown | ModelGivenUp, _say: Words) -> dict[str, Any]:
    return {"model": safe(error.model, 60)}


def _job_values(error: JobUnknown, _say: Words) -> dict[str, Any]:
    return {"job_id": safe(error.job_id, 60)}


def _quota_values(error: QuotaExceeded, say: Words) -> dict[str, Any]:
    return {
        "price": say("credits", n=error.price),
        "balance": error.balance,
        "allowance": say("credits", n=error.allowance),
        "renews": since(error.renews_at),
    }


def _jobs_values(error: TooManyJobs | TooManyPresets, _say: Words) -> dict[str, Any]:
    return {"n": error.limit}


def _pause_values(error: TooOften, _say: Words) -> dict[str, Any]:
    return {"again": since(error.again_at)}


def _permission_values(error: MissingPermissions, say: Words) -> dict[str, Any]:
    return {"missing": say("comma").join(f"**{say(f'permission.{each}')}**" for each in error.missing)}


def _unfit_channel_values(error: ChannelUnfit, say: Words) -> dict[str, Any]:
    missing = say("comma").join(f"**{say(f'permission.{each}')}**" for each in error.missing)
    return {"channel": f"<#{error.channel_id}>", "missing": missing}


def _person_values(error: NotPermitted, say: Words) -> dict[str, Any]:
    return {"needed": say(f"permission.{error.needed}")}


# The gaps of problems' words with values that people choose, and what the keys of those values' names begin with.
_CHOICES: Final = {"wanted": "mode", "offered": "mode", "modes": "mode", "durations": "mode", "axes": "camera"}
# What a refusal's words are called where they are one of several reasons; the words of others are such already.
_SHORT: Final[Mapping[type[Refused], str]] = {
    QuotaExceeded: "quota_exceeded",
    GuildQuotaExceeded: "guild_quota_exceeded",
    BudgetExceeded: "budget_exceeded",
    TooManyJobs: "too_many_jobs",
}
# What fills the gaps of a refusal's words, where that is not simply its data.
_VALUES: Final[dict[type[Refused], Callable[[Any, Words], dict[str, Any]]]] = {
    InvalidRequest: _request_values,
    ImpossibleRequest: _impossible_values,
    ModelUnknown: _model_values,
    ModelGivenUp: _model_values,
    JobUnknown: _job_values,
    TooOften: _pause_values,
    SeveralReasons: _several_values,
    QuotaExceeded: _quota_values,
    TooManyJobs: _jobs_values,
    TooManyPresets: _jobs_values,
    MissingPermissions: _permission_values,
    ChannelUnfit: _unfit_channel_values,
    NotPermitted: _person_values,
    **guild_errors.VALUES,
    **moderation_errors.VALUES,
}
_COMMAND_GONE: Final = (app_commands.CommandNotFound, app_commands.CommandSignatureMismatch)


async def _send(interaction: discord.Interaction[Any], text: str, buttons: discord.ui.View | None) -> None:
    """Send a refusal with what was typed: below it where that fits, else in a file."""
    say, files = words(str(interaction.locale)), []
    if typed := _typed_command(interaction):
        block = f"{say('typed')}\n```\n{typed.replace('```', '` ` `')}\n```"
        if len(text) + len(block) < CONTENT:
            text += f"\n{block}"
        else:
            text += f"\n{say('typed.attached')}"
            files.append(discord.File(io.BytesIO(typed.encode()), filename="what-you-typed.txt"))
    more: dict[str, Any] = {"content": text[:CONTENT], "allowed_mentions": discord.AllowedMentions.none()}
    more |= {} if buttons is None else {"view": buttons}
    if interaction.response.type in _ABOUT_A_MESSAGE:
        await interaction.followup.send(files=files, ephemeral=True, **more)
    elif interaction.response.is_done():
        await interaction.edit_original_response(attachments=files, **more)
    else:
        await interaction.response.send_message(files=files, ephemeral=True, **more)


def _typed_command(interaction: discord.Interaction[Any]) -> str:
    """Repeat the command as it was typed; empty where the interaction is no chat command."""
    command = interaction.command
    if not isinstance(command, app_commands.Command):
        return ""
    options = {name: value for name, value in interaction.namespace}  # noqa: C416 (it answers to no `keys`)
    return command_text(command.qualified_name, options) if options else ""
