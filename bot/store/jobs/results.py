"""Writes what becomes of finished videos (fetched, shared, removed), and lists what they build on and who waits."""

from datetime import datetime

from bot.domain import Job, OutboxKind, Remover, millis
from bot.store.database import Store, Transaction, transaction
from bot.store.jobs.transitions import hand_over
from bot.store.locks import messages_of
from bot.store.outbox import announce, announce_removal


class ResultStore(Store):
    """The finished videos of one database. Every method is one transaction and may raise `StoreUnavailable`."""

    @transaction
    async def ancestors(self, tx: Transaction, job: Job, *, most: int) -> list[Job]:
        """List the jobs that a job builds on, the nearest first, as far as their rows are still there."""
        found: list[Job] = []
        parent_id = job.parent_id
        while parent_id is not None and len(found) < most:
            row = await tx.one("SELECT * FROM jobs WHERE id = $1", parent_id)
            if row is None:
                break
            found.append(Job.from_row(row))
            parent_id = found[-1].parent_id
        return found

    @transaction
    async def children(self, tx: Transaction, job_id: str) -> int:
        """Count the finished videos that build on a job."""
        row = await tx.one("SELECT count(*) AS n FROM jobs WHERE parent_id = $1 AND status = 'succeeded'", job_id)
        return int(row["n"]) if row else 0

    @transaction
    async def inbox(self, tx: Transaction, user_id: int, *, most: int, skip: int = 0) -> list[Job]:
        """List the videos that wait for a person, since they could not be delivered; the newest first."""
        rows = await tx.all(
            "SELECT * FROM jobs WHERE user_id = $1 AND dead_letter = 'undeliverable' "
            "ORDER BY created_at DESC LIMIT $2 OFFSET $3",
            user_id,
            most,
            skip,
        )
        return [Job.from_row(row) for row in rows]

    @transaction
    async def received(self, tx: Transaction, job_id: str, *, now: datetime) -> bool:
        """Write that a kept video has reached its person by hand; see `transitions.hand_over`."""
        return await hand_over(tx, job_id, now=now)

    @transaction
    async def begin_sharing(self, tx: Transaction, job_id: str, *, user_id: int, at: datetime) -> Job | None:
        """Write that the author's result may be in its channel from that moment on; None where it is shared already.

        `sharing_at` of the answer is when that was first written, by Discord's clock.
        """
        row = await tx.one(
            "UPDATE jobs SET sharing_at = coalesce(sharing_at, $3) WHERE id = $1 AND user_id = $2 "
            "AND shared_at IS NULL AND removed_at IS NULL "
            "AND (delivered_at IS NOT NULL OR dead_letter = 'undeliverable') RETURNING *",
            job_id,
            user_id,
            millis(at),
        )
        return Job.from_row(row) if row else None

    @transaction
    async def shared(self, tx: Transaction, job_id: str, *, message_id: int, now: datetime) -> None:
        """Write that a result is in its channel; a video that had reached nobody before is settled by that.

        Was the video deleted meanwhile, the post has to go, too.
        """
        await tx.execute(
            "UPDATE jobs SET shared_at = $2, shared_message_id = $3, "
            "message_channel_id = CASE WHEN private = 1 THEN message_channel_id ELSE channel_id END, "
            "message_id = CASE WHEN private = 1 THEN message_id ELSE $3 END "
            "WHERE id = $1 AND shared_at IS NULL",
            job_id,
            millis(now),
            message_id,
        )
        await hand_over(tx, job_id, now=now)
        await announce_removal(tx, job_id, now=now)

    @transaction
    async def remove(self, tx: Transaction, job_id: str, *, by: Remover, now: datetime) -> None:
        """Write that a result is taken away, and that its messages are to go; a moderator's word is the last one.

        Its author is to be told of a moderator's, unless the result was taken away before.
        """
        await tx.alone(messages_of(job_id))
        there = await tx.one("SELECT user_id, guild_id FROM jobs WHERE id = $1 AND removed_at IS NULL", job_id)
        await tx.execute(
            "UPDATE jobs SET removed_by = CASE WHEN removed_at IS NULL OR $2 = 'moderator' THEN $2 "
            "ELSE removed_by END, removed_at = coalesce(removed_at, $3) WHERE id = $1",
            job_id,
            str(by),
            millis(now),
        )
        await announce_removal(tx, job_id, now=now)
        if there is not None and by is Remover.MODERATOR:
            place = {"guild_id": there["guild_id"], "place_id": there["user_id"]}
            await announce(tx, OutboxKind.DELETED, job_id, **place, now=now)
