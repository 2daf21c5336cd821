"""Knows where the messages of a job are, and which of its copies have to go."""

from datetime import datetime

from bot.domain import Job, OutboxItem, millis
from bot.store.database import Store, Transaction, transaction
from bot.store.outbox import announce_removal
from bot.values import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class MessagePlace:
    """A message about a job that may be there."""

    channel_id: int
    message_id: int


class MessageStore(Store):
    """The messages of one database's jobs. Every method is one transaction and may raise `StoreUnavailable`."""

    @transaction
    async def places(self, tx: Transaction, job: Job) -> list[MessagePlace]:
        """List a job's posted messages: its card, its result, what was shared of it, and all copies, anywhere."""
        return await _places(tx, job)

    @transaction
    async def with_video(self, tx: Transaction, job: Job) -> list[MessagePlace]:
        """List the messages that carry a job's video: result, what was shared, all copies, those sent directly last."""
        rows = await tx.all(
            "SELECT channel_id, message_id FROM direct_copies WHERE job_id = $1 ORDER BY message_id", job.id
        )
        directly = [MessagePlace(channel_id=row["channel_id"], message_id=row["message_id"]) for row in rows]
        return [*await _places(tx, job, card=False), *directly]

    @transaction
    async def sent_directly(
        self, tx: Transaction, job_id: str, place: MessagePlace, *, user_id: int, now: datetime
    ) -> None:
        """Write where a copy is that somebody has sent to their own direct messages, as long as there is its job."""
        await tx.execute(
            "INSERT INTO direct_copies (job_id, message_id, channel_id, user_id, sent_at) "
            "SELECT id, $2, $3, $4, $5 FROM jobs WHERE id = $1 ON CONFLICT DO NOTHING",
            *(job_id, place.message_id, place.channel_id, user_id, millis(now)),
        )

    @transaction
    async def taken_out(self, tx: Transaction, job_id: str, *, message_id: int) -> None:
        """Write that a copy is gone that somebody had sent to their own direct messages."""
        await tx.execute("DELETE FROM direct_copies WHERE job_id = $1 AND message_id = $2", job_id, message_id)

    async def ids(self, job: Job) -> frozenset[int]:
        """List the ids of all messages that are known to carry a job."""
        return frozenset(place.message_id for place in await self.places(job))

    @transaction
    async def to_remove(self, tx: Transaction, job: Job) -> list[MessagePlace]:
        """List those of a job's messages that have to go: all of a deleted video's, else the withdrawn copies."""
        return await (_copies(tx, job, unwanted=1) if job.removed_at is None else _places(tx, job))

    @transaction
    async def begin_repost(self, tx: Transaction, item: OutboxItem) -> None:
        """Write that a copy may be in a channel, and is shown to its guild from now on.

        It is looked for when its item is due, should nothing be heard of it until then.
        """
        await tx.execute(
            "INSERT INTO outbox "
            "(kind, subject_id, job_id, guild_id, channel_id, bucket, created_at, due_at, posting_at) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
            *(str(item.kind), item.subject_id, item.job_id, item.guild_id, item.channel_id),
            item.bucket,
            *(each and millis(each) for each in (item.created_at, item.due_at, item.posting_at)),
        )
        await tx.execute(
            "INSERT INTO showings (job_id, guild_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            *(item.job_id, item.guild_id),
        )

    @transaction
    async def has_repost(self, tx: Transaction, job_id: str, *, message_id: int) -> bool:
        """Tell whether a message is known to be a copy of a video that somebody posted."""
        row = await tx.one(
            "SELECT 1 FROM outbox WHERE job_id = $1 AND kind = 'repost' AND message_id = $2", job_id, message_id
        )
        return row is not None

    @transaction
    async def deleted(self, tx: Transaction, job_id: str, *, message_id: int) -> None:
        """Write that the copy with that message is gone."""
        await tx.execute(
            "DELETE FROM outbox WHERE job_id = $1 AND kind = 'repost' AND message_id = $2", job_id, message_id
        )

    @transaction
    async def withdraw(self, tx: Transaction, job_id: str, *, guild_id: int, now: datetime) -> None:
        """Write that the copies in a guild are for nobody there any more, and that their messages are to go."""
        await tx.execute("DELETE FROM showings WHERE job_id = $1 AND guild_id = $2", job_id, guild_id)
        await tx.execute(
            "UPDATE outbox SET unwanted = 1 WHERE job_id = $1 AND kind = 'repost' AND guild_id = $2",
            *(job_id, guild_id),
        )
        await announce_removal(tx, job_id, now=now)


async def _places(tx: Transaction, job: Job, *, card: bool = True) -> list[MessagePlace]:
    known = [
        *([(job.card_channel_id, job.card_message_id)] if card else []),
        (job.message_channel_id, job.message_id),
        (job.destination.channel_id, job.shared_message_id),
    ]
    posted = [MessagePlace(channel_id=a, message_id=b) for a, b in known if a is not None and b is not None]
    return list(dict.fromkeys([*posted, *await _copies(tx, job, unwanted=0)]))


async def _copies(tx: Transaction, job: Job, *, unwanted: int) -> list[MessagePlace]:
    """The copies in galleries and those that people posted, or only the unwanted ones."""
    rows = await tx.all(
        "SELECT channel_id, message_id FROM outbox WHERE job_id = $1 AND message_id IS NOT NULL AND unwanted >= $2",
        *(job.id, unwanted),
    )
    return sorted(
        (MessagePlace(channel_id=row["channel_id"], message_id=row["message_id"]) for row in rows),
        key=lambda each: each.message_id,
    )
