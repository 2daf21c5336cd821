"""Cases: brought before the moderators once, decided by them, and over in time whatever Discord does meanwhile."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot import errors
from bot.domain import (
    Case,
    CaseState,
    DeadLetter,
    Destination,
    Job,
    JobStatus,
    OutboxKind,
    Remover,
    Review,
    VideoRequest,
)
from bot.provider.scan import Verdict
from bot.service.jobs.copies import Copy, CopyKind
from bot.service.jobs.results import RemovalOutcome
from bot.service.jobs.types import RequestContext
from bot.service.moderation.case_poster import TRIES
from bot.service.moderation.cases import Covered
from bot.service.ports import CannotTell
from bot.store.outbox import OutboxStore
from tests.service.moderation_services import ANA, ModerationServices
from tests.service.scripted import GUILD, MOD_CHANNEL, until
from tests.service.services import Services
from tests.service.worker_loop import eventually

BUSY, LOST = errors.DestinationBusy("discord_500"), errors.DestinationLost("discord_10003")
DAY = timedelta(hours=24)


@pytest.fixture
def moderation_services(services: Services) -> ModerationServices:
    return ModerationServices(services)


async def held(moderation_services: ModerationServices, **wanted: Any) -> Job:
    """A finished video that waits for a moderator."""
    await moderation_services.wants(**(wanted or {"approval": "results"}))
    job = await moderation_services.services.step(await moderation_services.services.succeeded())
    assert job.review is Review.HELD
    return job


# -- finished videos


async def test_a_video_is_posted_at_once_where_nobody_wants_to_look(moderation_services: ModerationServices) -> None:
    job = await moderation_services.services.step(await moderation_services.services.succeeded())
    assert job.delivered_at is not None
    assert moderation_services.services.scans.calls == []


async def test_a_video_to_be_approved_is_fetched_held_and_not_posted(moderation_services: ModerationServices) -> None:
    job = await held(moderation_services)
    assert (job.status, job.lease, job.due_at) == (
        JobStatus.SUCCEEDED,
        None,
        moderation_services.services.clock() + DAY,
    )
    assert moderation_services.services.discord.asked("post_result") == []
    assert moderation_services.services.file_names() == [f"{job.id}.mp4"]
    assert moderation_services.services.woken
    assert (await moderation_services.case(f"result-{job.id}")).body == {"why": {"approval": []}}


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (Verdict(level=2), None),
        (Verdict(level=3), {"why": {"risk": []}, "level": 3}),
        (Verdict(risks=("EROTIC",)), {"why": {"risk": ["EROTIC"]}, "level": 0}),
        (errors.ProviderUnavailable(provider="scan"), {"why": {"unscanned": []}}),
    ],
)
async def test_a_scan_decides_whether_a_video_is_held(
    moderation_services: ModerationServices, answer: Any, body: Any
) -> None:
    await moderation_services.wants(scan_results=True)
    moderation_services.services.scans.then("video", answer)
    job = await moderation_services.services.step(await moderation_services.services.succeeded())
    assert moderation_services.services.scans.asked("video") == [("https://v.example/1.mp4", 5)]
    if body is None:
        assert job.delivered_at is not None
    else:
        assert (await moderation_services.case(f"result-{job.id}")).body == body


async def test_a_video_that_may_have_been_posted_is_not_held_any_more(moderation_services: ModerationServices) -> None:
    job = await moderation_services.services.succeeded()
    begun = await moderation_services.services.jobs.begin_posting(job, at=moderation_services.services.clock())
    await moderation_services.wants(approval="results", scan_results=True)
    assert (await moderation_services.services.step(begun)).delivered_at is not None


async def test_what_a_guild_wants_now_counts_not_what_it_wanted(moderation_services: ModerationServices) -> None:
    await moderation_services.wants(approval="results")
    job = await moderation_services.services.succeeded()
    await moderation_services.wants(approval="off")
    assert (await moderation_services.services.step(job)).delivered_at is not None


async def test_a_spoilt_file_is_nobodys_to_decide_about(moderation_services: ModerationServices) -> None:
    await moderation_services.wants(approval="results")
    job = await moderation_services.services.succeeded()
    moderation_services.services.fetcher.then("download", errors.ResultUnavailable("unreachable"))
    waiting = await moderation_services.services.step(job)
    assert (waiting.status, waiting.review) == (JobStatus.SUCCEEDED, None)
    assert await moderation_services.store.case(f"result-{job.id}") is None


async def test_an_approved_video_has_a_day_of_its_own_to_be_delivered(moderation_services: ModerationServices) -> None:
    job = await held(moderation_services)
    moderation_services.services.clock.tick(23.5 * 3600)
    case = await moderation_services.case(f"result-{job.id}")
    await moderation_services.cases.approve(case, moderation_services.entry())
    moderation_services.services.clock.tick(3600)
    claimed = await moderation_services.services.claimed(job)
    moderation_services.services.discord.then("post_result", BUSY)
    later = await moderation_services.services.step(claimed)
    assert (later.dead_letter, later.delivered_at) == (None, None)
    moderation_services.services.clock.tick(24 * 3600)
    moderation_services.services.discord.then("post_result", BUSY)
    kept = await moderation_services.services.step(await moderation_services.services.claimed(later))
    assert kept.dead_letter is DeadLetter.UNDELIVERABLE


async def test_a_video_that_nobody_looks_at_in_time_is_gone(moderation_services: ModerationServices) -> None:
    job = await held(moderation_services)
    claimed = await moderation_services.services.claimed(job)
    assert moderation_services.services.clock() == job.due_at
    ended = await moderation_services.services.step(claimed)
    assert (ended.status, ended.failure) == (JobStatus.FAILED, "not_reviewed")
    assert moderation_services.services.file_names() == []
    assert (await moderation_services.case(f"result-{job.id}")).state is CaseState.EXPIRED
    assert await moderation_services.services.balance(job) == (0, 0)


async def test_an_accident_at_the_end_of_a_review_gives_the_video_to_nobody(
    moderation_services: ModerationServices,
) -> None:
    job = await held(moderation_services)
    claimed = await moderation_services.services.claimed(job)
    moderation_services.services.clock.tick(1)
    await moderation_services.services.steps.retry_after_crash(claimed)
    present = await moderation_services.services.job(job)
    assert (present.review, present.dead_letter) == (Review.HELD, None)
    assert present.due_at is not None
    assert present.due_at > moderation_services.services.clock()


# -- their messages


async def test_the_outbox_posts_a_case_once_and_edits_it_after_its_decision(
    moderation_services: ModerationServices,
) -> None:
    job = await held(moderation_services)
    await moderation_services.outbox.post_due()
    await moderation_services.outbox.post_due()
    assert moderation_services.staff.asked("post_case") == [(f"result-{job.id}", True)]
    case = await moderation_services.case(f"result-{job.id}")
    assert await moderation_services.message(case.id) == (500, False)
    await moderation_services.cases.deny(case, moderation_services.entry(), reason="no")
    await moderation_services.outbox.post_due()
    await moderation_services.outbox.post_due()
    assert moderation_services.staff.asked("edit_case") == [(case.id, "denied", 500)]
    assert moderation_services.services.file_names() == []


async def test_a_post_that_may_have_happened_is_looked_for(moderation_services: ModerationServices) -> None:
    case = await moderation_services.opened()
    moderation_services.staff.then("post_case", BUSY)
    await moderation_services.outbox.post_due()
    moderation_services.services.clock.tick(3600)
    await moderation_services.outbox.post_due()
    assert [name for name, _ in moderation_services.staff.calls] == ["post_case", "find_case", "post_case"]
    assert await moderation_services.message(case.id) == (501, False)


async def test_what_a_dead_process_had_claimed_is_taken_up_at_once(moderation_services: ModerationServices) -> None:
    case = await moderation_services.opened()
    now, outbox = moderation_services.services.clock(), OutboxStore(moderation_services.services.database)
    assert await outbox.claim(now=now, until=now + timedelta(minutes=5)) is not None
    await outbox.recover()
    await moderation_services.outbox.post_due()
    assert await moderation_services.message(case.id) == (500, False)


async def test_a_case_that_was_decided_before_it_was_posted_is_not_posted(
    moderation_services: ModerationServices,
) -> None:
    case = await moderation_services.opened()
    await moderation_services.store.decide(case.id, CaseState.DENIED, by=3, now=moderation_services.services.clock())
    await moderation_services.outbox.post_due()
    assert moderation_services.staff.calls == []
    assert await moderation_services.message(case.id) == (None, False)


async def test_a_case_decided_while_it_was_posted_is_edited_after_that(moderation_services: ModerationServices) -> None:
    case = await moderation_services.opened()
    gate, now = asyncio.Event(), moderation_services.services.clock()
    moderation_services.staff.then("post_case", gate)
    posting = asyncio.create_task(moderation_services.outbox.post_due())
    await until(lambda: moderation_services.staff.asked("post_case"))
    await moderation_services.store.decide(case.id, CaseState.DENIED, by=3, now=now)
    gate.set()
    await posting
    await moderation_services.outbox.post_due()
    assert moderation_services.staff.asked("edit_case") == [(case.id, "denied", 500)]


async def test_a_closed_channel_is_given_up_and_the_operator_hears_of_it(
    moderation_services: ModerationServices,
) -> None:
    case = await moderation_services.opened()
    moderation_services.staff.then("post_case", LOST)
    await moderation_services.outbox.post_due()
    assert await moderation_services.message(case.id) == (None, False)
    assert moderation_services.services.alerts() == [f"case {case.id}"]


async def test_a_busy_discord_is_asked_again_but_not_for_ever(moderation_services: ModerationServices) -> None:
    case = await moderation_services.opened()
    moderation_services.staff.then("post_case", *[BUSY] * TRIES)
    for _ in range(TRIES + 3):
        await moderation_services.outbox.post_due()
        moderation_services.services.clock.tick(3600)
    assert len(moderation_services.staff.asked("post_case")) == TRIES
    assert await moderation_services.message(case.id) == (None, False)
    assert moderation_services.services.alerts() == [f"case {case.id}"]


async def test_one_case_in_trouble_keeps_no_other_waiting(moderation_services: ModerationServices) -> None:
    await moderation_services.opened(id="more-1")
    moderation_services.services.clock.tick(1)
    await moderation_services.opened(id="more-2", user_id=2)
    moderation_services.staff.then("post_case", BUSY)
    await moderation_services.outbox.post_due()
    assert [await moderation_services.message(f"more-{number}") for number in (1, 2)] == [(None, True), (501, False)]


async def test_a_discord_that_never_answers_keeps_no_other_case_waiting(
    moderation_services: ModerationServices,
) -> None:
    await moderation_services.opened(id="more-1")
    moderation_services.services.clock.tick(1)
    await moderation_services.opened(id="more-2", user_id=2)
    moderation_services.staff.then("post_case", asyncio.Event())
    posting = asyncio.create_task(moderation_services.outbox.post_due())

    async def other_is_posted() -> bool:
        return await moderation_services.message("more-2") == (501, False)

    await eventually(other_is_posted)
    assert await moderation_services.message("more-1") == (None, True)
    posting.cancel()
    await asyncio.wait([posting])


async def test_a_discord_that_never_answers_is_given_up_for_now(services: Services) -> None:
    services.restart(sizes=replace(services.sizes, outbox_patience=0.05))
    moderation_services = ModerationServices(services)
    await moderation_services.opened(id="more-1")
    moderation_services.staff.then("post_case", asyncio.Event())
    await moderation_services.outbox.post_due()
    assert await moderation_services.message("more-1") == (None, True)


async def test_a_video_that_is_not_to_be_had_is_decided_about_without(moderation_services: ModerationServices) -> None:
    job = await held(moderation_services)
    await moderation_services.services.files.discard(job)
    moderation_services.services.fetcher.then("download", *[errors.ResultUnavailable("gone")] * 20)
    for _ in range(6):
        await moderation_services.outbox.post_due()
        moderation_services.services.clock.tick(3600)
    assert moderation_services.staff.asked("post_case") == [(f"result-{job.id}", False)]


# -- what moderators do


async def test_a_case_is_decided_where_it_is_posted_and_nowhere_else(moderation_services: ModerationServices) -> None:
    case = await moderation_services.opened()
    assert await moderation_services.cases.read(
        case.id, guild_id=GUILD, channel_id=MOD_CHANNEL
    ) == await moderation_services.case(case.id)
    for guild_id, channel_id in ((8, MOD_CHANNEL), (GUILD, 5), (None, None)):
        with pytest.raises(errors.CaseUnknown):
            await moderation_services.cases.read(case.id, guild_id=guild_id, channel_id=channel_id)
    with pytest.raises(errors.CaseUnknown):
        await moderation_services.cases.read("more-2", guild_id=GUILD, channel_id=MOD_CHANNEL)


async def test_a_reported_video_is_deleted_first_and_written_down_then(moderation_services: ModerationServices) -> None:
    await moderation_services.wants()
    job = await moderation_services.services.step(await moderation_services.services.succeeded())
    await moderation_services.reported(job)
    case = await moderation_services.latest_report()
    moderation_services.result_poster.then("take_away", LOST)
    assert await moderation_services.cases.remove(case, moderation_services.entry()) is RemovalOutcome.SOON
    assert moderation_services.result_poster.asked("take_away")[0] == (job.id, 5, job.message_id)
    assert (await moderation_services.services.job(job)).removed_by is Remover.MODERATOR
    assert (await moderation_services.case(case.id)).state is CaseState.APPROVED
    with pytest.raises(errors.CaseDecided):
        await moderation_services.cases.remove(case, moderation_services.entry("again"))


async def test_a_video_without_records_cannot_be_deleted_by_its_case(moderation_services: ModerationServices) -> None:
    case = await moderation_services.opened(id="report-x-1", job_id="gone", body={"channel": 5, "message": 50, "by": 2})
    with pytest.raises(errors.ResultForgotten):
        await moderation_services.cases.remove(case, moderation_services.entry())


async def reported_and_copied(moderation_services: ModerationServices) -> tuple[Job, Case]:
    """A reported video with a copy in its server's gallery (message 900 in channel 9), and its case."""
    services, outbox = moderation_services.services, OutboxStore(moderation_services.services.database)
    await moderation_services.wants()
    job = await services.step(await services.succeeded())
    assert await outbox.announce_once(OutboxKind.GALLERY, job.id, guild_id=GUILD, channel_id=9, now=services.clock())
    await moderation_services.outbox.post_due()
    await moderation_services.reported(job)
    return await services.job(job), await moderation_services.latest_report()


