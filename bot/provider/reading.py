"""Reads single fields of a service's answers: in every form they come in, and nothing trusted.

Whatever is odd in a field leaves that field empty, so that one odd field never costs the others.
"""

import math
import re
from decimal import ROUND_CEILING, Decimal, InvalidOperation
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict

_ID_LIMIT: Final = 256  # characters
_WORD_LIMIT: Final = 64  # characters of a status or a code
_DETAIL_LIMIT: Final = 500  # characters
_URL: Final = re.compile(r"https?://[^\s\x00-\x20\x7f]{1,8000}", re.IGNORECASE)
_LONGEST: Final = 86_400  # seconds of video
_COST_LIMIT: Final = 1_000_000  # above it, it is not a cost
_MICRO: Final = Decimal("0.000001")
_BOM: Final = b"\xef\xbb\xbf"


def string(value: Any) -> str:
    """Read a string, or a whole number as one; "" for anything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else ""


def word(value: Any) -> str:
    """Read a status or a code, in one printable line."""
    return _line(value, _WORD_LIMIT)


def detail(value: Any) -> str:
    """Read the service's own words, cut and in one printable line."""
    return _line(value, _DETAIL_LIMIT)


def identifier(value: Any) -> str:
    """Read an id that fits in a path and in the database, else ""."""
    text = string(value).strip()
    return text if len(text) <= _ID_LIMIT and text.isprintable() and text not in {".", ".."} else ""


def url(value: Any) -> str:
    """Read an http(s) URL, else "". Where it leads is not checked here."""
    return value if isinstance(value, str) and _URL.fullmatch(value) else ""


def number(value: Any) -> float | None:
    """Read a finite number, given as one or as a string."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        finite = float(value)
    except (ValueError, OverflowError):
        return None
    return finite if math.isfinite(finite) else None


def amount(value: Any) -> Decimal | None:
    """Read what something cost, given as a number or a decimal string, in whole millionths; "" is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        cost = Decimal(str(value))
    except (InvalidOperation, ValueError):
        return None
    if not cost.is_finite() or not 0 <= cost <= _COST_LIMIT:
        return None
    return cost.quantize(_MICRO, rounding=ROUND_CEILING)


def seconds(value: Any) -> float | None:
    """Read the length of a video in seconds."""
    length = number(value)
    return length if length is not None and 0 < length <= _LONGEST else None


def objects(value: Any) -> list[Any]:
    """Read the objects of a list, or the one object that stands where a list should."""
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, dict)]


def object_of(value: Any) -> dict[str, Any]:
    """Read an object, or an empty one in its place."""
    return value if isinstance(value, dict) else {}


def strip_bom(body: bytes) -> bytes:
    """Cut off the byte order mark that some servers put before their JSON."""
    return body.removeprefix(_BOM)


def _line(value: Any, limit: int) -> str:
    text = string(value)[:limit]
    if not text.isprintable():
        text = "".join(char if char.isprintable() else " " for char in text)
    return text.strip()


Word = Annotated[str, BeforeValidator(word)]
Detail = Annotated[str, BeforeValidator(detail)]
Id = Annotated[str, BeforeValidator(identifier)]
Url = Annotated[str, BeforeValidator(url)]
Seconds = Annotated[float | None, BeforeValidator(seconds)]
Amount = Annotated[Decimal | None, BeforeValidator(amount)]


class AnswerModel(BaseModel):
    """A part of an answer: frozen, without what is not asked for, and silent about what was given."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, defer_build=True)
