"""Lists the jobs of a guild for those who run it, and what the ledger says of one."""

from collections.abc import Mapping
from typing import Final

from bot.domain import EVERYWHERE, Case, Job, JobFilter, Kind, LedgerEntry, OutboxItem, Row, Unit, from_millis
from bot.domain.standing import JobTrail
from bot.store.database import Store, Transaction, transaction

# The very words of the partial indexes, so that every database takes them.
_OPEN: Final = (
    "delivered_at IS NULL AND dead_letter IS NULL "
    "AND status IN ('pending', 'queued', 'submitting', 'running', 'succeeded')"
)
_WHERE: Final[Mapping[JobFilter, str]] = {
    JobFilter.LATEST: "true",
    JobFilter.WAITING: f"{_OPEN} AND status IN ('pending', 'queued')",
    JobFilter.RUNNING: f"{_OPEN} AND status IN ('submitting', 'running', 'succeeded')",
    JobFilter.DEAD: "dead_letter IS NOT NULL",
    JobFilter.EVERYWHERE: "dead_letter IS NOT NULL",
}

_EVERYWHERE: Final = "prompt <> ''"  # the latest of all guilds: not what has been forgotten, which has no index


class GuildJobStore(Store):
    """Reads one database. Every method is one transaction and may raise `StoreUnavailable`."""

    @transaction
    async def jobs(
        self,
        tx: Transaction,
        job_filter: JobFilter,
        *,
        guild_id: int,
        user_id: int | None = None,
        skip: int = 0,
        most: int,
    ) -> list[Job]:
        """List jobs of a guild (of all, if sought everywhere), perhaps of one member alone, the newest first."""
        everywhere = job_filter is JobFilter.EVERYWHERE or guild_id == EVERYWHERE
        where, values = (
            [_EVERYWHERE if everywhere and job_filter is JobFilter.LATEST else _WHERE[job_filter]],
            [most, skip],
        )
        for column, value in (
            ("guild_id", None if everywhere else guild_id),
            ("user_id", user_id),
        ):
            if value is not None:
                values.append(value)
                where.append(f"{column} = ${len(values)}")
        rows = await tx.all(
            f"SELECT * FROM jobs WHERE {' AND '.join(where)} "  # noqa: S608 (texts of this module)
            "ORDER BY created_at DESC LIMIT $1 OFFSET $2",
            *values,
        )
        return [Job.from_row(row) for row in rows]

    @transaction
    async def ledger_entries(self, tx: Transaction, job_id: str) -> list[LedgerEntry]:
        """List a job's lines in the ledger, in their order."""
        rows = await tx.all("SELECT * FROM ledger WHERE job_id = $1", job_id)
        found = [_ledger_entry(row) for row in rows]
        return sorted(found, key=lambda each: (each.at, each.kind is not Kind.HOLD, each.owner))

    @transaction(snapshot=True)
    async def trail(self, tx: Transaction, job_id: str) -> JobTrail:
        """Read what else is kept about a job: its cases, and what was posted of it."""
        cases = await tx.all("SELECT * FROM cases WHERE job_id = $1 AND job_id IS NOT NULL", job_id)
        posts = await tx.all("SELECT * FROM outbox WHERE job_id = $1 AND job_id IS NOT NULL", job_id)
        return JobTrail(
            cases=sorted(map(Case.from_row, cases), key=lambda case: case.created_at),
            posts=sorted(map(OutboxItem.from_row, posts), key=lambda post: post.created_at),
        )


def _ledger_entry(row: Row) -> LedgerEntry:
    return LedgerEntry(
        at=from_millis(row["at"]),
        owner=row["owner"],
        kind=Kind(row["kind"]),
        unit=Unit(row["unit"]),
        held=row["held"],
        settled=row["settled"],
    )
