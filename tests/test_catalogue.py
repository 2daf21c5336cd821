"""The catalogues: what is used exists in every language, what exists is used, and every gap can be filled."""

from __future__ import annotations

import ast
import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING

import pytest
from babel.messages.pofile import read_po

from bot.domain.request import AXES, AspectRatio, CameraType, Mode
from bot.locale import DEFAULT, locales, words
from bot.service.notifier import Phase, Trouble

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
CODE = [*(ROOT / "bot").rglob("*.py"), *(ROOT / "cogs").rglob("*.py")]
KEY = re.compile(r"[a-z][a-z0-9_]*(\.[A-Za-z0-9_:]+)*")
KEY_BEGINS = re.compile(r"[a-z_]+\.")
OTHERS = [locale for locale in locales() if locale != DEFAULT]


def _trees() -> Iterator[ast.AST]:
    for file in CODE:
        if "sandbox" not in file.parts:
            yield ast.parse(file.read_text(encoding="utf-8"))


def _says(call: ast.Call) -> bool:
    """Whether this is `say(…)`, `words(…)` or `words(locale)(…)`."""
    name = call.func
    if isinstance(name, ast.Call):
        name = name.func
    return isinstance(name, ast.Name) and name.id in {"say", "words"}


def asked_for() -> set[str]:
    """The keys that the code asks for by name."""
    calls = (node for tree in _trees() for node in ast.walk(tree) if isinstance(node, ast.Call) and _says(node))
    firsts = (call.args[0] for call in calls if call.args)
    texts = {first.value for first in firsts if isinstance(first, ast.Constant) and isinstance(first.value, str)}
    return texts - set(locales())


def mentioned() -> tuple[set[str], list[re.Pattern[str]]]:
    """Every text of the code that may be a key, and every text with gaps that may become one."""
    plain, gaps = set(), []
    for tree in _trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and KEY.fullmatch(node.value):
                plain.add(node.value)
            if isinstance(node, ast.JoinedStr):
                parts = [str(part.value) if isinstance(part, ast.Constant) else None for part in node.values]
                if parts[0] is not None and KEY_BEGINS.match(parts[0]):
                    gaps.append(re.compile("".join("[^ ]+" if part is None else re.escape(part) for part in parts)))
    return plain, gaps


def texts(locale: str, key: str) -> list[str]:
    """Every form of a text."""
    for file in (ROOT / "bot" / "locale" / locale).glob("*.po"):
        with file.open("rb") as source:
            message = read_po(source, locale=locale.replace("-", "_")).get(key)
        if message is not None:
            return [message.string] if isinstance(message.string, str) else list(message.string or ())
    raise KeyError(key)


def gaps_of(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_every_text_that_the_code_asks_for_exists() -> None:
    assert asked_for() - words().keys() == set()


def test_every_text_that_exists_is_used() -> None:
    plain, gaps = mentioned()
    unused = {key for key in words().keys() - plain if not any(gap.fullmatch(key) for gap in gaps)}
    unused -= {key for key in unused if key.startswith("error.")}  # made of the names of the error classes
    assert unused == set()


@pytest.mark.parametrize(
    "keys",
    [
        [f"card.{phase}" for phase in Phase],
        [f"alert.{trouble}" for trouble in Trouble],
        [f"choice.mode.{mode}" for mode in Mode],
        [f"choice.aspect.{each}" for each in AspectRatio],
        [f"camera.{move}" for move in (*AXES, *list(CameraType)[1:])],
        [
            f"failed.{kind}"
            for kind in ("content", "permanent", "transient", "operator", "deadline", "result", "internal")
        ],
    ],
)
def test_every_value_of_a_kind_has_its_words(keys: list[str]) -> None:
    assert set(keys) - words().keys() == set()


@pytest.mark.parametrize("locale", OTHERS)
def test_every_language_has_the_same_texts_with_the_same_gaps(locale: str) -> None:
    assert words(locale).keys() == words().keys()
    for key in sorted(words().keys()):
        ours = set().union(*map(gaps_of, texts(DEFAULT, key)))
        theirs = set().union(*map(gaps_of, texts(locale, key)))
        assert theirs - {"n"} == ours - {"n"}, key


@pytest.mark.parametrize("locale", locales())
def test_no_text_is_empty_or_has_a_gap_without_a_name(locale: str) -> None:
    for key in sorted(words(locale).keys()):
        for text in texts(locale, key):
            assert text.strip(), key
            assert all(re.fullmatch(r"[a-z_]+", gap) for gap in gaps_of(text)), key


@pytest.mark.parametrize("locale", locales())
def test_each_number_has_its_form(locale: str) -> None:
    say = words(locale)
    assert all(str(number) in say("credits", n=number) for number in (0, 1, 2, 21))
    with pytest.raises(KeyError):
        say("credits")


def test_an_unknown_text_or_gap_is_an_error() -> None:
    with pytest.raises(KeyError):
        words()("no.such.text")
    with pytest.raises(KeyError):
        words()("card.position")
    assert not words().has("no.such.text")


def test_a_reader_of_an_unknown_language_reads_english() -> None:
    assert words("tlh").locale == words("../../etc").locale == DEFAULT


def test_amounts_and_times_are_written_as_the_reader_writes_them() -> None:
    say = words()
    assert say.usd(Decimal("1234.5")) == "$1,234.50"
    assert say.number(0.5) == "0.5"
    assert say.span(timedelta(seconds=100)) == "2 minutes"
