"""Reads the fields of a request by rule: type, length, enumeration. A null counts as absent."""

import json
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from aiohttp import web

from sandbox.rendering.video import Video


class BrokenBody(Exception):
    """The body is not a JSON object."""


class InvalidField(Exception):
    """A field breaks its rule."""

    def __init__(self, field: str, rule: str) -> None:
        super().__init__(f"{field}: {rule}")
        self.field = field
        self.rule = rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """A valid create request, in the sandbox's own terms; `ignored` names the fields that had no effect."""

    video: Video
    body: Mapping[str, Any]
    external_id: str | None
    callback_url: str | None
    watermark: bool
    ignored: tuple[str, ...]


class Fields:
    """Reads the fields of one JSON object; whatever was not asked for is left over, hence ignored."""

    def __init__(self, values: Mapping[str, Any], *, inside: str = "") -> None:
        self._values = values
        self._inside = inside
        self._asked: set[str] = set()

    @property
    def ignored(self) -> tuple[str, ...]:
        """The names that no rule asked for."""
        return tuple(name for name in self._values if name not in self._asked)

    def refuse(self, name: str, rule: str) -> NoReturn:
        """Say which field broke which rule.

        Raises:
            InvalidField: always.
        """
        raise InvalidField(self._inside + name, rule)

    def value(self, name: str) -> Any:
        """Read whatever is there; None when absent."""
        self._asked.add(name)
        return self._values.get(name)

    def text(self, name: str, *, most: int | None = None, required: bool = False) -> str | None:
        """Read a string of at most so many characters; a required one is not blank."""
        value = self.value(name)
        if value is None and not required:
            return None
        if not isinstance(value, str):
            self.refuse(name, "a string is expected" if value is not None else "is required")
        if required and not value.strip():
            self.refuse(name, "must not be empty")
        if most is not None and len(value) > most:
            self.refuse(name, f"at most {most} characters, not {len(value)}")
        return value

    def choice(self, name: str, options: Collection[str], *, default: str) -> str:
        """Read one of a few strings."""
        value = self.value(name)
        if value is None:
            return default
        if not isinstance(value, str) or value not in options:
            self.refuse(name, f"one of {', '.join(options)} as a string is expected, not {value!r:.80}")
        return value

    def flag(self, name: str) -> bool:
        """Read a JSON boolean, false by default."""
        value = self.value(name)
        if value is None:
            return False
        if not isinstance(value, bool):
            self.refuse(name, "a boolean is expected")
        return value

    def number(self, name: str, *, least: float, most: float) -> float | None:
        """Read a finite JSON number in a range, both ends included."""
        value = self.value(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            self.refuse(name, "a number is expected")
        if not least <= value <= most:
            self.refuse(name, f"{least:g} to {most:g} is expected, not {value:g}")
        return value

    def object(self, name: str) -> "Fields | None":
        """Read a nested JSON object."""
        value = self.value(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.refuse(name, "an object is expected")
        return Fields(value, inside=f"{self._inside}{name}.")


async def json_body(request: web.Request) -> dict[str, Any]:
    """Read the request's body.

    Raises:
        BrokenBody: it is not a JSON object in UTF-8.
    """
    try:
        body = json.loads((await request.read()).decode())
    except ValueError as exc:
        raise BrokenBody("the body is not JSON") from exc
    if not isinstance(body, dict):
        raise BrokenBody("the body is not a JSON object")
    return body
