"""What the documents show can be typed: every command and option is there. And their figures are the tables'."""

import argparse
import contextlib
import io
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from bot.__main__ import _parser
from bot.domain.price import Rate, most_usd
from bot.locale import words
from bot.settings import Settings
from bot.settings.models import models
from bot.settings.prices import table
from cogs.ui.options import OPTIONS
from sandbox.__main__ import read_arguments

ROOT: Final = Path(__file__).parents[1]
PAGES: Final = sorted(
    str(path.relative_to(ROOT))
    for folder in (".", "docs", "docs/pictures", "sandbox", "benchmarks")
    for path in (ROOT / folder).glob("*.md")
    if path.name != "CHANGELOG.md"  # which tells of what was there
)
INSTALL: Final = "docs/install.md"
PLAIN: Final = ("README.md", "README.zh-CN.md", INSTALL)  # these say what the default settings allow

_FENCED: Final = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_SHELL: Final = frozenset({"", "sh"})
_INLINE: Final = re.compile(r"`((?:\.venv/bin/)?(?:shotcaller|make) [^`\n]+|docker compose [^`\n]+)`")
_OURS: Final = ("shotcaller", "make")
_COMPOSE_VALUES: Final = frozenset(
    {"-f", "-v", "-e", "--env-file", "--profile", "--scale"}
)  # options of Compose with a value
_UNIT: Final = re.compile(r"shotcaller[a-z-]*(?:\.service|\.timer)?")


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def commands(page: str) -> Iterator[list[str]]:
    """Every command that a page shows, as a shell reads it: in blocks for a shell, and between backticks."""
    text = text_of(page)
    blocks = [block.replace("\\\n", " ") for language, block in _FENCED.findall(text) if language in _SHELL]
    lines = [line for block in blocks for line in block.splitlines() if not line.lstrip().startswith("{")]  # no JSON
    for line in lines + _INLINE.findall(text):
        typed: list[str] = []
        lexer = shlex.shlex(line.strip(), posix=True, punctuation_chars=";&|()")
        lexer.whitespace_split = True
        for word in lexer:
            if re.fullmatch(r"[;&|()]+", word):
                yield typed
                typed = []
            else:
                typed.append(word)
        yield typed


def wrong(typed: list[str]) -> str:
    """What is wrong with a command, if it is one of ours."""
    typed = typed[1:] if typed[:1] in (["sudo"], ["nice"]) else typed
    while typed and re.fullmatch(r"[A-Z_]+=.*", typed[0]):
        typed = typed[1:]
    match typed:
        case [program, *arguments] if Path(program).name == "shotcaller":
            return _wrong_of_ours(arguments)
        case ["make", *arguments]:
            return _wrong_of_make(arguments)
        case ["docker", "compose", *arguments]:
            return _wrong_of_compose(arguments)
        case ["systemctl", *arguments]:
            units = [each for each in arguments if _UNIT.fullmatch(each)]
            return next((f"no unit {each}" for each in units if not _is_unit(each)), "")
        case ["cp" | "install", *arguments]:
            places = [each for each in arguments if each.startswith(("deploy/", ".env.example", "docs/"))]
            return next((f"no file {each}" for each in places if not (ROOT / each).exists()), "")
    return ""


def _wrong_of_ours(arguments: list[str]) -> str:
    """What the command line says against it; what is left out where a text only names a command is no mistake."""
    arguments = [each for each in arguments if each not in {"…", "..."}]
    if arguments[:1] in (["--help"], ["--version"]):
        return ""
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            if arguments[:1] == ["sandbox"]:
                read_arguments(arguments[1:], prog="shotcaller sandbox")
            else:
                _parser().parse_args(arguments or ["--nothing"])
    except (SystemExit, argparse.ArgumentError):
        told = said.getvalue().strip().rpartition("\n")[2]
        return "" if re.search("one of the arguments backup --mark is required$|expected one argument$", told) else told
    return ""


def _wrong_of_make(arguments: list[str]) -> str:
    targets = [each for each in arguments if "=" not in each]
    if unknown := [each for each in targets if each not in _targets()]:
        return f"no target {', '.join(unknown)}"
    given = dict(each.split("=", 1) for each in arguments if "=" in each)
    if strange := [name for name in given if name not in text_of("Makefile")]:
        return f"no variable {', '.join(strange)}"
    if targets == ["demo"] and "ARGS" in given:
        return _wrong_of_ours(["demo", *shlex.split(given["ARGS"])])
    if targets == ["try"] and "ARGS" in given:
        return _wrong_of_ours(["sandbox", "--open", *shlex.split(given["ARGS"])])
    return ""


