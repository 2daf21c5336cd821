"""Catalogues are read as Babel reads them, which writes and checks them."""

from importlib import resources
from io import BytesIO
from typing import Final

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from hypothesis import given
from hypothesis import strategies as st

from bot.locale import locales
from bot.locale.po import read_catalogue

TEXTS: Final = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"], include_characters='\n\t"\\'))


def texts_of(catalog: Catalog) -> dict[str, tuple[str, ...]]:
    keys = {message.id if isinstance(message.id, str) else message.id[0]: message.string for message in catalog}
    return {key: (string,) if isinstance(string, str) else tuple(string or ()) for key, string in keys.items() if key}


@pytest.mark.parametrize("locale", locales())
def test_the_catalogues_of_the_bot(locale: str) -> None:
    for file in (resources.files("bot.locale") / locale).iterdir():
        with file.open("rb") as source:
            catalog = read_po(source)
        assert read_catalogue(file.read_text(encoding="utf-8")) == (texts_of(catalog), catalog.plural_expr)


@given(st.dictionaries(TEXTS.filter(bool), st.one_of(TEXTS, st.tuples(TEXTS, TEXTS)), max_size=5))
def test_what_babel_writes(texts: dict[str, str | tuple[str, str]]) -> None:
    catalog, written = Catalog(locale="en_US"), BytesIO()
    for key, string in texts.items():
        catalog.add(key if isinstance(string, str) else (key, key), string)
    write_po(written, catalog)
    assert read_catalogue(written.getvalue().decode()) == (texts_of(catalog), "(n != 1)")


@pytest.mark.parametrize("text", ["", 'msgid "a"\nmsgstr "b"\n', 'msgid "a\n', "no catalogue"])
def test_what_is_no_catalogue_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (JSON says it, or we)
        read_catalogue(text)