async def test_a_reported_video_is_covered_in_all_its_messages_and_the_case_counts_them(
    moderation_services: ModerationServices,
) -> None:
    job, case = await reported_and_copied(moderation_services)
    covered = await moderation_services.cases.cover(case, moderation_services.entry())
    assert covered == Covered(messages=3, more=False)
    assert moderation_services.result_poster.asked("cover") == [  # the reported one, the result, the gallery's
        (job.id, 5, 50),
        (job.id, job.message_channel_id, job.message_id),
        (job.id, 9, 900),
    ]
    present = await moderation_services.case(case.id)
    assert (present.state, present.body["covered"]) == (CaseState.OPEN, 3)
    assert (await moderation_services.services.job(job)).spoiler


async def test_what_discord_does_not_take_is_covered_later_and_the_others_now(
    moderation_services: ModerationServices,
) -> None:
    _, case = await reported_and_copied(moderation_services)
    moderation_services.result_poster.then("cover", False, BUSY)
    covered = await moderation_services.cases.cover(case, moderation_services.entry())
    assert covered == Covered(messages=1, more=True)
    moderation_services.services.clock.tick(3600)
    moderation_services.result_poster.then("cover", False)
    await moderation_services.outbox.post_due()
    assert (await moderation_services.case(case.id)).body["covered"] == 2
    assert await OutboxStore(moderation_services.services.database).item(OutboxKind.COVER, case.job_id or "") is None


