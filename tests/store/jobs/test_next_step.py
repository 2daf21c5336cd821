"""The claims and `next_step` agree: in every state of a row, SQL hands it out for the step that the row says."""

from datetime import datetime
from typing import Any

import pytest

from bot.domain import Destination, Job, JobStatus, millis
from bot.domain.next_step import Step, next_step
from tests.domain.test_job import NOW
from tests.domain.test_next_step import TABLE
from tests.store.conftest import Store


def columns(store: Store, status: JobStatus, changes: dict[str, Any]) -> dict[str, Any]:
    """The columns of a row of the table, with its moments around the store's present."""
    found: dict[str, Any] = {"status": str(status), "due_at": store.now, **changes}
    for name, value in changes.items():
        if isinstance(value, datetime):
            found[name] = store.now + (value - NOW)
        elif isinstance(value, Destination):
            found |= {"guild_id": found.pop(name).guild_id}
    return {name: millis(value) if isinstance(value, datetime) else value for name, value in found.items()}


async def rewritten(store: Store, values: dict[str, Any]) -> Job:
    job = await store.accept()
    settings = ", ".join(f"{name} = ${number}" for number, name in enumerate(values, start=2))
    await store.rows(f"UPDATE jobs SET {settings} WHERE id = $1 RETURNING id", job.id, *values.values())  # noqa: S608 (names from the table)
    return await store.get(job.id)


@pytest.mark.parametrize(("status", "changes", "step"), TABLE)
async def test_a_job_is_handed_out_for_its_next_step(
    store: Store, status: JobStatus, changes: dict[str, Any], step: Step
) -> None:
    job = await rewritten(store, columns(store, status, changes))
    assert next_step(job, now=store.now) is step
    due = job.due_at is not None and job.due_at <= store.now
    assert [each.id for each in await store.due()] == [job.id] * (step not in {Step.SUBMIT, Step.EXPIRE, Step.NOTHING})
    assert [each.id for each in await store.overdue()] == [job.id] * (step is Step.EXPIRE)
    assert (await store.waiting() is not None) is (step is Step.SUBMIT and due)
