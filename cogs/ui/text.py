"""Texts about requests and jobs, safe to show anywhere: what people typed is escaped and can mention nobody."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import discord

from bot.domain import CameraControl, Failure, Forecast, Job, VideoRequest
from bot.domain.camera import AMOUNTS, amount_of, in_a_word
from bot.locale import Words
from cogs.ui.limits import BUTTON
from cogs.ui.options import OPTIONS, options_of

ELLIPSIS: Final = "…"
MARKS: Final = 3  # on one character, as many as any writing needs
REASON: Final = 300  # characters of what an admin gave as a reason

_MARKS: Final = frozenset({"Mn", "Me"})  # what is drawn on, below or around the character before
_WIDE: Final = frozenset({"W", "F"})
# What means something to Discord anywhere, at the beginning of a line, or in an address.
_MARKUP: Final = re.compile(r"[\\*_~`|\[\]<]|^[>#-]|(?<=\S):(?=//)")
_DIRECTION_CONTROLS: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")


def cut(text: str, most: int) -> str:
    """Cut a text to `most` characters, with an ellipsis where something is missing.

    Whatever people typed and see passes here, so it is here that marks piled on a character are kept few.
    """
    text = limit_marks(text)
    return text if len(text) <= most else text[: most - 1].rstrip() + ELLIPSIS


def width(text: str) -> int:
    """Measure a text in characters as wide as Latin ones; Chinese ones count twice."""
    return sum(2 if unicodedata.east_asian_width(character) in _WIDE else 1 for character in text)


def limit_marks(text: str) -> str:
    """Limit a text to `MARKS` marks on each character: more would be drawn over the lines around it."""
    if text.isascii():
        return text
    kept, marks = [], 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character) in _MARKS else 0
        if marks <= MARKS:
            kept.append(character)
    return "".join(kept)


def safe(text: str, most: int) -> str:
    """Make what somebody typed safe: on one line, cut to `most` characters, without markup, links and mentions.

    Escaped it may be up to twice as long.
    """
    line = cut(" ".join(_DIRECTION_CONTROLS.sub("", text).split()), most)
    return _MARKUP.sub(r"\\\g<0>", line).replace("@", "@\u200b")


def settings(request: VideoRequest, say: Words) -> str:
    """Say a request's settings on one line."""
    parts = [say.model(request.model), say(f"mode.{request.mode}"), str(request.aspect_ratio)]
    parts.append(say("seconds", n=request.duration))
    if request.shots:
        parts.append(say("settings.shots", count=len(request.shots)))
    if request.sound:
        parts.append(say("settings.sound"))
    if request.watermark:
        parts.append(say("settings.watermark"))
    if request.cfg_scale is not None:
        parts.append(f"{say('slash.option.cfg')} {say.number(request.cfg_scale)}")
    if request.camera is not None:
        parts.append(camera_text(request.camera, say))
    return " · ".join(parts)


def camera_text(camera: CameraControl, say: Words) -> str:
    """Say how the camera moves: by what one sees, and how far in the nearest word."""
    move, amount = camera_name(camera.name(), say).lower(), camera.amount()
    return move if amount is None else say("settings.camera", strength=say(f"strength.{in_a_word(amount)}"), move=move)


def camera_name(move: str, say: Words) -> str:
    """Name a camera move; one that no request can have is called as it was typed."""
    return say(f"camera.{move}") if say.has(f"camera.{move}") else move


def strength_text(strength: str | float, say: Words) -> str:
    """Say a strength that was chosen in the nearest word; a number that no word stands for is said too."""
    amount = amount_of(strength)
    if amount is None:
        return str(strength)
    word = in_a_word(amount)
    name = say(f"strength.{word}")
    return name if AMOUNTS[word] == amount else say("strength.exact", strength=name, amount=say.number(amount))


def strength_move(strength: str | float, say: Words) -> str:
    """Call a move by its strength alone."""
    return say("strength.chosen", strength=strength_text(strength, say))


def since(moment: datetime | None) -> str:
    """Format a time that every client shows as "3 minutes ago" and keeps up to date; a dash for never."""
    return "—" if moment is None else discord.utils.format_dt(moment, "R")


def wait(forecast: Forecast, say: Words) -> str:
    """Say about how long a video takes usually, and at worst."""
    usual, late = say.rough_span(forecast.usual), say.rough_span(forecast.late)
    return say("wait", usual=usual) if usual == late else say("wait.sometimes", usual=usual, late=late)


def link(guild_id: int | None, channel_id: int, message_id: int) -> str:
    """Build the address of a message."""
    return f"https://discord.com/channels/{guild_id or '@me'}/{channel_id}/{message_id}"


def job_link(job: Job, channel_id: int | None, message_id: int | None) -> str | None:
    """Build the address of a message about a job, in its channel or in direct messages; None where there is none."""
    if channel_id is None or message_id is None:
        return None
    return link(job.destination.guild_id if channel_id == job.destination.channel_id else None, channel_id, message_id)


def result_link(job: Job) -> str | None:
    """Build the address of a job's result; None where there is none any more."""
    return None if job.removed_at is not None else job_link(job, job.message_channel_id, job.message_id)


