"""Reads a person's view of the ledger: their latest lines, and no one else's of what they share."""

from bot.domain import Job, Kind, Row, StatementEntry, from_millis
from bot.domain.quota import extra_of, owner_of
from bot.store.database import Store, Transaction, transaction


class StatementStore(Store):
    """Reads the statements of one database. Every method may raise `StoreUnavailable`."""

    @transaction(snapshot=True)
    async def latest(self, tx: Transaction, *, user_id: int, guild_id: int | None, most: int) -> list[StatementEntry]:
        """List what happened to a person's credits in a guild (or in direct messages), the latest first.

        Of what they share with others (a pool) it has the lines of their own jobs.
        """
        entries = []
        rows = await tx.all(
            "SELECT * FROM jobs WHERE user_id = $1 AND coalesce(guild_id, 0) = $2 ORDER BY created_at DESC LIMIT $3",
            *(user_id, guild_id or 0, most),
        )
        for job in map(Job.from_row, rows):
            lines = await tx.all("SELECT * FROM ledger WHERE job_id = $1", job.id)
            entries += _entries([line for line in lines if _is_theirs(line)], job)
        given: dict[str, list[Row]] = {}  # a gift may change several accounts of one person
        for owner_named in (owner_of, extra_of):
            owner = owner_named(user_id=user_id, guild_id=guild_id)
            for line in await tx.all(
                "SELECT * FROM ledger WHERE owner = $1 AND job_id IS NULL ORDER BY at DESC LIMIT $2", owner, most
            ):
                given.setdefault(str(line["id"]).partition(owner)[0], []).append(line)
        entries += [_entry(lines, user_id) for lines in given.values()]
        # The order of lines of the same moment: what was reserved comes before what became of it.
        entries.sort(key=lambda each: (each.at, each.kind is not Kind.HOLD), reverse=True)
        return entries[:most]


def _is_theirs(line: Row) -> bool:
    """Say whether a job's line is one of what its person pays from; the others are caps above it."""
    return str(line["owner"]).startswith(("user:", "pool:", "extra:"))


def _entries(lines: list[Row], job: Job) -> list[StatementEntry]:
    """Make one entry for each move of a job, whatever accounts it was paid from."""
    moves: dict[str, list[Row]] = {}
    for line in lines:
        moves.setdefault(line["kind"], []).append(line)
    return [
        StatementEntry(
            kind=Kind(kind),
            amount=-sum(line["settled"] if kind == Kind.SETTLE else line["held"] for line in parts),
            at=from_millis(parts[0]["at"]),
            job=job,
        )
        for kind, parts in moves.items()
    ]


def _entry(lines: list[Row], user_id: int) -> StatementEntry:
    """Make an entry of what came from, or went to, somebody else."""
    line, amount = lines[0], sum(each["granted"] - each["settled"] for each in lines)
    note = str(line["note"])
    given = line["kind"] == Kind.GIFT and amount < 0
    other = int(note) if given and note.isdecimal() else line["actor_id"]
    return StatementEntry(
        kind=Kind(line["kind"]),
        amount=amount,
        at=from_millis(line["at"]),
        other_id=None if other == user_id else other,
        note="" if line["kind"] == Kind.GIFT else note,
    )
