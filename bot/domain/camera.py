"""Describes camera moves: as the API has them, by axes and numbers, and as people see them, by a name and a strength.

The axes and their signs are the vendor's: `zoom` is that of the focal length, so more is wider; `pan` turns the camera
up and down, and `tilt` to the sides. `docs/decisions.md` says what is in doubt about that.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict

from bot.errors import InvalidRequest, Problem

AXIS_LIMIT: Final = 10.0  # an axis lies within ± this


class CameraType(StrEnum):
    """How the camera is told to move."""

    SIMPLE = "simple"  # along the one axis given in the config
    DOWN_BACK = "down_back"  # descends and moves back
    FORWARD_UP = "forward_up"  # moves forward and tilts up
    RIGHT_TURN_FORWARD = "right_turn_forward"  # turns right and moves forward
    LEFT_TURN_FORWARD = "left_turn_forward"  # turns left and moves forward


class Strength(StrEnum):
    """How far the camera moves along its axis, in a word."""

    GENTLE = "gentle"
    CLEAR = "clear"
    STRONG = "strong"


AMOUNTS: Final = {Strength.GENTLE: 2.0, Strength.CLEAR: 5.0, Strength.STRONG: 10.0}  # on the axis

# What one sees, with the axis and the way on it that show it; the most wanted first.
_WAYS: Final = {
    "zoom_in": ("zoom", -1),
    "zoom_out": ("zoom", 1),
    "pan_left": ("tilt", -1),
    "pan_right": ("tilt", 1),
    "tilt_up": ("pan", 1),
    "tilt_down": ("pan", -1),
    "move_left": ("horizontal", -1),
    "move_right": ("horizontal", 1),
    "move_up": ("vertical", 1),
    "move_down": ("vertical", -1),
    "roll_left": ("roll", -1),
    "roll_right": ("roll", 1),
}
_NAMES: Final = {way: name for name, way in _WAYS.items()}
WHOLE_MOVES: Final = tuple(str(move) for move in CameraType if move is not CameraType.SIMPLE)  # without a strength
MOVES: Final = (*_WAYS, *WHOLE_MOVES)  # every move by its name

# Words that leave the way open, with both: as those mean them who say them, not as the axes are called.
_OPEN: Final = {
    "zoom": ("zoom_in", "zoom_out"),
    "pan": ("pan_left", "pan_right"),
    "tilt": ("tilt_up", "tilt_down"),
    "roll": ("roll_left", "roll_right"),
    "horizontal": ("move_left", "move_right"),
    "vertical": ("move_up", "move_down"),
}


class CameraConfig(BaseModel):
    """The six axes, each within ±10; exactly one of them is not zero."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    horizontal: float = 0.0
    vertical: float = 0.0
    pan: float = 0.0
    tilt: float = 0.0
    roll: float = 0.0
    zoom: float = 0.0

    def moving(self) -> dict[str, float]:
        """Find the axes that are not zero."""
        return {axis: value for axis, value in self.model_dump().items() if value}


AXES: Final = tuple(CameraConfig.model_fields)


class CameraControl(BaseModel):
    """A camera move: `config` is required for `simple` and absent for every other type."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    type: CameraType
    config: CameraConfig | None = None

    @classmethod
    def along(cls, *axes: str, amount: float) -> "CameraControl":
        """Build a move along these axes; one along several is refused when it becomes part of a request."""
        return cls(type=CameraType.SIMPLE, config=CameraConfig(**dict.fromkeys(axes, amount)))

    @classmethod
    def named(cls, name: str, *, strength: str | float | None = None) -> "CameraControl":
        """Build the move that a person names, like "zoom_in", with its strength: a word or a number, else clear.

        A negative number is the other way. An axis by its own name is taken with a number only, which is the axis's:
        what older versions kept is like that. Axes may be joined by "+"; such a move is refused in a request.

        Raises:
            InvalidRequest: nothing is called that, or a strength was given for a move that has none, or is none.
        """
        words = _words(name)
        if words[0] in WHOLE_MOVES and len(words) == 1:
            if strength is not None:
                raise InvalidRequest([Problem(code="strength_unused", field="strength", values={"camera": words[0]})])
            return cls(type=CameraType(words[0]))
        amount = amount_of(Strength.CLEAR if strength is None else strength)
        if amount is None:
            raise InvalidRequest([Problem(code="not_a_choice", field="strength", values={"wanted": str(strength)})])
        if len(words) == 1 and words[0] in _WAYS:
            axis, way = _WAYS[words[0]]
            return cls.along(axis, amount=way * amount)
        numbered = isinstance(strength, (int, float))
        if set(words) <= set(AXES) and (numbered or len(words) > 1):
            return cls.along(*words, amount=amount)
        raise InvalidRequest([Problem(code="camera_unknown", field="camera", values={"camera": name})])

    def name(self) -> str:
        """Name this move by what one sees; the way back from `named`."""
        if self.config is None:
            return str(self.type)
        moving = self.config.moving()
        if len(moving) != 1:
            return "+".join(moving)
        (axis, amount), *_ = moving.items()
        return _NAMES[axis, 1 if amount > 0 else -1]

    def amount(self) -> float | None:
        """Say how far the one axis moves, without its sign; None for a move that has no strength."""
        return abs(next(iter(self.config.moving().values()), 0.0)) or None if self.config else None

    def strength(self) -> str | float | None:
        """Say how far this move goes, to be given to `named`: in a word where one is exact, else as a number."""
        amount = self.amount()
        return next((str(word) for word, each in AMOUNTS.items() if each == amount), amount)


def amount_of(strength: str | float) -> float | None:
    """Find the number on an axis that a strength means: a word, or a number, typed or not; None for what is neither."""
    text = str(strength).strip().casefold()
    if text in list(Strength):
        return AMOUNTS[Strength(text)]
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None


def in_a_word(amount: float) -> Strength:
    """Find the word nearest to an amount on an axis."""
    return min(AMOUNTS, key=lambda word: abs(AMOUNTS[word] - abs(amount)))


def moves_meant(name: str, amount: float | None = None) -> list[str]:
    """List the moves that somebody may have meant by a name, or by several that are joined, and a number with it."""
    words = _words(name)
    if amount and len(words) == 1 and words[0] in {*_WAYS, *AXES}:
        return [CameraControl.named(words[0], strength=amount).name()]
    return list(dict.fromkeys(move for word in words for move in _meant(word)))


def _meant(word: str) -> tuple[str, ...]:
    return (word,) if word in MOVES else _OPEN.get(word, ())


def _words(name: str) -> list[str]:
    """Split what names a move, as people write it, into the names that it joins."""
    return [word.strip().lower().replace(" ", "_") for word in name.replace(",", "+").split("+")]


def camera_problems(camera: CameraControl) -> Iterator[Problem]:
    """Find what keeps a camera move from being part of a request."""
    if camera.type is not CameraType.SIMPLE:
        if camera.config is not None:
            yield Problem(code="camera_config_unused", field="camera", values={"camera": camera.type})
        return
    moving = camera.config.moving() if camera.config else {}
    if len(moving) != 1:
        code = "camera_two_axes" if moving else "camera_no_axis"
        yield Problem(code=code, field="camera", values={"axes": ", ".join(moving)})
    for axis, value in moving.items():
        if not -AXIS_LIMIT <= value <= AXIS_LIMIT:
            values = {"axis": axis, "strength": abs(value), "limit": AXIS_LIMIT}
            yield Problem(code="strength_out_of_range", field="strength", values=values)