def _wrong_of_compose(arguments: list[str]) -> str:
    file, plain = ROOT / "compose.yaml", list[str]()
    following = iter(arguments)
    for word in following:
        if word in _COMPOSE_VALUES:
            value = next(following)
            file = ROOT / value if word == "-f" and not plain else file
        elif plain[:1] in (["run"], ["exec"]) and len(plain) == 2:
            said = "" if plain[0] == "exec" else _wrong_of_ours([word, *following])
            return said or _wrong_service(file, plain[1])
        elif not word.startswith("-"):
            plain.append(word)
    return next((said for each in plain[1:] if (said := _wrong_service(file, each))), "")


def _wrong_service(file: Path, name: str) -> str:
    if not file.is_file():
        return f"no file {file}"
    described: dict[str, Any] = yaml.safe_load(file.read_text("utf-8"))
    return "" if name in described["services"] else f"no service {name} in {file.name}"


@cache
def _targets() -> frozenset[str]:
    return frozenset(re.findall(r"^([a-z-]+):", text_of("Makefile"), re.MULTILINE))


def _is_unit(name: str) -> bool:
    return (ROOT / "deploy" / (name if "." in name else f"{name}.service")).exists()


@pytest.mark.parametrize("page", PAGES)
def test_every_command_that_a_page_shows_can_be_typed(page: str) -> None:
    assert [(shlex.join(typed), said) for typed in commands(page) if (said := wrong(typed))] == []


def test_the_pages_show_commands_at_all() -> None:
    shown = [typed for page in PAGES for typed in commands(page)]
    ours = [typed for typed in shown if typed and Path(typed[0]).name in _OURS]
    assert len(ours) > 100


@pytest.mark.parametrize(
    "line",
    [
        "shotcaller nothing",
        "shotcaller backup --often",
        ".venv/bin/shotcaller run --shards 4/4",
        "/opt/shotcaller/bin/shotcaller doctor --fix",
        "make nothing",
        "make demo COLOUR=red",
        'make demo ARGS="--dance"',
        'make try ARGS="--dance"',
        "docker compose up -d nobody",
        "docker compose run --rm shotcaller nothing",
        "docker compose -f deploy/compose.nothing.yaml up worker",
        "sudo systemctl enable --now shotcaller-nothing.timer",
        "sudo cp deploy/nothing.service /etc/systemd/system/",
    ],
)
def test_what_cannot_be_typed_is_found(line: str) -> None:
    assert wrong(shlex.split(line))


def _prices() -> dict[str, list[str]]:
    """What a second costs, by model, in the columns of the guide's table."""
    rates = table(None, models(None).capabilities())
    found: dict[str, list[str]] = {}
    for model in models(None).model:
        by_kind = {
            (str(rate.mode), rate.sound): rate.usd
            for rate in rates.tariff(provider=model.provider, model=model.model).rates
        }
        kinds = [(mode, sound) for mode in ("std", "pro", "4k") for sound in (False, True)]
        found[model.model] = [f"{float(by_kind[kind]):g}" if kind in by_kind else "" for kind in kinds]
    return found


def test_the_guides_prices_are_those_of_the_table() -> None:
    section = text_of(INSTALL).partition("## What it costs")[2].partition("## Models")[0]
    rows = re.findall(r"^\| `(k[\w-]+)` \|(.+)\|$", section, re.MULTILINE)
    assert {model: [each.strip() for each in cells.split("|")] for model, cells in rows} == _prices()


def _rates() -> list[Rate]:
    """The prices of all that both services offer by themselves."""
    known = models(None)
    prices = table(None, known.capabilities())
    offered = known.on_offer(providers=("kirin", "kling"), named=(), relay=False)
    return [
        rate
        for capability in map(known.capabilities().__getitem__, offered)
        for rate in prices.tariff(provider=capability.provider, model=capability.model).rates
    ]


@pytest.mark.parametrize("page", PLAIN)
def test_a_page_says_what_the_default_settings_allow_a_day(page: str) -> None:
    text = text_of(page)
    for name in ("daily_credits", "direct_credits"):
        allowed = Settings.model_fields[name].default
        assert str(allowed) in text
        assert f"{most_usd(allowed, _rates()):.2f}" in text
    if page == INSTALL:
        assert f"{20 * (most_usd(60, _rates()) or 0):.2f} USD a day" in text
    else:
        usual = [rate.usd for rate in _rates()]
        assert f"{float(min(usual)):g}" in text
        assert f"{float(max(usual)):g}" in text


