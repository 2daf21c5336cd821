"""Computes how long to wait before asking again: exponential, capped, jittered. Waiting is up to the caller."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

BASE: Final = 1.0  # seconds before the second attempt
CAP: Final = 60.0  # seconds, the longest wait of our own choosing
DATABASE_CAP: Final = 5.0  # seconds, the longest before a database that refused is asked again: everybody waits for it
RETRY_AFTER_CAP: Final = 900.0  # seconds, the longest wait somebody else may ask of us


def delay(
    attempt: int, *, rand: Callable[[], float], retry_after: float | None = None, base: float = BASE, cap: float = CAP
) -> timedelta:
    """Compute the wait after the `attempt`-th failed attempt, counted from 1.

    Half of it is fixed and half is `rand()` (0 ≤ x < 1) of the rest, so that many do not come back at once. A
    `retry_after` (seconds) wins over a shorter wait and is itself capped.
    """
    exponent = min(max(attempt, 1) - 1, 32)
    full = min(cap, base * 2.0**exponent)
    wait = full / 2 + full / 2 * rand()
    if retry_after is not None:
        wait = max(wait, min(max(retry_after, 0.0), RETRY_AFTER_CAP))
    return timedelta(seconds=wait)


def most(within: timedelta, *, base: float = BASE, cap: float = CAP) -> int:
    """Count the failed attempts at the most whose waits fit into some time, and the one after them."""
    attempts = 1
    while least(attempts, base=base, cap=cap) <= within:
        attempts += 1
    return attempts


def least(waits: int, *, base: float = BASE, cap: float = CAP) -> timedelta:
    """Add up the shortest waits after so many failed attempts: known without a clock, which may leap."""
    return sum((delay(number, rand=float, base=base, cap=cap) for number in range(1, waits + 1)), timedelta(0))


class Outage:
    """A database that refuses, as one loop meets it: how many tries in a row have failed, and when to ask again."""

    def __init__(self, *, rand: Callable[[], float]) -> None:
        self._rand, self.tries = rand, 0

    def note_refusal(self) -> timedelta:
        """Count a try that has failed; compute the wait until the next, five seconds at the most."""
        self.tries += 1
        return delay(self.tries, rand=self._rand, cap=DATABASE_CAP)

    def end(self) -> None:
        """Begin anew: the database has answered."""
        self.tries = 0
