"""Deals the tests to the processes of a run, so that all of them end at the same time.

pytest-xdist gives each process as many tests in a row, and whoever is done takes from the end of another's.
"""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Final, Protocol, TypeVar

# What takes longest, since it waits for many processes or walks a long way: begun first, one after the other.
LONGEST: Final = (
    "tests/torture/",
    "test_money_machine.py",
    "test_demo_crowd.py",
    "test_outage.py",
    "test_restore.py",
    "tests/simulation/",
)

# What waits for bots and browsers half of its time, and leaves the processor to others meanwhile.
WAITING: Final = ("tests/acceptance/", "tests/browser/")


class Named(Protocol):
    """A test, as far as it is known here."""

    @property
    def nodeid(self) -> str:
        """Its path, and its name there."""

    @property
    def path(self) -> Path:
        """Its module's file."""


T = TypeVar("T", bound=Named)


def dealt(tests: Sequence[T], *, processes: int) -> list[T]:
    """Put tests into an order in which, cut into `processes` equal parts, they keep all of those busy to the end.

    One begins with the longest tests, the others with those that wait, and all end with short ones. The tests of one
    module stay together, save where a part ends: they share what they stand on.
    """
    longest = [test for test in tests if any(part in test.nodeid for part in LONGEST)]
    others = [test for test in tests if not any(part in test.nodeid for part in LONGEST)]
    waiting = [test for test in others if test.nodeid.startswith(WAITING)]
    short = [test for test in others if not test.nodeid.startswith(WAITING)]
    hands = [longest, *([] for _ in range(processes - 1))]
    for _, module in groupby(waiting, key=lambda test: test.path):
        min(hands[1:] or hands, key=len).extend(module)
    for taken, hand in enumerate(hands):
        room = (len(tests) - sum(map(len, hands[:taken]))) // (processes - taken) - len(hand)
        hand.extend(short[: max(0, room)])
        del short[: max(0, room)]
    return [test for hand in hands for test in hand]
