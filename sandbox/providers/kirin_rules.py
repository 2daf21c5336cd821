"""Reads the fields of `kirin_v3_t2v`: a body in any of its three forms becomes parameters, or a field is refused."""

from collections.abc import Mapping
from typing import Any

from sandbox.providers.fields import BrokenBody, Fields, Parameters
from sandbox.providers.multi_shot import read_shots
from sandbox.rendering.video import SIZES, Shot, Video

MODEL = "kirin_v3_t2v"
PROMPT_MOST = 2500
DURATIONS = tuple(str(seconds) for seconds in range(3, 16))
ASPECTS = ("16:9", "9:16", "1:1")


def read(body: Mapping[str, Any], *, header_model: str | None) -> Parameters:
    """Read a create request: `input[0].params` with `model` beside it or in the header, or everything flat.

    A field the page does not list has no effect and is named in `ignored`: the page says nothing of refusing
    one. So have `prompt` of a storyboard, and `shot_type` and `multi_prompt` of anything else.

    Raises:
        BrokenBody: `input` is not a list of objects with `params`.
        InvalidField: a field breaks its rule.
    """
    fields = Fields(_params(body))
    outer = fields if "input" not in body else Fields(body)
    _model(outer, header_model)
    mode = fields.choice("mode", ("std", "pro"), default="std")
    aspect = fields.choice("aspect_ratio", ASPECTS, default="16:9")
    duration = int(fields.choice("duration", DURATIONS, default="5"))
    sound = fields.choice("sound", ("on", "off"), default="off") == "on"
    negative = fields.text("negative_prompt", most=PROMPT_MOST) or ""
    mark = fields.object("watermark_info")
    watermark = mark is not None and mark.flag("enabled")
    shots = _storyboard(fields, duration) if fields.flag("multi_shot") else _single(fields, duration)
    width, height = SIZES[aspect, mode]
    video = Video(
        shots=shots,
        width=width,
        height=height,
        sound=sound,
        model=MODEL,
        mode=mode,
        negative_prompt=negative,
    )
    return Parameters(
        video=video,
        body=body,
        external_id=fields.text("external_task_id") or None,
        callback_url=fields.text("callback_url") or None,
        watermark=watermark,
        ignored=fields.ignored,
    )


def _params(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Find the fields, wherever they are."""
    if "input" not in body:
        return body
    match body["input"]:
        case [{"params": dict(params)}, *_]:
            return params
    raise BrokenBody("input: a list whose first object has `params` is expected")


def _model(fields: Fields, header_model: str | None) -> None:
    """Read the model, from the body or from the header `X-Model`."""
    named = fields.text("model") or header_model
    if named is None:
        fields.refuse("model", "is required")
    if named != MODEL:
        fields.refuse("model", f"there is no model {named!r:.80}")


def _single(fields: Fields, duration: int) -> tuple[Shot, ...]:
    prompt = fields.text("prompt", most=PROMPT_MOST, required=True) or ""
    return (Shot(prompt=prompt, seconds=duration),)


def _storyboard(fields: Fields, duration: int) -> tuple[Shot, ...]:
    """Read the shots in the order of their indexes."""
    if fields.value("shot_type") is None:
        fields.refuse("shot_type", "is required when multi_shot is true")
    fields.choice("shot_type", ("customize",), default="customize")
    return read_shots(fields, duration)
