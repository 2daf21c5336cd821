"""What came of a crowd's requests, and everything that has to be the same about it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from bot.domain import USD_MICROS, Job
from bot.store.money.ledger_totals import LedgerTotals
from bot.values import dataclass

LENGTH: Final = 3  # seconds of each video
PRICE: Final = Decimal("0.084") * LENGTH  # USD, of a standard silent one
AT_ONCE: Final = 10  # videos that the provider may make
SAME_TIME: Final = timedelta(seconds=1)  # between two who press at once
# Videos that may begin before another whose turn it was: their submissions, two at once, are written down as they are
# answered, and those whose place was taken a moment before it was free count, too.
LEEWAY: Final = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class CrowdOutcome:
    """What people and the provider saw of the crowd's requests. People are ids of Discord."""

    accepted: frozenset[str]
    refused: frozenset[str]
    for_money: int  # how many of those were told that it is the budget's doing
    private: frozenset[str]  # of those, the ones whom nobody else saw refused
    mentioned: Counter[str]  # over posted videos
    named: frozenset[str]  # mentioned anywhere
    videos: int
    billed: int
    tasks: int
    at_once: int  # the most of them that the provider worked on
    passed_over: int = 0  # the most videos that began though it was another's turn
    example: str = ""  # of a refusal


def comparisons(
    seen: CrowdOutcome, totals: LedgerTotals, bill: Decimal, *, wanted: int, asked: int
) -> Sequence[tuple[str, object, object]]:
    """List everything that has to be the same: its name, how it is, how it should be."""
    return (
        ("people whose request was accepted", len(seen.accepted), wanted),
        ("people who were refused", len(seen.refused), asked - wanted),
        ("refusals that name the budget", seen.for_money, asked - wanted),
        ("refusals that nobody else saw", len(seen.private), asked - wanted),
        ("refused people who were named in a channel", len(seen.named & seen.refused), 0),
        ("tasks at the provider", seen.tasks, wanted),
        ("tasks in the making at once beyond the limit", max(0, seen.at_once - AT_ONCE), 0),
        ("videos that began before their turn, of whom that happened to most", max(0, seen.passed_over - LEEWAY), 0),
        ("tasks that were billed", seen.billed, wanted),
        ("videos that were posted", seen.videos, wanted),
        ("people who were given one video each", seen.mentioned, Counter(seen.accepted)),
        ("jobs that were delivered", totals.videos, wanted),
        ("the provider's bill", bill, PRICE * wanted),
        ("what the jobs cost", usd(totals.cost), bill),
        ("what the budget was charged", usd(totals.budget.settled), bill),
        ("what the budget still holds", totals.budget.held, 0),
        ("the credits of the jobs", totals.credits, LENGTH * wanted),
        ("the credits that members paid", totals.members.settled, totals.credits),
        ("the credits that are still held", totals.members.held, 0),
        ("accounts that are not the sum of their lines", list(totals.mismatched), []),
    )


def most_at_once(tasks: Sequence[Mapping[str, Any]]) -> int:
    """Count the most tasks that the provider worked on at any moment, by when each began and ended."""
    ends = [(task["finished_at"], -1) for task in tasks if task["finished_at"] is not None]
    now = most = 0
    for _, change in sorted([*ends, *((task["created_at"], 1) for task in tasks)]):
        now += change
        most = max(most, now)
    return most


def passed_over(begun: Sequence[Job]) -> int:
    """Count the most jobs that began before another whose turn it was, given all in the order in which they began.

    The same for one process and for many: guilds take turns, and inside one who asked first is first; each has asked
    once.
    """
    return max((_passed_over(job, begun[:place]) for place, job in enumerate(begun)), default=0)


def _passed_over(job: Job, earlier: Sequence[Job]) -> int:
    """Count whom a job had to let pass: who came later to its guild, and whatever another guild got beyond its own."""
    waits_since = job.created_at + SAME_TIME
    later = sum(each.queue_id == job.queue_id and each.created_at > waits_since for each in earlier)
    meanwhile = Counter(each.queue_id for each in earlier if each.submitted_at and each.submitted_at > waits_since)
    own = meanwhile.pop(job.queue_id, 0)
    return max([later, *(others - own - 1 for others in meanwhile.values())])


def usd(micros: int) -> Decimal:
    """Write an amount in USD."""
    return Decimal(micros) / USD_MICROS
