"""The nearest possible requests to options that cannot be granted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bot.domain import capability
from bot.domain.offer import cheaper
from bot.domain.request import AXES, AXIS_LIMIT, AspectRatio, CameraType, Mode
from bot.errors import ImpossibleRequest, InvalidRequest
from cogs._wish import wish_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.domain.request import VideoRequest
    from bot.service.videos import Videos

_CHOICES: Final = {"mode": {*Mode}, "aspect": {*AspectRatio}}
_MOST_AXES: Final = 2  # of those that were asked for at once


def mended(options: Mapping[str, Any], videos: Videos) -> list[VideoRequest]:
    """Possible requests that are nearest to these options, the nearest first; none where only a person can mend them.

    That is so where the text is missing, too long or unreadable.
    """
    found: dict[VideoRequest, None] = {}
    for variant in _variants(options, videos):
        model = videos.capability(variant.get("model"))
        try:
            wish = wish_of(variant, model=model.model)
            capability.check(wish, model, list(videos.models.values()))
        except ImpossibleRequest as exc:
            found |= dict.fromkeys(suggestion.request for suggestion in exc.suggestions)
        except InvalidRequest:
            return []
        else:
            found[wish] = None
    return list(found)


def within(options: Mapping[str, Any], videos: Videos, *, budget: int) -> list[VideoRequest]:
    """Requests like these options, which are possible, that cost at most the `budget` (credits)."""
    model = videos.capability(options.get("model"))
    return cheaper(wish_of(options, model=model.model), model, budget=budget)


def permitted(options: Mapping[str, Any], videos: Videos, *, limit: str, allowed: str) -> list[VideoRequest]:
    """Possible requests like these options that keep a guild's limit, as `OverLimit` has it."""
    changes: list[dict[str, Any]]
    match limit:
        case "longest":
            changes = [{"duration": int(allowed)}]
        case "sound":
            changes = [{"sound": False}]
        case "pro":
            changes = [{"mode": Mode.STD}]
        case _:
            changes = [{"model": model} for model in allowed.split(", ")]
    found = dict.fromkeys(each for change in changes for each in mended({**options, **change}, videos))
    return [each for each in found if _keeps(each, limit, allowed)]


def _keeps(wish: VideoRequest, limit: str, allowed: str) -> bool:
    match limit:
        case "longest":
            return wish.duration <= int(allowed)
        case "sound":
            return not wish.sound
        case "pro":
            return wish.mode is Mode.STD
        case _:
            return wish.model in allowed.split(", ")


def _variants(options: Mapping[str, Any], videos: Videos) -> Iterator[dict[str, Any]]:
    """The options without what no request can have, in each way that makes sense."""
    sound = {name: value for name, value in options.items() if value not in (None, "")}
    for name, choices in _CHOICES.items():
        if sound.get(name) not in choices:
            sound.pop(name, None)
    if sound.get("model") not in videos.models:
        sound.pop("model", None)
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
    """The moves that may have been meant, with their strength; last none at all, unless one was clear."""
    names = [name.strip().lower().replace(" ", "_") for name in named.replace(",", "+").split("+")]
    if names[0] in list(CameraType)[1:]:
        yield names[0], None
        return
    axes = [axis for axis in dict.fromkeys(names) if axis in AXES][:_MOST_AXES]
    amount = min(AXIS_LIMIT, max(-AXIS_LIMIT, strength)) if strength else None
    yield from ((axis, amount) for axis in axes)
    if len(axes) != 1 or strength == 0:
        yield None, None
