"""The modules whose lines are not counted."""

from pathlib import Path

import pytest

from tests.counting import UNCOUNTED

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("where", UNCOUNTED)
def test_what_is_not_counted_is_there(where: str) -> None:
    assert (ROOT / where).exists()


def test_what_is_not_counted_is_named_once_in_its_order() -> None:
    assert list(UNCOUNTED) == sorted(set(UNCOUNTED))