async def test_where_discord_lets_us_cover_nothing_the_moderator_reads_so(
    moderation_services: ModerationServices,
) -> None:
    _, case = await reported_and_copied(moderation_services)
    moderation_services.result_poster.then("cover", LOST, LOST, LOST)
    with pytest.raises(errors.ChannelClosed):
        await moderation_services.cases.cover(case, moderation_services.entry())
    moderation_services.result_poster.then("cover", LOST, LOST)
    covered = await moderation_services.cases.cover(case, moderation_services.entry("again"))
    assert covered == Covered(messages=1, more=False)


async def test_a_covered_video_is_uncovered_in_all_its_messages_also_when_its_case_is_dismissed(
    moderation_services: ModerationServices,
) -> None:
    job, case = await reported_and_copied(moderation_services)
    await moderation_services.cases.cover(case, moderation_services.entry())
    assert (await moderation_services.services.job(job)).covered
    await moderation_services.cases.dismiss(case, moderation_services.entry("dismissed"))
    uncovered = await moderation_services.cases.uncover(case, moderation_services.entry("back"))
    assert uncovered == Covered(messages=0, more=False)
    assert len(moderation_services.result_poster.asked("uncover")) == 3
    present = await moderation_services.case(case.id)
    assert (present.state, present.body["covered"]) == (CaseState.DISMISSED, 0)
    plain = await moderation_services.services.job(job)
    assert (plain.spoiler, plain.covered) == (False, False)


