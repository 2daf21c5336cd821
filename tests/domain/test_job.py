import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain import DeadLetter, Destination, Job, JobStatus, VideoRequest, from_millis, millis
from bot.domain.job import TRANSITIONS

NOW = datetime(2026, 3, 5, 12, 0, 0, 123_000, tzinfo=UTC)
REQUEST = VideoRequest(model="kirin_v3_t2v", prompt="a fox")
JOB = Job(
    id="job-1",
    idempotency_key="interaction-1",
    user_id=1,
    locale="zh-CN",
    destination=Destination(guild_id=7, channel_id=5, upload_limit=10_000_000, private=True),
    provider="kirin",
    request=REQUEST,
    status=JobStatus.QUEUED,
    attempt=1,
    tries=0,
    owner="user:1@guild:7",
    period="2026-03-05",
    credits=5,
    usd_micros=420_000,
    created_at=NOW,
    deadline_at=NOW + timedelta(hours=1),
)


def as_row(job: Job) -> dict[str, Any]:
    """The job as the database would give it back."""
    row: dict[str, Any] = {name: getattr(job, name) for name in Job.__dataclass_fields__}
    row |= {name: millis(value) for name, value in row.items() if isinstance(value, datetime)}
    place = row.pop("destination")
    row |= {"guild_id": place.guild_id, "channel_id": place.channel_id, "upload_limit": place.upload_limit}
    row |= {"private": int(place.private), "request": job.request.model_dump_json(), "status": str(job.status)}
    return row | {"dead_letter": job.dead_letter and str(job.dead_letter)}


def test_a_job_comes_back_from_its_row() -> None:
    full = replace(
        JOB,
        status=JobStatus.SUCCEEDED,
        destination=replace(JOB.destination, guild_id=None, private=False),
        dead_letter=DeadLetter.UNDELIVERABLE,
        delivered_at=NOW,
        due_at=NOW,
        progress=0.5,
        result_url="https://cdn.example/1.mp4",
    )
    for job in (JOB, full):
        assert Job.from_row(as_row(job)) == job


def test_a_row_with_an_unknown_status_is_no_job() -> None:
    with pytest.raises(ValueError, match="lost"):
        Job.from_row(as_row(JOB) | {"status": "lost"})


def test_the_external_id_is_a_new_one_for_each_submission() -> None:
    ids = [replace(JOB, attempt=attempt).external_id for attempt in (0, 1, 2, 3)]
    assert ids == ["job-1", "job-1", "job-1-2", "job-1-3"]


@pytest.mark.parametrize(
    ("changes", "finished"),
    [
        ({}, False),
        ({"status": JobStatus.SUBMITTING}, False),
        ({"status": JobStatus.RUNNING}, False),
        ({"status": JobStatus.SUCCEEDED}, False),
        ({"status": JobStatus.SUCCEEDED, "delivered_at": NOW}, True),
        ({"status": JobStatus.SUCCEEDED, "dead_letter": DeadLetter.UNDELIVERABLE}, True),
        ({"status": JobStatus.SUBMITTING, "dead_letter": DeadLetter.OUTCOME_UNKNOWN}, True),
        ({"status": JobStatus.FAILED}, True),
        ({"status": JobStatus.CANCELLED}, True),
    ],
)
def test_a_job_is_finished_when_nothing_more_happens_by_itself(changes: dict[str, Any], *, finished: bool) -> None:
    assert replace(JOB, **changes).finished is finished


def test_every_status_has_its_transitions_and_can_be_reached() -> None:
    assert set(TRANSITIONS) == set(JobStatus)
    reached = {JobStatus.PENDING}
    for _ in JobStatus:
        reached |= {target for status in reached for target in TRANSITIONS[status]}
    assert reached == set(JobStatus)


def test_an_ended_job_never_moves_again_and_every_other_may_fail() -> None:
    for status, targets in TRANSITIONS.items():
        ended = status in {JobStatus.FAILED, JobStatus.CANCELLED}
        assert (JobStatus.FAILED in targets) is not ended
        assert bool(targets) is not ended


def test_only_a_job_no_provider_has_heard_of_can_be_cancelled() -> None:
    unheard_of = [JobStatus.PENDING, JobStatus.QUEUED]
    assert [status for status, targets in TRANSITIONS.items() if JobStatus.CANCELLED in targets] == unheard_of


@given(st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - as hypothesis wants them
@settings(deadline=None)
def test_a_time_survives_the_database_to_the_millisecond(moment: datetime) -> None:
    back = from_millis(millis(moment))
    assert abs(back - moment) <= timedelta(milliseconds=0.5)
    assert millis(back) == millis(moment)
    assert back.tzinfo is UTC


def test_no_time_stays_none() -> None:
    assert from_millis(None) is None


def test_the_request_in_a_row_is_plain_json() -> None:
    assert json.loads(as_row(JOB)["request"])["prompt"] == "a fox"


@pytest.mark.parametrize(
    ("failure", "code", "worth"),
    [
        ("transient", "006001095", True),
        ("deadline", "", True),
        ("not_reviewed", "", True),
        ("permanent", "no_video", True),
        ("permanent", "006001099", False),
        ("permanent", "model_discontinued", False),
        ("content", "", False),
        ("denied", "not before noon", False),
        ("left", "", False),
    ],
)
def test_only_what_may_come_to_something_is_worth_repeating(failure: str, code: str, *, worth: bool) -> None:
    assert replace(JOB, failure=failure, failure_code=code).retry_may_help is worth
