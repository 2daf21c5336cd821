"""Answers questions about jobs and accounts; changes nothing."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from bot.domain import EVERYWHERE, Account, Fund, Job, VideoRequest, Waiting, millis_of
from bot.domain.eta import similarity_key
from bot.store.database import Store, Transaction, transaction
from bot.store.jobs import at_work, fair_queue
from bot.store.jobs.fair_queue import UNFINISHED
from bot.store.money import ledger

TOGETHER: Final = timedelta(hours=1)  # between the ends of jobs of one crowd
CROWD: Final = 25  # times as many jobs as are asked for are looked at


class JobQueryStore(Store):
    """Reads one database. Every method may raise `StoreUnavailable`."""

    async def job(self, job_id: str) -> Job | None:
        """Read the job of that id."""
        rows = await self._read("SELECT * FROM jobs WHERE id = $1", job_id)
        return Job.from_row(rows[0]) if rows else None

    async def shown_in(self, job_id: str) -> frozenset[int]:
        """List the guilds in which a video was posted once more, beside the one that it was made in."""
        rows = await self._read("SELECT guild_id FROM showings WHERE job_id = $1", job_id)
        return frozenset(row["guild_id"] for row in rows)

    async def asked(self, key: str) -> Job | None:
        """Read the job that came of an idempotency key."""
        rows = await self._read("SELECT * FROM jobs WHERE idempotency_key = $1", key)
        return Job.from_row(rows[0]) if rows else None

    async def of_user(self, user_id: int, *, guild_id: int | None, most: int) -> list[Job]:
        """List a person's latest jobs in a guild (or in direct messages), the newest first."""
        rows = await self._read(
            "SELECT * FROM jobs WHERE user_id = $1 AND coalesce(guild_id, 0) = $2 ORDER BY created_at DESC LIMIT $3",
            user_id,
            guild_id or 0,
            most,
        )
        return [Job.from_row(row) for row in rows]

    async def unfinished(self, user_id: int) -> int:
        """Count the jobs of a person that have not ended, anywhere."""
        rows = await self._read(f"SELECT count(*) AS n FROM jobs WHERE user_id = $1 AND {UNFINISHED}", user_id)  # noqa: S608 (constant)
        return int(rows[0]["n"])

    @transaction(snapshot=True)
    async def waiting(self, tx: Transaction, job: Job) -> Waiting:
        """Tell where a waiting job stands, and what it waits for."""
        guilds = await tx.all(
            "SELECT guild_id, paused, running_limit FROM guilds WHERE guild_id IN ($1, $2)", EVERYWHERE, job.queue_id
        )
        limits = [row["running_limit"] for row in guilds if row["guild_id"] == job.queue_id]
        return Waiting(
            place=await fair_queue.place_of(tx, job),
            **await at_work.read_lines(tx, job),
            running_limit=limits[0] if limits else None,
            paused=any(row["paused"] for row in guilds),
        )

    @transaction(snapshot=True)
    async def position(self, tx: Transaction, job: Job) -> int:
        """Count the jobs that go to the provider before this one, plus one, leaving limits and pauses aside."""
        place = await fair_queue.place_of(tx, job)
        return place.provider

    @transaction(snapshot=True)
    async def first_waiting(self, tx: Transaction, provider: str, *, most: int) -> list[Job]:
        """List the waiting jobs of a provider that go next, in their order, leaving limits and pauses aside."""
        return await fair_queue.first(tx, provider, most=most)

    async def durations(self, request: VideoRequest, *, most: int = 20) -> list[float]:
        """List how many seconds the provider worked on each of the latest jobs like this one.

        Of more than `most` that ended within an hour, some of each time: of a crowd that began together the latest to
        end are the slowest.
        """
        rows = await self._read(
            "SELECT finished_at - submitted_at AS took, finished_at FROM jobs "
            "WHERE eta_key = $1 AND status = 'succeeded' AND submitted_at IS NOT NULL "
            "ORDER BY finished_at DESC LIMIT $2",
            similarity_key(request),
            most * CROWD,
        )
        crowd = [row for row in rows if rows[0]["finished_at"] - row["finished_at"] <= millis_of(TOGETHER)]
        if len(crowd) > most:
            rows = [crowd[number * len(crowd) // most] for number in range(most)]
        return [row["took"] / 1000 for row in rows[:most]]

    async def begun(self, *, most: int) -> list[Job]:
        """List the jobs that came to their providers, in that order, the first at most `most`."""
        rows = await self._read(
            "SELECT * FROM jobs WHERE submitted_at IS NOT NULL ORDER BY submitted_at LIMIT $1", most
        )
        return [Job.from_row(row) for row in rows]

    async def dead_letters(self, *, most: int) -> list[Job]:
        """List the dead letters, which wait for the operator, the oldest first."""
        rows = await self._read("SELECT * FROM jobs WHERE dead_letter IS NOT NULL ORDER BY created_at LIMIT $1", most)
        return [Job.from_row(row) for row in rows]

    async def account(self, fund: Fund) -> Account:
        """Read the account of a fund, under its allowance."""
        return (await self.accounts([fund]))[0]

    @transaction(snapshot=True)
    async def accounts(self, tx: Transaction, funds: Sequence[Fund]) -> list[Account]:
        """Read the accounts of these funds, in their order."""
        return [await ledger.read_account(tx, fund) for fund in funds]
