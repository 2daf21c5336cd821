"""Cards: posted once, edited sparingly, closed for certain, remembered no longer than needed."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.eta import ENOUGH
from bot.domain.guild import AuditEntry
from bot.domain.job import DeadLetter, Job, JobStatus, Review
from bot.errors import DestinationBusy, DestinationLost, StoreUnavailable
from bot.service.ports.notifier import CannotTell, Phase, Posted, phase_of
from bot.store.jobs.dead_letters import DeadLetters
from tests.service.house import House
from tests.service.scripted import until


async def shown(house: House, job: Job) -> Job:
    """The job after its card has been brought up to date."""
    await house.cards.show(job)
    return await house.job(job)


async def test_a_new_job_gets_one_card_whose_place_is_kept(house: House) -> None:
    job = await house.queued()
    placed = await house.cards.introduce(job)
    again = await house.cards.introduce(await house.job(job))
    assert (placed.card_channel_id, placed.card_message_id) == (5, again.card_message_id)
    assert (await house.job(job)).card_message_id == placed.card_message_id
    assert len(house.discord.asked("post_card")) == 1
    assert house.discord.asked("post_card")[0].position == 1


async def test_a_private_job_has_no_card(house: House) -> None:
    job = await house.queued(private=True)
    assert (await house.cards.introduce(job)).card_message_id is None
    await house.cards.show(job)
    assert len(house.discord.asked("post_card")) == 1


async def test_a_card_is_edited_only_for_news(house: House) -> None:
    job = await house.running()
    await house.cards.introduce(job)
    for _ in range(3):
        await house.cards.show(job)
    assert (len(house.discord.asked("post_card")), house.discord.phases()) == (1, [])
    expected = house.discord.asked("post_card")[0].expected_at
    assert expected == house.clock() + await house.expectation.of(job.request)


async def test_a_card_says_once_that_it_takes_longer_than_usual(house: House) -> None:
    job = await house.running()
    await house.cards.introduce(job)
    (posted,) = house.discord.asked("post_card")
    assert posted.late_at is not None
    assert not posted.overdue
    house.clock.now = posted.late_at
    for _ in range(3):
        house.clock.tick(1)
        await house.cards.show(job)
    assert [(card.phase, card.overdue) for card in house.discord.asked("edit_card")] == [(Phase.RUNNING, True)]


async def test_an_overdue_job_without_a_card_is_left_alone(house: House) -> None:
    job = await house.running(private=True)
    await house.cards.introduce(job)
    house.clock.tick(10_000)
    await house.cards.show(job)
    await house.cards.show(job)
    assert (len(house.discord.asked("post_card")), house.discord.asked("edit_card")) == (1, [])


async def test_after_a_restart_a_card_is_brought_up_to_date_once(house: House) -> None:
    job = await house.running()
    await house.cards.introduce(job)
    restarted = replace(house)
    for _ in range(3):
        await restarted.cards.show(job)
    assert house.discord.phases() == ["running"]
    assert len(house.discord.asked("post_card")) == 1


async def test_who_comes_late_does_not_turn_a_card_back(house: House) -> None:
    waiting = await house.queued()
    await house.cards.introduce(waiting)
    cancelled = await house.jobs.cancel(waiting.id, user_id=1, now=house.clock())
    await house.cards.show(waiting)
    assert house.discord.phases() == ["cancelled"]
    await house.steps.advance(await house.claimed(cancelled))
    await house.cards.show(waiting)
    assert house.discord.phases() == ["cancelled"]


async def test_positions_move_up_when_others_leave(house: House) -> None:
    first, second = await house.queued(), await house.queued()
    for job in (first, second):
        await house.cards.introduce(job)
    await house.cards.refresh("kirin")
    assert house.discord.asked("edit_card") == []
    await house.jobs.cancel(first.id, user_id=1, now=house.clock())
    await house.cards.refresh("kirin")
    assert [card.position for card in house.discord.asked("edit_card")] == [1]


@pytest.mark.parametrize(("trouble", "posts"), [(DestinationBusy("discord_503"), 2), (DestinationLost("50001"), 1)])
async def test_a_card_that_is_not_taken_stops_nothing(house: House, trouble: Exception, posts: int) -> None:
    house.discord.then("post_card", trouble)
    job = await house.running()
    assert (await house.cards.introduce(job)).card_message_id is None
    await house.cards.show(job)
    await house.cards.show(job)
    assert len(house.discord.asked("post_card")) == posts


async def test_a_discord_that_hangs_is_not_waited_for(house: House) -> None:
    hasty = replace(house, patience=0.01)
    hasty.discord.then("post_card", asyncio.Event())
    job = await hasty.queued()
    assert (await hasty.cards.introduce(job)).card_message_id is None
    assert (await house.cards.introduce(job)).card_message_id is not None


async def test_the_last_word_is_on_the_card_and_with_the_requester(house: House) -> None:
    job = await house.submitting()
    await house.cards.introduce(job)
    failed = await house.jobs.fail(job, failure="content", code="", now=house.clock())
    await house.cards.close(await house.claimed(failed))
    assert house.discord.phases() == house.discord.phases("tell_requester") == ["failed"]
    assert house.discord.asked("tell_requester")[0].job.card_message_id is not None


async def test_who_may_have_been_told_before_a_crash_is_looked_for_before_being_told_again(house: House) -> None:
    job = await house.submitting()
    await house.cards.introduce(job)
    await house.jobs.fail(job, failure="content", code="", now=house.clock())
    house.discord.then("tell_requester", RuntimeError("killed"))
    with pytest.raises(RuntimeError, match="killed"):
        await house.cards.close(await house.claimed(job))
    house.clock.tick(60)  # the lease has run out
    await house.cards.close(await house.claimed(job))
    first, second = house.discord.asked("tell_requester")
    assert (first.repeated, second.repeated) == (False, True)
    assert first.job.telling_at == second.job.telling_at


async def test_a_job_that_ends_a_second_time_is_news(house: House) -> None:
    lost = await house.jobs.bury(await house.submitting(), reason=DeadLetter.OUTCOME_UNKNOWN, now=house.clock())
    await house.steps.advance(await house.claimed(lost))
    entry = AuditEntry(id="1", guild_id=7, actor_id=1, action="job_free", at=house.clock())
    written_off = await DeadLetters(house.database).write_off(entry, lost.id, billed=False)
    await house.steps.advance(await house.claimed(written_off))
    told = house.discord.asked("tell_requester")
    assert [(card.phase, card.repeated) for card in told] == [(Phase.UNKNOWN, False), (Phase.FAILED, False)]


async def test_a_delivered_job_needs_no_second_edit_and_no_message(house: House) -> None:
    job = await house.succeeded()
    await house.cards.introduce(job)
    done = await house.delivery.deliver(job)
    await house.cards.show(done)
    await house.cards.close(done)
    assert house.discord.phases() == ["done"]
    assert house.discord.asked("tell_requester") == []


async def test_whose_card_is_lost_is_told_all_the_same(house: House) -> None:
    job = await house.submitting()
    await house.cards.introduce(job)
    failed = await house.jobs.fail(await house.job(job), failure="content", code="", now=house.clock())
    house.discord.then("edit_card", *[DestinationLost("discord_10008")] * 2)
    await house.cards.show(failed)
    await house.cards.close(await house.claimed(failed))
    (told,) = house.discord.asked("tell_requester")
    assert told.job.card_message_id is None


async def test_who_cannot_be_told_is_not_told_for_ever(house: House) -> None:
    job = await house.jobs.fail(await house.submitting(), failure="content", code="", now=house.clock())
    house.discord.then("tell_requester", DestinationLost("discord_50007"))
    closed = await house.steps.advance(await house.claimed(job))
    assert closed.due_at is None


async def test_a_card_of_a_job_that_ended_as_it_was_introduced_is_left_alone(house: House) -> None:
    job = await house.queued()
    house.clock.tick(1)
    cancelled = await house.jobs.cancel(job.id, user_id=1, now=house.clock())
    await house.steps.advance(await house.claimed(cancelled))
    await house.cards.introduce(job)
    assert house.discord.asked("post_card") == []


async def test_two_who_post_the_same_card_post_it_once(house: House) -> None:
    slow = asyncio.Event()
    house.discord.then("post_card", slow)
    job = await house.queued()
    both = asyncio.gather(house.cards.introduce(job), house.cards.show(job))
    await until(lambda: house.discord.calls)
    slow.set()
    await both
    assert len(house.discord.asked("post_card")) == 1


async def test_nothing_is_remembered_of_closed_jobs(house: House) -> None:
    for _ in range(5):
        job = await house.queued()
        await house.cards.introduce(job)
        cancelled = await house.jobs.cancel(job.id, user_id=1, now=house.clock())
        await house.cards.show(cancelled)
        await house.steps.advance(await house.claimed(cancelled))
    assert (house.cards._shown, dict(house.cards._turns)) == ({}, {})  # noqa: SLF001 (a leak shows nowhere else)


async def test_a_card_that_the_database_cannot_describe_is_the_callers_trouble(house: House) -> None:
    job = await house.queued()
    house.database.refusals = 1
    with pytest.raises(StoreUnavailable):
        await house.cards.show(job)


async def test_every_state_of_a_job_has_its_phase(house: House) -> None:
    job = await house.queued()
    assert phase_of(job) is Phase.WAITING
    assert phase_of(replace(job, status=JobStatus.PENDING)) is Phase.REVIEW
    assert phase_of(await house.jobs.cancel(job.id, user_id=1, now=house.clock())) is Phase.CANCELLED
    assert phase_of(await house.running()) is Phase.RUNNING
    submitting, succeeded = await house.submitting(), await house.succeeded()
    assert (phase_of(submitting), phase_of(succeeded)) == (Phase.STARTING, Phase.DELIVERING)
    unknown = await house.jobs.bury(submitting, reason=DeadLetter.OUTCOME_UNKNOWN, now=house.clock())
    kept = await house.jobs.bury(succeeded, reason=DeadLetter.UNDELIVERABLE, now=house.clock())
    assert (phase_of(unknown), phase_of(kept)) == (Phase.UNKNOWN, Phase.KEPT)
    assert phase_of(replace(job, status=JobStatus.PENDING)) is Phase.REVIEW
    assert phase_of(replace(succeeded, review=Review.HELD)) is Phase.REVIEW
    assert phase_of(replace(succeeded, review=Review.RESULT)) is Phase.DELIVERING
    assert [phase for phase in Phase if not phase.last] == [
        Phase.REVIEW,
        Phase.WAITING,
        Phase.STARTING,
        Phase.RUNNING,
        Phase.DELIVERING,
    ]


async def test_the_expected_time_is_remembered_for_a_minute(house: House) -> None:
    job = await house.running()
    guess = await house.expectation.of(job.request)
    for _ in range(ENOUGH):
        started = await house.running()
        house.clock.tick(8)
        await house.jobs.succeed(started, result_url="https://v/1", cost_micros=None, now=house.clock())
        house.clock.tick(1)
    assert await house.expectation.of(job.request) == guess
    house.clock.tick(61)
    assert await house.expectation.of(job.request) == timedelta(seconds=8)


async def test_a_card_that_was_posted_and_not_recorded_is_found_and_closed(house: House) -> None:
    job = await house.jobs.fail(await house.submitting(), failure="content", code="", now=house.clock())
    house.discord.then("find_card", Posted(channel_id=5, message_id=77))
    await house.cards.close(await house.claimed(job))
    (edited,) = house.discord.asked("edit_card")
    assert (edited.phase, edited.job.card_message_id) == (Phase.FAILED, 77)
    assert (await house.job(job)).card_message_id == 77


async def test_a_card_that_nobody_can_look_for_now_is_looked_for_again(house: House) -> None:
    job = await house.jobs.fail(await house.submitting(), failure="content", code="", now=house.clock())
    house.discord.then("find_card", CannotTell(reason="discord_503"), Posted(channel_id=5, message_id=77))
    job = await house.steps.advance(await house.claimed(job))
    assert job.due_at is not None
    closed = await house.steps.advance(await house.claimed(job))
    assert (closed.due_at, house.discord.phases()) == (None, ["failed"])


async def test_a_channel_that_is_closed_has_no_card_to_close(house: House) -> None:
    job = await house.jobs.fail(await house.submitting(), failure="content", code="", now=house.clock())
    house.discord.then("find_card", CannotTell(reason="discord_50001", closed=True))
    assert (await house.steps.advance(await house.claimed(job))).due_at is None
    assert (house.discord.phases(), house.discord.phases("tell_requester")) == ([], ["failed"])
