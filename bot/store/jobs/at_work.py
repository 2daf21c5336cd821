"""Counts the jobs that providers work on, by queue and provider, so that no limit and no forecast counts the crowd."""

from typing import Final

from bot.domain import EVERYWHERE, Job, JobAtWork, Row, VideoRequest, WorkLine, from_millis
from bot.store.database import Transaction

# A dead letter waits for the operator, not for its provider: it takes nobody's place.
AT_WORK: Final = "status IN ('submitting', 'running') AND dead_letter IS NULL"
MOST: Final = 100  # jobs of a line that are read; those behind them are only counted

_COUNT: Final = "(SELECT coalesce(sum(jobs), 0) FROM at_work WHERE queue_id = {queue} AND provider = {provider})"
_COUNT_EVERYWHERE: Final = "(SELECT coalesce(sum(jobs), 0) FROM at_work WHERE queue_id = {queue})"


def counted(queue: str, provider: str | None = None) -> str:
    """Write the SQL that counts a queue's jobs at work, at one provider or at all; `EVERYWHERE` is all queues."""
    count = _COUNT_EVERYWHERE if provider is None else _COUNT
    return count.format(queue=queue, provider=provider)


async def recount(tx: Transaction, before: Job, after: Job) -> None:
    """Count a job in where it has come to its provider, and out where it has gone from there.

    The last thing that a transaction does to what many wait for: all jobs of a provider change one of the rows.
    """
    change = int(after.at_work) - int(before.at_work)
    if change == 0:
        return
    for queue_id in (after.queue_id, EVERYWHERE):
        await tx.execute(
            "INSERT INTO at_work (queue_id, provider, jobs) VALUES ($1, $2, $3) "
            "ON CONFLICT (queue_id, provider) DO UPDATE SET jobs = at_work.jobs + excluded.jobs",
            *(queue_id, after.provider, change),
        )
        if change < 0:
            await tx.execute(
                "DELETE FROM at_work WHERE queue_id = $1 AND provider = $2 AND jobs <= 0", queue_id, after.provider
            )


async def read_lines(tx: Transaction, job: Job) -> dict[str, WorkLine]:
    """Read what is worked on in each line that holds a job up, by the line's name in `Waiting`."""
    row = await tx.one(
        f"SELECT {counted('$1')} AS everywhere, {counted('$1', '$2')} AS at_provider, {counted('$3')} AS in_queue, "  # noqa: S608 (constants)
        f"(SELECT count(*) FROM jobs WHERE user_id = $4 AND {AT_WORK}) AS of_user",
        *(EVERYWHERE, job.provider, job.queue_id, job.user_id),
    )
    lines = {
        "everywhere": await _first(tx, "TRUE"),
        "at_provider": await _first(tx, "provider = $2", job.provider),
        "in_queue": await _first(tx, "queue_id = $2", job.queue_id),
        "of_user": await _first(tx, "user_id = $2", job.user_id),
    }
    return {name: WorkLine(count=int(row[name]) if row else 0, first=first) for name, first in lines.items()}


async def _first(tx: Transaction, where: str, *values: object) -> tuple[JobAtWork, ...]:
    rows = await tx.all(
        f"SELECT id, eta_key, request, submitted_at FROM jobs WHERE {where} AND {AT_WORK} "  # noqa: S608 (texts of this module)
        "ORDER BY submitted_at NULLS LAST LIMIT $1",
        *(MOST, *values),
    )
    kinds: dict[str, VideoRequest] = {}
    return tuple(_job_at_work(row, kinds) for row in rows)


def _job_at_work(row: Row, kinds: dict[str, VideoRequest]) -> JobAtWork:
    """Read a row; jobs that take about the same time share the request of the first."""
    key = row["eta_key"]
    if key not in kinds:
        kinds[key] = VideoRequest.model_validate_json(row["request"])
    return JobAtWork(id=row["id"], request=kinds[key], submitted_at=from_millis(row["submitted_at"]))
