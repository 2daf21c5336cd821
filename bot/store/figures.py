"""Reads the figures of the whole bot from counters and the ends of indexes: no look grows with what has ended."""

from collections.abc import Sequence
from typing import Final

from bot.domain import JobStatus, Review, Row, from_millis
from bot.domain.figures import Budget, Crowd, Figures, Stage
from bot.domain.quota import budget_of
from bot.store.database import Store, Transaction, transaction
from bot.store.jobs.at_work import AT_WORK

_QUEUED: Final = "SELECT provider, sum(waiting) AS n FROM queues WHERE waiting > 0 GROUP BY provider"
_FIRST_QUEUED: Final = "SELECT created_at FROM jobs WHERE status = 'queued' ORDER BY deadline_at LIMIT 1"
_AT_WORK: Final = "SELECT provider, jobs AS n FROM at_work WHERE queue_id = 0"
_FIRST_AT_WORK: Final = f"SELECT created_at FROM jobs WHERE {AT_WORK} ORDER BY submitted_at LIMIT 1"  # noqa: S608 (constant)
# Those that are due some time and neither wait nor are at work: pending, or made and not posted. They are grouped as
# they stand in their index, which has all that is asked for.
_OTHERS: Final = (
    "SELECT status, review, count(*) AS n, min(coalesce(finished_at, created_at)) AS oldest FROM jobs "
    "WHERE due_at IS NOT NULL AND status IN ('pending', 'succeeded') AND delivered_at IS NULL AND dead_letter IS NULL "
    "GROUP BY status, review"
)
_DEAD: Final = (
    "SELECT dead_letter AS name, count(*) AS n, min(created_at) AS oldest FROM jobs "
    "WHERE dead_letter IS NOT NULL GROUP BY dead_letter"
)
_OUTBOX: Final = (
    "SELECT kind AS name, count(*) AS n, min(created_at) AS oldest FROM outbox WHERE due_at IS NOT NULL GROUP BY kind"
)
_BUDGET: Final = "SELECT * FROM accounts WHERE owner = $1 ORDER BY period DESC LIMIT 1"


class FigureStore(Store):
    """Reads one database. Every method may raise `StoreUnavailable`."""

    @transaction(snapshot=True)
    async def read(self, tx: Transaction) -> Figures:
        """Read everything as of one moment."""
        waiting, at_work = _counts(await tx.all(_QUEUED)), _counts(await tx.all(_AT_WORK))
        budget = await tx.one(_BUDGET, budget_of(None))
        return Figures(
            stages={
                Stage.QUEUED: await _crowd(tx, sum(waiting.values()), _FIRST_QUEUED),
                Stage.AT_WORK: await _crowd(tx, sum(at_work.values()), _FIRST_AT_WORK),
                **_others(await tx.all(_OTHERS)),
            },
            waiting=waiting,
            at_work=at_work,
            dead_letters=_crowds(await tx.all(_DEAD)),
            outbox=_crowds(await tx.all(_OUTBOX)),
            rests={
                row["provider"]: from_millis(row["rests_until"])
                for row in await tx.all("SELECT provider, rests_until FROM provider_rests")
            },
            processes={
                row["role"]: int(row["n"])
                for row in await tx.all("SELECT role, count(*) AS n FROM processes GROUP BY role")
            },
            budget=None if budget is None else _budget(budget),
        )


async def _crowd(tx: Transaction, count: int, first: str) -> Crowd:
    row = await tx.one(first) if count else None
    return Crowd(count=count, oldest=None if row is None else from_millis(row["created_at"]))


def _others(rows: Sequence[Row]) -> dict[Stage, Crowd]:
    """Put together what waits for a moderator, and what waits to be posted."""
    crowds = {Stage.REVIEW: Crowd(), Stage.DELIVERY: Crowd()}
    for row in rows:
        reviewed = row["status"] == JobStatus.PENDING or row["review"] == Review.HELD
        stage, oldest = Stage.REVIEW if reviewed else Stage.DELIVERY, from_millis(row["oldest"])
        known = crowds[stage]
        first = oldest if known.oldest is None else min(oldest, known.oldest)
        crowds[stage] = Crowd(count=known.count + int(row["n"]), oldest=first)
    return crowds


def _crowds(rows: Sequence[Row]) -> dict[str, Crowd]:
    return {row["name"]: Crowd(count=int(row["n"]), oldest=from_millis(row["oldest"])) for row in rows}


def _counts(rows: Sequence[Row]) -> dict[str, int]:
    return {row["provider"]: int(row["n"]) for row in rows}


def _budget(row: Row) -> Budget:
    return Budget(ceiling=int(row["allowance"]), held=int(row["held"]), settled=int(row["settled"]))
