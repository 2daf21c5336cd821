"""The page of errors is the catalogue's, and the catalogue has words for everything that can go wrong."""

import re
from typing import Final

import pytest

from bot import errors
from bot.errors import FaultClass
from bot.locale import locales, words
from bot.provider import kirin, kling_codes
from tests.catalogue_keys import FAULTS, errors_shown
from tests.errors_page import PAGE, page, texts_of
from tests.funding import GIVEN_UP

# The tables of codes in both services' documents.
KIRIN: Final = {"006001094", "006001095", "006001099"}
KLING: Final = {
    *("1000", "1001", "1002", "1003", "1004", "1100", "1101", "1102", "1103", "1200", "1201", "1202", "1203"),
    *("1300", "1301", "1302", "1303", "1304", "5000", "5001", "5002"),
}
# What says what a failure means for the credits, by language: that there is no charge, or that there is one.
HARMLESS: Final = {
    "en-US": re.compile(r"[Nn]othing was charged"),
    "zh-CN": re.compile("没有扣额度"),
    "es-ES": re.compile("[Nn]o se ha cobrado nada"),
}
CHARGED: Final = {
    "en-US": re.compile("it was charged"),
    "zh-CN": re.compile("扣了额度"),
    "es-ES": re.compile("así que se ha cobrado"),
}


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make docs`"


def test_the_tables_hold_every_code_of_the_documents() -> None:
    assert set(kirin.CODES) == KIRIN
    assert set(kling_codes.CODES) >= KLING


@pytest.mark.parametrize("code", sorted({*kirin.CODES, *kling_codes.CODES}))
def test_every_code_has_a_sentence_of_its_own_for_its_kind_of_failure(code: str) -> None:
    fault = kirin.CODES.get(code) or kling_codes.CODES[code].fault
    assert str(fault) in [failure for _, failure, _ in texts_of(code)]
    assert f"`{code}`" in page()


def test_the_page_names_every_error_that_people_meet() -> None:
    assert [kind.__name__ for kind in errors_shown() if f"`{kind.__name__}`" not in page()] == []


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes() -> None:
    drawn = re.findall(r"[├└]── (\w+)", errors.__doc__ or "")
    classes = {
        name: kind
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.ShotcallerError) and kind is not errors.ShotcallerError
    }
    assert sorted(drawn) == sorted(classes)


def test_every_class_of_fault_that_ends_a_job_has_words() -> None:
    assert {str(fault) for fault in FaultClass} - {FaultClass.AMBIGUOUS} <= set(FAULTS)


@pytest.mark.parametrize("locale", locales())
def test_every_failure_says_what_it_means_for_the_credits(locale: str) -> None:
    say = words(locale)
    failures = [key for key in sorted(say.keys()) if key.startswith("failed.") and key != "failed.code"]
    given_up = {f"failed.{failure}" for failure in GIVEN_UP}
    silent = [
        key
        for key in failures
        if not all(map((CHARGED if key in given_up else HARMLESS)[locale].search, say.forms(key)))
    ]
    assert given_up <= set(failures)
    assert silent == []
