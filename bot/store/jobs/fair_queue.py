"""Orders the waiting jobs of each provider by turns, so that nobody's many jobs delay another's one.

Queues take turns (a guild has one, and a person in direct messages), and inside a queue and a priority its people do.
Numbers that only grow say who was served last: whoever was goes to the end, and so does whoever comes. A queue and a
person's turn in it have a row exactly while something of theirs waits, which says how much.
"""

from operator import itemgetter
from typing import Final

from bot.domain import Job, QueuePlace, Row
from bot.store.database import Transaction

# A dead letter waits for the operator, not for its provider: it takes nobody's place.
UNFINISHED: Final = "status IN ('pending', 'queued', 'submitting', 'running') AND dead_letter IS NULL"
FRONT: Final = 0  # less than every number that is given out

_QUEUE: Final = "provider = $1 AND queue_id = $2"
_TURN: Final = f"{_QUEUE} AND priority = $3 AND user_id = $4"
_NEXT: Final = (
    "INSERT INTO turnstiles (provider, number) VALUES ($1, 1) "
    "ON CONFLICT (provider) DO UPDATE SET number = turnstiles.number + 1 RETURNING number"
)

# Everything of a higher priority goes before; of each other person with the same one, as many as of their own, or one
# fewer where they were served later.
_BEFORE_IN_QUEUE: Final = (
    "SELECT coalesce(sum(CASE WHEN priority > $3 OR waiting < rounds THEN waiting ELSE rounds END), 0) AS n FROM ("
    "SELECT t.priority, CASE WHEN (t.served, t.user_id) < ($5, $4) THEN $6 ELSE $6 - 1 END AS rounds, t.waiting "
    "FROM turns AS t WHERE t.provider = $1 AND t.queue_id = $2 AND (t.priority > $3 OR t.priority = $3 "
    "AND t.user_id <> $4)) AS others"
)

# The same for whole queues.
_BEFORE_IN_OTHERS: Final = (
    "SELECT coalesce(sum(CASE WHEN waiting < rounds THEN waiting ELSE rounds END), 0) AS n FROM ("
    "SELECT CASE WHEN (q.served, q.queue_id) < ($3, $2) THEN $4 ELSE $4 - 1 END AS rounds, q.waiting "
    "FROM queues AS q WHERE q.provider = $1 AND q.queue_id <> $2) AS others"
)


async def take_turn(tx: Transaction, job: Job) -> int:
    """Let a job begin to wait, behind what its author has waiting; return its number, which its row has already.

    Others' many do not count: its author is at the end of the round, unless they wait already.
    """
    number = await _next(tx, job.provider)
    await tx.execute("UPDATE jobs SET turn = $2 WHERE id = $1", job.id, number)
    await _stand(tx, job, number)
    return number


async def keep_turn(tx: Transaction, job: Job) -> None:
    """Let a job whose submission has come to nothing wait again, as the next one: it was that before."""
    await _next(tx, job.provider)
    await _stand(tx, job, FRONT, if_there=", served = excluded.served")


async def end_turn(tx: Transaction, job: Job) -> None:
    """Put the author of a job that was taken from its queue at the end of the round there, and the queue, too."""
    number = await leave(tx, job)
    await tx.execute(f"UPDATE turns SET served = $5 WHERE {_TURN}", *_turn(job), number)  # noqa: S608 (constant)
    await tx.execute(f"UPDATE queues SET served = $3 WHERE {_QUEUE}", *_turn(job)[:2], number)  # noqa: S608 (constant)


async def leave(tx: Transaction, job: Job) -> int:
    """Take a job out of its queue, with its author and the queue if nothing else waits; the step's number."""
    number = await _next(tx, job.provider)
    for table, row, key in (("turns", _TURN, _turn(job)), ("queues", _QUEUE, _turn(job)[:2])):
        await tx.execute(f"UPDATE {table} SET waiting = waiting - 1 WHERE {row}", *key)  # noqa: S608 (constants)
        await tx.execute(f"DELETE FROM {table} WHERE {row} AND waiting <= 0", *key)  # noqa: S608 (constants)
    return number


