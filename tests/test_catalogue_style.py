"""Every text keeps to the catalogues' glossary: one word for a thing, and its language's punctuation and spaces."""

import re
from collections.abc import Iterator
from importlib import resources
from typing import Final

import pytest

from bot.errors import ImpossibleRequest, Problem
from bot.locale import Words, locales, privacy_text, words
from cogs.ui.error_texts import describe

STRUCK: Final = re.compile("~~(.+?)~~")
COLUMNS: Final = ("en-US", "zh-CN", "es-ES")  # of the glossary's table
SECTIONS: Final = {"English": "en-US", "Chinese": "zh-CN", "Spanish": "es-ES"}

HAN: Final = "[㐀-鿿]"
ENDS: Final = "\ue000"  # what ends in Chinese
LOOSE: Final = "\ue001"  # what stands with and without a space
FULL: Final = (
    "[\u2014\u201c\u201d\u2026\u3001\u3002\uff01\uff08\uff09\uff0c\uff1a\uff1b\uff1f\uff3b\uff3d]"  # full-width signs
)
GAP: Final = re.compile(r"\{(\w+)[^{}]*\}")
# What stands in a gap of a Chinese text begins and ends like a name or a number, unless it is a time, which
# ends in Chinese ("3 分钟前"), or an amount, which may ("33", "33 点额度"),
TIMES: Final = frozenset(
    {
        *("again", "expected", "expires", "late", "renews", "seconds", "since", "span", "time", "uptime", "usual"),
        *("when", "working"),
    }
)
AMOUNTS: Final = frozenset({"allowance", "balance", "credits", "left", "most", "peak", "price", "usd"})
# or words of the language on both sides.
PHRASES: Final = frozenset(
    {
        *("changes", "counted", "elsewhere", "measure", "modes", "next", "offered", "posted", "problems", "reason"),
        *(
            "move",
            "processes",
            "reasons",
            "state",
            "strength",
            "unknown",
            "until",
            "video",
            "wait",
            "wanted",
            "what",
            "whose",
            "parent",
        ),
    }
)


def glossary() -> str:
    """The text of the glossary."""
    return (resources.files("bot.locale") / "GLOSSARY.md").read_text(encoding="utf-8")


def struck_out(locale: str) -> set[str]:
    """The words that the glossary does not want in a language."""
    found: set[str] = set()
    section = "Words"
    for line in glossary().splitlines():
        section = line.removeprefix("## ") if line.startswith("## ") else section
        if line.startswith("|") and locale in COLUMNS:
            found |= set(STRUCK.findall(line.strip("|").split("|")[COLUMNS.index(locale)]))
        elif SECTIONS.get(section) == locale:
            found |= set(STRUCK.findall(line))
    return found


def texts(locale: str) -> Iterator[tuple[str, str]]:
    """Every form of every text of a language, without addresses and the names of commands; and its privacy policy."""
    say = words(locale)
    for key in sorted(say.keys()):
        for form in say.forms(key) if not key.startswith("slash.") else ():
            yield key, re.sub(r"\]\([^)]*\)", "]", form)
    yield "privacy.md", privacy_text(locale)


def without_code(text: str) -> str:
    """A text without what is typed or set: commands, variables of the environment."""
    return re.sub(r"`[^`]*`|\b[A-Z]+(?:_[A-Z]+)+\b", "`", text)


def found(pattern: str, locale: str) -> list[tuple[str, str]]:
    """What of the texts of a language a pattern finds, with its key."""
    return [
        (key, match[0])
        for key, text in texts(locale)
        for match in re.finditer(pattern, GAP.sub("{}", without_code(text)), re.IGNORECASE)
    ]


def test_every_catalogue_begins_with_where_its_words_are_explained() -> None:
    pages = [file for locale in locales() for file in (resources.files("bot.locale") / locale).iterdir()]
    heads = {file.read_text(encoding="utf-8").partition("\n")[0] for file in pages}
    assert heads == {"# The words and the style: ../GLOSSARY.md"}


@pytest.mark.parametrize("locale", [each for each in locales() if each in COLUMNS])
def test_every_thing_has_the_word_that_the_glossary_gives_it(locale: str) -> None:
    unwanted = sorted(struck_out(locale))
    assert unwanted
    bounds = r"(?<!\w){}(?!\w)" if locale != "zh-CN" else "{}"
    pattern = "|".join(bounds.format(re.escape(each)) for each in unwanted)
    assert found(pattern, locale) == []


