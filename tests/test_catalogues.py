"""Every text is there in every language, is used, says the same with the same gaps, and fits where it is shown."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from importlib import resources
from importlib.resources.abc import Traversable
from string import Formatter
from typing import Final

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from bot.locale import DEFAULT, locales, nearest, words
from tests.catalogue_keys import OPTIONAL, PATTERNS, asked_for, fill, fits
from tests.catalogue_uses import every_key, uses, uses_in

# Discord's limits in characters, by how the keys of what is shown there begin or end; the longest beginning counts.
LIMITS: Final = {
    "command.": 100,  # descriptions of commands
    "option.": 100,  # and of their options
    "choice.": 100,
    "camera.": 100,
    "slash.": 32,  # names of commands and options
    "menu.": 32,  # names of menu entries
    "fix.": 80,  # buttons
    "inbox.back": 80,
    "inbox.more": 80,
    "inbox.dismiss": 80,
    "inbox.get": 80,
    "inbox.share": 80,
    "studio.generate": 80,
    "studio.prompt": 80,
    "studio.private.": 80,
    "studio.reset": 80,
    "studio.sound.": 80,
    "studio.watermark.": 80,
    "studio.no.camera": 100,  # an entry of a select
    "storyboard.button.": 80,
    "result.button.": 80,
    "storyboard.form.": 45,  # a modal and its fields
    "sheet.option.": 100,
    "sheet.": 45,
    "more.credits": 45,
    "more.why": 45,
}
HINTS: Final = 100  # placeholders: keys that end in `.hint`
PLACES: Final = {"label": 80, "modal": 45, "placeholder": 100}
CONTENT: Final = 2000
# The longest that stands in a gap, in characters; whatever is not named here is shorter than `USUAL`.
USUAL: Final = 60
LONGEST: Final = {
    "prompt": 600,  # 300 characters, escaped
    "settings": 160,
    "bar": 16,
    "text": 300,
    "problems": 900,  # a message is cut where there are more
    "reasons": 900,
    "missing": 200,
    "link": 100,
    "card": 100,
    "wait": 120,
    "price": 40,
    **dict.fromkeys(("n", "count", "number", "shot", "position", "limit", "total", "duration", "value"), 6),
}
NAME: Final = re.compile(r"[-_'\w]{1,32}")  # of a command, by Discord's document; letters have to be small
COMMAND: Final = re.compile(r"`/([^`]+)`")  # as a text names one
CHINESE: Final = re.compile("[一-鿿]")


def gaps(text: str) -> set[str]:
    """The names of the values that a text takes."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def filled(text: str) -> int:
    """The characters of a text with the longest values in its gaps."""
    return sum(
        len(before) + (0 if name is None else LONGEST.get(name, USUAL))
        for before, name, _, _ in Formatter().parse(text)
    )


def limit_of(key: str) -> int:
    """How long the text of a key may be."""
    if key.endswith(".hint"):
        return HINTS
    shown = [PLACES[place] for place, text in uses().shown if key in {text, *fill(text, PATTERNS.get(text, ()))}]
    named = max((start for start in LIMITS if key.startswith(start)), key=len, default=None)
    return min([*shown, CONTENT if named is None else LIMITS[named]])


def _folder(locale: str) -> Traversable:
    return resources.files("bot.locale") / locale


def files(locale: str) -> Iterator[tuple[str, Catalog]]:
    for file in _folder(locale).iterdir():
        with file.open("rb") as source:
            yield file.name, read_po(source)


def test_every_text_that_is_asked_for_is_there_in_every_language() -> None:
    missing = [f"{locale}: {key}" for locale in locales() for key in sorted(asked_for() - words(locale).keys())]
    assert missing == []


def test_every_language_has_the_same_texts() -> None:
    assert [f"{locale}: {key}" for locale in locales() for key in sorted(every_key() - words(locale).keys())] == []


def test_every_text_is_used() -> None:
    used = asked_for() | uses().loose
    optional = [key for key in every_key() if any(fits(pattern, key) for pattern in OPTIONAL)]
    assert sorted(every_key() - used - set(optional)) == []


def test_every_key_that_is_put_together_is_spelled_out_here() -> None:
    assert sorted(uses().patterns - set(PATTERNS) - set(OPTIONAL)) == []
    assert sorted(set(PATTERNS) - uses().patterns - uses().loose_patterns - {"error.{}"}) == []


@pytest.mark.parametrize("locale", locales())
def test_no_two_files_of_a_language_have_the_same_text(locale: str) -> None:
    ids = Counter(str(message.id) for _, catalog in files(locale) for message in catalog if message.id)
    assert [key for key, times in ids.items() if times > 1] == []


@pytest.mark.parametrize("locale", locales())
def test_every_topic_is_a_file_in_every_language(locale: str) -> None:
    assert {name for name, _ in files(locale)} == {name for name, _ in files(DEFAULT)}


@pytest.mark.parametrize("locale", locales())
def test_every_file_counts_as_its_language_does(locale: str) -> None:
    own = Catalog(locale=locale.replace("-", "_"))
    for name, catalog in files(locale):
        assert (catalog.locale, catalog.num_plurals) == (own.locale, own.num_plurals), name
        for message in (each for each in catalog if each.id):
            forms = message.string if isinstance(message.string, tuple) else (message.string,)
            assert len(forms) == (own.num_plurals if message.pluralizable else 1), message.id
            assert all(forms), message.id
            assert not message.fuzzy, message.id


@pytest.mark.parametrize("locale", locales())
def test_a_text_takes_the_same_values_in_every_language(locale: str) -> None:
    other, say = words(DEFAULT), words(locale)
    for key in other.keys() & say.keys():
        mine, theirs = (set[str]().union(*map(gaps, each.forms(key))) for each in (say, other))
        assert mine == theirs, key


