"""Deletes what is held about a person: the request is a row, and all that follows can be repeated until it is done."""

from datetime import datetime
from typing import Final, Self

from bot.domain import CaseState, Failure, Job, Row, from_millis, millis
from bot.domain.quota import span_of
from bot.store.community.cases import decide
from bot.store.database import Database, Store, Transaction, transaction
from bot.store.jobs.messages import MessagePlace, MessageStore
from bot.store.jobs.transitions import UNENDED, give_up_each, keep_still
from bot.store.locks import FORGETTING
from bot.store.outbox import DUE_CASES, revise_cases, sweep
from bot.store.privacy.anonymize import anonymize_account, anonymize_lines, anonymize_mentions, lock_accounts
from bot.store.privacy.deleted_traces import owe_overwrite
from bot.values import dataclass

# What counts, in the order of locks (`bot.store.locks`): rows of the fair queue are left over here by mistake alone.
_COUNTED: Final = (
    "DELETE FROM turns WHERE user_id = $1 AND waiting <= 0",
    "DELETE FROM queues WHERE queue_id = $1 AND waiting <= 0",
    "DELETE FROM at_work WHERE queue_id = $1 AND jobs <= 0",
    # The words of a strike go; that there was one counts on, or deleting would be a way to begin anew.
    "UPDATE strikes SET reason = '' WHERE user_id = $1",
)

COPIES_OF: Final = "DELETE FROM direct_copies WHERE user_id = $1"

# What is deleted at once, and is tied to no job.
_OWN: Final = (
    "DELETE FROM drafts WHERE user_id = $1",
    "DELETE FROM presets WHERE user_id = $1",
    "DELETE FROM favourites WHERE user_id = $1",
    COPIES_OF,
    # What the operator may have read stays in the outbox until its message is deleted.
    (
        "UPDATE outbox SET unwanted = 1, due_at = 0, attempts = 0 WHERE kind = 'feedback' AND posting_at IS NOT NULL "
        "AND subject_id IN (SELECT id FROM feedback WHERE user_id = $1)"
    ),
    "DELETE FROM feedback WHERE user_id = $1",
)

