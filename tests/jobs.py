"""A job to change for whatever a test is about."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from bot.domain import Destination, Job, JobStatus, VideoRequest

NOW: Final = datetime(2026, 3, 5, 12, tzinfo=UTC)
PLACE: Final = Destination(guild_id=7, channel_id=5, upload_limit=10_000_000)


def job(**changes: Any) -> Job:
    """The job of member 1, asked for now in channel 5 of guild 7, that waits in the queue; or with these changes."""
    made = Job(
        id="0123456789abcdef",
        idempotency_key="1",
        user_id=1,
        locale="en-US",
        destination=PLACE,
        provider="kirin",
        request=VideoRequest(model="kirin_v3_t2v", prompt="a fox on the ice"),
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
    return replace(made, **changes)