def seen_link(job: Job) -> str | None:
    """Build the address of a job's result, or of its card, which goes once the video is delivered; None for neither."""
    if (url := result_link(job)) is not None or job.delivered_at is not None:
        return url
    return job_link(job, job.card_channel_id, job.card_message_id)


def failure(job: Job, say: Words) -> str:
    """Say why a job failed, what that means for credits, and what to do next. A denial's code is its reason."""
    if job.failure == Failure.DENIED:
        said = say("error.reason", reason=safe(job.failure_code, 200)) if job.failure_code else ""
        return say("failed.denied", reason=said)
    exact = f"failed.{job.failure}.{job.failure_code}"
    return say(exact if say.has(exact) else f"failed.{job.failure}")


def failure_to_admin(job: Job, say: Words) -> str:
    """Say why a job failed, with the code that an operator looks up."""
    text = failure(job, say)
    if not job.failure_code or job.failure == Failure.DENIED:
        return text
    return say("failed.code", text=text, code=safe(job.failure_code, 40))


def command_text(name: str, options: Mapping[str, Any], say: Words) -> str:
    """Write a command as its reader's Discord shows it, to be copied and changed."""
    typed = (f"{_name_of(f'slash.option.{option}', say)}:{_typed(value, say)}" for option, value in options.items())
    return " ".join([command_name(name, say), *typed])


def copy_block(typed: str, say: Words) -> str:
    """Show what somebody typed so that it can be copied whole."""
    return f"{say('typed')}\n```\n{typed.replace('```', '` ` `')}\n```"


def command_name(name: str, say: Words) -> str:
    """Name a command as its reader's Discord does: `/视频 生成` for "video create"."""
    parts = name.split(" ")
    paths = (".".join(parts[: end + 1]) for end in range(len(parts)))
    return "/" + " ".join(_name_of(f"slash.{path}", say) for path in paths)


def _name_of(key: str, say: Words) -> str:
    return say(key) if say.has(key) else key.rpartition(".")[2]


def _typed(value: Any, say: Words) -> str:
    return say("yes" if value else "no") if isinstance(value, bool) else str(value)


def changes(typed: Mapping[str, Any], request: VideoRequest, model: str, say: Words) -> str:
    """Say how a request differs from typed options, as something to do; `model` is meant where none is typed."""
    before = {"model": model, "mode": "std", "aspect": "16:9", "duration": 5, **typed}
    after = options_of(request)
    if "camera" in after:
        before.setdefault("strength", after.get("strength"))
    elif "camera" in before:
        before.pop("strength", None)  # it goes without saying
    said = {option: None if value is False or value == "" else value for option, value in before.items()}
    differing = [option for option in OPTIONS if said.get(option) != after.get(option)]
    used = [chosen(option, after[option], say) for option in differing if option in after]
    dropped = [say(f"fix.without.{option}") for option in differing if option not in after]
    parts = [say("fix.use", what=say("comma").join(used))] if used else []
    return " · ".join([*parts, *dropped]) or say("fix.as_it_is")


def adjusted_text(wanted: Mapping[str, Any], made: Mapping[str, Any], say: Words) -> str:
    """List what the options became that could not be had as they were wanted; empty where all could."""
    differing = [option for option in {**wanted, **made} if wanted.get(option) != made.get(option)]
    return option_list(differing, made, say)


def option_list(options: Iterable[str], made: Mapping[str, Any], say: Words) -> str:
    """List these options with their values."""
    return say("comma").join(
        chosen(option, made[option], say) if option in made else say(f"studio.no.{option}") for option in options
    )


def either(names: Sequence[str], say: Words) -> str:
    """List things of which one is to be chosen: "5 or 10"."""
    *some, last = names
    return say("either", some=say("comma").join(some), last=last) if some else last


def reason_text(reason: str, say: Words) -> str:
    """Say what somebody gave as the reason, if anything."""
    return say("error.reason", reason=safe(reason, REASON)) if reason else ""


def permissions_text(permissions: Iterable[str], say: Words) -> str:
    """Name permissions, given by Discord's names, as people know them."""
    return say("comma").join(f"**{say(f'permission.{each}')}**" for each in permissions)


def some_of(names: Sequence[str], say: Words, *, most: int) -> str:
    """List names, an ellipsis in place of those beyond `most`."""
    return say("comma").join([*names[:most], *([ELLIPSIS] if len(names) > most else [])])


def chosen(option: str, value: Any, say: Words) -> str:
    """Say a chosen value in a word or two."""
    match option:
        case "mode":
            return say(f"mode.{value}")
        case "duration":
            return say("seconds.short", n=value)
        case "camera" | "strength":
            return camera_name(value, say) if option == "camera" else strength_move(value, say)
        case "cfg":
            return f"{say(f'slash.option.{option}')} {say.number(value)}"
        case "sound" | "watermark":
            return say(f"settings.{option}")
        case _:
            return say.model(str(value))  # what is no model is called what it is


def button_label(text: str, say: Words, *, cost: int) -> str:
    """Label a button that asks for a video: what is special about it, and its price in credits."""
    price = say("credits", n=cost)
    return say("priced", what=cut(text, BUTTON - len(say("priced", what="", price=price))), price=price)
