"""Says in words what is wrong with the settings: what was expected, and what is there unless that may be a secret."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from dotenv.parser import Binding, parse_stream
from pydantic_core import ErrorDetails

from bot.redaction import Redactor

SHOWN: Final = 40  # characters of a value; what is longer may well be a key in the wrong place
ALIKE: Final = 0.6  # from 0 to 1: names that are worth asking "did you mean"
SLIP: Final = 0.85  # names that are one and the same but for a slip of the pen
FOREIGN: Final = ("compose_",)  # what Docker's own program reads from the same file

_KINDS: Final = {"integer": "a whole number", "number": "a number", "boolean": "true or false", "array": "a list"}
_MISSING: Final = {"missing", "too_short", "string_too_short"}


def expected(error: ErrorDetails, schema: Mapping[str, Any]) -> str:
    """Say what a field should have been. `schema` is the JSON schema of the field's model."""
    if error["type"] == "value_error":  # our own words
        return str(error["ctx"]["error"])
    if error["type"] == "extra_forbidden":
        return "nothing under this name"
    places = error["ctx"]["decimal_places"] if error["type"] == "decimal_max_places" else None
    finely = f", with at most {places} digits after the point" if places is not None else ""
    return _described(_field(schema, error["loc"])) + finely


def is_missing(error: ErrorDetails) -> bool:
    """Say whether nothing is there at all."""
    return error["type"] in _MISSING


def shown(value: object, secrets: Collection[str]) -> str:
    """Quote a value as anybody may read it: nothing that is, has or may be a secret."""
    text = str(value).strip()
    secret = text in secrets or Redactor(secrets).finds(text)
    if secret or len(text) > SHOWN or re.search(r"//.*@", text) or not text.isprintable():
        return "what is there"
    return f'"{text}"'


def in_file(file: Path, known: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Find what is wrong with a `.env` file whatever its values are: unreadable lines, names that no setting has."""
    names = list(known)
    try:
        bindings = _bindings(file)
    except OSError as exc:
        yield str(file), f"expected a file that can be read ({exc.strerror})"
    except UnicodeDecodeError:
        yield str(file), "expected text in UTF-8"
    else:
        for each in bindings:
            yield from _in_line(each, file, names)


def names_in(file: Path) -> set[str]:
    """List the names in a `.env` file that have a value, in small letters; none of a file that cannot be read."""
    try:
        return {each.key.lower() for each in _bindings(file) if each.key and each.value}
    except (OSError, UnicodeDecodeError):
        return set()


def _bindings(file: Path) -> list[Binding]:
    try:
        with file.open(encoding="utf-8") as stream:
            return list(parse_stream(stream))
    except FileNotFoundError:
        return []


def in_environment(present: Iterable[str], known: Iterable[str], given: Collection[str]) -> Iterator[tuple[str, str]]:
    """Find names in the environment that are a setting's but for a slip, where none of the `given` is right.

    Everything else there belongs to other programs.
    """
    names = set(known)
    for name in (name for each in present if (name := each.lower()) not in names):
        first_word = name.partition("_")[0]
        near = _similar_names(name, [each for each in names if each.partition("_")[0] == first_word], SLIP)
        if near and near[0] not in given:
            yield _unknown_setting(name, near)


def _in_line(binding: Binding, file: Path, names: Collection[str]) -> Iterator[tuple[str, str]]:
    if binding.error or (binding.key is not None and binding.value is None):
        yield f"{file}, line {binding.original.line}", "expected NAME=value"
    elif binding.key is not None:
        name = binding.key.lower()
        if name not in names and not name.startswith(FOREIGN):
            yield _unknown_setting(name, _similar_names(name, names, ALIKE))


def _unknown_setting(name: str, near: Collection[str]) -> tuple[str, str]:
    meant = "".join(f" (did you mean {each.upper()}?)" for each in near)
    return name.upper(), f"expected the name of a setting; there is none of this name{meant}"


def _similar_names(name: str, names: Collection[str], how: float) -> list[str]:
    if not names:
        return []
    import difflib  # noqa: PLC0415 - only a mistake needs it

    return difflib.get_close_matches(name, names, n=1, cutoff=how)


def _field(schema: Mapping[str, Any], place: tuple[int | str, ...]) -> Mapping[str, Any]:
    """Find the part of a schema for a place in the data, or for as much of the place as the schema knows."""
    here, definitions = schema, schema.get("$defs", {})
    for part in place:
        within = here.get("properties", {}).get(part) if isinstance(part, str) else here.get("items")
        if within is None:
            break
        here = definitions[within["$ref"].rpartition("/")[2]] if "$ref" in within else within
    return here


def _described(field: Mapping[str, Any]) -> str:
    first = field.get("anyOf", [field])[0]  # what else it may be is nothing at all, or the same written as a text
    for each in (field, first):
        if "description" in each and "properties" not in each:
            return str(each["description"])
    if "enum" in first:
        *others, last = map(str, first["enum"])
        return f"{', '.join(others)} or {last}"
    return _KINDS.get(first.get("type", ""), "a text") + _range(first)


def _range(field: Mapping[str, Any]) -> str:
    above, least, most = (field.get(name) for name in ("exclusiveMinimum", "minimum", "maximum"))
    lower = f" above {_plain(above)}" if above is not None else f" from {_plain(least)}" if least is not None else ""
    upper = f" to {_plain(most)}" if most is not None else ""
    return f"{lower}{' and up' if above is not None and upper else ''}{upper}"


def _plain(number: float) -> str:
    """Write a number as one would type it."""
    return str(int(number) if number == int(number) else number)