def test_english_has_one_kind_of_quotes_ellipses_and_spaces() -> None:
    assert found(r"\"|\u2019|\.\.\.|\w …|  +|\d-\d|\d %", "en-US") == []


@pytest.mark.parametrize("locale", locales())
def test_lengths_that_may_be_chosen_are_listed_as_one_says_them(locale: str) -> None:
    say = words(locale)
    problem = Problem(
        code="duration_not_offered", field="duration", values={"wanted": 7, "offered": "5, 10", "model": "kling-v1"}
    )
    text = describe(ImpossibleRequest([problem]), say)
    assert text is not None
    assert say("either", some="5", last="10") in text
    assert "5, 10" not in text


@pytest.mark.parametrize("locale", locales())
def test_no_text_but_an_operators_has_a_gap_for_a_code(locale: str) -> None:
    say = words(locale)
    for_operators = ("alert.", "check.", "doctor.", "init.", "page.", "failed.code")
    coded = [key for key in sorted(say.keys()) if any("{code}" in form for form in say.forms(key))]
    assert [key for key in coded if not key.startswith(for_operators)] == []


@pytest.mark.parametrize("locale", locales())
def test_no_text_has_a_gap_for_the_id_of_a_job(locale: str) -> None:
    say = words(locale)
    named = [key for key in sorted(say.keys()) if re.search(r"\{(job_id|job|case|id)\}", " ".join(say.forms(key)))]
    assert [key for key in named if not key.startswith(("check.", "page."))] == []


def drawn(text: str) -> str:
    """A Chinese text as far as its spaces go: letters for code and names, marks for how times and amounts end."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        ends = ENDS if name in TIMES else LOOSE if name in AMOUNTS else ""
        return LOOSE if name in PHRASES else f"x{ends}"

    plain = re.sub(r"\{\{.*?\}\}", LOOSE, re.sub(r"`[^`]*`", "x", text))
    return re.sub(r"[*#]|^-# |^- ", "", GAP.sub(value, plain), flags=re.MULTILINE)


def test_moderators_and_admins_are_not_mixed_up_in_chinese() -> None:
    english, chinese = words("en-US"), words("zh-CN")
    for name, other in (("moderator", "admin"), ("admin", "moderator")):
        theirs = [
            key for key in sorted(english.keys()) if name in _prose(english, key) and other not in _prose(english, key)
        ]
        wrong = {"moderator": "管理员", "admin": "版主"}[name]
        assert [key for key in theirs if wrong in _prose(chinese, key)] == []


def _prose(say: Words, key: str) -> str:
    return without_code(" ".join(say.forms(key)).lower())


def test_chinese_has_full_width_punctuation() -> None:
    wrong = rf"{HAN}[,;:!?()\"]|[,;!?()\"]{HAN}|{HAN}\.(?=\s|$)|\.\.\."
    assert [(key, text) for key, text in texts("zh-CN") if re.search(wrong, drawn(text))] == []


def test_chinese_has_a_space_beside_numbers_names_and_commands_and_none_beside_its_punctuation() -> None:
    close = rf"{HAN}[A-Za-z0-9]|[A-Za-z0-9]{HAN}"
    apart = rf" {FULL}|{FULL} |[{ENDS}{HAN[1:]} {HAN}"
    assert [(key, text) for key, text in texts("zh-CN") if re.search(f"{close}|{apart}", drawn(text))] == []


@pytest.mark.parametrize("value", ["15 秒", "4K", "推近", "专业、4K"])
def test_chinese_has_a_space_where_a_value_that_is_a_number_or_a_name_meets_it(value: str) -> None:
    say = words("zh-CN")
    for key in sorted(say.keys()):
        gaps = set(GAP.findall(say.forms(key)[0]))
        if named := dict.fromkeys(gaps & PHRASES, value):
            text = say(key, **{**dict.fromkeys(gaps, LOOSE), **named})
            assert not re.search(f"{HAN}[A-Za-z0-9]|[A-Za-z0-9]{HAN}", text), (key, text)


def test_a_button_that_offers_another_length_has_its_space_in_chinese_and_one_for_a_camera_move_none() -> None:
    say = words("zh-CN")
    assert say("fix.use", what=say("seconds.short", n=15)) == "改用 15 秒"
    assert say("fix.use", what=say("camera.zoom_in")) == f"改用{say('camera.zoom_in')}"


def test_what_somebody_wrote_stays_as_it_is_within_a_chinese_text() -> None:
    assert "3只cat和2只狗" in words("zh-CN")("quota.prompt", prompt="3只cat和2只狗")
