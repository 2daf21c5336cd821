"""Convert options as people type them to a request, and back."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, TypeVar

from bot.domain import AspectRatio, CameraControl, Mode, VideoRequest
from bot.domain.camera import MOVES
from bot.errors import InvalidRequest, Problem

E = TypeVar("E", bound=StrEnum)

# The options of `/video create` that describe the video, in the order in which they are shown.
OPTIONS: Final = (
    *("prompt", "model", "mode", "aspect", "duration", "sound"),
    *("negative", "watermark", "cfg", "camera", "strength"),
)


def request_from_options(options: Mapping[str, Any], *, model: str) -> VideoRequest:
    """Build the request that these options mean; what is missing or None has its default, `model` among them.

    Raises:
        InvalidRequest: there is no such request.
    """
    chosen = given_options(options)
    return VideoRequest(
        model=chosen.get("model", model),
        prompt=chosen.get("prompt", ""),
        negative_prompt=chosen.get("negative", ""),
        mode=_choice(Mode, "mode", chosen.get("mode", Mode.STD)),
        aspect_ratio=_choice(AspectRatio, "aspect", chosen.get("aspect", AspectRatio.WIDE)),
        duration=chosen.get("duration", 5),
        sound=chosen.get("sound", False),
        watermark=chosen.get("watermark", False),
        shots=chosen.get("shots", ()),
        cfg_scale=chosen.get("cfg"),
        camera=_camera(chosen.get("camera"), chosen.get("strength")),
    )


def given_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Drop the options that are None."""
    return {name: value for name, value in options.items() if value is not None}


def options_of(request: VideoRequest) -> dict[str, Any]:
    """The options that ask for a request, without those that only say the default. `shots` have no option yet."""
    camera = request.camera
    options: dict[str, Any] = {
        "prompt": request.prompt,
        "model": request.model,
        "mode": str(request.mode),
        "aspect": str(request.aspect_ratio),
        "duration": request.duration,
        "sound": request.sound or None,
        "negative": request.negative_prompt or None,
        "watermark": request.watermark or None,
        "cfg": request.cfg_scale,
        "camera": camera and camera.name(),
        "strength": camera and camera.strength(),
        "shots": [dict(shot) for shot in request.shots] or None,
    }
    return given_options(options)


def _choice(kind: type[E], field: str, value: str) -> E:
    try:
        return kind(value)
    except ValueError:
        raise InvalidRequest([Problem(code="not_a_choice", field=field, values={"wanted": value})]) from None


def _camera(name: str | None, strength: str | float | None) -> CameraControl | None:
    if name is not None:
        moves = name.split("+")
        if len(moves) > 1 and set(moves) <= set(MOVES):
            raise InvalidRequest([Problem(code="camera_two_axes", field="camera", values={"axes": ", ".join(moves)})])
        return CameraControl.named(name, strength=strength)
    if strength is not None:
        raise InvalidRequest([Problem(code="strength_without_camera", field="strength")])
    return None