async def place_of(tx: Transaction, job: Job) -> QueuePlace:
    """Count where a waiting job stands in the order of the claims, limits and pauses aside; 1 for any other."""
    row = await tx.one(
        "SELECT t.served, q.served AS queue_served FROM turns AS t "
        "JOIN queues AS q ON q.provider = t.provider AND q.queue_id = t.queue_id "
        "WHERE t.provider = $1 AND t.queue_id = $2 AND t.priority = $3 AND t.user_id = $4",
        *_turn(job),
    )
    if row is None:
        return QueuePlace(own=1, queue=1, provider=1)
    own = 1 + await _count(
        tx,
        f"SELECT count(*) AS n FROM jobs WHERE status = 'queued' AND {_TURN} AND (turn, id) < ($5, $6)",  # noqa: S608 (constant)
        *_turn(job),
        job.turn,
        job.id,
    )
    queue = own + await _count(tx, _BEFORE_IN_QUEUE, *_turn(job), row["served"], own)
    others = await _count(tx, _BEFORE_IN_OTHERS, *_turn(job)[:2], row["queue_served"], queue)
    return QueuePlace(own=own, queue=queue, provider=queue + others)


async def first(tx: Transaction, provider: str, *, most: int) -> list[Job]:
    """List the waiting jobs of a provider that go next, in their order, at most `most`."""
    ranked: list[tuple[int, int, Row]] = []
    in_order = "SELECT queue_id FROM queues WHERE provider = $1 ORDER BY served, queue_id LIMIT $2"
    for number, queue in enumerate(await tx.all(in_order, provider, most)):
        rows = await _first_of_queue(tx, provider, queue["queue_id"], most=most)
        ranked += [(place, number, row) for place, row in enumerate(rows)]
    ranked.sort(key=itemgetter(0, 1))
    return [Job.from_row(row) for *_, row in ranked[:most]]


async def _first_of_queue(tx: Transaction, provider: str, queue_id: int, *, most: int) -> list[Row]:
    ranked: list[tuple[int, int, int, Row]] = []
    turns = await tx.all(
        f"SELECT priority, user_id FROM turns WHERE {_QUEUE} ORDER BY priority DESC, served, user_id LIMIT $3",  # noqa: S608 (constant)
        provider,
        queue_id,
        most,
    )
    for number, turn in enumerate(turns):
        rows = await tx.all(
            f"SELECT * FROM jobs WHERE status = 'queued' AND {_TURN} ORDER BY turn, id LIMIT $5",  # noqa: S608 (constant)
            provider,
            queue_id,
            turn["priority"],
            turn["user_id"],
            most,
        )
        ranked += [(-turn["priority"], round_, number, row) for round_, row in enumerate(rows)]
    ranked.sort(key=itemgetter(0, 1, 2))
    return [row for *_, row in ranked[:most]]


def _turn(job: Job) -> tuple[str, int, int, int]:
    """The key of a job's turn; its first two are the key of the queue."""
    return job.provider, job.queue_id, job.priority, job.user_id


async def _stand(tx: Transaction, job: Job, served: int, *, if_there: str = "") -> None:
    """Count a job in, in its queue and its author's turn, which have their rows from now on."""
    await tx.execute(
        "INSERT INTO queues (provider, queue_id, served, waiting) VALUES ($1, $2, $3, 1) "  # noqa: S608 (texts of this module)
        f"ON CONFLICT (provider, queue_id) DO UPDATE SET waiting = queues.waiting + 1{if_there}",
        *_turn(job)[:2],
        served,
    )
    await tx.execute(
        "INSERT INTO turns (provider, queue_id, priority, user_id, served, waiting) "  # noqa: S608 (texts of this module)
        "VALUES ($1, $2, $3, $4, $5, 1) "
        f"ON CONFLICT (provider, queue_id, priority, user_id) DO UPDATE SET waiting = turns.waiting + 1{if_there}",
        *_turn(job),
        served,
    )


async def _next(tx: Transaction, provider: str) -> int:
    """The provider's next number. Until the transaction ends nobody else comes or goes in its queues."""
    return _number(await tx.one(_NEXT, provider), "number")


async def _count(tx: Transaction, sql: str, *values: object) -> int:
    return _number(await tx.one(sql, *values), "n")


def _number(row: Row | None, column: str) -> int:
    return 0 if row is None else int(row[column])
