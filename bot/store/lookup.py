"""Questions about jobs and accounts that change nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.domain.eta import likeness
from bot.domain.job import Job
from bot.domain.row import millis
from bot.store import ledger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.domain.quota import Account, Fund
    from bot.domain.request import VideoRequest
    from bot.domain.row import Row
    from bot.store.database import Database, Transaction


class Lookup:
    """Reads one database. Every method may raise `StoreUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def job(self, job_id: str) -> Job | None:
        """The job of that id."""
        rows = await self._all("SELECT * FROM jobs WHERE id = $1", job_id)
        return Job.from_row(rows[0]) if rows else None

    async def of_user(self, user_id: int, *, guild_id: int | None, most: int) -> list[Job]:
        """A person's latest jobs in a guild (or in direct messages), the newest first."""
        rows = await self._all(
            "SELECT * FROM jobs WHERE user_id = $1 AND coalesce(guild_id, 0) = $2 ORDER BY created_at DESC LIMIT $3",
            user_id,
            guild_id or 0,
            most,
        )
        return [Job.from_row(row) for row in rows]

    async def position(self, job: Job) -> int:
        """How many jobs wait at the provider in front of this one, plus one."""
        rows = await self._all(
            "SELECT count(*) AS n FROM jobs WHERE status = 'queued' AND provider = $1 "
            "AND (created_at < $2 OR (created_at = $2 AND id <= $3))",
            job.provider,
            millis(job.created_at),
            job.id,
        )
        return int(rows[0]["n"])

    async def first_waiting(self, provider: str, *, most: int) -> list[Job]:
        """The jobs at the front of a provider's queue, in their order."""
        rows = await self._all(
            "SELECT * FROM jobs WHERE status = 'queued' AND provider = $1 ORDER BY created_at, id LIMIT $2",
            provider,
            most,
        )
        return [Job.from_row(row) for row in rows]

    async def durations(self, request: VideoRequest, *, most: int = 20) -> list[float]:
        """How many seconds the provider worked on the latest jobs like this one."""
        rows = await self._all(
            "SELECT finished_at - submitted_at AS took FROM jobs "
            "WHERE eta_key = $1 AND status = 'succeeded' AND submitted_at IS NOT NULL "
            "ORDER BY finished_at DESC LIMIT $2",
            likeness(request),
            most,
        )
        return [row["took"] / 1000 for row in rows]

    async def dead_letters(self, *, most: int) -> list[Job]:
        """What waits for the operator, the oldest first."""
        rows = await self._all("SELECT * FROM jobs WHERE dead_letter IS NOT NULL ORDER BY created_at LIMIT $1", most)
        return [Job.from_row(row) for row in rows]

    async def account(self, fund: Fund) -> Account:
        """The account of a fund, under its allowance."""
        return (await self.accounts([fund]))[0]

    async def accounts(self, funds: Sequence[Fund]) -> list[Account]:
        """The accounts of these funds, in their order."""

        async def work(tx: Transaction) -> list[Account]:
            return [await ledger.read_account(tx, fund) for fund in funds]

        return await self._database.transact(work)

    async def _all(self, sql: str, *values: object) -> list[Row]:
        async def work(tx: Transaction) -> list[Row]:
            return list(await tx.all(sql, *values))

        return await self._database.transact(work)
