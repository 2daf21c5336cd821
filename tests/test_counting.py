"""What is not counted, and that it costs nothing then."""

import sys
from pathlib import Path

import coverage
import pytest

from tests.counting import UNCOUNTED, uncounted

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("where", UNCOUNTED)
def test_what_is_not_counted_is_there(where: str) -> None:
    assert (ROOT / where).exists()


def test_what_is_not_counted_is_named_once_in_its_order() -> None:
    assert list(UNCOUNTED) == sorted(set(UNCOUNTED))


def test_nothing_is_traced_in_a_pause_however_many_measure_and_all_go_on_after_it() -> None:
    measuring = [coverage.Coverage(data_file=None, config_file=False) for _ in range(2)]
    for each in measuring:
        each.start()
    with uncounted():
        assert (sys.gettrace(), coverage.Coverage.current()) == (None, None)
    for each in reversed(measuring):
        assert coverage.Coverage.current() is each
        each.stop()
