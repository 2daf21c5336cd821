"""Names, comments and docstrings are in words that a stranger guesses: the private ones we had are kept out.

Strings are not looked at: catalogue keys, `custom_id`s and the columns of the database keep the words they have.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parents[1]
ROOMS: Final = ("bot", "cogs", "sandbox", "tests", "benchmarks", "docs")

# What a word that is used nowhere is called instead.
NOWHERE: Final = {
    "film": "video (what is made), file (on disk)",
    "movie": "video",
    "deed": "action",
    "wish": "request",
    "desk": "operator alerts; in the sandbox: backend",
    "clerk": "case poster",
    "herald": "audit poster",
    "curator": "gallery poster",
    "courier": "result poster",
    "steward": "scheduler",
    "chore": "periodic task",
    "purse": "funding source",
    "shelf": "library",
    "shelves": "library",
    "house": "guild policy, running bot",
    "town": "money model",
    "amendment": "policy change",
    "rulebook": "policy",
    "stumble": "crash, retry after a crash",
    "zombie": "dead letter",
    "dedupe": "idempotency key",
    "ttl": "timeout (of a call), deadline (of a job)",
}
# Words that mean something in a sentence, and nothing in a name.
NOT_IN_NAMES: Final = {
    "hanging": "gallery copy",
    "doom": "failure to come",
    "hurried": "urgent",
    "sought": "filter, found",
    "bent": "nearest possible, adjusted",
    "tidied": "without deleted",
    "legible": "parse",
    "pulse": "provider state",
    "outlook": "queue forecast",
    "expectation": "forecaster",
    "checkup": "doctor",
    "mended": "nearest",
}
# Functions say what they do, or are called after what they give.
NOT_FUNCTIONS: Final = {
    "able": "models_for",
    "but": "without, changed",
    "gone": "missing, is_gone",
    "told": "tell, mark_told",
    "heard": "record",
    "understood": "parse",
    "wanted": "query, request",
}
# Where such a word is right nevertheless, and why.
RIGHT: Final[dict[tuple[str, str], str]] = {}

ENDINGS: Final = ("", "s", "es", "ed", "ing")
_ANY: Final = re.compile("|".join([*NOWHERE, *NOT_IN_NAMES, *(f"def _*{name}\\b" for name in NOT_FUNCTIONS)]))
_PART: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")  # of a name: `job_at`, `JobStore`, `JOB`


def breaches(source: str) -> Iterator[tuple[int, str]]:
    """Every word that is out of place in a module: its line, and the word as the tables have it."""
    if not _ANY.search(source.lower()):
        return  # as nearly always, and reading it is slow
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield from ((token.start[0], word) for word in _words(token.string, NOWHERE))
        elif token.type == tokenize.NAME:
            yield from ((token.start[0], word) for word in _words(token.string, {**NOWHERE, **NOT_IN_NAMES}))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.strip("_") in NOT_FUNCTIONS:
            yield node.lineno, node.name.strip("_")
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield from ((node.body[0].lineno, word) for word in _words(ast.get_docstring(node) or "", NOWHERE))


def _words(text: str, table: dict[str, str]) -> Iterator[str]:
    for part in map(str.lower, _PART.findall(text)):
        yield from (part.removesuffix(end) for end in ENDINGS if part.endswith(end) and part.removesuffix(end) in table)


@pytest.mark.parametrize("room", ROOMS)
def test_a_stranger_guesses_every_word(room: str) -> None:
    instead = {**NOWHERE, **NOT_IN_NAMES, **NOT_FUNCTIONS}
    found = [
        f"{file.relative_to(ROOT)}:{line}: not {word!r} but {instead[word]}"
        for file in sorted((ROOT / room).rglob("*.py"))
        if "build" not in file.parts  # what building a wheel leaves behind
        for line, word in breaches(file.read_text(encoding="utf-8"))
        if (file.relative_to(ROOT).as_posix(), word) not in RIGHT
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("source", "word"),
    [
        ("films = 1", "film"),
        ("class FilmStore: ...", "film"),
        ("TTL = 1", "ttl"),
        ("x = 1  # what is wished for", "wish"),
        ('"""The steward\'s work."""', "steward"),
        ("def f():\n    '''A deed.'''", "deed"),
        ("is_bent = True", "bent"),
        ("def _told() -> None: ...", "told"),
    ],
)
def test_a_word_out_of_place_is_found(source: str, word: str) -> None:
    assert [found for _, found in breaches(source)] == [word]


@pytest.mark.parametrize("source", ["key = 'result:deed'", "x = 1  # it is bent and gone", "told_at = 1", "indeed = 1"])
def test_a_string_and_a_sentence_may_have_it(source: str) -> None:
    assert not list(breaches(source))


def test_every_exception_is_still_one() -> None:
    for path, word in RIGHT:
        assert word in {found for _, found in breaches((ROOT / path).read_text(encoding="utf-8"))}, (path, word)
