"""Claims the next jobs: gives a worker the exclusive, time-limited right (a lease) to what is due."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from secrets import token_hex
from typing import Final, NamedTuple

from bot.domain import EVERYWHERE, Job, JobStatus, RunningLimits, from_millis, millis, millis_of
from bot.domain.job import submission_of
from bot.domain.sharing import ALONE, EVERYTHING
from bot.errors import StoreUnavailable
from bot.store.database import Database, Store, Transaction, among, transaction
from bot.store.heartbeat import OTHER_TIME
from bot.store.jobs.at_work import AT_WORK, counted
from bot.store.jobs.provider_rests import has_room
from bot.store.jobs.transitions import begin_submitting
from bot.store.locks import CLAIMS, MANY_JOBS
from bot.store.sharing import BUCKET_OF_JOB, in_share

# The next job of a turn, the job whose turn it is in a queue, and the one of all queues: what is due, where its author,
# its queue, its provider and the whole bot have room, nothing is paused, and the provider takes submissions. Each
# passes over no more rows than there are jobs at work, pauses, and jobs that back off or are overdue, however
# many wait.
_OF_TURN: Final = (
    "(SELECT j.id FROM jobs AS j WHERE j.status = 'queued' AND j.provider = t.provider AND j.queue_id = t.queue_id "
    "AND j.priority = t.priority AND j.user_id = t.user_id AND j.due_at <= $2 AND j.deadline_at > $2 "
    "ORDER BY j.turn, j.id LIMIT 1)"
)
_OF_QUEUE: Final = (
    f"(SELECT {_OF_TURN} FROM turns AS t WHERE t.provider = q.provider AND t.queue_id = q.queue_id "  # noqa: S608 (constants)
    f"AND (SELECT count(*) FROM jobs WHERE user_id = t.user_id AND {AT_WORK}) < $4 AND {_OF_TURN} IS NOT NULL "
    "ORDER BY t.priority DESC, t.served, t.user_id LIMIT 1)"
)
_OF_ALL: Final = (
    f"(SELECT {_OF_QUEUE} FROM queues AS q WHERE q.provider = $1 "  # noqa: S608 (constants)
    f"AND {has_room('$1', now='$2', abreast='$8')} "
    f"AND NOT {OTHER_TIME.format(now='$2')} "
    f"AND {counted('$7', '$1')} < $3 AND {counted('$7')} < $6 AND {counted('q.queue_id')} < $5 "
    "AND NOT EXISTS (SELECT 1 FROM guilds WHERE guild_id = $7 AND paused = 1) "
    "AND NOT EXISTS (SELECT 1 FROM guilds AS g WHERE g.guild_id = q.queue_id "
    f"AND (g.paused = 1 OR g.running_limit <= {counted('q.queue_id')})) "
    f"AND {_OF_QUEUE} IS NOT NULL ORDER BY q.served, q.queue_id LIMIT 1)"
)
_NEXT: Final = f"SELECT {_OF_ALL} AS id"


class Upcoming(NamedTuple):
    """When jobs become due by themselves, and whoever waits for them may look: None where none will.

    Of waiting jobs that is the end of a backoff, or of a provider's rest: what else keeps them is another job's end or
    a new arrival.
    """

    step: datetime | None  # of a job that has left the queue
    queue: datetime | None


class Woken(StrEnum):
    """What became of waking a job."""

    YES = "yes"  # it is due
    BUSY = "busy"  # somebody is moving it: it may be due too late afterwards
    NO = "no"  # it is past that, and needs no waking


# `status <> 'queued'` says nothing new, but the index of what is due has those words.
_ASKED_ABOUT: Final = "status <> 'queued' AND status = 'running' AND dead_letter IS NULL AND due_at IS NOT NULL"
# In whole numbers: the first of so many at once, the last a moment before the span ends.
_SPREAD: Final = (
    "UPDATE jobs SET due_at = spread.at FROM (SELECT id, "  # noqa: S608 (constants)
    "$1 + (row_number() OVER (ORDER BY due_at, id) - 1) * $2 / $3 AS at "
    f"FROM jobs WHERE {_ASKED_ABOUT} AND due_at <= $1) AS spread WHERE jobs.id = spread.id"
)
SPACING: Final = timedelta(
    milliseconds=20
)  # between two jobs that are asked about after a start, unless there are many:
LONGEST_SPREAD: Final = timedelta(minutes=1)  # until all are asked about


async def free_jobs(tx: Transaction, *, of: Collection[str], but: bool = False, now: datetime) -> int:
    """Make the jobs due now that these processes have leased, or with `but` any other; return how many there were.

    A job in `SUBMITTING` keeps its lease to the end: what a dead process sent may still be under way.
    """
    chosen, values = among(of, number=2, but=but)
    theirs = f"due_at IS NOT NULL AND substr(lease, 1, {len(ALONE)}) {chosen}"
    free = f"UPDATE jobs SET due_at = $1, lease = NULL WHERE {theirs}"  # noqa: S608 (constants)
    await tx.alone(MANY_JOBS)
    left = "status <> 'queued' AND status <> 'submitting'"
    return sum([await tx.execute(f"{free} AND {where}", millis(now), *values) for where in (left, "status = 'queued'")])


async def _spread(tx: Transaction, *, now: datetime) -> None:
    """Have the jobs that a provider works on and that are due asked about one after the other."""
    due = await tx.one(f"SELECT count(*) AS n FROM jobs WHERE {_ASKED_ABOUT} AND due_at <= $1", millis(now))  # noqa: S608 (constant)
    count = due["n"] if due else 0
    if count > 1:
        span = min(count * SPACING, LONGEST_SPREAD)
        await tx.execute(_SPREAD, millis(now), millis_of(span), count)


class ClaimStore(Store):
    """Hands out due jobs. A claim pushes `due_at` to the lease's end, so a dead worker's job is simply due again.

    `me` is the process that claims: each lease begins with its id.
    """

    def __init__(self, database: Database, *, me: str = ALONE) -> None:
        super().__init__(database)
        self._me = me

    async def due(self, *, now: datetime, lease_until: datetime, most: int, share: int = EVERYTHING) -> list[Job]:
        """Claim those of the due jobs that have left the queue which are due the longest, at most `most`.

        Only those whose channels are in this `share`: one process at a time posts in a channel.

        Raises:
            StoreUnavailable: the database refuses, or another process has another time.
        """
        where = "due_at <= $3 AND due_at IS NOT NULL AND status <> 'queued'"
        return await self._claim(where, "due_at", now=now, lease_until=lease_until, most=most, share=share)

    async def waiting(
        self, provider: str, *, now: datetime, lease_until: datetime, limits: RunningLimits
    ) -> Job | None:
        """Claim the waiting job of a provider whose turn it is, for submission, where the limits leave room."""
        most = (limits.per_provider, limits.per_user, limits.per_guild, limits.total)
        values = (provider, millis(now), *most, EVERYWHERE, limits.abreast)
        if self._database.skip_locked and (await self._read(_NEXT, *values))[0]["id"] is None:
            return None  # as most often: no need to wait for others who claim
        return await self._waiting(*values, lease_until=lease_until)

    @transaction
    async def _waiting(self, tx: Transaction, *values: object, lease_until: datetime) -> Job | None:
        await tx.alone(CLAIMS)
        while (row := await tx.one(_NEXT, *values)) is not None and row["id"] is not None:
            # None where it was cancelled a moment ago: then it is another's turn.
            job = await begin_submitting(tx, row["id"], lease=self._new_lease(), until=lease_until)
            if job is not None:
                return job
        return None

    async def overdue(self, *, now: datetime, lease_until: datetime, most: int) -> list[Job]:
        """Claim waiting jobs whose deadline has passed, at most `most`, those first where it has passed the longest."""
        where = "status = 'queued' AND deadline_at <= $3 AND (lease IS NULL OR due_at <= $3)"
        return await self._claim(where, "deadline_at", now=now, lease_until=lease_until, most=most, share=EVERYTHING)

    @transaction
    async def renew(self, tx: Transaction, jobs: Sequence[Job], *, lease_until: datetime) -> int:
        """Renew the leases of jobs whose steps are under way, to that time at least; return how many there were."""
        await tx.alone(MANY_JOBS)
        update = "UPDATE jobs SET due_at = CASE WHEN due_at > $3 THEN due_at ELSE $3 END WHERE id = $1 AND lease = $2"
        return sum([await tx.execute(update, job.id, job.lease, millis(lease_until)) for job in jobs])

    @transaction
    async def give_back(self, tx: Transaction, jobs: Sequence[Job], *, due_at: datetime) -> None:
        """Let jobs be claimed again from that time on whose steps came to nothing, but for one in `SUBMITTING`.

        What was sent of that may still be under way: its lease runs out.
        """
        update = (
            "UPDATE jobs SET due_at = $3, lease = NULL "
            "WHERE id = $1 AND lease = $2 AND status <> 'submitting' AND due_at > $3"
        )
        for job in jobs:
            await tx.execute(update, job.id, job.lease, millis(due_at))

    @transaction
    async def recover(
        self,
        tx: Transaction,
        *,
        now: datetime,
        away: bool = False,
        living: Collection[str] = (),
        submitted_by: datetime | None = None,
    ) -> int:
        """Make every job due now whose lease is of no `living` process, at start; return how many there were.

        Where none lives, a submission has come to its provider by `submitted_by`: its job is due then at the latest.
        The jobs that a provider works on are asked about one after the other, those first that are due the longest: who
        is due, or everyone after the bot was `away`, since the providers went on meanwhile. Where others live, they do.
        """
        freed = await free_jobs(tx, of=living, but=True, now=now)
        if submitted_by is not None and not living:
            await tx.execute(
                "UPDATE jobs SET due_at = $1 WHERE status = 'submitting' AND dead_letter IS NULL AND due_at > $1",
                millis(submitted_by),
            )
        if away:
            await tx.execute(f"UPDATE jobs SET due_at = $1 WHERE {_ASKED_ABOUT} AND due_at > $1", millis(now))  # noqa: S608 (constant)
        if not living:
            await _spread(tx, now=now)
        return freed

    @transaction
    async def wake(
        self, tx: Transaction, external_ids: Sequence[str], *, now: datetime, called: bool = True
    ) -> dict[str, Woken]:
        """Make the jobs of these submissions due now, of those that a provider works on and nobody is moving.

        Their provider has `called` for them, or somebody has asked it.
        """
        await tx.alone(MANY_JOBS)
        return {each: await self._wake(tx, *submission_of(each), now=now, called=called) for each in external_ids}

    async def _wake(self, tx: Transaction, job_id: str, attempt: int, *, now: datetime, called: bool) -> Woken:
        """Wake one, and note where it was called for. A submission in doubt is left alone: each look for it counts."""
        row = await tx.one(
            "UPDATE jobs SET called_at = coalesce($4, called_at), "
            "due_at = CASE WHEN status = 'running' AND lease IS NULL AND due_at > $3 THEN $3 ELSE due_at END "
            "WHERE id = $1 AND attempt = $2 "
            "AND status IN ('submitting', 'running') AND dead_letter IS NULL AND due_at IS NOT NULL "
            "RETURNING status, lease",
            *(job_id, attempt, millis(now), millis(now) if called else None),
        )
        if row is None:
            return Woken.NO
        return Woken.BUSY if row["status"] == JobStatus.SUBMITTING or row["lease"] is not None else Woken.YES

    @transaction
    async def running(self, tx: Transaction, provider: str, *, after: str, most: int) -> list[Job]:
        """List the jobs that a provider works on and nobody is moving, by their ids, which come after one."""
        rows = await tx.all(
            f"SELECT * FROM jobs WHERE provider = $1 AND {AT_WORK} AND {_ASKED_ABOUT} "  # noqa: S608 (constants)
            "AND lease IS NULL AND id > $2 ORDER BY id LIMIT $3",
            *(provider, after, most),
        )
        return [Job.from_row(row) for row in rows]

    async def next_due(self, *, now: datetime, share: int = EVERYTHING) -> Upcoming:
        """Tell when the next jobs become due that whoever has this `share` may claim."""
        (row,) = await self._read(
            "SELECT (SELECT min(due_at) FROM jobs WHERE due_at IS NOT NULL AND status <> 'queued' "  # noqa: S608 (constants)
            f"AND {in_share('$2', BUCKET_OF_JOB)}) AS step, (SELECT min(due) FROM ("
            "SELECT min(due_at) AS due FROM jobs WHERE status = 'queued' AND due_at > $1 "
            "UNION ALL SELECT min(rests_until) FROM provider_rests WHERE rests_until > $1) AS kinds) AS queue",
            millis(now),
            share,
        )
        return Upcoming(from_millis(row["step"]), from_millis(row["queue"]))

    @transaction
    async def _claim(
        self, tx: Transaction, where: str, order: str, *, now: datetime, lease_until: datetime, most: int, share: int
    ) -> list[Job]:
        """Claim the first `most` jobs that a condition of this class (on `$3`, the present) picks, under one token."""
        rows = await tx.all(
            f"WITH picked AS (SELECT id FROM jobs WHERE {where} AND {in_share('$5', BUCKET_OF_JOB)} "  # noqa: S608 (texts of this class)
            f"AND NOT {OTHER_TIME.format(now='$3')} "
            f"ORDER BY {order} LIMIT $4 {self._database.skip_locked}) "
            "UPDATE jobs SET lease = $1, due_at = $2 WHERE id IN (SELECT id FROM picked) RETURNING *",
            self._new_lease(),
            millis(lease_until),
            millis(now),
            most,
            share,
        )
        if not rows and await tx.one(f"SELECT 1 AS it WHERE {OTHER_TIME.format(now='$1')}", millis(now)):
            msg = "another process has another time"
            raise StoreUnavailable(msg)
        return [Job.from_row(row) for row in rows]

    def _new_lease(self) -> str:
        return f"{self._me}:{token_hex(8)}"
