"""Breaks a circuit: after enough failures in a row a service is left alone for a while. A pure state machine."""

from collections.abc import Callable
from enum import StrEnum
from typing import Final

THRESHOLD: Final = 5  # failures in a row
COOL_DOWN: Final = 30.0  # seconds


class Circuit(StrEnum):
    """Whether calls go through."""

    CLOSED = "closed"  # all of them
    OPEN = "open"  # none, until the cool-down is over
    HALF_OPEN = "half_open"  # one, the probe, whose outcome decides


class Breaker:
    """Opens after `threshold` failures in a row; `cool_down` seconds later one probe decides what comes next.

    A call holds the ticket that admitted it and hands it back with its outcome. A ticket from before the last change
    of state decides nothing: what an old call learnt is out of date.
    """

    def __init__(self, *, clock: Callable[[], float], threshold: int = THRESHOLD, cool_down: float = COOL_DOWN) -> None:
        self._clock, self._threshold, self._cool_down = clock, threshold, cool_down
        self._failures = 0
        self._opened_at = 0.0
        self._generation = 0
        self.state = Circuit.CLOSED

    def admit(self) -> int | None:
        """Give the ticket for one call, or None: not now."""
        if self.state is Circuit.OPEN and self.wait() <= 0:
            self._enter(Circuit.HALF_OPEN)
            return self._generation
        return self._generation if self.state is Circuit.CLOSED else None

    def wait(self) -> float:
        """Count the seconds after which asking again makes sense; 0 when a call may go through at once."""
        if self.state is Circuit.CLOSED:
            return 0.0
        if self.state is Circuit.HALF_OPEN:
            return self._cool_down
        return max(0.0, self._opened_at + self._cool_down - self._clock())

    def succeeded(self, ticket: int) -> None:
        """Count that the service answered."""
        if ticket == self._generation:
            self._failures = 0
            if self.state is Circuit.HALF_OPEN:
                self._enter(Circuit.CLOSED)

    def failed(self, ticket: int) -> None:
        """Count that the service did not answer, or nothing sensible."""
        if ticket != self._generation:
            return
        self._failures += 1
        if self.state is Circuit.HALF_OPEN or self._failures >= self._threshold:
            self._opened_at = self._clock()
            self._enter(Circuit.OPEN)

    def abandoned(self, ticket: int) -> None:
        """Count nothing: the call ended without telling anything; another one may be the probe, at once."""
        if ticket == self._generation and self.state is Circuit.HALF_OPEN:
            self._enter(Circuit.OPEN)

    def _enter(self, state: Circuit) -> None:
        self.state = state
        self._generation += 1
        self._failures = 0
