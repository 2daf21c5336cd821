"""Keeps the outbox: items are written in the transaction of what they are about, claimed, and done with once."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final

from bot.domain import OutboxItem, OutboxKind, from_millis, millis
from bot.domain.sharing import ALONE, EVERYTHING, bucket_of
from bot.store.database import Database, Store, Transaction, among, transaction
from bot.store.locks import messages_of
from bot.store.sharing import BUCKET_OF_JOB, in_share

# A guild's audit is told in its order: the turn of an entry comes when no earlier one is due.
_IN_TURN: Final = (
    "(kind <> 'audit' OR NOT EXISTS (SELECT 1 FROM outbox AS earlier WHERE earlier.kind = 'audit' "
    "AND earlier.due_at IS NOT NULL AND earlier.guild_id = outbox.guild_id "
    "AND (earlier.created_at, earlier.subject_id) < (outbox.created_at, outbox.subject_id)))"
)
_DUE: Final = f"due_at <= $1 AND coalesce(claimed_until, 0) <= $1 AND {_IN_TURN}"

_CLAIM: Final = "UPDATE outbox SET claimed_until = $2, claimed_by = $3, attempts = attempts + 1"
_FREE: Final = "claimed_until = NULL, claimed_by = NULL"

# The cases that are not shown as they stand.
DUE_CASES: Final = "SELECT subject_id FROM outbox WHERE kind = 'case' AND due_at IS NOT NULL"

# Where the subjects stand of items that do not go with a job.
_SUBJECTS: Final = {
    OutboxKind.AUDIT: "audit",
    OutboxKind.CASE: "cases",
    OutboxKind.DECISION: "cases",
    OutboxKind.FEEDBACK: "feedback",
    OutboxKind.GRANT: "audit",
}


async def announce(
    tx: Transaction,
    kind: OutboxKind,
    subject_id: str,
    *,
    now: datetime,
    guild_id: int | None = None,
    channel_id: int | None = None,
    place_id: int | None = None,
) -> None:
    """Have something posted, or what was posted of it brought up to date, at once; whoever is at it does it again.

    `place_id` is the channel or the person that it goes to, as far as that is known; `channel_id` is one that is kept.
    """
    place_id = place_id or channel_id
    await tx.execute(
        "INSERT INTO outbox (kind, subject_id, guild_id, channel_id, created_at, due_at, bucket) "
        "VALUES ($1, $2, $3, $6, $4, $4, $5) ON CONFLICT (kind, subject_id) "
        "DO UPDATE SET due_at = excluded.due_at, bucket = excluded.bucket, attempts = 0, given_up = NULL",
        *(str(kind), subject_id, guild_id, millis(now), bucket_of(place_id or guild_id or 0), channel_id),
    )


async def announce_removal(tx: Transaction, job_id: str, *, now: datetime) -> None:
    """Have the messages of a deleted video and unwanted copies taken away, also what was posted a moment ago."""
    await tx.execute(
        "INSERT INTO outbox (kind, subject_id, guild_id, job_id, created_at, due_at, bucket) "  # noqa: S608 (a constant)
        f"SELECT 'removal', id, guild_id, id, $2, $2, {BUCKET_OF_JOB} FROM jobs "
        "WHERE id = $1 AND (removed_at IS NOT NULL OR EXISTS "
        "(SELECT 1 FROM outbox WHERE job_id = $1 AND unwanted = 1 AND message_id IS NOT NULL)) "
        "ON CONFLICT (kind, subject_id) DO UPDATE SET due_at = excluded.due_at, attempts = 0, given_up = NULL",
        *(job_id, millis(now)),
    )


async def announce_cover(tx: Transaction, job_id: str, *, now: datetime) -> None:
    """Have the files of a video covered, or uncovered, in all its messages, as its job says."""
    await tx.execute(
        "INSERT INTO outbox (kind, subject_id, guild_id, job_id, created_at, due_at, bucket) "  # noqa: S608 (a constant)
        f"SELECT 'cover', id, guild_id, id, $2, $2, {BUCKET_OF_JOB} FROM jobs WHERE id = $1 "
        "ON CONFLICT (kind, subject_id) DO UPDATE SET due_at = excluded.due_at, attempts = 0, given_up = NULL",
        *(job_id, millis(now)),
    )


async def begin_posting(tx: Transaction, item: OutboxItem, *, channel_id: int, at: datetime) -> bool:
    """Write that an item's message may be in a channel from that moment on, by Discord's clock.

    False where the item is gone, or not the caller's any more: another process has taken it over.
    """
    begun = await tx.execute(
        "UPDATE outbox SET posting_at = CASE WHEN channel_id = $3 AND message_id IS NULL THEN coalesce(posting_at, $4) "
        "ELSE $4 END, channel_id = $3, message_id = NULL "
        "WHERE kind = $1 AND subject_id = $2 AND coalesce(claimed_by, '') = $5",
        *(str(item.kind), item.subject_id, channel_id, millis(at), item.claimed_by or ""),
    )
    return begun == 1


async def revise_cases(tx: Transaction, case_ids: Iterable[str]) -> None:
    """Have what was posted of these cases say how they stand now."""
    for case_id in case_ids:
        await tx.execute(
            "UPDATE outbox SET due_at = 0, attempts = 0, given_up = NULL WHERE kind = 'case' AND subject_id = $1",
            case_id,
        )


async def sweep(tx: Transaction) -> None:
    """Delete the items whose subject was deleted, but for those whose messages have to go."""
    for kind, table in _SUBJECTS.items():
        await tx.execute(
            f"DELETE FROM outbox WHERE kind = $1 AND unwanted = 0 AND subject_id NOT IN (SELECT id FROM {table})",  # noqa: S608 (constants)
            str(kind),
        )


async def free_items(tx: Transaction, *, of: Collection[str], but: bool = False) -> int:
    """Free what these processes have claimed, or with `but` what any other has; count the items."""
    chosen, values = among(of, number=1, but=but)
    theirs = f"claimed_until IS NOT NULL AND coalesce(claimed_by, '') {chosen}"
    return await tx.execute(f"UPDATE outbox SET {_FREE} WHERE {theirs}", *values)  # noqa: S608 (constants)


class OutboxStore(Store):
    """Keeps the items of one database. Every method is one transaction and may raise `StoreUnavailable`.

    `me` is the process that claims.
    """

    def __init__(self, database: Database, *, me: str = ALONE) -> None:
        super().__init__(database)
        self._me = me

    @transaction
    async def item(self, tx: Transaction, kind: OutboxKind, subject_id: str) -> OutboxItem | None:
        """Read one item."""
        row = await tx.one("SELECT * FROM outbox WHERE kind = $1 AND subject_id = $2", str(kind), subject_id)
        return OutboxItem.from_row(row) if row else None

    @transaction
    async def claim(
        self, tx: Transaction, *, now: datetime, until: datetime, share: int = EVERYTHING
    ) -> OutboxItem | None:
        """Take the next item of this share that is due; nobody else gets it before `until`."""
        row = await tx.one(
            f"{_CLAIM} WHERE (kind, subject_id) = ("  # noqa: S608 (constants)
            f"SELECT kind, subject_id FROM outbox WHERE {_DUE} AND {in_share('$4', 'bucket')} ORDER BY due_at LIMIT 1 "
            f"{self._database.skip_locked}) RETURNING *",
            *(millis(now), millis(until), self._me, share),
        )
        return OutboxItem.from_row(row) if row else None

    @transaction
    async def claim_this(
        self, tx: Transaction, kind: OutboxKind, subject_id: str, *, now: datetime, until: datetime
    ) -> OutboxItem | None:
        """Take that item, if it is due and nobody has it; see `claim`."""
        row = await tx.one(
            f"{_CLAIM} WHERE {_DUE} AND kind = $4 AND subject_id = $5 RETURNING *",
            *(millis(now), millis(until), self._me, str(kind), subject_id),
        )
        return OutboxItem.from_row(row) if row else None

    @transaction
    async def recover(self, tx: Transaction, *, living: Collection[str] = ()) -> None:
        """Free what dead processes had claimed: at start, when nobody but the `living` can be at anything."""
        await free_items(tx, of=living, but=True)

    @transaction
    async def next_due(self, tx: Transaction, *, share: int = EVERYTHING) -> datetime | None:
        """Read when the next item of this share can be claimed; None where nothing is to be done."""
        row = await tx.one(
            "SELECT min(CASE WHEN claimed_until > due_at THEN claimed_until ELSE due_at END) AS at "  # noqa: S608 (a constant)
            "FROM outbox "
            f"WHERE due_at IS NOT NULL AND {_IN_TURN} AND {in_share('$1', 'bucket')}",
            share,
        )
        found: datetime | None = from_millis(row["at"]) if row else None
        return found

    @transaction
    async def announce_once(
        self, tx: Transaction, kind: OutboxKind, job_id: str, *, guild_id: int, channel_id: int, now: datetime
    ) -> bool:
        """Have something of a job posted, unless it is posted or on its way; what was given up is tried again."""
        changed = await tx.execute(
            "INSERT INTO outbox (kind, subject_id, job_id, guild_id, channel_id, created_at, due_at, bucket) "
            "VALUES ($1, $2, $2, $3, $4, $5, $5, $6) ON CONFLICT (kind, subject_id) DO UPDATE SET "
            "channel_id = excluded.channel_id, bucket = excluded.bucket, due_at = excluded.due_at, attempts = 0, "
            "given_up = NULL "
            "WHERE outbox.message_id IS NULL AND outbox.due_at IS NULL",
            *(str(kind), job_id, guild_id, channel_id, millis(now), bucket_of(channel_id)),
        )
        return changed == 1

    @transaction
    async def begin_posting(self, tx: Transaction, item: OutboxItem, *, channel_id: int, at: datetime) -> bool:
        """See the function of that name."""
        return await begin_posting(tx, item, channel_id=channel_id, at=at)

    @transaction
    async def posted(self, tx: Transaction, item: OutboxItem, *, message_id: int, now: datetime) -> bool:
        """Write that an item's message is there, and end it, unless it was announced anew meanwhile; False: it is gone.

        Was the video that it shows deleted meanwhile, the message has to go, too.
        """
        if item.job_id is not None:
            await tx.alone(messages_of(item.job_id))
        kept = await tx.execute(
            "UPDATE outbox SET message_id = $4, given_up = NULL, "
            "due_at = CASE WHEN attempts = $3 THEN NULL ELSE due_at END WHERE kind = $1 AND subject_id = $2",
            *(str(item.kind), item.subject_id, item.attempts, message_id),
        )
        await _free(tx, item)
        if item.job_id is not None:
            await announce_removal(tx, item.job_id, now=now)
        return kept == 1

    async def drop(self, item: OutboxItem) -> None:
        """End an item of which nothing has to be kept."""
        await self._leave(item, "DELETE FROM outbox")

    async def retry(self, item: OutboxItem, *, due_at: datetime) -> None:
        """Have an item tried again then."""
        await self._leave(item, f"UPDATE outbox SET due_at = $4, {_FREE}", millis(due_at))  # noqa: S608 (a constant)

    async def give_up(self, item: OutboxItem, *, reason: str) -> None:
        """End an item that can't be done, with the reason."""
        await self._leave(item, f"UPDATE outbox SET due_at = NULL, {_FREE}, given_up = $4", reason)  # noqa: S608 (a constant)

    @transaction
    async def given_up(self, tx: Transaction) -> list[tuple[OutboxKind, str, int]]:
        """Count what was given up and not forgotten since, by kind and reason, the most first."""
        rows = await tx.all(
            "SELECT kind, given_up, count(*) AS n FROM outbox WHERE given_up IS NOT NULL "
            "GROUP BY kind, given_up ORDER BY n DESC, kind, given_up"
        )
        return [(OutboxKind(row["kind"]), row["given_up"], row["n"]) for row in rows]

    @transaction
    async def _leave(self, tx: Transaction, item: OutboxItem, change: str, *values: object) -> None:
        """Carry out a change of this class, unless the item was announced anew meanwhile: then it is due as it is."""
        this = (str(item.kind), item.subject_id)
        if not await tx.execute(
            f"{change} WHERE kind = $1 AND subject_id = $2 AND attempts = $3", *this, item.attempts, *values
        ):
            await _free(tx, item)


async def _free(tx: Transaction, item: OutboxItem) -> None:
    """Give a claimed item back, unless somebody has claimed it since: `attempts` counts that, anew when announced."""
    await tx.execute(
        f"UPDATE outbox SET {_FREE} WHERE kind = $1 AND subject_id = $2 AND coalesce(claimed_by, '') = $3 "  # noqa: S608 (a constant)
        "AND attempts IN (0, $4)",
        *(str(item.kind), item.subject_id, item.claimed_by or "", item.attempts),
    )
