"""Reads gettext's catalogues, as Babel writes and checks them: it takes 50 ms and 4 MB for that, at every start."""

import json
import re
from collections.abc import Iterator
from typing import Final

_decode: Final = json.JSONDecoder(strict=False).decode  # made once: `json.loads` makes a decoder for every line
_PLURAL: Final = re.compile(r"^Plural-Forms:.*\bplural=(.+?);?$", re.MULTILINE)


def read_catalogue(text: str) -> tuple[dict[str, tuple[str, ...]], str]:
    """Read the texts of a catalogue by their keys, each with its plural forms, and the rule (in C) that picks one.

    Raises:
        ValueError: it is no catalogue.
    """
    texts: dict[str, list[str]] = {}
    forms: list[str] = []
    for keyword, string in _strings(text):
        if keyword == "msgid":
            forms = texts[string] = []
        elif keyword.startswith("msgstr"):
            forms.append(string)
    rule = _PLURAL.search("".join(texts.pop("", ())))
    if rule is None:
        raise ValueError("the head of a catalogue has to say how plurals are formed")
    return {key: tuple(each) for key, each in texts.items()}, rule[1]


def _strings(text: str) -> Iterator[tuple[str, str]]:
    """Read each keyword with its string, of which every line has a part."""
    keyword, parts = "", list[str]()
    for line in text.split("\n"):
        if not line or line.startswith("#"):
            continue
        if not line.startswith('"'):
            if keyword:
                yield keyword, "".join(parts)
            keyword, _, line = line.partition(" ")  # noqa: PLW2901 (what is left of it)
            parts = []
        parts.append(_decode(line))  # it is escaped as in C, of which JSON has all that Babel writes
    if keyword:
        yield keyword, "".join(parts)
