"""Deleted videos whose messages are still to be taken away: a row is the intent, and goes when that is done."""

from dataclasses import dataclass
from datetime import datetime

from bot.domain.job import Job
from bot.domain.row import millis
from bot.store.database import Database, Transaction


@dataclass(frozen=True, kw_only=True, slots=True)
class MessagePlace:
    """A message about a job that may be there."""

    channel_id: int
    message_id: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Removal:
    """A video whose messages are to be taken away; `tries` is how often that was begun."""

    job_id: str
    tries: int


async def due_again(tx: Transaction, job_id: str, *, now: datetime) -> None:
    """Have the messages of a deleted video and withdrawn copies taken away, also what was posted a moment ago."""
    await tx.execute(
        "INSERT INTO removals (job_id, due_at) SELECT id, $2 FROM jobs WHERE id = $1 AND (removed_at IS NOT NULL "
        "OR EXISTS (SELECT 1 FROM copies WHERE job_id = $1 AND withdrawn = 1 AND message_id IS NOT NULL)) "
        "ON CONFLICT (job_id) DO UPDATE SET due_at = excluded.due_at, tries = 0",
        job_id,
        millis(now),
    )


async def places_of(tx: Transaction, job: Job) -> list[MessagePlace]:
    """The card, the result, what was shared of it and all copies, in a gallery or anywhere, that have been posted."""
    row = await tx.one("SELECT channel_id, message_id FROM gallery WHERE job_id = $1", job.id)
    known = [
        (job.card_channel_id, job.card_message_id),
        (job.message_channel_id, job.message_id),
        (job.destination.channel_id, job.shared_message_id),
        (row["channel_id"], row["message_id"]) if row else (None, None),
    ]
    posted = [
        MessagePlace(channel_id=a, message_id=b) for a, b in dict.fromkeys(known) if a is not None and b is not None
    ]
    return [*posted, *(each for each in await _copies_of(tx, job, withdrawn=0) if each not in posted)]


async def _copies_of(tx: Transaction, job: Job, *, withdrawn: int) -> list[MessagePlace]:
    """The copies that were posted again, or only those that are withdrawn."""
    rows = await tx.all(
        "SELECT channel_id, message_id FROM copies WHERE job_id = $1 AND message_id IS NOT NULL AND withdrawn >= $2 "
        "ORDER BY message_id",
        job.id,
        withdrawn,
    )
    return [MessagePlace(channel_id=row["channel_id"], message_id=row["message_id"]) for row in rows]


class RemovalStore:
    """The removals of one database. Every method is one transaction and may raise `StoreUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, *, now: datetime, until: datetime, job_id: str | None = None) -> Removal | None:
        """The next one that is due, or that of one job; due again at `until`, should nothing come of it."""
        row = await self._database.transact(
            lambda tx: tx.one(
                "UPDATE removals SET due_at = $2, tries = tries + 1 WHERE job_id = ("  # noqa: S608 (a constant)
                "SELECT job_id FROM removals WHERE due_at <= $1 AND ($3 = '' OR job_id = $3) ORDER BY due_at LIMIT 1 "
                f"{self._database.skip_locked}) RETURNING job_id, tries",
                millis(now),
                millis(until),
                job_id or "",
            )
        )
        return Removal(job_id=row["job_id"], tries=row["tries"]) if row else None

    async def places(self, job: Job) -> list[MessagePlace]:
        """Where a job's messages may be; see `places_of`."""
        return await self._database.transact(lambda tx: places_of(tx, job))

    async def due(self, job: Job) -> list[MessagePlace]:
        """Which of a job's messages are to be taken away: all of a deleted one's, else the withdrawn copies."""
        return await self._database.transact(
            lambda tx: _copies_of(tx, job, withdrawn=1) if job.removed_at is None else places_of(tx, job)
        )

    async def later(self, job_id: str, *, due_at: datetime) -> None:
        """Try again then."""
        await self._database.transact(
            lambda tx: tx.execute("UPDATE removals SET due_at = $2 WHERE job_id = $1", job_id, millis(due_at))
        )

    async def done(self, removal: Removal) -> None:
        """Nothing is left to be taken away, unless something was posted meanwhile."""

        async def work(tx: Transaction) -> None:
            if await tx.execute("DELETE FROM removals WHERE job_id = $1 AND tries = $2", removal.job_id, removal.tries):
                await tx.execute(
                    "DELETE FROM copies WHERE job_id = $1 AND message_id IS NOT NULL AND (withdrawn = 1 "
                    "OR EXISTS (SELECT 1 FROM jobs WHERE id = $1 AND removed_at IS NOT NULL))",
                    removal.job_id,
                )

        await self._database.transact(work)
