"""Opens and decides cases inside the transaction of what they are about, which also announces them in the outbox."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.domain import Case, CaseState, OutboxItem, OutboxKind, Report, Row, millis
from bot.store.database import Store, Transaction, transaction
from bot.store.outbox import announce, begin_posting


async def open_case(tx: Transaction, case: Case) -> bool:
    """Keep a case, to be posted at once; say whether it is new: the same id is opened once."""
    new = await tx.execute(
        "INSERT INTO cases (id, kind, guild_id, channel_id, user_id, job_id, body, created_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO NOTHING",
        *(case.id, str(case.kind), case.guild_id, case.channel_id, case.user_id, case.job_id),
        body_of(case),
        millis(case.created_at),
    )
    if new:
        await announce(
            tx, OutboxKind.CASE, case.id, guild_id=case.guild_id, place_id=case.channel_id, now=case.created_at
        )
    return new > 0


async def announce_case(tx: Transaction, row: Row, *, now: datetime) -> None:
    """Have a case of a database row posted, or its message say how it stands."""
    await announce(tx, OutboxKind.CASE, row["id"], guild_id=row["guild_id"], place_id=row["channel_id"], now=now)


def body_of(case: Case) -> str:
    """Write a case's body as its column has it: the same text for the same body."""
    return json.dumps(dict(case.body), ensure_ascii=False, sort_keys=True)


async def decide(tx: Transaction, case_id: str, state: CaseState, *, by: int | None, now: datetime) -> Case | None:
    """Decide an open case, and have its message say so; None where somebody has decided it before."""
    row = await tx.one(
        "UPDATE cases SET state = $2, decided_by = $3, decided_at = $4 WHERE id = $1 AND state = 'open' RETURNING *",
        case_id,
        str(state),
        by,
        millis(now),
    )
    if row is None:
        return None
    await announce_case(tx, row, now=now)
    return Case.from_row(row)


async def withdraw(tx: Transaction, job_id: str, *, now: datetime, state: CaseState = CaseState.WITHDRAWN) -> None:
    """End the open case that asks whether a job may go on; those who would have decided are told by its message."""
    rows = await tx.all(
        "UPDATE cases SET state = $2, decided_at = $3 "
        "WHERE job_id = $1 AND job_id IS NOT NULL AND state = 'open' AND kind IN ('request', 'result') RETURNING *",
        job_id,
        str(state),
        millis(now),
    )
    for row in rows:
        await announce_case(tx, row, now=now)


async def with_reports(tx: Transaction, case: Case) -> Case:
    """Add to a case the reports that it is about, the first first."""
    rows = await tx.all("SELECT * FROM reports WHERE case_id = $1 ORDER BY at, id", case.id)
    return replace(case, reports=tuple(Report.from_row(row) for row in rows))


class CaseStore(Store):
    """Keeps the cases of one database. Every method is one transaction and may raise `StoreUnavailable`."""

    @transaction(snapshot=True)
    async def case(self, tx: Transaction, case_id: str) -> Case | None:
        """Read one case, with its reports."""
        row = await tx.one("SELECT * FROM cases WHERE id = $1", case_id)
        return await with_reports(tx, Case.from_row(row)) if row else None

    @transaction
    async def open(self, tx: Transaction, case: Case) -> bool:
        """Keep a case; see `open_case`."""
        return await open_case(tx, case)

    @transaction
    async def reports(self, tx: Transaction, job_id: str) -> list[Case]:
        """List the cases about a reported video, decided or not."""
        return [Case.from_row(row) for row in await _reports(tx, job_id)]

    @transaction
    async def note_covered(self, tx: Transaction, job_id: str, *, messages: int, now: datetime) -> None:
        """Write in how many messages a reported video is covered by now.

        The open cases about it say so, and those that were dismissed since it was covered.
        """
        for row in await _reports(tx, job_id):
            case = Case.from_row(row)
            told = case.state is CaseState.OPEN or (case.state is CaseState.DISMISSED and "covered" in case.body)
            if told and case.body.get("covered", 0) != messages:
                body = body_of(replace(case, body={**case.body, "covered": messages}))
                await tx.execute("UPDATE cases SET body = $2 WHERE id = $1", case.id, body)
                await announce_case(tx, row, now=now)

    @transaction
    async def decide(
        self, tx: Transaction, case_id: str, state: CaseState, *, by: int | None, now: datetime
    ) -> Case | None:
        """Decide a case that nothing else hangs on; see the function of that name."""
        return await decide(tx, case_id, state, by=by, now=now)

    @transaction
    async def begin_posting(self, tx: Transaction, case: Case, item: OutboxItem, *, at: datetime) -> bool:
        """Write that an open case's message may be in its channel from that moment on, by Discord's clock."""
        still_open = await tx.execute(
            "UPDATE cases SET channel_id = $2, for_operator = $3 WHERE id = $1 AND state = 'open'",
            *(case.id, case.channel_id, int(case.for_operator)),
        )
        return still_open == 1 and await begin_posting(tx, item, channel_id=case.channel_id, at=at)


async def _reports(tx: Transaction, job_id: str) -> Sequence[Row]:
    return await tx.all("SELECT * FROM cases WHERE job_id = $1 AND kind = 'report' ORDER BY created_at, id", job_id)
