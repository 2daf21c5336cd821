"""The copies of well-liked videos in their guilds' galleries: meant, then posted, once each."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from bot.domain.row import Row, from_millis, millis
from bot.store.database import Database, Transaction
from bot.store.jobs.removals import due_again


@dataclass(frozen=True, kw_only=True, slots=True)
class GalleryCopy:
    """A copy that is meant to be posted, tried `tries` times, first at `posting_at` by Discord's clock."""

    job_id: str
    channel_id: int
    tries: int
    posting_at: datetime | None

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """The copy of a database row."""
        return cls(
            job_id=row["job_id"],
            channel_id=row["channel_id"],
            tries=row["tries"],
            posting_at=from_millis(row["posting_at"]),
        )


class GalleryStore:
    """The galleries of one database. Every method is one transaction and may raise `StoreUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def intend(self, job_id: str, *, channel_id: int, now: datetime) -> bool:
        """Write that a copy is to be posted; False where it is already posted or on its way.

        A copy that was given up is meant again, where the gallery is now.
        """

        async def work(tx: Transaction) -> bool:
            changed = await tx.execute(
                "INSERT INTO gallery (job_id, channel_id, at, due_at) VALUES ($1, $2, $3, $3) "
                "ON CONFLICT (job_id) DO UPDATE SET channel_id = excluded.channel_id, due_at = excluded.due_at, "
                "tries = 0 WHERE gallery.message_id IS NULL AND gallery.due_at IS NULL",
                job_id,
                channel_id,
                millis(now),
            )
            return changed == 1

        return await self._database.transact(work)

    async def claim(self, *, now: datetime, until: datetime) -> GalleryCopy | None:
        """The next copy to post; nobody else gets it before `until`, when it is due again."""

        async def work(tx: Transaction) -> GalleryCopy | None:
            row = await tx.one(
                "UPDATE gallery SET due_at = $2, tries = tries + 1 WHERE job_id = ("  # noqa: S608 (a constant)
                "SELECT job_id FROM gallery WHERE due_at <= $1 AND due_at IS NOT NULL ORDER BY due_at LIMIT 1 "
                f"{self._database.skip_locked}) RETURNING *",
                millis(now),
                millis(until),
            )
            return GalleryCopy.from_row(row) if row else None

        return await self._database.transact(work)

    async def recover(self, *, now: datetime) -> None:
        """At start: nobody else has a copy in hand, so all that were are due."""

        async def work(tx: Transaction) -> int:
            return await tx.execute("UPDATE gallery SET due_at = $1 WHERE due_at > $1", millis(now))

        await self._database.transact(work)

    async def next_due(self) -> datetime | None:
        """When the next copy is to be tried; None where there is nothing to do."""

        async def work(tx: Transaction) -> datetime | None:
            row = await tx.one("SELECT min(due_at) AS at FROM gallery WHERE due_at IS NOT NULL")
            found: datetime | None = from_millis(row["at"]) if row else None
            return found

        return await self._database.transact(work)

    async def begin_posting(self, job_id: str, *, at: datetime) -> None:
        """Write that the copy may be in the channel from that moment on, by Discord's clock."""
        await self._change("posting_at = coalesce(posting_at, $2)", job_id, millis(at))

    async def posted(self, job_id: str, *, message_id: int, now: datetime) -> None:
        """The copy is in the channel: never again. Was the video deleted meanwhile, the copy has to go, too."""

        async def work(tx: Transaction) -> None:
            await tx.execute("UPDATE gallery SET message_id = $2, due_at = NULL WHERE job_id = $1", job_id, message_id)
            await due_again(tx, job_id, now=now)

        await self._database.transact(work)

    async def later(self, job_id: str, *, due_at: datetime) -> None:
        """The copy is to be tried again."""
        await self._change("due_at = $2", job_id, millis(due_at))

    async def give_up(self, job_id: str) -> None:
        """The copy cannot be posted; the next star means it again."""
        await self._change("due_at = NULL", job_id)

    async def _change(self, change: str, job_id: str, *values: object) -> None:
        async def work(tx: Transaction) -> int:
            # The change is a constant of this class, never from outside.
            return await tx.execute(f"UPDATE gallery SET {change} WHERE job_id = $1", job_id, *values)  # noqa: S608

        await self._database.transact(work)
