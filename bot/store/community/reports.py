"""Keeps reports: one row a person and video, and one open case for all who report the same video."""

from datetime import datetime

from bot.domain import Case, Report, Row, from_millis, millis
from bot.store.community.cases import announce_case, open_case
from bot.store.database import Store, Transaction, transaction
from bot.store.locks import reports_of


class ReportStore(Store):
    """Keeps the reports of one database. Every method is one transaction and may raise `StoreUnavailable`."""

    @transaction
    async def add(self, tx: Transaction, report: Report, *, key: str, case: Case) -> Case | None:
        """Keep a report with the open case about the same video in the same guild, or else with this new one.

        The case is due then, so that whoever decides is shown it. None where the person has reported the video before.
        """
        await tx.alone(reports_of(case.job_id))
        told = await tx.one(
            "SELECT id FROM reports WHERE job_id = $1 AND user_id = $2 AND user_id <> 0", case.job_id, report.user_id
        )
        if told is not None:
            return None
        row = await _open_about(tx, case)
        if row is None:
            await open_case(tx, case)
        await tx.execute(
            "INSERT INTO reports (id, case_id, job_id, user_id, reason, at) VALUES ($1, $2, $3, $4, $5, $6)",
            *(key, row["id"] if row else case.id, case.job_id, report.user_id, report.reason, millis(report.at)),
        )
        if row is None:
            return case
        await announce_case(tx, row, now=report.at)
        return Case.from_row(row)

    @transaction
    async def unseen(self, tx: Transaction) -> list[datetime]:
        """List since when each report waits that nobody could be shown, the oldest first."""
        rows = await tx.all(
            "SELECT cases.created_at FROM outbox JOIN cases ON cases.id = outbox.subject_id "
            "WHERE outbox.kind = 'case' AND outbox.message_id IS NULL "
            "AND cases.kind = 'report' AND cases.state = 'open'"
        )
        return sorted(from_millis(row["created_at"]) for row in rows)


async def _open_about(tx: Transaction, case: Case) -> Row | None:
    """Find the open case about a video in a guild, and keep it from being decided until this transaction ends."""
    return await tx.one(
        "UPDATE cases SET state = 'open' WHERE job_id = $1 AND guild_id = $2 AND kind = 'report' AND state = 'open' "
        "RETURNING *",
        *(case.job_id, case.guild_id),
    )
