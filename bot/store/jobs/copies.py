"""Videos posted once more for everybody in a channel: meant, then posted, looked for if that broke off, taken away."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from bot.domain.job import Job
from bot.domain.row import Row, from_millis, millis
from bot.store.database import Database, Transaction
from bot.store.jobs.removals import due_again, places_of


@dataclass(frozen=True, kw_only=True, slots=True)
class LostCopy:
    """A copy that may have been posted after `posting_at`, by Discord's clock; `tries` is how often it was sought."""

    nonce: str
    job_id: str
    guild_id: int
    channel_id: int
    posting_at: datetime
    tries: int

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """The copy of a database row."""
        return cls(
            nonce=row["nonce"],
            job_id=row["job_id"],
            guild_id=row["guild_id"],
            channel_id=row["channel_id"],
            posting_at=from_millis(row["posting_at"]),
            tries=row["tries"],
        )


class CopyStore:
    """The copies of one database. Every method is one transaction and may raise `StoreUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def intend(
        self, nonce: str, *, job_id: str, guild_id: int, channel_id: int, at: datetime, due_at: datetime
    ) -> None:
        """Write that a copy may be in a channel after `at`, by Discord's clock, and is shown to its guild from now on.

        It is looked for at `due_at`, should nothing be heard of it until then.
        """

        async def work(tx: Transaction) -> None:
            await tx.execute(
                "INSERT INTO copies (nonce, job_id, guild_id, channel_id, posting_at, due_at) "
                "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
                nonce,
                job_id,
                guild_id,
                channel_id,
                millis(at),
                millis(due_at),
            )
            await tx.execute(
                "INSERT INTO showings (job_id, guild_id) VALUES ($1, $2) ON CONFLICT DO NOTHING", job_id, guild_id
            )

        await self._database.transact(work)

    async def posted(self, nonce: str, *, message_id: int, now: datetime) -> None:
        """The copy is in the channel. Was it, or the video, to be taken away meanwhile, then that is due."""

        async def work(tx: Transaction) -> None:
            row = await tx.one(
                "UPDATE copies SET message_id = $2, due_at = NULL WHERE nonce = $1 RETURNING job_id", nonce, message_id
            )
            if row is not None:
                await due_again(tx, row["job_id"], now=now)

        await self._database.transact(work)

    async def forget(self, nonce: str) -> None:
        """The copy was not posted."""
        await self._database.transact(lambda tx: tx.execute("DELETE FROM copies WHERE nonce = $1", nonce))

    async def deleted(self, job_id: str, *, message_id: int) -> None:
        """The copy with that message is gone."""
        await self._database.transact(
            lambda tx: tx.execute("DELETE FROM copies WHERE job_id = $1 AND message_id = $2", job_id, message_id)
        )

    async def has(self, job_id: str, *, message_id: int) -> bool:
        """Whether a message is known to be a copy of a video."""
        row = await self._database.transact(
            lambda tx: tx.one("SELECT 1 FROM copies WHERE job_id = $1 AND message_id = $2", job_id, message_id)
        )
        return row is not None

    async def withdraw(self, job_id: str, *, guild_id: int, now: datetime) -> None:
        """Write that the copies in a guild are for nobody there any more, and that their messages are to go."""

        async def work(tx: Transaction) -> None:
            await tx.execute("DELETE FROM showings WHERE job_id = $1 AND guild_id = $2", job_id, guild_id)
            await tx.execute("UPDATE copies SET withdrawn = 1 WHERE job_id = $1 AND guild_id = $2", job_id, guild_id)
            await due_again(tx, job_id, now=now)

        await self._database.transact(work)

    async def claim(self, *, now: datetime, until: datetime) -> LostCopy | None:
        """The next copy to look for; due again at `until`, should nothing come of it."""
        row = await self._database.transact(
            lambda tx: tx.one(
                "UPDATE copies SET due_at = $2, tries = tries + 1 WHERE nonce = ("  # noqa: S608 (a constant)
                "SELECT nonce FROM copies WHERE due_at <= $1 AND due_at IS NOT NULL ORDER BY due_at LIMIT 1 "
                f"{self._database.skip_locked}) RETURNING *",
                millis(now),
                millis(until),
            )
        )
        return LostCopy.from_row(row) if row else None

    async def messages(self, job: Job) -> frozenset[int]:
        """The ids of all messages that are known to carry a job."""
        places = await self._database.transact(lambda tx: places_of(tx, job))
        return frozenset(place.message_id for place in places)
