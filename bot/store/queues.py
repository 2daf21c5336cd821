"""Turns: how the waiting jobs of a queue take theirs, so that nobody's many delay another's one.

Every job gets a turn when it begins to wait: the one after its person's last, but never one that has passed. Jobs go by
priority, then turn, then age; so people are served in rounds, and a job waits for at most one of each other person's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.domain.job import Job
    from bot.store.database import Transaction


async def take_turn(tx: Transaction, job: Job) -> int:
    """The turn of a job that begins to wait now, in a queue that from now on is served."""
    await tx.execute(
        "INSERT INTO queues (provider, queue_id) VALUES ($1, $2) ON CONFLICT (provider, queue_id) DO NOTHING",
        job.provider,
        job.queue_id,
    )
    place = "FROM jobs WHERE status = 'queued' AND provider = $1 AND queue_id = $2 AND priority = $3"
    row = await tx.one(
        f"SELECT (SELECT min(turn) {place}) AS present, (SELECT max(turn) + 1 {place} AND user_id = $4) AS own",
        job.provider,
        job.queue_id,
        job.priority,
        job.user_id,
    )
    return max(row["present"] or 0, row["own"] or 0) if row else 0
