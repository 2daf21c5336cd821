"""Find the nearest possible requests to options that are refused."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from bot.domain import AspectRatio, CameraType, Mode, Terms, VideoRequest
from bot.domain.request import AXES, AXIS_LIMIT
from bot.domain.terms import alternatives, model_for
from bot.errors import InvalidRequest
from cogs.ui.options import request_from_options

_CHOICES: Final = {"mode": {*Mode}, "aspect": {*AspectRatio}, "sound": {True, False}, "watermark": {True, False}}
_MOST_AXES: Final = 2  # of those that were asked for at once


def nearest_requests(options: Mapping[str, Any], terms: Terms) -> list[VideoRequest]:
    """Find the accepted requests nearest to these options, the nearest first; none where only a person can help.

    That is so where the text is missing, too long or unreadable.
    """
    found: dict[VideoRequest, None] = {}
    if not terms.models:
        return []
    for variant in _variants(options):
        try:
            request = request_from_options(variant, model=model_for(variant, terms.models).model)
        except InvalidRequest:
            return []
        found |= dict.fromkeys(alternatives(request, terms))
    return list(found)


def _variants(options: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Correct options that no request can have, in each way that makes sense."""
    sound = {name: value for name, value in options.items() if value not in (None, "")}
    for name, choices in _CHOICES.items():
        if sound.get(name) not in choices:
            sound.pop(name, None)
    for name, kind in (("duration", int), ("cfg", float), ("strength", float)):
        if not isinstance(sound.get(name), kind | int):
            sound.pop(name, None)
    if "duration" in sound:
        sound["duration"] = max(1, sound["duration"])
    if "cfg" in sound:
        sound["cfg"] = min(1.0, max(0.0, sound["cfg"]))
    for camera, strength in _moves(str(sound.pop("camera", "")), sound.pop("strength", None)):
        yield {**sound, "camera": camera, "strength": strength}


def _moves(named: str, strength: float | None) -> Iterator[tuple[str | None, float | None]]:
    """The camera moves that may have been meant, with their strength; last none at all, unless one was clear."""
    names = [name.strip().lower().replace(" ", "_") for name in named.replace(",", "+").split("+")]
    if names[0] in list(CameraType)[1:]:
        yield names[0], None
        return
    axes = [axis for axis in dict.fromkeys(names) if axis in AXES][:_MOST_AXES]
    amount = min(AXIS_LIMIT, max(-AXIS_LIMIT, strength)) if strength else None
    yield from ((axis, amount) for axis in axes)
    if len(axes) != 1 or strength == 0:
        yield None, None
