"""Finds what fits the options chosen so far: which models, modes, seconds and camera moves are still worth offering.

What is chosen is named as people name it (`model`, `mode`, `aspect`, `duration`, `sound`, `watermark`, `cfg`,
`camera`, `strength`); what is missing or None is still open.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.domain.camera import MOVES, WHOLE_MOVES, Strength
from bot.domain.capability import Capability
from bot.domain.request import AspectRatio, Mode, VideoRequest


def fits(model: Capability, chosen: Mapping[str, Any]) -> bool:
    """Say whether this model can do some request with all the chosen options."""
    lists: dict[str, tuple[Any, ...]] = {
        "model": (model.model,),
        "mode": model.modes,
        "aspect": model.aspect_ratios,
        "duration": model.durations,
    }
    move, strength = chosen.get("camera"), chosen.get("strength")
    if move is not None or strength is not None:
        if model.camera is None or (strength is not None and move in WHOLE_MOVES):
            return False
        lists |= {"mode": model.camera.modes, "duration": model.camera.durations}
    if chosen.get("sound"):
        lists["mode"] = tuple(mode for mode in lists["mode"] if model.sounds(mode))
        if not lists["mode"]:
            return False
    if any(chosen.get(option) is not None and chosen[option] not in offered for option, offered in lists.items()):
        return False
    switches = {"sound": model.sound, "watermark": model.watermark, "cfg": model.cfg_scale}
    # No `in`: a cfg of 0 is a choice, though it equals False.
    return not any(
        not can and chosen.get(each) is not None and chosen[each] is not False for each, can in switches.items()
    )


def offered(option: str, chosen: Mapping[str, Any], models: Sequence[Capability]) -> list[Any]:
    """List the values of an option with which some of the models can still do everything else that is chosen."""
    everything: dict[str, Sequence[Any]] = {
        "model": [each.model for each in models],
        "mode": list(Mode),
        "aspect": list(AspectRatio),
        "duration": sorted({seconds for each in models for seconds in each.durations}),
        "sound": (False, True),
        "watermark": (False, True),
        "camera": MOVES,
        "strength": list(map(str, Strength)),
    }
    return [value for value in everything[option] if any(fits(model, {**chosen, option: value}) for model in models)]


def models_for(chosen: Mapping[str, Any], models: Sequence[Capability]) -> list[Capability]:
    """Find the models that can do everything that is chosen."""
    return [model for model in models if fits(model, chosen)]


def nearest_possible(request: VideoRequest, models: Sequence[Capability]) -> VideoRequest:
    """Find the possible request nearest to one, by its own model if that has the camera move, else by another.

    A request that only its author can mend (its text is too long, say) stays as it is.
    """
    own = [each for each in models if each.model == request.model]
    movers = [each for each in (*own, *models) if request.camera is None or each.camera is not None]
    nearest = (each.nearest(request) for each in (*movers, *own, *models))
    return next((each for each in nearest if each is not None), request)
