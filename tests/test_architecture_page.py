"""What the documents and the docstrings name is there: every file, function, module, link, make target and command."""

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from bot.locale import words

ROOT: Final = Path(__file__).parents[1]
FOLDERS: Final = frozenset(each.name for each in ROOT.iterdir() if each.is_dir())
PAGES: Final = sorted(
    str(each.relative_to(ROOT))
    for folder in (".", "docs", "docs/pictures", "sandbox", "benchmarks")
    for each in (ROOT / folder).glob("*.md")
    if each.name != "CHANGELOG.md"  # which tells of what was there
)
SOURCES: Final = ("bot", "cogs", "sandbox", "tests", "benchmarks", "docs")
NAMING_WHAT_IS_NOT_THERE: Final = frozenset({Path(__file__).name, "test_words.py"})
MADE: Final = frozenset({".venv", ".env", "data", "demo-output"})  # by people and commands, not in the repository

_CODE: Final = re.compile(r"`([^`\n]+)`")
_LINK: Final = re.compile(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"")
_HEADING: Final = re.compile(r"^#+ (.+)$", re.MULTILINE)
_PATH: Final = re.compile(r"[\w.<>*-]+(?:/[\w.<>*-]+)*/?")
_AT_THE_TOP: Final = re.compile(r"[A-Z]+\.md|\w+\.(?:toml|yaml)|requirements[\w-]*\.lock")
_DEFINED: Final = re.compile(r"([\w./-]+\.py):([A-Za-z_][\w.]*)")
_MEMBER: Final = re.compile(r"([A-Z][a-z]\w*)\.\w+")
_MODULE: Final = re.compile(rf"(?:{'|'.join(sorted(each for each in FOLDERS if each.isidentifier()))})(?:\.\w+)+")
_COMMAND: Final = re.compile(r"/[a-z]+(?: [a-z]+)*")
_SAID: Final = re.compile(r"\"{3}.*?\"{3}|#.*?$", re.MULTILINE | re.DOTALL)
_NAME: Final = re.compile(r"`([A-Za-z_]\w*)(?:\(.*?\))?`")
_WORD: Final = re.compile(r"\w+")
_TYPED: Final = re.compile(r"(?:.venv/bin/)?(make|shotcaller) ([a-z][a-z-]*)")
_FENCED: Final = re.compile(r"^```.*?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def text_of(page: str | Path) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def missing(page: str, text: str) -> Iterator[str]:
    """What a page names that is not there."""
    typed = [line.strip() for block in _FENCED.findall(text) for line in block.splitlines()]
    for code in dict.fromkeys([*_CODE.findall(text), *filter(_TYPED.match, typed)]):
        if not _known(code):
            yield code
    for link in dict.fromkeys(first or second for first, second in _LINK.findall(text)):
        if not _leads_somewhere(page, link):
            yield link


def _known(code: str) -> bool:
    """Whether what stands between backticks is there, where it is something that can be looked for."""
    if match := _DEFINED.fullmatch(code):
        path = ROOT / match[1]
        return path.is_file() and match[2] in _definitions(path)
    if _MODULE.fullmatch(code):
        return _is_module(code)
    if match := _MEMBER.fullmatch(code):
        return any(code in _definitions(path) for path in _modules_with(f"class {match[1]}"))
    if _COMMAND.fullmatch(code):
        return _is_command(code[1:])
    if match := _TYPED.match(code):
        return match[2] in (_targets() if match[1] == "make" else _subcommands())
    return not _PATH.fullmatch(code) or not _ours(code) or _exists(code)


def _ours(path: str) -> bool:
    """Whether a path begins in the repository, or looks like one of the files at its top."""
    first, slash, _ = path.partition("/")
    return first not in MADE and (first in FOLDERS if slash else bool(_AT_THE_TOP.fullmatch(first)))


def _exists(path: str) -> bool:
    pattern = re.sub(r"<\w+>", "*", path.rstrip("/"))
    found = [each for each in ROOT.glob(pattern) if each.is_dir() or not path.endswith("/")]
    return bool(found) or ("/" not in path and any(ROOT.glob(f"bot/**/{path}")))


@cache
def _definitions(path: Path) -> frozenset[str]:
    """Every name that a module defines, at any depth: `Class.method` as such, an inner function by its own name too."""
    return frozenset(_names(ast.parse(path.read_text(encoding="utf-8")).body, within=""))


def _modules_with(text: str) -> Iterator[Path]:
    for top in SOURCES:
        yield from (path for path in (ROOT / top).rglob("*.py") if text in path.read_text(encoding="utf-8"))


def _names(body: list[ast.stmt], *, within: str) -> Iterator[str]:
    for node in body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{within}{node.name}"
            inner = f"{within}{node.name}." if isinstance(node, ast.ClassDef) else ""
            yield from _names(node.body, within=inner)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (f"{within}{each.id}" for each in targets if isinstance(each, ast.Name))


def _is_module(name: str) -> bool:
    """Whether a dotted name is a module, or something that one defines."""
    parts = name.split(".")
    for most in range(len(parts), 0, -1):
        path = ROOT.joinpath(*parts[:most])
        file = next((each for each in (path.with_suffix(".py"), path / "__init__.py") if each.is_file()), None)
        if file is not None:
            return most == len(parts) or ".".join(parts[most:]) in _definitions(file)
    return ROOT.joinpath(*parts).is_dir() or (ROOT / name).is_file()


def _is_command(typed: str) -> bool:
    """Whether that is a command of the bot or a group of them; an address has no command's first word."""
    commands = {key.split(".", 1)[1].replace(".", " ") for key in sorted(words().keys()) if key.startswith("command.")}
    first = typed.split(" ", maxsplit=1)[0]
    if " " not in typed and first not in {each.split(" ", maxsplit=1)[0] for each in commands}:
        return True
    return any(f"{each} ".startswith(f"{typed} ") for each in commands)


def _strange(sources: Iterable[Path]) -> Iterator[tuple[str, str]]:
    """The plain names in docstrings and comments that occur nowhere else, in code, SQL, tables or catalogues."""
    texts = {path: text_of(path) for path in sources}
    tables = [path for ending in ("sql", "toml", "po") for path in (ROOT / "bot").rglob(f"*.{ending}")]
    code = [_SAID.sub("", text) for text in texts.values()] + [text_of(path) for path in tables]
    there = {name for text in code for name in _WORD.findall(text)}
    for path, text in texts.items():
        said = " ".join(_SAID.findall(text))
        yield from ((str(path), name) for name in _NAME.findall(said) if name not in there)


@cache
def _targets() -> frozenset[str]:
    return frozenset(re.findall(r"^([a-z-]+):", text_of("Makefile"), re.MULTILINE))


@cache
def _subcommands() -> frozenset[str]:
    return frozenset(re.findall(r"\.add_parser\(\s*\"(\w+)\"", text_of("bot/__main__.py")))


def _leads_somewhere(page: str, link: str) -> bool:
    if re.match(r"[a-z]+:", link):
        return True
    target, _, heading = link.partition("#")
    path = (ROOT / page).parent / target if target else ROOT / page
    headings = _HEADING.findall(path.read_text(encoding="utf-8")) if heading and path.is_file() else []
    return heading in map(_anchor, headings) if heading else path.exists()


def _anchor(heading: str) -> str:
    """What GitHub calls a heading in an address."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES)
def test_everything_that_a_page_names_is_there(page: str) -> None:
    assert list(missing(page, text_of(page))) == []


def test_everything_that_a_docstring_or_a_comment_names_is_there() -> None:
    sources = [path.relative_to(ROOT) for top in SOURCES for path in sorted((ROOT / top).rglob("*.py"))]
    sources = [path for path in sources if path.name not in NAMING_WHAT_IS_NOT_THERE and "build" not in path.parts]
    named = {str(path): [code for code in _CODE.findall(text_of(path)) if not _known(code)] for path in sources}
    assert {path: unknown for path, unknown in named.items() if unknown} == {}
    assert list(_strange(sources)) == []


def test_the_picture_of_the_layers_names_folders_that_are_there() -> None:
    named = re.findall(r'class="path"[^>]*>([^<]+)<', text_of("docs/pictures/architecture.svg"))
    paths = [path for text in named for path in text.split()]
    assert [path for path in paths if not (ROOT / path).exists() and not (ROOT / "bot" / path).exists()] == []
    assert len(paths) > 8


@pytest.mark.parametrize(
    "named",
    [
        "bot/nowhere.py",
        "bot/nowhere/",
        "bot/app.py/",
        "bot/app.py:nothing",
        "bot/domain/job.py:Job.nothing",
        "bot/nowhere.py:run",
        "Job.nothing",
        "bot/locale/<language>/nowhere.po",
        "bot.domain.nowhere",
        "bot.domain.job.Nothing",
        "NOWHERE.md",
        "make nothing",
        "make test-nothing",
        "shotcaller nothing",
        "/video nothing",
    ],
)
def test_what_is_not_there_is_found(named: str) -> None:
    assert list(missing("README.md", f"See `{named}`.")) == [named]


@pytest.mark.parametrize("link", ["nowhere.md", "docs/admin.md#nowhere", "#nowhere"])
def test_a_link_that_leads_nowhere_is_found(link: str) -> None:
    assert list(missing("README.md", f"[See]({link})")) == [link]


@pytest.mark.parametrize(
    "named",
    [
        "bot/app.py",
        "bot/domain/",
        "bot/app.py:run",
        "bot/domain/job.py:Job.queue_id",
        "bot/domain/job.py:Job.lease",
        "bot/domain/job.py:TRANSITIONS",
        "Job.lease",
        "bot/locale/<language>/errors.po",
        "bot.domain.job.Job",
        "README.md",
        "make demo ARGS=--storyboard",
        "make test-other-database",
        "shotcaller doctor",
        "/admin allowance",
        "/healthz",
        "data/shotcaller.db",
        "QUEUED",
    ],
)
def test_what_is_there_passes(named: str) -> None:
    assert not list(missing("README.md", f"See `{named}`."))
