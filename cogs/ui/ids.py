"""Parse numbers and ids from `custom_id`s, options and states of forms, which are untrusted."""

from typing import Final

MOST: Final = 2**63 - 1  # what Discord gives out, and a database keeps


def parse_number(text: str, *, most: int = MOST) -> int | None:
    """Parse a whole number from 0 to `most` in plain digits; None where a text is none."""
    plain = text.isascii() and text.isdecimal() and len(text) <= len(str(MOST))
    return number if plain and (number := int(text)) <= most else None


def parse_id(text: str) -> int:
    """Parse an id; 0, which nothing has, where a text is none."""
    return parse_number(text) or 0
