"""Finds the few ways in which a value can be wrong, in Discord's words.

Discord publishes neither its names for them nor the texts: they are those that people have reported of live answers.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from sandbox.discord.errors import INVALID_FORM, Problem
from sandbox.discord.world import Json

At = tuple[str | int, ...]

_WORDS: dict[type, tuple[str, str]] = {
    str: ("STRING_TYPE_CONVERT", 'Could not interpret "{}" as string.'),
    int: ("NUMBER_TYPE_COERCE", 'Value "{}" is not int.'),
    bool: ("BOOLEAN_TYPE_CONVERT", "Must be either true or false."),
    list: ("LIST_TYPE_CONVERT", "Only iterables may be used in a ListType"),
    dict: ("MODEL_TYPE_CONVERT", "Expected an object/dictionary."),
}
LONGEST_QUOTE = 100


def problem(at: At, kind: str, text: str, *, refusal: int | None = INVALID_FORM) -> Problem:
    """Write a problem, in one line."""
    return Problem(at=at, kind=kind, text=text, refusal=refusal)


def missing(at: At) -> Problem:
    """Report a field that must be there."""
    return problem(at, "BASE_TYPE_REQUIRED", "This field is required")


def convert(at: At, kind: type, value: Any) -> Problem:
    """Report a value that is not of this type and can't be read as one."""
    name, text = _WORDS[kind]
    return problem(at, name, text.format(str(value)[:LONGEST_QUOTE]))


def types(values: Json, wanted: Mapping[str, type], at: At) -> Iterator[Problem]:
    """Find values that are neither null nor of their type."""
    for key, kind in wanted.items():
        value = values.get(key)
        wrong = not isinstance(value, kind) or (kind is int and isinstance(value, bool))
        if value is not None and wrong:
            yield convert((*at, key), kind, value)


def objects(values: Any, at: At) -> Iterator[Problem]:
    """Find items of a list that are no objects."""
    for index, value in enumerate(values if isinstance(values, list) else []):
        if not isinstance(value, dict):
            yield convert((*at, index), dict, value)


def length(value: Any, at: At, *, most: int, least: int = 0) -> Iterator[Problem]:
    """Find a text or a list that is too short or too long; values of other types are passed over."""
    if not isinstance(value, str | list) or least <= len(value) <= most:
        return
    if least:
        yield problem(at, "BASE_TYPE_BAD_LENGTH", f"Must be between {least} and {most} in length.")
    else:
        yield problem(at, "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length.")


def snowflake(value: Any, at: At) -> Problem:
    """Report what should be an id and is none."""
    return problem(at, "NUMBER_TYPE_COERCE", f'Value "{value}" is not snowflake.')


def choices(at: At, allowed: Iterable[Any]) -> Problem:
    """Report a value that is none of those allowed."""
    return problem(at, "BASE_TYPE_CHOICES", f"Value must be one of {tuple(allowed)}.")


def union(at: At, allowed: Iterable[int]) -> Problem:
    """Report an object whose `type` is none of those allowed here."""
    return problem(at, "UNION_TYPE_CHOICES", f'Value of field "type" must be one of {tuple(allowed)}.')


def repeated(at: At) -> Problem:
    """Report a value that is there twice."""
    return problem(at, "SET_TYPE_ALREADY_CONTAINS_VALUE", "The set already contains this value")


def number(value: Any, at: At, *, least: int, most: int) -> Iterator[Problem]:
    """Find a number that is too small or too large; values of other types are passed over."""
    if isinstance(value, int) and value < least:
        yield problem(at, "NUMBER_TYPE_MIN", f"int value should be greater than or equal to {least}.")
    if isinstance(value, int) and value > most:
        yield problem(at, "NUMBER_TYPE_MAX", f"int value should be less than or equal to {most}.")


def page(query: Mapping[str, str], ids: Collection[str], *, most: int) -> Iterator[Problem]:
    """Check the window of a list: from which of these ids on, and up to how many."""
    for name in ids:
        if not query.get(name, "0").isdecimal():
            yield snowflake(query[name], (name,))
    limit = query.get("limit", "1")
    if not limit.removeprefix("-").isdecimal():
        yield problem(("limit",), "NUMBER_TYPE_COERCE", f'Value "{limit}" is not int.')
    else:
        yield from number(int(limit), ("limit",), least=1, most=most)


def duplicates(values: Any, at: At) -> Iterator[Problem]:
    """Find items of a list that are there before."""
    for index, value in enumerate(values if isinstance(values, list) else []):
        if value in values[:index]:
            yield repeated((*at, index))


def undeclared(values: Json, known: Collection[str], at: At) -> Iterator[Problem]:
    """Find keys that Discord does not know: it ignores them, so whoever sent them was mistaken."""
    for key in values:
        if key not in known:
            yield problem((*at, key), "UNDECLARED_KEY", "Discord knows no such key", refusal=None)
