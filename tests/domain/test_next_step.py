"""What happens to a job next, for every state that it may be in and everything that its row may say of it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain import DeadLetter, Job, JobStatus, Review
from bot.domain.next_step import Step, next_step
from tests.domain.test_job import JOB, NOW

PAST, SOON = NOW - timedelta(seconds=1), NOW + timedelta(seconds=1)
DIRECT = replace(JOB.destination, guild_id=None)
PENDING, QUEUED, SUBMITTING, RUNNING, SUCCEEDED, FAILED, CANCELLED = JobStatus
UNKNOWN, UNDELIVERABLE = DeadLetter
CLOSED: dict[str, Any] = {"due_at": None}

# State, what else the row says, and the step.
TABLE: list[tuple[JobStatus, dict[str, Any], Step]] = [
    (PENDING, {"review": Review.REQUEST}, Step.END_REVIEW),
    (PENDING, {"review": Review.REQUEST, "deadline_at": PAST}, Step.END_REVIEW),
    (QUEUED, {}, Step.SUBMIT),
    (QUEUED, {"review": Review.RESULT}, Step.SUBMIT),
    (QUEUED, {"tries": 3, "attempt": 2, "due_at": SOON}, Step.SUBMIT),
    (QUEUED, {"deadline_at": NOW}, Step.EXPIRE),
    (QUEUED, {"deadline_at": PAST, "lease": "l"}, Step.EXPIRE),
    (SUBMITTING, {}, Step.RECONCILE),
    (SUBMITTING, {"tries": 2, "deadline_at": PAST}, Step.RECONCILE),
    (SUBMITTING, {"dead_letter": UNKNOWN}, Step.CLOSE),
    (SUBMITTING, {"dead_letter": UNKNOWN, **CLOSED}, Step.NOTHING),
    (RUNNING, {"task_id": "t"}, Step.POLL),
    (RUNNING, {"task_id": "t", "deadline_at": PAST}, Step.POLL),
    (RUNNING, {"review": Review.RESULT}, Step.POLL),
    (RUNNING, {"dead_letter": UNKNOWN}, Step.CLOSE),
    (RUNNING, {"dead_letter": UNKNOWN, **CLOSED}, Step.NOTHING),
    (SUCCEEDED, {}, Step.SCREEN),
    (SUCCEEDED, {"tries": 3}, Step.SCREEN),
    (SUCCEEDED, {"destination": DIRECT}, Step.POST),
    (SUCCEEDED, {"review": Review.RESULT}, Step.SCREEN),
    (SUCCEEDED, {"review": Review.HELD}, Step.END_REVIEW),
    (SUCCEEDED, {"review": Review.PASSED}, Step.POST),
    (SUCCEEDED, {"posting_at": PAST}, Step.FIND),
    (SUCCEEDED, {"posting_at": PAST, "posting_directly": True}, Step.FIND),
    (SUCCEEDED, {"posting_at": PAST, "review": Review.PASSED}, Step.FIND),
    (SUCCEEDED, {"posting_at": PAST, "destination": DIRECT}, Step.FIND),
    (SUCCEEDED, {"delivered_at": NOW}, Step.CLOSE),
    (SUCCEEDED, {"delivered_at": NOW, "review": Review.PASSED}, Step.CLOSE),
    (SUCCEEDED, {"delivered_at": NOW, **CLOSED}, Step.NOTHING),
    (SUCCEEDED, {"dead_letter": UNDELIVERABLE}, Step.CLOSE),
    (SUCCEEDED, {"dead_letter": UNDELIVERABLE, **CLOSED}, Step.NOTHING),
    (FAILED, {"failure": "content"}, Step.CLOSE),
    (FAILED, {"failure": "content", **CLOSED}, Step.NOTHING),
    (FAILED, {"failure": "denied", "review": Review.HELD}, Step.CLOSE),
    (CANCELLED, {}, Step.CLOSE),
    (CANCELLED, CLOSED, Step.NOTHING),
]


def job(status: JobStatus, changes: dict[str, Any]) -> Job:
    return replace(JOB, **{"status": status, "due_at": NOW, "finished_at": PAST, **changes})


@pytest.mark.parametrize(("status", "changes", "step"), TABLE)
def test_a_row_says_what_happens_next(status: JobStatus, changes: dict[str, Any], step: Step) -> None:
    assert next_step(job(status, changes), now=NOW) is step


def test_every_state_and_every_step_is_in_the_table() -> None:
    assert {status for status, *_ in TABLE} == set(JobStatus)
    assert {step for *_, step in TABLE} == set(Step)
