"""Describes a storyboard while it is made: its shots and settings, what can be done to them, and the way back.

An unfinished storyboard may break the rules of a request; it says itself which. Source of the rules: the field table
of the `kirin` document (1-6 shots of at least a second; their seconds add up to the whole).
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.domain.capability import Capability
from bot.domain.choices import nearest_possible
from bot.domain.request import MAX_SHOTS, AspectRatio, Mode, Shot, VideoRequest
from bot.errors import InvalidRequest, Problem

SHORTEST: Final = 3  # seconds of a whole video
LONGEST: Final = 15
STEPS_BACK: Final = 20  # that can be undone
WIDTH: Final = 20  # marks of a timeline, where the shots last longer than that


def _empty_shot() -> Shot:
    return Shot(prompt="", seconds=5)


def tidy(text: str) -> str:
    """Put a prompt on one line, without what can't be stored: halves of characters and NUL."""
    storable = text.encode("utf-8", "ignore").decode().replace("\0", "")
    return " ".join(storable.split())


def share(seconds: int, parts: int) -> list[int]:
    """Split whole seconds into equal parts, the first ones longer where that does not come out; at least one each."""
    least, more = divmod(max(seconds, parts), parts)
    return [least + (number < more) for number in range(parts)]


def scale(lengths: Sequence[float], seconds: int) -> list[int]:
    """Stretch or shorten lengths together, so that they take these whole seconds; at least one each."""
    if not lengths:
        return []
    exact = [max(length, 0) * seconds / (sum(lengths) or 1) for length in lengths]
    whole = [max(1, int(length)) for length in exact]
    while sum(whole) < seconds:
        whole[max(range(len(whole)), key=lambda number: exact[number] - whole[number])] += 1
    while sum(whole) > seconds and max(whole) > 1:
        longer = [number for number in range(len(whole)) if whole[number] > 1]
        whole[min(longer, key=lambda number: exact[number] - whole[number])] -= 1
    return whole


def room_for(seconds: int, lengths: Sequence[int]) -> int:
    """Find the shortest video that has room for so many seconds; the longest where none has."""
    return min((each for each in lengths if each >= seconds), default=max(lengths))


class _Stored(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)


