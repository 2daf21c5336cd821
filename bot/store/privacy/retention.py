"""Deletes what is too old to be kept: the texts of videos, files that nobody fetched, records that serve nobody."""

from datetime import datetime, timedelta
from typing import Final

from bot.domain import DeadLetter, Failure, GuildState, Job, JobStatus, VideoRequest, millis, millis_of
from bot.store.community.cases import announce_case
from bot.store.database import Store, Transaction, transaction
from bot.store.jobs.transitions import demand, fail
from bot.store.locks import FORGETTING, MANY_JOBS
from bot.store.outbox import DUE_CASES, sweep
from bot.store.privacy.deleted_traces import owe_overwrite

GIVEN_UP: Final = timedelta(days=30)  # since an item that is given up was announced
LEAP: Final = timedelta(days=31)  # a clock that has gone on by more since the last look is not believed at once

_LAST_LOOK: Final = "retention: last look"  # among the periodic tasks, the time that the clock showed


class RetentionStore(Store):
    """Deletes the old rows of one database. Every method is one transaction and may raise `StoreUnavailable`."""

    @transaction
    async def believable(self, tx: Transaction, now: datetime) -> bool:
        """Say whether the clock can be believed: not when it has leapt since the last time, nor the first time."""
        row = await tx.one("SELECT due_at FROM chores WHERE name = $1", _LAST_LOOK)
        await tx.execute(
            "INSERT INTO chores (name, due_at) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE "
            "SET due_at = excluded.due_at",
            _LAST_LOOK,
            millis(now),
        )
        return row is not None and row["due_at"] <= millis(now) <= row["due_at"] + millis_of(LEAP)

    @transaction
    async def forget_texts(self, tx: Transaction, *, before: datetime, most: int) -> int:
        """Take the texts out of closed jobs that are older than that, and count the jobs."""
        await tx.alone(MANY_JOBS)
        rows = await tx.all(
            "SELECT id, request FROM jobs WHERE prompt <> '' AND created_at < $1 AND due_at IS NULL "
            "AND dead_letter IS NULL AND (delivered_at IS NOT NULL OR status IN ('failed', 'cancelled')) "
            "ORDER BY created_at LIMIT $2",
            millis(before),
            most,
        )
        for row in rows:
            bare = VideoRequest.stored(row["request"]).without_texts().model_dump_json()
            await tx.execute("UPDATE jobs SET prompt = '', request = $2 WHERE id = $1", row["id"], bare)
        return len(rows)

    @transaction
    async def unfetched(self, tx: Transaction, *, before: datetime, most: int) -> list[Job]:
        """List kept videos of jobs that are older than that."""
        rows = await tx.all(
            "SELECT * FROM jobs WHERE dead_letter IS NOT NULL AND dead_letter = 'undeliverable' "
            "AND created_at < $1 ORDER BY created_at LIMIT $2",
            millis(before),
            most,
        )
        return [Job.from_row(row) for row in rows]

    @transaction
    async def expire(self, tx: Transaction, job: Job, *, now: datetime) -> Job:
        """End a kept video that its person has not fetched: it fails, and is charged, since it was made.

        Raises:
            TransitionLost: somebody has fetched it a moment ago.
        """
        demand(job, job.status is JobStatus.SUCCEEDED and job.dead_letter is DeadLetter.UNDELIVERABLE)
        return await fail(tx, job, failure=Failure.EXPIRED, now=now)

    @transaction
    async def trim(self, tx: Transaction, *, texts: datetime | None, records: datetime, now: datetime) -> None:
        """Delete what is from before `texts` (None: nothing), and the audit from before `records`.

        The first is feedback, decided cases, and where people have sent themselves copies. Reports and requests for
        credits from then that nobody has decided expire now, and go the next time. Of whatever was forgotten before
        this, the traces are owed now.
        """
        await tx.alone(FORGETTING)
        if texts is not None:
            await tx.execute(
                "DELETE FROM feedback WHERE at < $1 AND id NOT IN "
                "(SELECT subject_id FROM outbox WHERE kind = 'feedback' AND due_at IS NOT NULL)",
                millis(texts),
            )
            await tx.execute("DELETE FROM direct_copies WHERE sent_at < $1", millis(texts))
            await tx.execute(
                "DELETE FROM cases WHERE created_at < $1 AND state <> 'open' "  # noqa: S608 (a constant)
                f"AND (user_id <> 0 OR id NOT IN ({DUE_CASES}))",
                millis(texts),
            )
            for row in await tx.all(
                "UPDATE cases SET state = 'expired', decided_at = $2 "
                "WHERE created_at < $1 AND state = 'open' AND kind IN ('report', 'more') RETURNING *",
                *(millis(texts), millis(now)),
            ):
                await announce_case(tx, row, now=now)
        await tx.execute("DELETE FROM audit WHERE at < $1", millis(records))
        await tx.execute("DELETE FROM outbox WHERE given_up IS NOT NULL AND created_at < $1", millis(now - GIVEN_UP))
        await sweep(tx)
        await owe_overwrite(tx)

    @transaction
    async def end_sanctions(self, tx: Transaction, *, now: datetime) -> None:
        """Delete blocks that are over, and strikes that count no longer by what their guild decides."""
        await tx.alone(FORGETTING)
        for row in await tx.all("SELECT DISTINCT guild_id FROM strikes"):
            guild = await tx.one("SELECT * FROM guilds WHERE guild_id = $1", row["guild_id"])
            rules = (GuildState.from_row(guild) if guild else GuildState()).policy.moderation
            counted = now - timedelta(days=rules.strike_days if rules.strikes else 0)
            await tx.execute("DELETE FROM strikes WHERE guild_id = $1 AND at < $2", row["guild_id"], millis(counted))
        await tx.execute(
            "UPDATE members SET blocked_until = NULL, block_reason = '', blocked_by = NULL WHERE blocked_until < $1",
            millis(now),
        )
        await tx.execute("DELETE FROM members WHERE blocked_until IS NULL AND allowance IS NULL")
