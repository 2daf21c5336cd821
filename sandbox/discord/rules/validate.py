"""Finds the few ways in which a value can be wrong, in Discord's words."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sandbox.discord.errors import INVALID_FORM, Problem
from sandbox.discord.world import Json

At = tuple[str | int, ...]

_WORDS: dict[type, tuple[str, str]] = {
    str: ("BASE_TYPE_STRING", "Could not interpret the value as string."),
    int: ("NUMBER_TYPE_COERCE", "Value is not int."),
    bool: ("BOOLEAN_TYPE_CONVERT", "Must be either true or false."),
    list: ("LIST_TYPE_CONVERT", "Only iterables may be used in a ListType"),
    dict: ("DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType"),
}


def problem(at: At, kind: str, text: str, *, refusal: int | None = INVALID_FORM) -> Problem:
    """Write a problem, in one line."""
    return Problem(at=at, kind=kind, text=text, refusal=refusal)


def missing(at: At) -> Problem:
    """Report a field that must be there."""
    return problem(at, "BASE_TYPE_REQUIRED", "This field is required")


def types(values: Json, wanted: Mapping[str, type], at: At) -> Iterator[Problem]:
    """Find values that are neither null nor of their type."""
    for key, kind in wanted.items():
        value = values.get(key)
        wrong = not isinstance(value, kind) or (kind is int and isinstance(value, bool))
        if value is not None and wrong:
            yield problem((*at, key), *_WORDS[kind])


def objects(values: Any, at: At) -> Iterator[Problem]:
    """Find items of a list that are no objects."""
    for index, value in enumerate(values if isinstance(values, list) else []):
        if not isinstance(value, dict):
            yield problem((*at, index), *_WORDS[dict])


def length(value: Any, at: At, *, most: int, least: int = 0) -> Iterator[Problem]:
    """Find a text or a list that is too short or too long; values of other types are passed over."""
    if not isinstance(value, str | list) or least <= len(value) <= most:
        return
    if least:
        yield problem(at, "BASE_TYPE_BAD_LENGTH", f"Must be between {least} and {most} in length.")
    else:
        yield problem(at, "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length.")


def undeclared(values: Json, known: Collection[str], at: At) -> Iterator[Problem]:
    """Find keys that Discord does not know: it ignores them, so whoever sent them was mistaken."""
    for key in values:
        if key not in known:
            yield problem((*at, key), "UNDECLARED_KEY", "Discord knows no such key", refusal=None)
