"""Finds every text that people see, by language: a folder of gettext catalogues each, with keys for message ids."""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from gettext import c2py
from pathlib import Path
from typing import Final

from bot.locale.po import read_catalogue

DEFAULT: Final = "en-US"
MACHINE_MADE: Final = frozenset({"es-ES"})  # nobody who speaks these has checked the texts yet

_FOLDER: Final = Path(__file__).parent

_TENTH, _MINUTE, _NEARLY_A_MINUTE = 10, 60, 45  # seconds

_BESIDE_HAN: Final = re.compile("(?<=[0-9])(?=[㐀-鿿])")  # where Chinese texts have a space, and Babel has none
# Where a value begins or ends in a text, and what marks it: a noncharacter of Unicode, which no text may have.
_EDGE: Final = re.compile(r"(?<!\{)(?=\{\w)|(?<=\w\})(?!\})")
_MARK: Final = "\ufdd0"
_MEETING: Final = re.compile(f"{_MARK}(?:(?<=[㐀-鿿].)(?=[0-9A-Za-z])|(?<=[0-9A-Za-z].)(?=[㐀-鿿]))")
_MODEL_NAMES: Final[dict[str, str]] = {}


def name_models(names: Mapping[str, str]) -> None:
    """Call models by these names from now on, in every language; the keys are the ids that their services know."""
    _MODEL_NAMES.update(names)


class Words:
    """The texts of one language: by key, in each of their plural forms, of which the rule `plural` (in C) picks one."""

    def __init__(self, locale: str, texts: Mapping[str, tuple[str, ...]], *, plural: str) -> None:
        self.locale = locale
        self.machine_made = locale in MACHINE_MADE
        self._babel_locale = locale.replace("-", "_")
        self._spaced = locale.startswith("zh")
        self._texts = texts
        self._plural = c2py(plural)

    def __call__(self, key: str, /, **values: object) -> str:
        """Fill the gaps of the text of a key. A value named `n` picks the plural form.

        Raises:
            KeyError: no such text, or a gap has no value.
        """
        forms = self.forms(key)
        number = values.get("n")
        form = forms[self._plural(number) if len(forms) > 1 and isinstance(number, int) else -1]
        return _fill_spaced(form, values) if values and self._spaced else form.format_map(values)

    def forms(self, key: str) -> tuple[str, ...]:
        """Give the text of a key with its gaps, in each of its plural forms.

        Raises:
            KeyError: no such text.
        """
        forms = self._texts[key]
        if not forms[0]:
            raise KeyError(key)
        return forms

    def has(self, key: str) -> bool:
        """Say whether there is a text of that key."""
        return key in self._texts

    def keys(self) -> set[str]:
        """List every key there is."""
        return set(self._texts)

    def model(self, model: str) -> str:
        """Call a model by its name, which is the same in every language; by its id where it has none."""
        return _MODEL_NAMES.get(model, model)

    def usd(self, amount: Decimal) -> str:
        """Write an amount of money, to the cent, by the language's own pattern: one sign or word for US dollars."""
        from babel.numbers import format_decimal  # noqa: PLC0415 - Babel and its data are slow to import

        return format_decimal(amount, format=self("pattern.usd"), locale=self._babel_locale)

    def number(self, value: float) -> str:
        """Write a number."""
        from babel.numbers import format_decimal  # noqa: PLC0415 - Babel and its data are slow to import

        return format_decimal(value, locale=self._babel_locale)

    def day(self, day: date) -> str:
        """Write a day without its year, shortly."""
        from babel.dates import format_skeleton  # noqa: PLC0415 - Babel and its data are slow to import

        return format_skeleton("MMMd", day, locale=self._babel_locale)

    def span(self, duration: timedelta) -> str:
        """Write a length of time, roughly; what is shorter than a second is one."""
        from babel.dates import format_timedelta  # noqa: PLC0415 - Babel and its data are slow to import

        seconds = max(1, round(duration.total_seconds()))
        return _BESIDE_HAN.sub(" ", format_timedelta(seconds, locale=self._babel_locale, threshold=1.5))

    def rough_span(self, duration: timedelta) -> str:
        """Write a length of time that nobody knows exactly: in tens of seconds, from about a minute on in minutes."""
        from babel.dates import format_timedelta  # noqa: PLC0415 - Babel and its data are slow to import

        seconds = duration.total_seconds()
        unit = _TENTH if seconds < _NEARLY_A_MINUTE else _MINUTE
        rounded = max(1, round(seconds / unit)) * unit
        return _BESIDE_HAN.sub(" ", format_timedelta(rounded, locale=self._babel_locale, threshold=1))


def _fill_spaced(form: str, values: Mapping[str, object]) -> str:
    """Fill the gaps of a Chinese text, with a space where a number or a Latin letter meets Chinese at a value's edge.

    What a catalogue can't know is how a value begins and ends; what is within a value stays as it was written.
    """
    return _MEETING.sub(" ", _with_marks(form).format_map(values)).replace(_MARK, "")


@cache
def _with_marks(form: str) -> str:
    """Mark the edges of the gaps of one of the catalogues' texts."""
    return _EDGE.sub(_MARK, form)


def words(locale: str = DEFAULT) -> Words:
    """Find the texts for a reader's locale: in its language if there are any, else in English.

    Those of a language are read (it takes some 5 ms) when it is first spoken, and kept.
    """
    near = nearest(locale)
    if near not in _kept:
        _kept[near] = _read(near)
    return _kept[near]


def passing_words(locale: str) -> Words:
    """Find the texts of one of the `locales` for those who need them once: those that are kept, else read anew."""
    return _kept.get(locale) or _read(locale)


def _read(locale: str) -> Words:
    texts, plural = dict[str, tuple[str, ...]](), ""
    for file in sorted((_FOLDER / locale).iterdir(), key=lambda each: each.name):
        part, plural = read_catalogue(file.read_text(encoding="utf-8"))
        texts |= part
    return Words(locale, texts, plural=plural)


_kept: Final[dict[str, Words]] = {}  # by language: of many locales the readers share one


@lru_cache  # asked once for every text of every command in every language of Discord's
def nearest(locale: str) -> str:
    """Find the locale there are texts for that a reader of this one understands best.

    One language with other letters is still closer than English: readers of `zh-TW` get `zh-CN`.
    """
    if locale in locales():
        return locale
    language = locale.partition("-")[0]
    return next((each for each in locales() if each.partition("-")[0] == language), DEFAULT)


def terminal_locale(environment: Mapping[str, str]) -> str:
    """Find which language a terminal is set to: `zh_CN.UTF-8` is `zh-CN`."""
    named = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := environment.get(name))), "")
    return named.partition(".")[0].replace("_", "-")


def privacy_text(locale: str) -> str:
    """Read what the bot says of how data is kept, as Markdown, with gaps for how long."""
    return (_FOLDER / "privacy" / f"{nearest(locale)}.md").read_text(encoding="utf-8")


@cache
def locales() -> tuple[str, ...]:
    """List the languages there are catalogues for, each a folder with one file a topic; the default first."""
    found = sorted(each.name for each in _FOLDER.iterdir() if each.is_dir() and "-" in each.name)
    return (DEFAULT, *(each for each in found if each != DEFAULT))
