"""Cases: opened and decided inside the transaction of what they are about, and due until Discord shows them."""

import json
from dataclasses import replace
from datetime import datetime

from bot.domain import Case, CaseState, Report
from bot.domain.row import millis
from bot.store.database import Database, Transaction


async def open_case(tx: Transaction, case: Case) -> bool:
    """Keep a case, due at once to be posted; whether it is new: the same id is opened once."""
    return (
        await tx.execute(
            "INSERT INTO cases (id, kind, guild_id, channel_id, user_id, job_id, body, created_at, due_at) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8) ON CONFLICT (id) DO NOTHING",
            *(case.id, str(case.kind), case.guild_id, case.channel_id, case.user_id, case.job_id),
            body_of(case),
            millis(case.created_at),
        )
        > 0
    )


def body_of(case: Case) -> str:
    """The column of a case's body: the same text for the same body."""
    return json.dumps(dict(case.body), ensure_ascii=False, sort_keys=True)


async def decide(tx: Transaction, case_id: str, state: CaseState, *, by: int | None, now: datetime) -> Case | None:
    """Decide an open case, and have its message say so; None where somebody has decided it before."""
    row = await tx.one(
        "UPDATE cases SET state = $2, decided_by = $3, decided_at = $4, due_at = $4, tries = 0 "
        "WHERE id = $1 AND state = 'open' RETURNING *",
        case_id,
        str(state),
        by,
        millis(now),
    )
    return Case.from_row(row) if row else None


async def withdraw(tx: Transaction, job_id: str, *, now: datetime, state: CaseState = CaseState.WITHDRAWN) -> None:
    """End the open case that asks whether a job may go on; those who would have decided are told by its message."""
    await tx.execute(
        "UPDATE cases SET state = $2, decided_at = $3, due_at = $3, tries = 0 "
        "WHERE job_id = $1 AND job_id IS NOT NULL AND state = 'open' AND kind IN ('request', 'result')",
        job_id,
        str(state),
        millis(now),
    )


async def with_reports(tx: Transaction, case: Case) -> Case:
    """A case with whatever people object to, the first first."""
    rows = await tx.all("SELECT * FROM reports WHERE case_id = $1 ORDER BY at, id", case.id)
    return replace(case, reports=tuple(Report.from_row(row) for row in rows))


class CaseStore:
    """The cases of one database. Every method is one transaction and may raise `StoreUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def case(self, case_id: str) -> Case | None:
        """The case of that id."""
        row = await self._database.transact(lambda tx: tx.one("SELECT * FROM cases WHERE id = $1", case_id))
        return Case.from_row(row) if row else None

    async def open(self, case: Case) -> bool:
        """Keep a case; see `open_case`."""
        return await self._database.transact(lambda tx: open_case(tx, case))

    async def decide(self, case_id: str, state: CaseState, *, by: int | None, now: datetime) -> Case | None:
        """Decide a case that nothing else hangs on; see the function of that name."""
        return await self._database.transact(lambda tx: decide(tx, case_id, state, by=by, now=now))

    async def claim(self, *, now: datetime, until: datetime) -> Case | None:
        """The next case whose message has to be posted or edited; due again at `until`, should nothing come of it."""

        async def work(tx: Transaction) -> Case | None:
            row = await tx.one(
                "UPDATE cases SET due_at = $2 WHERE id = (SELECT id FROM cases WHERE due_at <= $1 "  # noqa: S608 (constants)
                f"ORDER BY due_at LIMIT 1 {self._database.skip_locked}) RETURNING *",
                *(millis(now), millis(until)),
            )
            return await with_reports(tx, Case.from_row(row)) if row else None

        return await self._database.transact(work)

    async def claim_this(self, case_id: str, *, now: datetime, until: datetime) -> Case | None:
        """That case, if it is due; see `claim`."""

        async def work(tx: Transaction) -> Case | None:
            row = await tx.one(
                "UPDATE cases SET due_at = $3 WHERE id = $1 AND due_at <= $2 RETURNING *",
                *(case_id, millis(now), millis(until)),
            )
            return await with_reports(tx, Case.from_row(row)) if row else None

        return await self._database.transact(work)

    async def recover(self, *, now: datetime) -> None:
        """At start, when no other process can be at it: what a dead process had claimed is due now."""
        await self._database.transact(
            lambda tx: tx.execute("UPDATE cases SET due_at = $1 WHERE due_at > $1", millis(now))
        )

    async def begin_posting(self, case: Case, *, at: datetime) -> bool:
        """Write that its message may be in its channel from that moment on (Discord's clock), if it is open still."""
        begun = await self._database.transact(
            lambda tx: tx.execute(
                "UPDATE cases SET posting_at = CASE WHEN channel_id = $3 AND message_id IS NULL "
                "THEN coalesce(posting_at, $2) ELSE $2 END, "
                "channel_id = $3, for_operator = $4, message_id = NULL WHERE id = $1 AND state = 'open'",
                *(case.id, millis(at), case.channel_id, int(case.for_operator)),
            )
        )
        return begun == 1

    async def shown(self, case: Case, *, message_id: int | None) -> None:
        """Its message says how it stood when it was claimed; what has become of it since keeps it due."""
        await self._database.transact(
            lambda tx: tx.execute(
                "UPDATE cases SET message_id = coalesce($2, message_id), tries = 0, "
                "due_at = CASE WHEN state = $3 AND due_at = $4 THEN NULL ELSE due_at END WHERE id = $1",
                *(case.id, message_id, str(case.state), millis(case.due_at) if case.due_at else None),
            )
        )

    async def later(self, case: Case, *, due_at: datetime | None) -> None:
        """Try again then; None gives it up."""
        await self._database.transact(
            lambda tx: tx.execute(
                "UPDATE cases SET due_at = $2, tries = tries + 1 WHERE id = $1",
                case.id,
                millis(due_at) if due_at else None,
            )
        )
