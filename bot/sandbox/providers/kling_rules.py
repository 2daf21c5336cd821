"""The field rules of the Kling v1 text2video API: a body becomes an order, or a field is refused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bot.sandbox.providers.fields import Fields, Order
from bot.sandbox.studio.film import SIZES, Camera, Film, Shot

if TYPE_CHECKING:
    from collections.abc import Mapping

PROMPT_MOST = 2500
ASPECTS = ("16:9", "9:16", "1:1")
# The document names `kling-v1` and "later"; any name of that family is taken.
MODEL_NAME = re.compile(r"kling-v[1-9][0-9]*(-[a-z0-9]+)*", re.ASCII)
MOVES = ("simple", "down_back", "forward_up", "right_turn_forward", "left_turn_forward")
AXES = ("horizontal", "vertical", "pan", "tilt", "roll", "zoom")
REACH = 10.0  # the largest amount on an axis, either way


def read(body: Mapping[str, Any]) -> Order:
    """Read a create request; names that are not in the document (`model` is one) are named in `ignored`.

    Raises:
        InvalidField: a field breaks its rule.
    """
    fields = Fields(body)
    model = fields.text("model_name") or "kling-v1"
    if not MODEL_NAME.fullmatch(model):
        fields.refuse("model_name", f"there is no model {model!r:.80}")
    prompt = fields.text("prompt", most=PROMPT_MOST, required=True) or ""
    mode = fields.choice("mode", ("std", "pro"), default="std")
    aspect = fields.choice("aspect_ratio", ASPECTS, default="16:9")
    duration = int(fields.choice("duration", ("5", "10"), default="5"))
    negative = fields.text("negative_prompt", most=PROMPT_MOST) or ""
    scale = fields.number("cfg_scale", least=0, most=1)
    if scale is not None and model.startswith("kling-v2"):
        fields.refuse("cfg_scale", f"{model} does not have it")
    camera = _camera(fields)
    if camera and (model, mode, duration) != ("kling-v1", "std", 5):
        fields.refuse("camera_control", "only kling-v1 in mode std with 5 seconds has it")
    width, height = SIZES[aspect, mode]
    film = Film(
        shots=(Shot(prompt=prompt, seconds=duration),),
        width=width,
        height=height,
        camera=camera[0] if camera else None,
        model=model,
        mode=mode,
        negative_prompt=negative,
        cfg_scale=scale,
    )
    return Order(
        film=film,
        body=body,
        external_id=fields.text("external_task_id") or None,
        callback_url=fields.text("callback_url") or None,
        watermark=True,
        ignored=fields.ignored,
    )


def _camera(fields: Fields) -> tuple[Camera | None] | None:
    """The move asked for; `(None,)` leaves it to the model, None asks for nothing."""
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
