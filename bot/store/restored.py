"""Takes up a database that is a copy: the bot may have gone on elsewhere since it was taken, and must not pay twice.

Of each unfinished job nobody knows any more what was done for it. So its submissions are looked for before one is made,
its post before it is posted, and what was told before it is told.
"""

from datetime import datetime, timedelta
from typing import Final

from bot.domain import backoff, from_millis, millis
from bot.store.database import Store, Transaction, transaction
from bot.store.locks import MANY_JOBS
from bot.values import dataclass

BELIEVED: Final = timedelta(days=14)  # for so long a video service surely knows all its tasks

MARK: Final = (
    "CREATE TABLE IF NOT EXISTS restored_copy (id INTEGER PRIMARY KEY CHECK (id = 1), taken_at BIGINT NOT NULL)",
    (
        "INSERT INTO restored_copy (id, taken_at) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET taken_at = "
        "CASE WHEN excluded.taken_at < restored_copy.taken_at THEN excluded.taken_at ELSE restored_copy.taken_at END"
    ),
)
"""What marks a database, of whatever version, as a copy that was taken at `$1`; a copy of a copy is of the first."""

UNMARK: Final = "DELETE FROM restored_copy WHERE taken_at = $1"
"""What takes that mark away again, and no earlier one."""

_BEATS_SINCE: Final = 7  # the migration from which on the bot writes down that it lives
_LAST_MOMENT: Final = "SELECT max(at) AS at FROM heartbeat"
_LAST_MOMENT_BEFORE: Final = "SELECT max(created_at) AS at FROM jobs"

# Whatever is unfinished: a job in doubt too, which its operator may have submitted once more; not a kept video.
_MARK_JOBS: Final = (
    "UPDATE jobs SET look_from = attempt, "
    "look_to = CASE WHEN coalesce(look_to, 0) > attempt + $1 THEN look_to ELSE attempt + $1 END, "
    "posting_at = coalesce(posting_at, $2), "
    "deadline_at = CASE WHEN $3 = 1 THEN created_at ELSE deadline_at END, "
    "due_at = CASE WHEN $3 = 1 THEN $4 ELSE due_at END "
    "WHERE status IN ('pending', 'queued', 'submitting', 'running', 'succeeded') AND delivered_at IS NULL "
    "AND coalesce(dead_letter, '') <> 'undeliverable'"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class TakenUp:
    """A copy that has been taken up: when it was taken, and how many jobs were unfinished then.

    What was unfinished in an `old` one ends without a submission: no video service can be believed about that.
    """

    taken_at: datetime
    jobs: int
    old: bool


class RestoredStore(Store):
    """Takes up one database. Every method is one transaction and may raise `StoreUnavailable`."""

    @transaction
    async def mark(self, tx: Transaction) -> datetime | None:
        """Mark a database, of whatever version, as a copy of the last moment in which its bot lived; give that moment.

        None, and nothing is marked, where no bot has lived in it yet.
        """
        version = await tx.one("SELECT max(version) AS number FROM schema_migrations")
        since = version is not None and (version["number"] or 0) >= _BEATS_SINCE
        row = await tx.one(_LAST_MOMENT if since else _LAST_MOMENT_BEFORE)
        if row is None or row["at"] is None:
            return None
        table, mark = MARK
        await tx.execute(table)
        await tx.execute(mark, row["at"])
        last: datetime = from_millis(row["at"])
        return last

    @transaction
    async def take_up(self, tx: Transaction, *, now: datetime, longest: timedelta) -> TakenUp | None:
        """Mark what may have gone on elsewhere; None where the database is no copy, or has been taken up.

        `longest` is for how long a job may be submitted again and again.
        """
        await tx.alone(MANY_JOBS)
        row = await tx.one("DELETE FROM restored_copy RETURNING taken_at")
        if row is None:
            return None
        taken_at = from_millis(row["taken_at"]) or now
        apart = max(timedelta(0), now - taken_at)
        old = apart > BELIEVED
        attempts = backoff.most(min(apart, longest))
        values = (attempts, row["taken_at"], int(old), millis(now))
        jobs = await tx.execute(_MARK_JOBS, *values)
        await tx.execute(
            "UPDATE jobs SET telling_at = coalesce(telling_at, $1) "
            "WHERE status IN ('failed', 'cancelled') AND due_at IS NOT NULL",
            millis(taken_at),
        )
        await tx.execute("DELETE FROM synced_commands")  # Discord may have been sent others since
        return TakenUp(taken_at=taken_at, jobs=jobs, old=old)
