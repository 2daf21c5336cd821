"""Fills prompts with gaps: "A {animal} in the {place}". `{{` and `}}` stand for the braces themselves.

Written by people, filled with what people say: nothing here ever becomes a format string.
"""

import re
from collections.abc import Mapping
from typing import Final, Self

from bot.errors import InvalidRequest, Problem
from bot.values import dataclass

MAX_GAPS: Final = 20  # different names in one template
NAME_LIMIT: Final = 32  # characters of a gap's name

_PIECE: Final = re.compile(r"(?P<brace>\{\{|\}\})|\{(?P<gap>[^{}]*)\}|(?P<lone>[{}])|(?P<text>[^{}]+)")
_NAME: Final = re.compile(r"[^\W_][\w '-]*")


@dataclass(frozen=True, slots=True)
class Gap:
    """A place to be filled in, by its name as it was written."""

    name: str

    @property
    def key(self) -> str:
        """Give what makes two gaps the same: their name, whatever its case."""
        return self.name.casefold()


@dataclass(frozen=True, slots=True)
class Template:
    """A text with gaps, as the pieces it is made of."""

    pieces: tuple[str | Gap, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the template that somebody wrote.

        Raises:
            InvalidRequest: a brace stands alone, a gap's name is none, or there are too many of them.
        """
        pieces: list[str | Gap] = []
        for found in _PIECE.finditer(text):
            if found["lone"] is not None:
                raise _invalid("template_brace", position=found.start() + 1)
            if found["gap"] is not None:
                pieces.append(_gap(found["gap"]))
            else:
                pieces.append(found["brace"][0] if found["brace"] else found["text"])
        template = cls(tuple(pieces))
        if len(template.names()) > MAX_GAPS:
            raise _invalid("template_too_many_gaps", count=len(template.names()), limit=MAX_GAPS)
        return template

    def names(self) -> tuple[str, ...]:
        """List the names of the gaps in the order in which they first come, each once."""
        gaps = {piece.key: piece.name for piece in reversed(self.pieces) if isinstance(piece, Gap)}
        return tuple(dict.fromkeys(gaps[piece.key] for piece in self.pieces if isinstance(piece, Gap)))

    def fill(self, values: Mapping[str, str]) -> str:
        """Fill every gap; what is filled in stays as it is, braces and all.

        Raises:
            InvalidRequest: a gap has no value, naming each.
        """
        known = {" ".join(name.split()).casefold(): value.strip() for name, value in values.items()}
        missing = [name for name in self.names() if not known.get(name.casefold())]
        if missing:
            raise InvalidRequest(
                [Problem(code="template_gap_empty", field="prompt", values={"gap": name}) for name in missing]
            )
        return "".join(known[piece.key] if isinstance(piece, Gap) else piece for piece in self.pieces)


def escape(text: str) -> str:
    """Write the template that means just this text."""
    return text.replace("{", "{{").replace("}", "}}")


def _gap(written: str) -> Gap:
    name = " ".join(written.split())
    if len(name) > NAME_LIMIT or not _NAME.fullmatch(name):
        raise _invalid("template_gap_name", gap=name, limit=NAME_LIMIT)
    return Gap(name)


def _invalid(code: str, **values: object) -> InvalidRequest:
    return InvalidRequest([Problem(code=code, field="prompt", values=values)])
