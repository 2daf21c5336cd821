"""Describes one call of a provider's API, its answer, and how long either may take."""

from collections.abc import Callable
from typing import Final

from bot.provider.refusal import Complaint
from bot.values import dataclass

CONNECTIONS: Final = 10  # of creates: httpx's pool gets slow with the square of this
QUERIES: Final = 128  # under way at once: 20,000 jobs of minutes need 90 with a service that takes 100 ms


@dataclass(frozen=True, kw_only=True, slots=True)
class Timeouts:
    """The longest waits of a call, in seconds."""

    connect: float = 5.0
    read: float = 20.0  # for the next piece of an answer to a query
    read_create: float = 60.0  # likewise of a create, which is worse to cut off: its outcome is then unknown
    write: float = 10.0  # for the next piece of a request
    pool: float = 15.0  # for a place among the calls under way
    call: float = 90.0  # for one whole call, however slowly its answer drips
    total: float = 60.0  # after which a harmless call is not begun again


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One call as it goes out. `explain` reads the body of an error answer, given its status."""

    path: str
    explain: Callable[[int, bytes], Complaint]
    content: bytes | None = None
    create: bool = False
    may_send: Callable[[], bool] = lambda: True


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What came back, whatever its status; `retry_after` is the header of that name."""

    status: int
    body: bytes
    retry_after: str | None


class TooLate(Exception):
    """What was to be sent might not be any more."""