# Nothing more is to be shown of it, and every copy that may have been posted was found.
_SETTLED: Final = (
    "due_at IS NULL AND NOT EXISTS "
    "(SELECT 1 FROM outbox WHERE outbox.job_id = jobs.id AND outbox.kind = 'repost' AND outbox.due_at IS NOT NULL)"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Deletion:
    """A person's request, made at a moment: whatever is held from before goes, with `messages` also what was posted."""

    user_id: int
    at: datetime
    messages: bool

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """Read the request of a database row."""
        return cls(user_id=row["user_id"], at=from_millis(row["at"]), messages=bool(row["messages"]))


class DeletionStore(Store):
    """Keeps and carries out deletions in one database. Every method may raise `StoreUnavailable`; what it did stays."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._messages = MessageStore(database)

    @transaction
    async def ask(self, tx: Transaction, user_id: int, *, messages: bool, now: datetime) -> Deletion:
        """Write a request down. A second one goes as far as the first, and on to what came since."""
        await tx.execute(
            "INSERT INTO deletions (user_id, at, messages) VALUES ($1, $2, $3) ON CONFLICT (user_id) "
            "DO UPDATE SET at = excluded.at, cleared_at = NULL, "
            "messages = CASE WHEN excluded.messages > deletions.messages THEN 1 ELSE deletions.messages END",
            user_id,
            millis(now),
            int(messages),
        )
        return Deletion(user_id=user_id, at=now, messages=messages)

    @transaction
    async def open(self, tx: Transaction) -> list[Deletion]:
        """List the requests that are not wholly carried out yet."""
        rows = await tx.all("SELECT * FROM deletions ORDER BY at")
        return [Deletion.from_row(row) for row in rows]

    async def end_jobs(self, deletion: Deletion, *, now: datetime) -> int:
        """End everything that still holds credits, each in a transaction of its own; count the jobs.

        What waits comes first, or it would be begun in the place of what is given up. What a provider may have is
        charged.
        """
        jobs = sorted(await self._jobs(deletion, UNENDED), key=lambda each: not each.cancellable)
        return await give_up_each(self._database, jobs, only=UNENDED, failure=Failure.ABANDONED, now=now)

    @transaction
    async def clear(self, tx: Transaction, deletion: Deletion, *, now: datetime) -> bool:
        """Delete what is tied to no job, and take the person out of what stays; say whether that was to be done."""
        await tx.alone(FORGETTING)
        await keep_still(tx, deletion.user_id)
        first = await tx.execute(
            "UPDATE deletions SET cleared_at = $3 WHERE user_id = $1 AND at = $2 AND cleared_at IS NULL",
            deletion.user_id,
            millis(deletion.at),
            millis(now),
        )
        if not first:
            return False
        rows = [row for row in await _accounts(tx, deletion) if span_of(row["period"]) is None]
        for account in await lock_accounts(tx, rows):
            await anonymize_account(tx, account.owner, account.period)
        await anonymize_lines(tx, deletion.user_id)
        for sql in _COUNTED:
            await tx.execute(sql, deletion.user_id)
        await end_member(tx, deletion.user_id, now=now)
        await tx.execute("UPDATE members SET blocked_by = NULL WHERE blocked_by = $1", deletion.user_id)
        for sql in _OWN:
            await tx.execute(sql, deletion.user_id)
        await tx.execute("DELETE FROM preferences WHERE scope = $1", f"user:{deletion.user_id}")
        await withdraw_cases(tx, deletion, now=now)
        await clear_texts(tx, deletion)
        await anonymize_mentions(tx, deletion.user_id)
        await sweep(tx)
        await owe_overwrite(tx)
        return True

    async def closed(self, deletion: Deletion, *, urgent: bool, most: int) -> list[tuple[Job, list[MessagePlace]]]:
        """List jobs that nothing more has to be done about, with their messages; if `urgent`, all there are."""
        jobs = await self._jobs(deletion, "TRUE" if urgent else f"{_SETTLED} AND NOT ({UNENDED})", most=most)
        return [(job, await self._messages.places(job)) for job in jobs]

    @transaction
    async def forget(self, tx: Transaction, job: Job) -> None:
        """Delete a job's row, and with it the stars that it has and its place in a gallery."""
        if await tx.execute(f"DELETE FROM jobs WHERE id = $1 AND NOT ({UNENDED})", job.id):  # noqa: S608 (constant)
            for row in await tx.all("SELECT id FROM cases WHERE job_id = $1 AND user_id = $2", job.id, job.user_id):
                await _strip(tx, row["id"])
        await owe_overwrite(tx)

    @transaction
    async def finish(self, tx: Transaction, deletion: Deletion, *, urgent: bool, now: datetime) -> bool:
        """Delete what was shown last, take the name off ended periods; say whether nothing is left to do."""
        await tx.alone(FORGETTING)
        await keep_still(tx, deletion.user_id)
        waiting, over = 0, []
        for row in await _accounts(tx, deletion):
            begins, ends = span_of(row["period"]) or (now, now)
            if begins <= deletion.at and ends <= now:
                over.append(row)
            elif begins <= deletion.at:
                waiting += 1
        for account in await lock_accounts(tx, over):
            await anonymize_account(tx, account.owner, account.period)
        shown = "" if urgent else f"AND id NOT IN ({DUE_CASES})"
        await tx.execute(
            f"DELETE FROM cases WHERE user_id = $1 AND created_at <= $2 AND state <> 'open' {shown}",  # noqa: S608 (constants)
            *(deletion.user_id, millis(deletion.at)),
        )
        # Not sooner: there they are told what has become of what was under way.
        for table in ("private_answers", "page_links", "page_sessions"):
            await tx.execute(f"DELETE FROM {table} WHERE user_id = $1", deletion.user_id)  # noqa: S608 (constants)
        await sweep(tx)
        left = await tx.one(
            "SELECT (SELECT count(*) FROM jobs WHERE user_id = $1 AND created_at <= $2) "
            "+ (SELECT count(*) FROM cases WHERE user_id = $1 AND created_at <= $2) AS n",
            deletion.user_id,
            millis(deletion.at),
        )
        if waiting or left is None or left["n"]:
            return False
        await tx.execute("DELETE FROM deletions WHERE user_id = $1 AND at = $2", deletion.user_id, millis(deletion.at))
        await owe_overwrite(tx)
        return True

    @transaction
    async def _jobs(self, tx: Transaction, deletion: Deletion, where: str, *, most: int = 1000) -> list[Job]:
        rows = await tx.all(
            f"SELECT * FROM jobs WHERE user_id = $1 AND created_at <= $2 AND {where} ORDER BY created_at LIMIT $3",  # noqa: S608 (constants)
            deletion.user_id,
            millis(deletion.at),
            most,
        )
        return [Job.from_row(row) for row in rows]


async def end_member(tx: Transaction, user_id: int, *, now: datetime) -> None:
    """Keep of a member what their guilds' admins have decided: a block that is not over, an allowance of their own."""
    await tx.execute(
        "UPDATE members SET blocked_until = NULL, block_reason = '', blocked_by = NULL "
        "WHERE user_id = $1 AND blocked_until <= $2",
        user_id,
        millis(now),
    )
    await tx.execute("DELETE FROM members WHERE user_id = $1 AND blocked_until IS NULL AND allowance IS NULL", user_id)


async def _accounts(tx: Transaction, deletion: Deletion) -> list[Row]:
    """Find the accounts in a person's name. They are looked through for it: it is seldom asked."""
    return list(
        await tx.all(
            "SELECT * FROM accounts WHERE owner LIKE $1 OR owner LIKE $2",
            f"user:{deletion.user_id}@%",
            f"extra:{deletion.user_id}@%",
        )
    )


async def withdraw_cases(tx: Transaction, deletion: Deletion, *, now: datetime) -> None:
    """Withdraw the cases about a person who wants to be forgotten, and let no case say who it was."""
    rows = await tx.all(
        "SELECT id FROM cases WHERE user_id = $1 AND created_at <= $2", *(deletion.user_id, millis(deletion.at))
    )
    for row in rows:
        await decide(tx, row["id"], CaseState.WITHDRAWN, by=None, now=now)
        await _strip(tx, row["id"])


async def _strip(tx: Transaction, case_id: str) -> None:
    """Take person and words out of a decided case; what may stand in a message is due to be taken out of that too."""
    await tx.execute(
        "DELETE FROM cases WHERE id = $1 AND state <> 'open' AND NOT EXISTS "
        "(SELECT 1 FROM outbox WHERE kind = 'case' AND subject_id = $1 AND posting_at IS NOT NULL)",
        case_id,
    )
    stripped = await tx.execute(
        "UPDATE cases SET user_id = 0, job_id = NULL, body = '{}' WHERE id = $1 AND state <> 'open'", case_id
    )
    if stripped:
        await tx.execute("DELETE FROM reports WHERE case_id = $1", case_id)
        await revise_cases(tx, [case_id])


async def clear_texts(tx: Transaction, deletion: Deletion) -> None:
    """Take the person out of their reports of others' videos; those who decide are shown them anew."""
    rows = await tx.all(
        "UPDATE reports SET user_id = 0, reason = '' WHERE user_id = $1 AND at <= $2 RETURNING case_id",
        *(deletion.user_id, millis(deletion.at)),
    )
    await revise_cases(tx, [row["case_id"] for row in rows])
