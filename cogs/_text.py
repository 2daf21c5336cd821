"""Texts about requests and jobs, safe to show anywhere: what people typed is escaped and can mention nobody."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import discord

if TYPE_CHECKING:
    from datetime import datetime

    from bot.domain.eta import Forecast
    from bot.domain.job import Job
    from bot.domain.request import VideoRequest
    from bot.locale import Words

ELLIPSIS: Final = "…"

# What means something to Discord anywhere, at the beginning of a line, or in an address.
_MARKUP: Final = re.compile(r"[\\*_~`|\[\]<]|^[>#-]|(?<=\S):(?=//)")
_TURNS_TEXT_AROUND: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")


def cut(text: str, most: int) -> str:
    """At most `most` characters of a text, with an ellipsis where something is missing."""
    return text if len(text) <= most else text[: most - 1].rstrip() + ELLIPSIS


def safe(text: str, most: int) -> str:
    """What somebody typed, on one line, cut to `most` characters, without markup, links and mentions.

    Escaped it may be up to twice as long.
    """
    line = cut(" ".join(_TURNS_TEXT_AROUND.sub("", text).split()), most)
    return _MARKUP.sub(r"\\\g<0>", line).replace("@", "@\u200b")


def settings(request: VideoRequest, words: Words) -> str:
    """The chosen settings on one line."""
    parts = [request.model, str(request.mode), str(request.aspect_ratio), words("seconds", n=request.duration)]
    if request.shots:
        parts.append(words("settings.shots", count=len(request.shots)))
    if request.sound:
        parts.append(words("settings.sound"))
    if request.watermark:
        parts.append(words("settings.watermark"))
    if request.cfg_scale is not None:
        parts.append(f"cfg {words.number(request.cfg_scale)}")
    if request.camera is not None:
        strength = request.camera.strength()
        amount = "" if strength is None else f" {words.number(strength)}"
        parts.append(words("settings.camera", camera=request.camera.name()) + amount)
    return " · ".join(parts)


def since(moment: datetime) -> str:
    """A time that every client shows as "3 minutes ago", and keeps up to date by itself."""
    return discord.utils.format_dt(moment, "R")


def wait(forecast: Forecast, words: Words) -> str:
    """How long it usually takes, and sometimes."""
    usual, late = words.span(forecast.usual), words.span(forecast.late)
    return words("wait", usual=usual) if usual == late else words("wait.sometimes", usual=usual, late=late)


def link(guild_id: int | None, channel_id: int, message_id: int) -> str:
    """The address of a message."""
    return f"https://discord.com/channels/{guild_id or '@me'}/{channel_id}/{message_id}"


def failure(job: Job, words: Words) -> str:
    """Why a job failed, what that means for the credits, and what to do next."""
    text = words(f"failed.{job.failure}")
    return f"{text} ({words('failed.code', code=safe(job.failure_code, 40))})" if job.failure_code else text


def as_typed(name: str, options: dict[str, Any]) -> str:
    """A command as the person typed it, to be copied and changed."""
    return " ".join([f"/{name}", *(f"{option}:{value}" for option, value in options.items())])