class Storyboard(_Stored):
    """Up to six shots and their settings. `total` is how many seconds the video is to last.

    Shots are counted from 0. Where an operation is told a shot that is not there, it takes the nearest. `script` is the
    text that the shots were read from, as it was written.
    """

    model: str
    shots: tuple[Shot, ...] = Field(default_factory=lambda: (_empty_shot(),), min_length=1, max_length=MAX_SHOTS)
    total: int = 10
    negative_prompt: str = ""
    mode: Mode = Mode.STD
    aspect_ratio: AspectRatio = AspectRatio.WIDE
    sound: bool = False
    watermark: bool = False
    private: bool = False
    parent_id: str | None = None
    script: str = ""

    @classmethod
    def of(cls, request: VideoRequest, *, parent_id: str | None = None) -> Self:
        """Build a storyboard that asks for the same; a request without shots becomes one shot of its whole length."""
        shots = request.shots or (Shot(prompt=request.prompt, seconds=request.duration),)
        return cls(
            model=request.model,
            shots=tuple(Shot(prompt=tidy(shot.prompt), seconds=_clamped(shot.seconds)) for shot in shots[:MAX_SHOTS]),
            total=request.duration,
            negative_prompt=request.negative_prompt,
            mode=request.mode,
            aspect_ratio=request.aspect_ratio,
            sound=request.sound,
            watermark=request.watermark,
            parent_id=parent_id,
        )

    @property
    def seconds(self) -> int:
        """Add up how long the shots last."""
        return sum(shot.seconds for shot in self.shots)

    @property
    def left(self) -> int:
        """Count the seconds without a shot; below zero where the shots are longer than the whole."""
        return self.total - self.seconds

    def full(self, model: Capability) -> bool:
        """Say whether a model's storyboards have no more shots."""
        return len(self.shots) >= min(MAX_SHOTS, model.max_shots)

    @property
    def blank(self) -> bool:
        """Say whether nothing has been written yet."""
        return not any(shot.prompt for shot in self.shots)

    def request(self) -> VideoRequest:
        """Build the request that this storyboard means.

        Raises:
            InvalidRequest: it is not finished, or breaks a rule.
        """
        return VideoRequest(**self._settings(), shots=self.shots)

    def draft_request(self) -> VideoRequest:
        """Build a request of the same price, whatever is still missing."""
        return VideoRequest(**{**self._settings(), "negative_prompt": ""}, prompt="-")

    def problems(self, model: Capability) -> tuple[Problem, ...]:
        """Find what keeps the storyboard from being made by its model."""
        try:
            return model.clashes(self.request())
        except InvalidRequest as exc:
            return exc.problems

    def adapted_to(self, models: Sequence[Capability]) -> Self:
        """Change settings to what the nearest of these models can make; shots that added up fit another length."""
        near = nearest_possible(self.draft_request(), models)
        names = ("model", "mode", "aspect_ratio", "sound", "watermark")
        adapted = self.changed(**{name: getattr(near, name) for name in names})
        return adapted.fitted(near.duration) if not self.left else adapted.changed(total=near.duration)

    def _settings(self) -> dict[str, Any]:
        names = ("model", "negative_prompt", "mode", "aspect_ratio", "sound", "watermark")
        return {**{name: getattr(self, name) for name in names}, "duration": self.total}

    def nearest_shot(self, at: int) -> int:
        """Find the shot nearest to a number."""
        return min(max(at, 0), len(self.shots) - 1)

    def add(self, at: int, model: Capability) -> Self:
        """Put an empty shot behind shot `at`, as long as what is left; the whole grows where nothing is."""
        seconds = self.left if self.left > 0 else self.shots[self.nearest_shot(at)].seconds
        return self._with_shot(at, Shot(prompt="", seconds=_clamped(seconds)), model)

    def duplicate(self, at: int, model: Capability) -> Self:
        """Copy a shot; the whole grows where the copy needs more than what is left."""
        return self._with_shot(at, self.shots[self.nearest_shot(at)], model)

    def edit(self, at: int, *, prompt: str, seconds: int | None) -> Self:
        """Give a shot another prompt, and other seconds unless they are None."""
        old, at = self.shots[self.nearest_shot(at)], self.nearest_shot(at)
        new = Shot(prompt=tidy(prompt), seconds=old.seconds if seconds is None else _clamped(seconds))
        return self.changed(shots=(*self.shots[:at], new, *self.shots[at + 1 :]))

    def empty(self) -> Self:
        """Keep the settings, with one empty shot."""
        return self.changed(shots=(_empty_shot(),), parent_id=None, script="")

    def move(self, at: int, *, by: int) -> Self:
        """Move shot `at` that many places later (or earlier)."""
        at = self.nearest_shot(at)
        shots = list(self.shots)
        shots.insert(self.nearest_shot(at + by), shots.pop(at))
        return self.changed(shots=tuple(shots))

    def remove(self, at: int) -> Self:
        """Remove shot `at`; the last one becomes empty instead."""
        at = self.nearest_shot(at)
        rest = (*self.shots[:at], *self.shots[at + 1 :])
        return self.changed(shots=rest or (Shot(prompt="", seconds=self.shots[0].seconds),))

    def even_out(self, model: Capability) -> Self:
        """Make all shots equally long, adding up; the whole grows where it has fewer seconds than shots."""
        total = self.total if self.total >= len(self.shots) else room_for(len(self.shots), model.durations)
        return self._lasting(share(total, len(self.shots)))

    def fitted(self, total: int) -> Self:
        """Make the whole last so long, its shots longer or shorter with it."""
        return self._lasting(scale([shot.seconds for shot in self.shots], total)).changed(total=total)

    def _lasting(self, lengths: Sequence[int]) -> Self:
        """Give the shots these lengths, and the whole their sum."""
        shots = (shot.model_copy(update={"seconds": each}) for shot, each in zip(self.shots, lengths, strict=True))
        return self.changed(shots=tuple(shots), total=sum(lengths))

    def changed(self, **changes: Any) -> Self:
        """Change the values of these names."""
        return self.model_copy(update=changes)

    def timeline(self) -> list[int | None]:
        """Draw which shot is seen in each second; shortened to `WIDTH` marks, a shot at least one."""
        lengths, whole = [shot.seconds for shot in self.shots], max(self.total, self.seconds)
        if whole > WIDTH:
            lengths = [max(1, each * WIDTH // whole) for each in lengths]
            whole = max(WIDTH, sum(lengths)) if self.left > 0 else sum(lengths)
        marks: list[int | None] = [number for number, length in enumerate(lengths) for _ in range(length)]
        return marks + [None] * (whole - len(marks))

    def _with_shot(self, at: int, shot: Shot, model: Capability) -> Self:
        """Put a shot behind shot `at` if there is room for one, as long as it may be in the model's longest video."""
        if self.full(model):
            return self
        room = max(self.total, *model.durations) - self.seconds
        new = shot.model_copy(update={"seconds": max(1, min(shot.seconds, room))})
        at, seconds = self.nearest_shot(at) + 1, self.seconds + new.seconds
        total = self.total if seconds <= self.total else max(self.total, room_for(seconds, model.durations))
        return self.changed(shots=(*self.shots[:at], new, *self.shots[at:]), total=total)


class Board(_Stored):
    """A storyboard and what it was before, the latest last; and what has been read and may replace it."""

    now: Storyboard
    past: tuple[Storyboard, ...] = ()
    proposed: Storyboard | None = None

    @classmethod
    def stored(cls, body: Mapping[str, Any]) -> Self | None:
        """Read the board of a draft's body; None where there is none."""
        try:
            return cls.model_validate(body)
        except ValidationError:
            return None

    def body(self) -> dict[str, Any]:
        """Write the board as JSON."""
        return self.model_dump(mode="json")

    def changed_to(self, now: Storyboard) -> Self:
        """Change the storyboard so that it can be undone; nothing happens where nothing is different."""
        if now == self.now:
            return self.propose(None)
        return self.model_copy(update={"now": now, "past": (*self.past, self.now)[-STEPS_BACK:], "proposed": None})

    def propose(self, proposed: Storyboard | None) -> Self:
        """Keep what may replace the storyboard; None forgets it."""
        return self if proposed == self.proposed else self.model_copy(update={"proposed": proposed})

    def undo(self) -> Self:
        """Go back to the storyboard before the last change."""
        if not self.past:
            return self.propose(None)
        return self.model_copy(update={"now": self.past[-1], "past": self.past[:-1], "proposed": None})


def _clamped(seconds: int) -> int:
    return min(max(seconds, 1), LONGEST)
