"""Reads the fields of the Kling v1 text2video API: a body becomes parameters, or a field is refused.

What each model takes is the table of the `kling_models` document, "Models". Where that is silent or says two things:
`kling-v2-master` renders 720p and takes no `mode`, `kling-v2-1-master` takes the `pro` that clients send; `cfg_scale`
is refused by "v2.x" alone; a camera move is `kling-v1`'s.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.providers.fields import Fields, InvalidField, Parameters
from sandbox.providers.multi_shot import read_shots
from sandbox.rendering.video import SIZES, Camera, Shot, Video

PROMPT_MOST = 2500
ASPECTS = ("16:9", "9:16", "1:1")
MOVES = ("simple", "down_back", "forward_up", "right_turn_forward", "left_turn_forward")
AXES = ("horizontal", "vertical", "pan", "tilt", "roll", "zoom")
REACH = 10.0  # the largest amount on an axis, either way


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """What one `model_name` takes: `modes` as values of the field, `renders` in their absence."""

    modes: tuple[str, ...] = ("std", "pro")
    renders: str = "std"
    durations: tuple[str, ...] = ("5", "10")
    sound: tuple[str, ...] = ()  # the modes in which it may be on
    cfg_scale: bool = False
    camera: bool = False
    multi_shot: bool = False


MODELS = {
    "kling-v1": Model(cfg_scale=True, camera=True),
    "kling-v1-6": Model(cfg_scale=True),
    "kling-v2-master": Model(modes=()),
    "kling-v2-1-master": Model(modes=("pro",), renders="pro"),
    "kling-v2-5-turbo": Model(),
    "kling-v2-6": Model(sound=("pro",)),
    "kling-v3": Model(
        modes=("std", "pro", "4k"),
        durations=tuple(str(seconds) for seconds in range(3, 16)),
        sound=("std", "pro", "4k"),
        cfg_scale=True,
        multi_shot=True,
    ),
}


class InvalidValue(InvalidField):
    """A value that the field does not have, in the words of the live API."""

    def __init__(self, field: str, value: object) -> None:
        super().__init__(field, f"{field} value '{value!s:.80}' is invalid")

    def __str__(self) -> str:
        return self.rule


class Unsupported(InvalidField):
    """A field that this model does not take in this mode and length, in the words of the live API."""

    def __init__(self, field: str, *, model: str, mode: str, duration: int) -> None:
        super().__init__(field, f"model/mode/duration({model}/{mode}/{duration}) is not supported with {field}")

    def __str__(self) -> str:
        return self.rule


class KlingFields(Fields):
    """Reads fields whose choices are refused as this API refuses them."""

    def choice(self, name: str, options: Collection[str], *, default: str) -> str:
        """Read one of a few strings."""
        value = self.value(name)
        if value is None:
            return default
        if not isinstance(value, str) or value not in options:
            raise InvalidValue(name, value)
        return value


def read(body: Mapping[str, Any]) -> Parameters:
    """Read a create request; names that are not in the document (`model` is one) are named in `ignored`.

    Raises:
        InvalidField: a field breaks its rule.
    """
    fields = KlingFields(body)
    name = fields.choice("model_name", MODELS, default="kling-v1")
    model = MODELS[name]
    mode = fields.choice("mode", model.modes, default=model.renders)
    aspect = fields.choice("aspect_ratio", ASPECTS, default="16:9")
    duration = int(fields.choice("duration", model.durations, default="5"))
    shots = _shots(fields, model, duration)
    negative = fields.text("negative_prompt", most=PROMPT_MOST) or ""
    scale = fields.number("cfg_scale", least=0, most=1)
    camera = _camera(fields)
    sound = fields.choice("sound", ("on", "off"), default="off") == "on"
    wrong = {
        "cfg_scale": scale is not None and not model.cfg_scale,
        "camera_control": camera is not None and not (model.camera and (mode, duration) == ("std", 5)),
        "sound": sound and mode not in model.sound,
        "multi_shot": not shots,
    }
    for field in (field for field, refused in wrong.items() if refused):
        raise Unsupported(field, model=name, mode=mode, duration=duration)
    width, height = SIZES[aspect, mode]
    video = Video(
        shots=shots,
        width=width,
        height=height,
        sound=sound,
        camera=camera[0] if camera else None,
        model=name,
        mode=mode,
        negative_prompt=negative,
        cfg_scale=scale,
    )
    mark = fields.object("watermark_info")
    return Parameters(
        video=video,
        body=body,
        external_id=fields.text("external_task_id") or None,
        callback_url=fields.text("callback_url") or None,
        watermark=mark is not None and mark.flag("enabled"),
        ignored=fields.ignored,
    )


def _shots(fields: Fields, model: Model, duration: int) -> tuple[Shot, ...]:
    """Read what is to be seen; nothing where shots are asked of a model that has none.

    Shots of the type `intelligence` are cut by the model from the one prompt; here they stay one.
    """
    if not fields.flag("multi_shot"):
        prompt = fields.text("prompt", most=PROMPT_MOST, required=True) or ""
        return (Shot(prompt=prompt, seconds=duration),)
    if not model.multi_shot:
        return ()
    if fields.value("shot_type") is None:
        fields.refuse("shot_type", "is required when multi_shot is true")
    if fields.choice("shot_type", ("customize", "intelligence"), default="") == "customize":
        return read_shots(fields, duration)
    return (Shot(prompt=fields.text("prompt", most=PROMPT_MOST, required=True) or "", seconds=duration),)


def _camera(fields: Fields) -> tuple[Camera | None] | None:
    """Read the move asked for; `(None,)` leaves it to the model, None asks for nothing."""
    control = fields.object("camera_control")
    if control is None:
        return None
    kind = control.text("type")
    config = control.object("config")
    if kind is not None and kind not in MOVES:
        control.refuse("type", f"one of {', '.join(MOVES)} is expected, not {kind!r:.80}")
    if kind != "simple":
        if config is not None:
            control.refuse("config", "must be absent unless the type is simple")
        return (Camera(type=kind) if kind else None,)
    if config is None:
        control.refuse("config", "is required for the type simple")
    return (_simple(control, config),)


def _simple(control: Fields, config: Fields) -> Camera:
    axes = {axis: config.number(axis, least=-REACH, most=REACH) or 0.0 for axis in AXES}
    if config.ignored:
        control.refuse("config", f"there is no axis {config.ignored[0]!r:.80}")
    if sum(amount != 0 for amount in axes.values()) != 1:
        control.refuse("config", "exactly one axis must not be zero")
    return Camera(type="simple", **axes)
