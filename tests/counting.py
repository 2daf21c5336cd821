"""Pauses the coverage of this process where lines run that other tests count.

Noting every step of the interpreter takes half as long as the steps do, and a line counts once however often it runs.
"""

from collections.abc import Hashable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Final

import coverage

_counted: Final[set[Hashable]] = set()


@contextmanager
def uncounted() -> Iterator[None]:
    """Pause this process's coverage, where there is any; inside a pause nothing changes."""
    measured = coverage.Coverage.current()
    if measured is None:
        yield
        return
    measured.stop()
    try:
        yield
    finally:
        measured.start()


def counted_once(what: Hashable) -> AbstractContextManager[None]:
    """Count what most tests do alike when a process does it for the first time, and pause coverage ever after."""
    if what in _counted:
        return uncounted()
    _counted.add(what)
    return nullcontext()
