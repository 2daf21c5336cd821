"""How the answers of the `kirin` API are read: every variant its document lists, and nothing trusted.

Whatever is odd in a field leaves that field empty. Only what is no JSON object at all is refused.
"""

from __future__ import annotations

import math
import re
from decimal import ROUND_CEILING, Decimal, InvalidOperation
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

_ID_LIMIT: Final = 256  # characters
_WORD_LIMIT: Final = 64  # characters of a status or a code
_DETAIL_LIMIT: Final = 500  # characters
_URL: Final = re.compile(r"https?://[^\s\x00-\x20\x7f]{1,8000}", re.IGNORECASE)
_COST_LIMIT: Final = 1_000_000  # USD; above it, it is not a cost
_MICRO: Final = Decimal("0.000001")
_LONGEST: Final = 86_400  # seconds of video
_FINE: Final = frozenset({0, *range(200, 300)})  # codes of an envelope that complains of nothing
_BOM: Final = b"\xef\xbb\xbf"


def _string(value: Any) -> str:
    """A string, or a whole number as one; "" for anything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else ""


def _text(value: Any, limit: int) -> str:
    """As `_string`, cut and in one printable line."""
    return "".join(char if char.isprintable() else " " for char in _string(value)[:limit]).strip()


def _word(value: Any) -> str:
    return _text(value, _WORD_LIMIT)


def _detail(value: Any) -> str:
    return _text(value, _DETAIL_LIMIT)


def _id(value: Any) -> str:
    """An id that fits in a path and in the database, else ""."""
    text = _string(value).strip()
    return text if len(text) <= _ID_LIMIT and text.isprintable() and text not in {".", ".."} else ""


def _url(value: Any) -> str:
    return value if isinstance(value, str) and _URL.fullmatch(value) else ""


def _number(value: Any) -> float | None:
    """A finite number, given as one or as a string."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _seconds(value: Any) -> float | None:
    number = _number(value)
    return number if number is not None and 0 < number <= _LONGEST else None


def _progress(value: Any) -> float | None:
    number = _number(value)
    return number if number is not None and 0 <= number <= 1 else None


def _usd(value: Any) -> Decimal | None:
    """An amount of dollars, given as a number or as a decimal string, in whole millionths; "" is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        amount = Decimal(str(value))
    except (InvalidOperation, ValueError):
        return None
    if not amount.is_finite() or not 0 <= amount <= _COST_LIMIT:
        return None
    return amount.quantize(_MICRO, rounding=ROUND_CEILING)


def _objects(value: Any) -> list[Any]:
    """The objects of a list, or the one object that stands where a list should."""
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, dict)]


def _object(value: Any) -> Any:
    return value if isinstance(value, dict) else {}


def _error(value: Any) -> Any:
    """An error as an object, whether it came as one, as a code or as words."""
    if isinstance(value, str) and not value.strip().isdigit():
        return {"message": value}
    return value if isinstance(value, dict) else {"code": value}


_Word = Annotated[str, BeforeValidator(_word)]
_Detail = Annotated[str, BeforeValidator(_detail)]
_Id = Annotated[str, BeforeValidator(_id)]


class _Slim(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class Error(_Slim):
    """What an answer complains of; false when it complains of nothing."""

    code: _Word = ""
    error_message: _Detail = ""
    message: _Detail = ""

    @property
    def detail(self) -> str:
        """The service's own words."""
        return self.error_message or self.message

    def __bool__(self) -> bool:
        return bool(self.code or self.detail)


class Content(_Slim):
    """One file of a result."""

    type: _Word = ""
    url: Annotated[str, BeforeValidator(_url)] = ""
    duration: Annotated[float | None, BeforeValidator(_seconds)] = None


class Output(_Slim):
    """One output of a task, of several files."""

    content: Annotated[tuple[Content, ...], BeforeValidator(_objects)] = ()


class Usage(_Slim):
    """What the task cost. The `discount` is left alone: the document can't say what it means."""

    cost: Annotated[Decimal | None, BeforeValidator(_usd)] = None


class Answer(_Slim):
    """Any answer of the API, in its flat form: to a create, to a query, or of an error."""

    id: _Id = ""
    external_task_id: _Id = ""
    status: _Word = ""
    progress: Annotated[float | None, BeforeValidator(_progress)] = None
    output: Annotated[tuple[Output, ...], BeforeValidator(_objects)] = ()
    usage: Annotated[Usage, BeforeValidator(_object)] = Usage()
    error: Annotated[Error, BeforeValidator(_error)] = Error()
    code: _Word = ""
    message: _Detail = ""

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, value: Any) -> Any:
        """The flat form: what `data` wraps is lifted out, and what its envelope complains of becomes the `error`."""
        if not isinstance(value, dict):
            return value
        data, envelope = _object(value.get("data")), value.get("status")
        flat = {**value, **data}
        if isinstance(envelope, dict):
            flat["status"] = data.get("status")
            flat["message"] = envelope.get("message") or envelope.get("msg")
            flat["error"] = flat.get("error") or _complaint(envelope)
        return flat

    @classmethod
    def read(cls, body: bytes) -> Answer:
        """Read an answer.

        Raises:
            ValueError: it is not a JSON object.
        """
        return cls.model_validate_json(body.removeprefix(_BOM))

    def videos(self) -> list[Content]:
        """The videos that can be fetched, in the order of the answer."""
        files = (file for output in self.output for file in output.content)
        return [file for file in files if file.url and file.type.lower() in {"video", ""}]


def _complaint(envelope: dict[str, Any]) -> Any:
    """What an envelope `{"code", "message" | "msg", "error_code"}` complains of; None when all is well."""
    number, code = _word(envelope.get("code")), _word(envelope.get("error_code"))
    if code or (number.isdecimal() and int(number) not in _FINE):
        return {"code": code or number, "message": envelope.get("message") or envelope.get("msg")}
    return None
