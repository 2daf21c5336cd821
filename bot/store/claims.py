"""Claims: taking the exclusive, time-limited right to the next job that is due."""

from __future__ import annotations

from secrets import token_hex
from typing import TYPE_CHECKING, Final

from bot.domain.job import Job
from bot.domain.row import from_millis, millis

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.store.database import Database, Transaction

# A dead letter waits for the operator, not for its provider: it takes nobody's place.
_AT_WORK: Final = "status IN ('submitting', 'running') AND dead_letter IS NULL"


class Claims:
    """Hands out due jobs. A claim pushes `due_at` to the lease's end, so a dead worker's job is simply due again."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def due(self, *, now: datetime, lease_until: datetime, most: int) -> list[Job]:
        """Claim those of the due jobs that have left the queue which are due the longest, at most `most`."""
        where = "due_at <= $3 AND due_at IS NOT NULL AND status <> 'queued'"
        return await self._claim(where, "due_at", now=now, lease_until=lease_until, most=most)

    async def waiting(
        self, provider: str, *, now: datetime, lease_until: datetime, provider_limit: int, user_limit: int
    ) -> Job | None:
        """Claim the next waiting job of a provider for submission, where the running limits leave room.

        The claim is the intent: the job is `SUBMITTING` from here on, since the provider may hear of it any moment.
        """

        async def work(tx: Transaction) -> Job | None:
            row = await tx.one(
                "UPDATE jobs SET status = 'submitting', lease = $1, due_at = $2 WHERE id = (SELECT id FROM jobs AS q "  # noqa: S608 (constants)
                "WHERE status = 'queued' AND provider = $3 AND due_at <= $4 AND deadline_at > $4 "
                f"AND (SELECT count(*) FROM jobs WHERE provider = $3 AND {_AT_WORK}) < $5 "
                f"AND (SELECT count(*) FROM jobs AS r WHERE r.user_id = q.user_id AND {_AT_WORK}) < $6 "
                f"ORDER BY created_at, id LIMIT 1 {self._database.skip_locked}) RETURNING *",
                token_hex(8),
                millis(lease_until),
                provider,
                millis(now),
                provider_limit,
                user_limit,
            )
            return Job.from_row(row) if row else None

        return await self._database.transact(work)

    async def overdue(self, *, now: datetime, lease_until: datetime, most: int) -> list[Job]:
        """Claim waiting jobs whose deadline has passed, at most `most`, those first where it has passed the longest."""
        where = "status = 'queued' AND deadline_at <= $3 AND (lease IS NULL OR due_at <= $3)"
        return await self._claim(where, "deadline_at", now=now, lease_until=lease_until, most=most)

    async def renew(self, jobs: Sequence[Job], *, lease_until: datetime) -> int:
        """Keep the leases of jobs whose steps are under way; how many were still there to keep."""

        async def work(tx: Transaction) -> int:
            update = "UPDATE jobs SET due_at = $3 WHERE id = $1 AND lease = $2"
            return sum([await tx.execute(update, job.id, job.lease, millis(lease_until)) for job in jobs])

        return await self._database.transact(work)

    async def recover(self, *, now: datetime) -> int:
        """At start, when no other process can hold a lease: make every leased job due now; how many there were.

        A job in `SUBMITTING` keeps its lease to the end: what the dead process sent may still be under way.
        """

        async def work(tx: Transaction) -> int:
            return await tx.execute(
                "UPDATE jobs SET due_at = $1, lease = NULL WHERE lease IS NOT NULL AND status <> 'submitting'",
                millis(now),
            )

        return await self._database.transact(work)

    async def next_due(self, *, now: datetime) -> datetime | None:
        """When the next job becomes due; None when none will by itself.

        Waiting jobs count only while they back off: what else keeps them is another job's end or a new arrival.
        """

        async def work(tx: Transaction) -> datetime | None:
            row = await tx.one(
                "SELECT min(due) AS due FROM ("
                "SELECT min(due_at) AS due FROM jobs WHERE due_at IS NOT NULL AND status <> 'queued' "
                "UNION ALL SELECT min(due_at) FROM jobs WHERE status = 'queued' AND due_at > $1) AS both_kinds",
                millis(now),
            )
            due: datetime | None = from_millis(row["due"]) if row else None
            return due

        return await self._database.transact(work)

    async def _claim(self, where: str, order: str, *, now: datetime, lease_until: datetime, most: int) -> list[Job]:
        """Claim the first `most` jobs that a condition of this class (on `$3`, the present) picks, under one token."""

        async def work(tx: Transaction) -> list[Job]:
            rows = await tx.all(
                f"WITH picked AS (SELECT id FROM jobs WHERE {where} "  # noqa: S608 (texts of this class)
                f"ORDER BY {order} LIMIT $4 {self._database.skip_locked}) "
                "UPDATE jobs SET lease = $1, due_at = $2 WHERE id IN (SELECT id FROM picked) RETURNING *",
                token_hex(8),
                millis(lease_until),
                millis(now),
                most,
            )
            return [Job.from_row(row) for row in rows]

        return await self._database.transact(work)