async def test_what_discord_does_not_take_is_uncovered_later_and_counts_as_covered_until_then(
    moderation_services: ModerationServices,
) -> None:
    _, case = await reported_and_copied(moderation_services)
    await moderation_services.cases.cover(case, moderation_services.entry())
    moderation_services.result_poster.then("uncover", BUSY)
    uncovered = await moderation_services.cases.uncover(case, moderation_services.entry("back"))
    assert uncovered == Covered(messages=1, more=True)
    moderation_services.services.clock.tick(3600)
    await moderation_services.outbox.post_due()
    assert (await moderation_services.case(case.id)).body["covered"] == 0


async def test_what_is_uncovered_before_discord_has_taken_the_cover_stays_uncovered(
    moderation_services: ModerationServices,
) -> None:
    job, case = await reported_and_copied(moderation_services)
    moderation_services.result_poster.then("cover", BUSY)
    await moderation_services.cases.cover(case, moderation_services.entry())
    await moderation_services.cases.uncover(case, moderation_services.entry("back"))
    before = len(moderation_services.result_poster.asked("cover"))
    moderation_services.services.clock.tick(3600)
    await moderation_services.outbox.post_due()
    assert len(moderation_services.result_poster.asked("cover")) == before
    assert not (await moderation_services.services.job(job)).spoiler


