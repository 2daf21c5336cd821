"""Reads a storyboard's shots, whose rules both APIs word alike."""

import re

from sandbox.providers.fields import Fields
from sandbox.rendering.video import Shot

SHOT_MOST, SHOTS_MOST = 512, 6
WHOLE_SECONDS = re.compile(r"[1-9][0-9]?", re.ASCII)


def read_shots(fields: Fields, duration: int) -> tuple[Shot, ...]:
    """Read the shots of `multi_prompt` in the order of their indexes.

    Raises:
        InvalidField: they break a rule, or do not add up to the task's `duration`.
    """
    rows = fields.value("multi_prompt")
    if not isinstance(rows, list) or not 1 <= len(rows) <= SHOTS_MOST:
        fields.refuse("multi_prompt", f"a list of 1 to {SHOTS_MOST} shots is expected")
    shots: dict[int, Shot] = {}
    for place, row in enumerate(rows):
        if not isinstance(row, dict):
            fields.refuse("multi_prompt", "each shot is an object")
        index, shot = _shot(Fields(row, inside=f"multi_prompt[{place}]."), duration)
        if index in shots:
            fields.refuse("multi_prompt", f"two shots have the index {index}")
        shots[index] = shot
    total = sum(shot.seconds for shot in shots.values())
    if total != duration:
        fields.refuse("multi_prompt", f"the durations add up to {total}, not to the task's {duration}")
    return tuple(shots[index] for index in sorted(shots))


def _shot(fields: Fields, duration: int) -> tuple[int, Shot]:
    index = fields.value("index")
    if isinstance(index, bool) or not isinstance(index, int):
        fields.refuse("index", "an integer is expected")
    prompt = fields.text("prompt", most=SHOT_MOST, required=True) or ""
    seconds = fields.text("duration", required=True) or ""
    if not WHOLE_SECONDS.fullmatch(seconds) or int(seconds) > duration:
        fields.refuse("duration", f'whole seconds from "1" to "{duration}" are expected')
    return index, Shot(prompt=prompt, seconds=int(seconds))
