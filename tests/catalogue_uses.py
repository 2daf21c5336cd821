"""Where the programme asks the catalogues for a text: found in its syntax trees."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from bot.locale import locales, words

ROOT: Final = Path(__file__).parents[1]
ASKING: Final = frozenset({"say", "_say", "words", "has"})  # how whatever gives a text is called
GAP: Final = "{}"
_KEY: Final = re.compile(r"[a-z_]+(?:\.[^\s/]+)+")  # of a key with a dot, wherever it stands
_IN_TEMPLATE: Final = re.compile(r"""say\(["']([a-z_.]+)["'](\s*~)?""")
# A keyword argument that shows a text in a place with a limit, and which limit.
_SHOWN_AS: Final = {"label": "label", "placeholder": "placeholder", "hint": "placeholder"}
_FORMS: Final = frozenset({"Form", "request_form"})  # what opens a modal; its `title` is the modal's


@dataclass
class Uses:
    """`keys` that are written out and asked for, `patterns` with `{}` where a value stands, `loose` strings that look
    like keys, and the kinds of places (`label`, `placeholder`, `modal`) in which a key or pattern is shown.
    """

    keys: set[str] = field(default_factory=set)
    patterns: set[str] = field(default_factory=set)
    loose: set[str] = field(default_factory=set)
    loose_patterns: set[str] = field(default_factory=set)
    shown: set[tuple[str, str]] = field(default_factory=set)


@cache
def uses() -> Uses:
    """Every use in `bot` and `cogs`."""
    found = Uses()
    for source in _sources().values():
        if "bot.locale" in source:
            _look(ast.parse(source), found)
    for template in sorted((ROOT / "bot/web").rglob("*.html")):
        _look_into(template.read_text(encoding="utf-8"), found)
    return found


def uses_in(source: str) -> Uses:
    """Every use in one source text."""
    found = Uses()
    _look(ast.parse(source), found)
    return found


@dataclass
class Codes:
    """The codes of every `Problem(code=…)`: written out, as patterns, and the modules that have some in variables."""

    plain: set[str] = field(default_factory=set)
    patterns: set[str] = field(default_factory=set)
    variable: set[str] = field(default_factory=set)


@cache
def problem_codes() -> Codes:
    """Every problem that `bot` and `cogs` find."""
    found = Codes()
    for name, source in _sources().items():
        if "Problem(" not in source:
            continue  # every process of a test run looks, while it collects the tests
        for node in ast.walk(ast.parse(source)):
            if not isinstance(node, ast.Call) or getattr(node.func, "id", "") != "Problem":
                continue
            for code in (keyword.value for keyword in node.keywords if keyword.arg == "code"):
                texts = set(_texts(code))
                found.plain |= {text for text in texts if GAP not in text}
                found.patterns |= {text for text in texts if GAP in text}
                found.variable |= set() if texts else {name}
    return found


def _sources() -> dict[str, str]:
    """The source of every module but the sandbox's, by its path."""
    files = [*(ROOT / "bot").rglob("*.py"), *(ROOT / "cogs").rglob("*.py")]
    ours = [file for file in sorted(files) if "sandbox" not in file.parts]
    return {file.relative_to(ROOT).as_posix(): file.read_text(encoding="utf-8") for file in ours}


def _look_into(template: str, found: Uses) -> None:
    """What a template of Jinja asks for: written out, or with something put behind it."""
    for key, more in _IN_TEMPLATE.findall(template):
        (found.patterns if more else found.keys).add(f"{key}{GAP}" if more else key)


def _look(tree: ast.AST, found: Uses) -> None:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _KEY.fullmatch(node.value):
            found.loose.add(node.value)
        if isinstance(node, ast.JoinedStr):
            found.loose_patterns |= set(_texts(node))
        if isinstance(node, ast.Call):
            _asked(node, found)
            _placed(node, found)


def _asked(call: ast.Call, found: Uses) -> None:
    if not call.args or not _gives_texts(call.func):
        return
    for text in _texts(call.args[0]):
        if GAP in text:
            found.patterns.add(text)
        elif text not in locales():
            found.keys.add(text)


def _placed(call: ast.Call, found: Uses) -> None:
    """The texts among a call's keyword arguments that are shown where there is little room."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    for keyword in call.keywords:
        kind = "modal" if keyword.arg == "title" and name in _FORMS else _SHOWN_AS.get(keyword.arg or "")
        asked = keyword.value
        if kind and isinstance(asked, ast.Call) and asked.args and _gives_texts(asked.func):
            found.shown |= {(kind, text) for text in _texts(asked.args[0])}


def _gives_texts(function: ast.expr) -> bool:
    """Whether calling this gives a text: `say`, `self._say`, `words()`, `words(locale)`."""
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name in ASKING
        case ast.Call(func=ast.Name(id="words")):
            return True
    return False


def _texts(node: ast.expr) -> Iterator[str]:
    """Every text that an expression may be, with `{}` where it is put together."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp(body=body, orelse=orelse):
            yield from (*_texts(body), *_texts(orelse))
        case ast.JoinedStr(values=values):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else GAP for part in values)


def every_key() -> set[str]:
    """The keys of all languages together."""
    return set[str]().union(*(words(locale).keys() for locale in locales()))