@pytest.mark.parametrize("locale", locales())
def test_every_text_fits_where_it_is_shown(locale: str) -> None:
    say = words(locale)
    long = [
        (key, filled(form)) for key in sorted(say.keys()) for form in say.forms(key) if filled(form) > limit_of(key)
    ]
    assert long == []


@pytest.mark.parametrize("locale", locales())
def test_names_of_commands_and_options_are_names_by_discords_rule(locale: str) -> None:
    say = words(locale)
    names = {key: say(key) for key in sorted(say.keys()) if key.startswith("slash.")}
    assert [key for key, name in names.items() if not NAME.fullmatch(name) or name != name.lower()] == []
    assert locale != DEFAULT or {key.rpartition(".")[2] for key in names} == set(names.values())


@pytest.mark.parametrize("locale", locales())
def test_commands_that_a_text_names_are_called_so_in_its_language(locale: str) -> None:
    say = words(locale)
    paths = {key.removeprefix("slash.") for key in sorted(say.keys()) if key.startswith("slash.")}
    paths = {path for path in paths if not path.startswith("option.")}
    known = {" ".join(say(f"slash.{'.'.join(path.split('.')[:end])}") for end in _ends(path)) for path in paths}
    named = [(key, name) for key in sorted(say.keys()) for form in say.forms(key) for name in COMMAND.findall(form)]
    assert [(key, name) for key, name in named if name not in known] == []


def _ends(path: str) -> range:
    return range(1, path.count(".") + 2)


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("zh-CN", "zh-CN"),
        ("zh-TW", "zh-CN"),
        ("es-419", "es-ES"),
        ("en-GB", "en-US"),
        ("de", "en-US"),
        ("", "en-US"),
        ("../x", "en-US"),
    ],
)
def test_readers_get_the_language_that_is_nearest_to_theirs(asked: str, given: str) -> None:
    assert nearest(asked) == words(asked).locale == given


def test_numbers_money_and_times_are_written_as_the_language_does() -> None:
    english, chinese = words("en-US"), words("zh-CN")
    assert (english.usd(Decimal("1234.5")), chinese.usd(Decimal("1234.5"))) == ("$1,234.50", "1,234.50 美元")
    assert (english.number(1234.5), chinese.number(1234.5)) == ("1,234.5", "1,234.5")
    assert (english.span(timedelta(seconds=40)), chinese.span(timedelta(seconds=40))) == ("40 seconds", "40 秒钟")
    assert [english.span(timedelta(seconds=length)) for length in (0.2, 89.6, 100)] == [
        "1 second",
        "2 minutes",
        "2 minutes",
    ]
    assert [english("credits", n=count) for count in (0, 1, 2)] == ["0 credits", "1 credit", "2 credits"]
    assert [chinese("credits", n=count) for count in (1, 2)] == ["1 点额度", "2 点额度"]


def test_spanish_has_its_own_numbers_money_times_and_plurals() -> None:
    spanish = words("es-419")
    assert (spanish.usd(Decimal("1234.5")), spanish.number(1234.5)) == ("1.234,50 USD", "1.234,5")
    assert [spanish.span(timedelta(seconds=length)) for length in (1, 40, 100)] == [
        "1 segundo",
        "40 segundos",
        "2 minutos",
    ]
    assert [spanish("credits", n=count) for count in (0, 1, 2)] == ["0 créditos", "1 crédito", "2 créditos"]


def test_a_language_that_a_machine_made_says_so_at_the_head_of_each_file() -> None:
    for locale in locales():
        heads = [file.read_text(encoding="utf-8").partition("msgid")[0] for file in _folder(locale).iterdir()]
        assert [("Machine-made" in head) == words(locale).machine_made for head in heads] == [True] * len(heads)


@pytest.mark.parametrize("key", ["nothing", "accepted.nothing", ""])
def test_a_text_that_is_not_there_is_an_error_and_not_silence(key: str) -> None:
    with pytest.raises(KeyError):
        words()(key)
    assert not words().has(key or "nothing")


def test_a_gap_without_a_value_is_an_error_too() -> None:
    with pytest.raises(KeyError):
        words()("card.link")


@pytest.mark.parametrize(
    ("source", "keys", "patterns"),
    [
        ('say("a")', {"a"}, set()),
        ('words()("a", n=1)', {"a"}, set()),
        ('words(str(i.locale))("a.b" if x else "a.c")', {"a.b", "a.c"}, set()),
        ('self._say(f"a.{b}.c")', set(), {"a.{}.c"}),
        ('words("zh-CN")(key)', set(), set()),
        ('other("a")', set(), set()),
    ],
)
def test_uses_are_found_however_they_are_written(source: str, keys: set[str], patterns: set[str]) -> None:
    found = uses_in(source)
    assert (found.keys, found.patterns) == (keys, patterns)


def test_places_with_a_limit_are_found_too() -> None:
    found = uses_in('Form(name="x", title=say("a")); Button(label=say(f"b.{c}")); Embed(title=say("d"))')
    assert found.shown == {("modal", "a"), ("label", "b.{}")}


def test_no_chinese_text_was_left_in_english_or_written_with_english_punctuation() -> None:
    say = words("zh-CN")
    plain = {
        key: "".join(before for form in say.forms(key) for before, *_ in Formatter().parse(form))
        for key in sorted(say.keys())
    }
    assert [key for key, text in plain.items() if re.search("[A-Za-z]{2}", text) and not CHINESE.search(text)] == []
    assert [key for key, text in plain.items() if re.search(r"[一-鿿][,;!?](?!\w)|[一-鿿]\.(?=\s|$)", text)] == []
    assert [key for key, text in plain.items() if re.search("您|积分", text)] == []
