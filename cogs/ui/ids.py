"""Numbers as `custom_id`s, options and states of forms say them: anything may stand there."""

from typing import Final

MOST: Final = 2**63 - 1  # what Discord gives out, and a database keeps


def parse_number(text: str, *, most: int = MOST) -> int | None:
    """The whole number from 0 to `most` that a text says in plain digits; None where it says none."""
    plain = text.isascii() and text.isdecimal() and len(text) <= len(str(MOST))
    return number if plain and (number := int(text)) <= most else None


def parse_id(text: str) -> int:
    """The id that a text says; 0, which nothing has, where it says none."""
    return parse_number(text) or 0
