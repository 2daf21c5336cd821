"""Cases: brought before the moderators once, decided by them, and over in time whatever Discord does meanwhile."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.case import CaseState
from bot.domain.job import DeadLetter, Destination, Job, JobStatus, Remover, Review
from bot.domain.request import VideoRequest
from bot.errors import (
    CaseDecided,
    CaseUnknown,
    DestinationBusy,
    DestinationLost,
    ProviderUnavailable,
    ResultForgotten,
    ResultUnavailable,
)
from bot.provider.scan import Verdict
from bot.service.jobs.results import Removed
from bot.service.jobs.types import Asking
from bot.service.moderation.case_poster import TRIES
from bot.service.ports.notifier import CannotTell
from tests.service.house import House
from tests.service.moderating import ANA, GUILD, ROOM, Bench

BUSY, LOST = DestinationBusy("discord_500"), DestinationLost("discord_10003")
DAY = timedelta(hours=24)


@pytest.fixture
def bench(house: House) -> Bench:
    return Bench(house)


async def held(bench: Bench, **wanted: Any) -> Job:
    """A finished video that waits for a moderator."""
    await bench.wants(**(wanted or {"approval": "results"}))
    job = await bench.house.steps.deliver(await bench.house.succeeded())
    assert job.review is Review.HELD
    return job


# -- finished videos


async def test_a_video_is_posted_at_once_where_nobody_wants_to_look(bench: Bench) -> None:
    job = await bench.house.steps.deliver(await bench.house.succeeded())
    assert job.delivered_at is not None
    assert bench.house.scans.calls == []


async def test_a_video_to_be_approved_is_fetched_held_and_not_posted(bench: Bench) -> None:
    job = await held(bench)
    assert (job.status, job.lease, job.due_at) == (JobStatus.SUCCEEDED, None, bench.house.clock() + DAY)
    assert bench.house.discord.asked("post_result") == []
    assert bench.house.files() == [f"{job.id}.mp4"]
    assert bench.house.woken == 1
    assert (await bench.case(f"result-{job.id}")).body == {"why": {"approval": []}}


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (Verdict(level=2), None),
        (Verdict(level=3), {"why": {"risk": []}, "level": 3}),
        (Verdict(risks=("EROTIC",)), {"why": {"risk": ["EROTIC"]}, "level": 0}),
        (ProviderUnavailable(provider="scan"), {"why": {"unscanned": []}}),
    ],
)
async def test_a_scan_decides_whether_a_video_is_held(bench: Bench, answer: Any, body: Any) -> None:
    await bench.wants(scan_results=True)
    bench.house.scans.then("video", answer)
    job = await bench.house.steps.deliver(await bench.house.succeeded())
    assert bench.house.scans.asked("video") == [("https://v.example/1.mp4", 5)]
    if body is None:
        assert job.delivered_at is not None
    else:
        assert (await bench.case(f"result-{job.id}")).body == body


async def test_a_video_that_may_have_been_posted_is_not_held_any_more(bench: Bench) -> None:
    job = await bench.house.succeeded()
    begun = await bench.house.jobs.begin_posting(job, at=bench.house.clock())
    await bench.wants(approval="results", scan_results=True)
    assert (await bench.house.steps.deliver(begun)).delivered_at is not None


async def test_what_a_guild_wants_now_counts_not_what_it_wanted(bench: Bench) -> None:
    await bench.wants(approval="results")
    job = await bench.house.succeeded()
    await bench.wants(approval="off")
    assert (await bench.house.steps.deliver(job)).delivered_at is not None


async def test_a_spoilt_file_is_nobodys_to_decide_about(bench: Bench) -> None:
    await bench.wants(approval="results")
    job = await bench.house.succeeded()
    bench.house.fetcher.then("download", ResultUnavailable("unreachable"))
    waiting = await bench.house.steps.deliver(job)
    assert (waiting.status, waiting.review) == (JobStatus.SUCCEEDED, None)
    assert await bench.store.case(f"result-{job.id}") is None


async def test_an_approved_video_has_a_day_of_its_own_to_be_delivered(bench: Bench) -> None:
    job = await held(bench)
    bench.house.clock.tick(23.5 * 3600)
    case = await bench.case(f"result-{job.id}")
    await bench.cases.approve(case, bench.entry())
    bench.house.clock.tick(3600)
    claimed = await bench.house.claimed(job)
    bench.house.discord.then("post_result", BUSY)
    later = await bench.house.steps.deliver(await bench.house.steps.advance(claimed))
    assert (later.dead_letter, later.delivered_at) == (None, None)
    bench.house.clock.tick(24 * 3600)
    bench.house.discord.then("post_result", BUSY)
    kept = await bench.house.steps.deliver(await bench.house.claimed(later))
    assert kept.dead_letter is DeadLetter.UNDELIVERABLE


async def test_a_video_that_nobody_looks_at_in_time_is_gone(bench: Bench) -> None:
    job = await held(bench)
    claimed = await bench.house.claimed(job)
    assert bench.house.clock() == job.due_at
    ended = await bench.house.steps.advance(claimed)
    assert (ended.status, ended.failure) == (JobStatus.FAILED, "not_reviewed")
    assert bench.house.files() == []
    assert (await bench.case(f"result-{job.id}")).state is CaseState.EXPIRED
    assert await bench.house.balance(job) == (0, 0)


async def test_an_accident_at_the_end_of_a_review_gives_the_video_to_nobody(bench: Bench) -> None:
    job = await held(bench)
    claimed = await bench.house.claimed(job)
    bench.house.clock.tick(1)
    await bench.house.steps.stumble(claimed)
    present = await bench.house.job(job)
    assert (present.review, present.dead_letter) == (Review.HELD, None)
    assert present.due_at is not None
    assert present.due_at > bench.house.clock()


# -- the clerk


async def test_the_clerk_posts_a_case_once_and_edits_it_after_its_decision(bench: Bench) -> None:
    job = await held(bench)
    await bench.clerk.see_to_all()
    await bench.clerk.see_to_all()
    assert bench.staff.asked("post_case") == [(f"result-{job.id}", True)]
    case = await bench.case(f"result-{job.id}")
    assert (case.message_id, case.due_at) == (500, None)
    await bench.cases.deny(case, bench.entry(), reason="no")
    await bench.clerk.see_to_all()
    await bench.clerk.see_to_all()
    assert bench.staff.asked("edit_case") == [(case.id, "denied", 500)]
    assert bench.house.files() == []


async def test_a_post_that_may_have_happened_is_looked_for(bench: Bench) -> None:
    case = await bench.opened()
    bench.staff.then("post_case", BUSY)
    await bench.clerk.see_to_all()
    bench.house.clock.tick(3600)
    await bench.clerk.see_to_all()
    assert [name for name, _ in bench.staff.calls] == ["post_case", "find_case", "post_case"]
    assert (await bench.case(case.id)).message_id is not None


async def test_what_a_dead_clerk_had_claimed_is_taken_up_at_once(bench: Bench) -> None:
    case = await bench.opened()
    now = bench.house.clock()
    assert await bench.store.claim(now=now, until=now + timedelta(minutes=5)) is not None
    await bench.clerk.see_to_all()
    assert (await bench.case(case.id)).message_id is not None


async def test_a_case_that_was_decided_before_it_was_posted_is_not_posted(bench: Bench) -> None:
    case = await bench.opened()
    await bench.store.decide(case.id, CaseState.DENIED, by=3, now=bench.house.clock())
    await bench.clerk.see_to_all()
    assert bench.staff.calls == []
    assert (await bench.case(case.id)).due_at is None


async def test_a_case_decided_while_it_was_posted_is_edited_after_that(bench: Bench) -> None:
    case = await bench.opened()
    await bench.store.begin_posting(case, at=bench.house.clock())
    await bench.store.decide(case.id, CaseState.DENIED, by=3, now=bench.house.clock())
    await bench.store.shown(case, message_id=77)
    await bench.clerk.see_to_all()
    assert bench.staff.asked("edit_case") == [(case.id, "denied", 77)]


async def test_a_closed_channel_is_given_up_and_the_operator_hears_of_it(bench: Bench) -> None:
    case = await bench.opened()
    bench.staff.then("post_case", LOST)
    await bench.clerk.see_to_all()
    assert (await bench.case(case.id)).due_at is None
    assert bench.house.alerts() == [f"case {case.id}"]


async def test_a_busy_discord_is_asked_again_but_not_for_ever(bench: Bench) -> None:
    case = await bench.opened()
    bench.staff.then("post_case", *[BUSY] * TRIES)
    for _ in range(TRIES + 3):
        await bench.clerk.see_to_all()
        bench.house.clock.tick(3600)
    assert len(bench.staff.asked("post_case")) == TRIES
    assert (await bench.case(case.id)).due_at is None
    assert bench.house.alerts() == [f"case {case.id}"]


async def test_one_case_in_trouble_keeps_no_other_waiting(bench: Bench) -> None:
    await bench.opened(id="more-1")
    bench.house.clock.tick(1)
    await bench.opened(id="more-2", user_id=2)
    bench.staff.then("post_case", BUSY)
    await bench.clerk.see_to_all()
    assert (await bench.case("more-1")).message_id is None
    assert (await bench.case("more-2")).message_id is not None


async def test_a_discord_that_never_answers_keeps_no_other_case_waiting(house: House) -> None:
    bench = Bench(house, patience=1.0)
    await bench.opened(id="more-1")
    house.clock.tick(1)
    await bench.opened(id="more-2", user_id=2)
    bench.staff.then("post_case", asyncio.Event())
    await bench.clerk.see_to_all()
    assert (await bench.case("more-1")).tries == 1
    assert (await bench.case("more-2")).message_id is not None


async def test_a_video_that_is_not_to_be_had_is_decided_about_without(bench: Bench) -> None:
    job = await held(bench)
    await bench.house.delivery.discard(job)
    bench.house.fetcher.then("download", *[ResultUnavailable("gone")] * 20)
    for _ in range(6):
        await bench.clerk.see_to_all()
        bench.house.clock.tick(3600)
    assert bench.staff.asked("post_case") == [(f"result-{job.id}", False)]


# -- what moderators do


async def test_a_case_is_decided_where_it_is_posted_and_nowhere_else(bench: Bench) -> None:
    case = await bench.opened()
    assert await bench.cases.read(case.id, guild_id=GUILD, channel_id=ROOM) == await bench.case(case.id)
    for guild_id, channel_id in ((8, ROOM), (GUILD, 5), (None, None)):
        with pytest.raises(CaseUnknown):
            await bench.cases.read(case.id, guild_id=guild_id, channel_id=channel_id)
    with pytest.raises(CaseUnknown):
        await bench.cases.read("more-2", guild_id=GUILD, channel_id=ROOM)


async def test_a_reported_video_is_deleted_first_and_written_down_then(bench: Bench) -> None:
    await bench.wants()
    job = await bench.house.steps.deliver(await bench.house.succeeded())
    await bench.reported(job)
    case = await bench.latest_report()
    bench.courier.then("take_away", LOST)
    assert await bench.cases.remove(case, bench.entry()) is Removed.SOON
    assert bench.courier.asked("take_away")[0] == (job.id, 5, job.message_id)
    assert (await bench.house.job(job)).removed_by is Remover.MODERATOR
    assert (await bench.case(case.id)).state is CaseState.APPROVED
    with pytest.raises(CaseDecided):
        await bench.cases.remove(case, bench.entry("again"))


async def test_a_video_without_records_cannot_be_deleted_by_its_case(bench: Bench) -> None:
    case = await bench.opened(id="report-x-1", job_id="gone", body={"channel": 5, "message": 50, "by": 2})
    with pytest.raises(ResultForgotten):
        await bench.cases.remove(case, bench.entry())


async def test_a_block_leaves_the_report_to_be_decided(bench: Bench) -> None:
    case, until = await bench.opened(id="report-x-1"), bench.house.clock() + DAY
    await bench.cases.block(case, bench.entry(action="blocked"), until=until, reason="gore")
    assert (await bench.guilds.standing(guild_id=GUILD, user_id=1))[2].blocked_until == until
    await bench.cases.block(case, bench.entry("short"), until=bench.house.clock(), reason="")
    assert (await bench.guilds.standing(guild_id=GUILD, user_id=1))[2].blocked_until == until
    await bench.cases.dismiss(case, bench.entry("later"))
    assert (await bench.case(case.id)).state is CaseState.DISMISSED


async def test_an_approved_request_is_seen_to_wait_for_its_turn(bench: Bench) -> None:
    await bench.wants(approval="requests")
    house, place = bench.house, Destination(guild_id=GUILD, channel_id=5, upload_limit=10_000_000)
    asking = Asking(key="1", member=ANA, locale="en-US", destination=place)
    accepted = await house.videos().request(VideoRequest(model="kirin_v3_t2v", prompt="a fox"), asking)
    assert accepted.job.status is JobStatus.PENDING
    case = await bench.case(f"request-{accepted.job.id}")
    job = await bench.cases.approve(case, bench.entry())
    assert job.status is JobStatus.QUEUED
    assert house.discord.phases() == ["waiting"]


async def test_a_case_that_may_be_posted_is_not_posted_again_while_nobody_can_look(bench: Bench) -> None:
    await bench.opened()
    bench.staff.then("post_case", BUSY)
    bench.staff.then("find_case", CannotTell(reason="discord_50013", closed=True))
    await bench.clerk.see_to_all()
    bench.house.clock.tick(3600)
    await bench.clerk.see_to_all()
    assert [name for name, _ in bench.staff.calls] == ["post_case", "find_case"]
