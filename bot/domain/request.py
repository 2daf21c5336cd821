"""Describes what a person wants, validated once: a `VideoRequest` that exists obeys every rule both APIs share.

Rules of one model alone (its durations, whether it has sound) are in `capability`. Sources: the field tables of
the `kirin` and `kling` documents.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, ValidationInfo, model_validator

from bot.domain.camera import CameraControl, camera_problems
from bot.errors import InvalidRequest, Problem

PROMPT_LIMIT: Final = 2500  # characters, of the prompt and of the negative prompt
SHOT_PROMPT_LIMIT: Final = 512  # characters
MAX_SHOTS: Final = 6


_STORED: Final = {"stored": True}


class Mode(StrEnum):
    """How much care the model takes, and with it the resolution."""

    STD = "std"  # 720p
    PRO = "pro"  # 1080p
    FOUR_K = "4k"  # 2160p


class AspectRatio(StrEnum):
    """Width to height."""

    WIDE = "16:9"
    TALL = "9:16"
    SQUARE = "1:1"


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Shot(_Value):
    """One shot of a storyboard: its prompt (1-512 characters) and its seconds (at least 1)."""

    prompt: str
    seconds: int


class VideoRequest(_Value):
    """A video that somebody wants. Seconds are whole; `cfg_scale` None leaves the choice to the model.

    With `shots` the prompt is ignored by the provider and may be empty; their seconds add up to `duration`.

    Raises:
        InvalidRequest: on construction, naming every broken rule at once.
    """

    model: str
    prompt: str = ""
    negative_prompt: str = ""
    mode: Mode = Mode.STD
    aspect_ratio: AspectRatio = AspectRatio.WIDE
    duration: int = 5
    sound: bool = False
    watermark: bool = False
    shots: tuple[Shot, ...] = ()
    cfg_scale: float | None = None
    camera: CameraControl | None = None

    def text(self) -> str:
        """Join what should be seen: the prompt, or the prompts of the shots, parted by slashes."""
        return " / ".join(shot.prompt for shot in self.shots) if self.shots else self.prompt

    @property
    def forgotten(self) -> bool:
        """Say whether the request's texts have been taken out; see `without_texts`."""
        return not self.prompt and not any(shot.prompt for shot in self.shots)

    def without_texts(self) -> Self:
        """Keep the settings and nothing that anybody typed. Nobody can ask for such a video any more."""
        shots = tuple(shot.model_copy(update={"prompt": ""}) for shot in self.shots)
        return self.model_copy(update={"prompt": "", "negative_prompt": "", "shots": shots})

    @classmethod
    def stored(cls, text: str) -> Self:
        """Read a request from the database. It was valid when it was accepted; later rules do not undo it."""
        return cls.model_validate_json(text, context=_STORED)

    @model_validator(mode="after")
    def _obeys_the_rules(self, info: ValidationInfo) -> Self:
        if info.context is _STORED:
            return self
        problems = [*_text_problems(self), *_shot_problems(self), *_number_problems(self)]
        if self.camera is not None:
            problems += camera_problems(self.camera)
        if problems:
            raise InvalidRequest(problems)
        return self


def _text_problems(request: VideoRequest) -> Iterator[Problem]:
    if not request.shots and not request.prompt.strip():
        yield Problem(code="prompt_empty", field="prompt")
    texts = (("prompt", request.prompt), ("negative", request.negative_prompt))
    for field, text in (*texts, *(("shots", shot.prompt) for shot in request.shots)):
        if (not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text)) or "\0" in text:
            yield Problem(code="text_unreadable", field=field)
    for field, text in texts:
        if len(text) > PROMPT_LIMIT:
            values = {"length": len(text), "limit": PROMPT_LIMIT}
            yield Problem(code=f"{field}_too_long", field=field, values=values)


def _shot_problems(request: VideoRequest) -> Iterator[Problem]:
    if not request.shots:
        return
    if len(request.shots) > MAX_SHOTS:
        values = {"count": len(request.shots), "limit": MAX_SHOTS}
        yield Problem(code="too_many_shots", field="shots", values=values)
    for number, shot in enumerate(request.shots, start=1):
        if not shot.prompt.strip():
            yield Problem(code="shot_prompt_empty", field="shots", values={"shot": number})
        if len(shot.prompt) > SHOT_PROMPT_LIMIT:
            values = {"shot": number, "length": len(shot.prompt), "limit": SHOT_PROMPT_LIMIT}
            yield Problem(code="shot_prompt_too_long", field="shots", values=values)
        if shot.seconds < 1:
            yield Problem(code="shot_too_short", field="shots", values={"shot": number})
    total = sum(shot.seconds for shot in request.shots)
    if total != request.duration:
        values = {"total": total, "duration": request.duration}
        yield Problem(code="shots_do_not_add_up", field="shots", values=values)


def _number_problems(request: VideoRequest) -> Iterator[Problem]:
    if request.duration < 1:
        yield Problem(code="duration_too_short", field="duration", values={"duration": request.duration})
    if request.cfg_scale is not None and not 0 <= request.cfg_scale <= 1:
        yield Problem(code="cfg_out_of_range", field="cfg", values={"cfg": request.cfg_scale})