async def test_a_copy_that_somebody_had_sent_to_them_is_covered_until_they_delete_it(
    moderation_services: ModerationServices,
) -> None:
    job, case = await reported_and_copied(moderation_services)
    results = moderation_services.services.bot.services.results
    await results.resend(job, Copy(kind=CopyKind.DIRECT, user_id=2, locale="en-US", nonce="1", limit=10_000_000))
    covered = await moderation_services.cases.cover(case, moderation_services.entry())
    assert covered == Covered(messages=4, more=False)
    assert (job.id, 2, 900) in moderation_services.result_poster.asked("cover")
    await results.remove_copy(job.id, channel_id=2, message_id=900)
    covered = await moderation_services.cases.cover(case, moderation_services.entry("again"))
    assert covered == Covered(messages=3, more=False)


async def test_a_video_that_was_posted_covered_is_not_uncovered(moderation_services: ModerationServices) -> None:
    job, case = await reported_and_copied(moderation_services)
    database = moderation_services.services.database
    await database.transact(lambda tx: tx.execute("UPDATE jobs SET spoiler = 1"))
    await moderation_services.cases.cover(case, moderation_services.entry())
    assert await moderation_services.cases.uncover(case, moderation_services.entry("back")) is None
    assert (await moderation_services.services.job(job)).spoiler
    assert moderation_services.result_poster.asked("uncover") == []


async def test_a_video_without_records_cannot_be_covered_by_its_case(moderation_services: ModerationServices) -> None:
    case = await moderation_services.opened(id="report-x-1", job_id="gone", body={"channel": 5, "message": 50, "by": 2})
    with pytest.raises(errors.ResultForgotten):
        await moderation_services.cases.cover(case, moderation_services.entry())


async def test_a_block_leaves_the_report_to_be_decided(moderation_services: ModerationServices) -> None:
    case, until = await moderation_services.opened(id="report-x-1"), moderation_services.services.clock() + DAY
    await moderation_services.cases.block(case, moderation_services.entry(action="blocked"), until=until, reason="gore")
    assert (await moderation_services.guilds.states(guild_id=GUILD, user_id=1))[2].blocked_until == until
    await moderation_services.cases.block(
        case, moderation_services.entry("short"), until=moderation_services.services.clock(), reason=""
    )
    assert (await moderation_services.guilds.states(guild_id=GUILD, user_id=1))[2].blocked_until == until
    await moderation_services.cases.dismiss(case, moderation_services.entry("later"))
    assert (await moderation_services.case(case.id)).state is CaseState.DISMISSED


async def test_an_approved_request_is_seen_to_wait_for_its_turn(moderation_services: ModerationServices) -> None:
    await moderation_services.wants(approval="requests")
    services, place = moderation_services.services, Destination(guild_id=GUILD, channel_id=5, upload_limit=10_000_000)
    context = RequestContext(key="1", member=ANA, locale="en-US", destination=place)
    accepted = await services.bot.services.videos.request(VideoRequest(model="kirin_v3_t2v", prompt="a fox"), context)
    assert accepted.job.status is JobStatus.PENDING
    case = await moderation_services.case(f"request-{accepted.job.id}")
    job = await moderation_services.cases.approve(case, moderation_services.entry())
    assert job.status is JobStatus.QUEUED
    assert services.discord.phases() == ["waiting"]


async def test_a_case_that_may_be_posted_is_not_posted_again_while_nobody_can_look(
    moderation_services: ModerationServices,
) -> None:
    await moderation_services.opened()
    moderation_services.staff.then("post_case", BUSY)
    moderation_services.staff.then("find_case", CannotTell(reason="discord_50013", closed=True))
    await moderation_services.outbox.post_due()
    moderation_services.services.clock.tick(3600)
    await moderation_services.outbox.post_due()
    assert [name for name, _ in moderation_services.staff.calls] == ["post_case", "find_case"]
