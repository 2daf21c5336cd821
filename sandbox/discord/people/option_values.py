"""Reads texts, numbers and yes or no as a person types them into an option."""

from typing import Any

from sandbox.discord.world import Json

STRING, INTEGER, BOOLEAN, NUMBER = 3, 4, 5, 10
LONGEST_TEXT = 6000
LARGEST = 2**53
_WORDS = {"true": True, "false": False}


class ImpossibleAction(ValueError):
    """Something that Discord's client never sends."""


def called(what: Json, name: Any, locale: str) -> bool:
    """Tell whether a command, an option or a choice has this name, or has it in this language."""
    return name in (what["name"], (what.get("name_localizations") or {}).get(locale, what["name"]))


def value_of(option: Json, typed: Any, locale: str) -> Any:
    """Read what an option gets: of its type, one of its choices (which have names in this language), within its bounds.

    A person types everything as text, so `"5"` is a number where the option is one, and 5 a text where it is not.

    Raises:
        ImpossibleAction: it is of another type, no choice, or out of bounds.
    """
    value = _converted(option["type"], typed)
    if value is None:
        raise ImpossibleAction(f"{typed!r} is of the wrong type for the option {option['name']!r}")
    if option.get("choices"):
        return _chosen(option, value, locale)
    _check_bounds(option, value)
    return value


def _converted(kind: int, typed: Any) -> str | int | float | bool | None:
    """Convert the value to the option's type; None when it cannot be."""
    if kind == BOOLEAN:
        return typed if isinstance(typed, bool) else _WORDS.get(str(typed).lower())
    if isinstance(typed, bool) or not isinstance(typed, str | int | float):
        return None
    if kind == STRING:
        return str(typed)
    try:
        number = float(typed)
    except ValueError:
        return None
    if kind == NUMBER:
        return number if abs(number) <= LARGEST else None
    return int(number) if number.is_integer() and abs(number) <= LARGEST else None


def _chosen(option: Json, value: Any, locale: str) -> Any:
    """Find the value of the choice that has this value or this name."""
    for choice in option["choices"]:
        if choice["value"] == value:
            return value
    for choice in option["choices"]:
        if called(choice, value, locale):
            return choice["value"]
    offered = [choice["value"] for choice in option["choices"]]
    raise ImpossibleAction(f"{value!r} is no choice of {option['name']!r}; there are {offered}")


def _check_bounds(option: Json, value: Any) -> None:
    """Check the lengths of texts and the bounds of numbers."""
    size, low, high = value, option.get("min_value"), option.get("max_value")
    if option["type"] == STRING:
        size, low, high = len(value), option.get("min_length", 0), option.get("max_length", LONGEST_TEXT)
    if (low is not None and size < low) or (high is not None and size > high):
        raise ImpossibleAction(f"{option['name']!r} goes from {low} to {high}, and this is {size}")
