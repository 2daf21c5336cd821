"""How the tests are dealt to the processes of a run."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from tests.order import LONGEST, WAITING, dealt

PROCESSES = 4
MODULE = 5  # tests in one that waits


@dataclass(frozen=True)
class Case:
    nodeid: str
    path: Path


def cases(path: str, count: int) -> list[Case]:
    return [Case(f"{path}::test_{number}", Path(path)) for number in range(count)]


LONG = [*cases("tests/acceptance/test_outage.py", 2), *cases("tests/torture/test_torture.py", 3)]
WAITS = [case for number in range(12) for case in cases(f"tests/acceptance/test_{number}.py", MODULE)]
SHORT = [case for number in range(30) for case in cases(f"tests/domain/test_{number}.py", 20)]
ALL = [*WAITS[:30], *LONG, *WAITS[30:], *SHORT]


def parts(order: Sequence[Case]) -> list[Sequence[Case]]:
    size = len(order) // PROCESSES
    return [order[number * size : (number + 1) * size] for number in range(PROCESSES)]


def test_every_test_is_dealt_once_and_alike_in_every_process() -> None:
    order = dealt(ALL, processes=PROCESSES)
    assert sorted(case.nodeid for case in order) == sorted(case.nodeid for case in ALL)
    assert order == dealt(ALL, processes=PROCESSES)


def test_one_begins_with_the_longest_the_others_with_what_waits_and_all_end_with_short_ones() -> None:
    one, *others = parts(dealt(ALL, processes=PROCESSES))
    assert list(one[: len(LONG)]) == LONG
    waiting = [sum(case.nodeid.startswith(WAITING) for case in each) for each in others]
    assert waiting == [len(WAITS) / len(others)] * len(others)
    for each in (one, *others):
        assert not each[-1].nodeid.startswith(WAITING)
        assert not any(part in each[-1].nodeid for part in LONGEST)


def test_a_module_stays_together_save_where_a_part_ends() -> None:
    begun = [path for path, _ in groupby(dealt(ALL, processes=PROCESSES), key=lambda case: case.path)]
    assert len(begun) - len(set(begun)) < PROCESSES


def test_without_short_ones_every_test_is_dealt_as_well() -> None:
    assert sorted(case.nodeid for case in dealt(WAITS, processes=PROCESSES)) == sorted(case.nodeid for case in WAITS)


def test_where_one_process_runs_all_the_longest_are_begun_first() -> None:
    assert dealt(ALL, processes=1)[: len(LONG)] == LONG