@pytest.mark.parametrize("page", PAGES)
def test_a_setting_in_a_sentence_has_its_default_behind_it(page: str) -> None:
    fields, shown = Settings.model_fields, re.findall(r"`([A-Z][A-Z_]+)` \((\d+)\)", text_of(page))
    shown = [(name.lower(), value) for name, value in shown if name.lower() in fields]
    assert shown == [(name, str(fields[name].default)) for name, _ in shown]


def test_the_page_of_settings_has_their_defaults() -> None:
    for names, defaults in re.findall(r"^\| (`[A-Z].*?) \| (.*?) \|", text_of("docs/settings.md"), re.MULTILINE):
        fields = [Settings.model_fields[name.lower()] for name in re.findall(r"`(\w+)`", names)]
        shown = defaults.split(", ")
        for field, value in zip(fields, shown * len(fields) if len(shown) == 1 else shown, strict=False):
            if value == "required":
                assert field.is_required()
            elif value == "none":
                assert not field.default
            elif re.fullmatch("`[^`]+`", value) and field.default:
                default = str(field.default)
                assert value.strip("`") == (default.lower() if isinstance(field.default, bool) else default)


GUIDES: Final = {"en-US": "docs/user-guide.md", "zh-CN": "docs/user-guide.zh-CN.md"}


def _commands_in(locale: str) -> set[str]:
    """Every command of the bot, and every group of them, as that language calls it."""
    say = words(locale)
    paths = [key.split(".")[1:] for key in sorted(say.keys()) if key.startswith("command.")]
    return {
        " ".join(say(f"slash.{'.'.join(path[: end + 1])}") for end in range(length))
        for path in paths
        for length in range(1, len(path) + 1)
    }


@pytest.mark.parametrize("page", ["README.zh-CN.md", GUIDES["zh-CN"]])
def test_a_chinese_page_calls_commands_as_discord_shows_them(page: str) -> None:
    named = set(re.findall(r"`/([^`]*[\u4e00-\u9fff][^`]*)`", text_of(page)))
    assert named
    assert named - _commands_in("zh-CN") == set()


@pytest.mark.parametrize("locale", GUIDES)
def test_a_guide_names_every_button_under_a_video_and_every_option_as_people_see_them(locale: str) -> None:
    text, say = text_of(GUIDES[locale]), words(locale)
    buttons = [key for key in sorted(say.keys()) if key.startswith("result.button.") and key != "result.button.erase"]
    assert {say(key) for key in buttons} <= set(re.findall(r"^\| ([^|`]+) \|", text, re.MULTILINE))
    options = {say(f"slash.option.{name}") for name in (*OPTIONS, "private")}
    assert options <= set(re.findall(r"`(\w+)`", text))


@pytest.mark.parametrize(
    ("mode", "sound", "seconds", "said"),
    [("std", False, 5, "5 credits and 0.42 USD"), ("pro", True, 10, "20 credits and 1.68 USD")],
)
def test_the_guides_examples_are_computed_right(mode: str, *, sound: bool, seconds: int, said: str) -> None:
    known = models(None)
    rates = table(None, known.capabilities()).tariff(provider="kirin", model="kirin_v3_t2v").rates
    (rate,) = [each for each in rates if (str(each.mode), each.sound) == (mode, sound)]
    assert said == f"{rate.credits * seconds} credits and {float(rate.usd * seconds):.2f} USD"
    assert said in text_of(INSTALL)


_ANSWER: Final = re.compile(r"^\*\*(.+?)\*\*(.*?)(?=\n\n|\Z)", re.MULTILINE | re.DOTALL)
_TRIED: Final = re.compile(r"<!-- tried by (tests/\S+\.py)::(test_\w+) -->")
_NOT_KNOWN: Final = "Does it really work with live Discord and live services?"


@pytest.mark.parametrize(("question", "answer"), _ANSWER.findall(text_of("docs/faq.md")))
def test_what_an_answer_claims_is_tried_by_the_tests_that_it_names(question: str, answer: str) -> None:
    tried = _TRIED.findall(answer)
    assert bool(tried) is (question != _NOT_KNOWN)
    assert [(file, test) for file, test in tried if f"def {test}(" not in text_of(file)] == []
