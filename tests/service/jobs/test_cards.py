"""Cards: posted once, edited sparingly, closed for certain, remembered no longer than needed."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain import AuditEntry, DeadLetter, Job, JobStatus, Review
from bot.domain.eta import ENOUGH
from bot.domain.sharing import Process
from bot.errors import DestinationBusy, DestinationLost, StoreUnavailable
from bot.service.jobs.cards import SETTLED
from bot.service.ports import CannotTell, Phase, Posted, phase_of
from bot.service.processes import Processes
from bot.store.jobs.dead_letters import DeadLetterStore
from tests.service.scripted import until
from tests.service.services import Services


async def shown(services: Services, job: Job) -> Job:
    """The job after its card has been brought up to date."""
    await services.cards.show(job)
    return await services.job(job)


async def test_a_new_job_gets_one_card_whose_place_is_kept(services: Services) -> None:
    job = await services.queued()
    placed = await services.cards.introduce(job)
    again = await services.cards.introduce(await services.job(job))
    assert (placed.card_channel_id, placed.card_message_id) == (5, again.card_message_id)
    assert (await services.job(job)).card_message_id == placed.card_message_id
    assert len(services.discord.asked("post_card")) == 1
    assert services.discord.asked("post_card")[0].position == 1


async def test_a_private_job_has_no_card(services: Services) -> None:
    job = await services.queued(private=True)
    assert (await services.cards.introduce(job)).card_message_id is None
    await services.cards.show(job)
    assert len(services.discord.asked("post_card")) == 1


async def test_a_card_is_edited_only_for_news(services: Services) -> None:
    job = await services.running()
    await services.cards.introduce(job)
    for _ in range(3):
        await services.cards.show(job)
    assert (len(services.discord.asked("post_card")), services.discord.phases()) == (1, [])
    expected = services.discord.asked("post_card")[0].expected_at
    assert expected == services.clock() + await services.forecaster.of(job.request)


async def test_a_card_says_once_that_it_takes_longer_than_usual(services: Services) -> None:
    job = await services.running()
    await services.cards.introduce(job)
    (posted,) = services.discord.asked("post_card")
    assert posted.late_at is not None
    assert not posted.overdue
    services.clock.now = posted.late_at
    for _ in range(3):
        services.clock.tick(1)
        await services.cards.show(job)
    assert [(card.phase, card.overdue) for card in services.discord.asked("edit_card")] == [(Phase.RUNNING, True)]


async def test_an_overdue_job_without_a_card_is_left_alone(services: Services) -> None:
    job = await services.running(private=True)
    await services.cards.introduce(job)
    services.clock.tick(10_000)
    await services.cards.show(job)
    await services.cards.show(job)
    assert (len(services.discord.asked("post_card")), services.discord.asked("edit_card")) == (1, [])


async def test_after_a_restart_a_card_is_brought_up_to_date_once(services: Services) -> None:
    job = await services.running()
    await services.cards.introduce(job)
    restarted = replace(services)
    for _ in range(3):
        await restarted.cards.show(job)
    assert services.discord.phases() == ["running"]
    assert len(services.discord.asked("post_card")) == 1


async def test_who_comes_late_does_not_turn_a_card_back(services: Services) -> None:
    waiting = await services.queued()
    await services.cards.introduce(waiting)
    cancelled = await services.jobs.cancel(waiting.id, user_id=1, now=services.clock())
    await services.cards.show(waiting)
    assert services.discord.phases() == ["cancelled"]
    await services.step(await services.claimed(cancelled))
    await services.cards.show(waiting)
    assert services.discord.phases() == ["cancelled"]


@pytest.mark.parametrize("ends", ["failed", "delivered", ""])
async def test_a_process_that_stood_still_makes_good_the_card_that_it_set_back(services: Services, ends: str) -> None:
    processes, gate = Processes(Process(id="1" * 16)), asyncio.Event()
    mine = services.build(parts={"processes": processes}).cards
    processes.note([processes.this, Process(id="2" * 16)])
    job = await mine.introduce(await services.submitting())
    await services.jobs.record_task(job, task_id="task", next_at=services.clock(), now=services.clock())
    services.discord.then("edit_card", gate)
    late = asyncio.create_task(mine.show(await services.job(job)))
    await until(lambda: services.discord.phases() == ["running"])
    services.clock.tick(60)
    claimed = await services.claimed(job) if ends else job
    if ends == "failed":
        await services.jobs.fail(claimed, failure="content", code="", now=services.clock())
    elif ends:
        made = await services.jobs.succeed(claimed, result_url="https://v/1", cost_micros=None, now=services.clock())
        await services.jobs.delivered(made, channel_id=5, message_id=9, now=services.clock())
    gate.set()
    await late
    assert services.discord.phases() == ["running", "failed"][: 1 + (ends == "failed")]
    assert services.discord.phases("remove_card") == ["done"] * (ends == "delivered")


async def test_positions_move_up_when_others_leave(services: Services) -> None:
    first, second = await services.queued(), await services.queued()
    for job in (first, second):
        await services.cards.introduce(job)
    await services.cards.refresh("kirin")
    assert services.discord.asked("edit_card") == []
    await services.jobs.cancel(first.id, user_id=1, now=services.clock())
    await services.cards.refresh("kirin")
    assert [card.position for card in services.discord.asked("edit_card")] == [1]


@pytest.mark.parametrize(("trouble", "posts"), [(DestinationBusy("discord_503"), 2), (DestinationLost("50001"), 1)])
async def test_a_card_that_is_not_taken_stops_nothing(services: Services, trouble: Exception, posts: int) -> None:
    services.discord.then("post_card", trouble)
    job = await services.running()
    assert (await services.cards.introduce(job)).card_message_id is None
    await services.cards.show(job)
    await services.cards.show(job)
    assert len(services.discord.asked("post_card")) == posts


async def test_a_discord_that_hangs_is_not_waited_for(services: Services) -> None:
    hasty = replace(services, sizes=replace(services.sizes, card_patience=0.01, provider_patience=0.01))
    hasty.discord.then("post_card", asyncio.Event())
    job = await hasty.queued()
    assert (await hasty.cards.introduce(job)).card_message_id is None
    assert (await services.cards.introduce(job)).card_message_id is not None


async def test_the_last_word_is_on_the_card_and_with_the_requester(services: Services) -> None:
    job = await services.submitting()
    await services.cards.introduce(job)
    failed = await services.jobs.fail(job, failure="content", code="", now=services.clock())
    await services.cards.close(await services.claimed(failed))
    assert services.discord.phases() == services.discord.phases("tell_requester") == ["failed"]
    assert services.discord.asked("tell_requester")[0].job.card_message_id is not None


async def test_what_tells_of_an_end_in_the_channel_takes_the_cards_place(services: Services) -> None:
    job = await services.submitting()
    card = await services.cards.introduce(job)
    failed = await services.jobs.fail(job, failure="content", code="", now=services.clock())
    ending = Posted(channel_id=job.destination.channel_id, message_id=999)
    services.discord.then("tell_requester", ending)
    await services.cards.close(await services.claimed(failed))
    (gone,) = services.discord.asked("remove_card")
    assert gone.job.card_message_id == card.card_message_id
    assert (await services.job(job)).card_message_id == ending.message_id


async def test_killed_before_the_first_card_went_it_goes_later_and_the_new_one_never(services: Services) -> None:
    job = await services.submitting()
    await services.cards.introduce(job)
    await services.jobs.fail(job, failure="content", code="", now=services.clock())
    ending = Posted(channel_id=job.destination.channel_id, message_id=999)
    services.discord.then("tell_requester", *[ending] * 3)
    services.discord.then("remove_card", RuntimeError("killed"), DestinationLost("discord_10008"))
    with pytest.raises(RuntimeError, match="killed"):
        await services.cards.close(await services.claimed(job))
    for _ in range(2):
        services.clock.tick(60)  # the lease has run out
        await services.cards.close(await services.claimed(job))
    assert (await services.job(job)).card_message_id == ending.message_id
    assert len(services.discord.asked("remove_card")) == 2


async def test_who_may_have_been_told_before_a_crash_is_looked_for_before_being_told_again(services: Services) -> None:
    job = await services.submitting()
    await services.cards.introduce(job)
    await services.jobs.fail(job, failure="content", code="", now=services.clock())
    services.discord.then("tell_requester", RuntimeError("killed"))
    with pytest.raises(RuntimeError, match="killed"):
        await services.cards.close(await services.claimed(job))
    services.clock.tick(60)  # the lease has run out
    await services.cards.close(await services.claimed(job))
    first, second = services.discord.asked("tell_requester")
    assert (first.repeated, second.repeated) == (False, True)
    assert first.job.telling_at == second.job.telling_at


async def test_a_job_that_ends_a_second_time_is_news(services: Services) -> None:
    lost = await services.jobs.mark_dead_letter(
        await services.submitting(), reason=DeadLetter.OUTCOME_UNKNOWN, now=services.clock()
    )
    await services.step(await services.claimed(lost))
    entry = AuditEntry(id="1", guild_id=7, actor_id=1, action="job_free", at=services.clock())
    written_off = await DeadLetterStore(services.database).write_off(entry, lost.id, billed=False)
    await services.step(await services.claimed(written_off))
    told = services.discord.asked("tell_requester")
    assert [(card.phase, card.repeated) for card in told] == [(Phase.UNKNOWN, False), (Phase.FAILED, False)]


async def test_the_card_of_a_posted_video_goes_and_the_private_answer_says_where_it_is(services: Services) -> None:
    job = await services.succeeded()
    await services.cards.introduce(job)
    done = await services.step(job)
    await services.cards.show(done)
    assert services.discord.phases("remove_card") == []  # whoever closes the job takes it away
    await services.cards.close(done)
    assert (services.discord.phases(), services.discord.phases("remove_card")) == ([], ["done"])
    (told,) = services.discord.asked("say_ready")
    assert told.message_id == done.message_id
    assert services.discord.asked("tell_requester") == []


async def test_no_card_is_posted_beside_a_posted_video(services: Services) -> None:
    done = await services.step(await services.succeeded())
    await services.cards.show(done)
    assert services.discord.asked("post_card") == []


async def test_kept_cards_say_done(services: Services) -> None:
    services.restart(keep_cards=True)
    job = await services.succeeded()
    await services.cards.introduce(job)
    done = await services.step(job)
    await services.cards.show(done)
    await services.cards.close(done)
    assert (services.discord.phases(), services.discord.phases("remove_card")) == (["done"], [])
    assert len(services.discord.asked("say_ready")) == 1


async def test_a_card_that_discord_does_not_take_away_now_is_taken_away_later(services: Services) -> None:
    job = await services.succeeded()
    await services.cards.introduce(job)
    done = await services.step(job)
    services.discord.then("remove_card", DestinationBusy("discord_503"))
    later = await services.step(await services.claimed(done))
    assert later.due_at is not None
    assert services.discord.asked("say_ready") == []
    closed = await services.step(await services.claimed(later))
    assert (closed.due_at, services.discord.phases("remove_card")) == (None, ["done", "done"])


async def test_a_card_that_may_not_be_taken_away_holds_up_nothing(services: Services) -> None:
    job = await services.succeeded()
    await services.cards.introduce(job)
    done = await services.step(job)
    services.discord.then("remove_card", DestinationLost("discord_50001"))
    assert (await services.step(await services.claimed(done))).due_at is None
    assert len(services.discord.asked("say_ready")) == 1


async def test_a_card_is_looked_after_again_where_an_edit_of_it_may_still_come(services: Services) -> None:
    """Discord may carry out an edit whose answer nobody waited for after the last one: "running" over an ended job."""
    job = await services.running()
    await services.cards.introduce(await services.job(job))
    services.clock.tick(10_000)
    services.discord.then("edit_card", TimeoutError())
    await services.cards.show(await services.job(job))
    failed = await services.jobs.fail(await services.claimed(job), failure="content", code="", now=services.clock())
    await services.cards.show(failed)
    with pytest.raises(DestinationBusy, match="in doubt"):
        await services.cards.close(failed)
    assert services.discord.asked("tell_requester") == []
    services.clock.tick(SETTLED.total_seconds())
    await services.cards.close(await services.claimed(failed))
    assert services.discord.phases() == ["running", "failed", "failed", "failed"]
    assert services.discord.phases("tell_requester") == ["failed"]


async def test_a_channel_that_becomes_another_process_s_as_its_card_is_closed_breaks_no_step(
    services: Services,
) -> None:
    processes = Processes(Process(id="1" * 16))
    mine = services.build(parts={"processes": processes}).cards
    job = await mine.introduce(await services.submitting())
    await services.jobs.record_task(job, task_id="task", next_at=services.clock(), now=services.clock())
    services.discord.then("edit_card", DestinationBusy("no answer"))
    await mine.show(await services.job(job))
    failed = await services.jobs.fail(await services.claimed(job), failure="content", code="", now=services.clock())
    others = [Process(id=f"{number:016}") for number in range(20)]
    services.discord.then("edit_card", lambda: processes.note([processes.this, *others]))
    with pytest.raises(DestinationBusy, match="in doubt"):
        await mine.close(failed)
    assert not processes.owns(job.place_id)


async def test_whose_card_is_lost_is_told_all_the_same(services: Services) -> None:
    job = await services.submitting()
    await services.cards.introduce(job)
    failed = await services.jobs.fail(await services.job(job), failure="content", code="", now=services.clock())
    services.discord.then("edit_card", *[DestinationLost("discord_10008")] * 2)
    await services.cards.show(failed)
    await services.cards.close(await services.claimed(failed))
    (told,) = services.discord.asked("tell_requester")
    assert told.job.card_message_id is None


async def test_who_cannot_be_told_is_not_told_for_ever(services: Services) -> None:
    job = await services.jobs.fail(await services.submitting(), failure="content", code="", now=services.clock())
    services.discord.then("tell_requester", DestinationLost("discord_50007"))
    closed = await services.step(await services.claimed(job))
    assert closed.due_at is None


async def test_a_card_of_a_job_that_ended_as_it_was_introduced_is_left_alone(services: Services) -> None:
    job = await services.queued()
    services.clock.tick(1)
    cancelled = await services.jobs.cancel(job.id, user_id=1, now=services.clock())
    await services.step(await services.claimed(cancelled))
    await services.cards.introduce(job)
    assert services.discord.asked("post_card") == []


async def test_two_who_post_the_same_card_post_it_once(services: Services) -> None:
    slow = asyncio.Event()
    services.discord.then("post_card", slow)
    job = await services.queued()
    both = asyncio.gather(services.cards.introduce(job), services.cards.show(job))
    await until(lambda: services.discord.calls)
    slow.set()
    await both
    assert len(services.discord.asked("post_card")) == 1


async def test_nothing_is_remembered_of_closed_jobs(services: Services) -> None:
    for _ in range(5):
        job = await services.queued()
        await services.cards.introduce(job)
        cancelled = await services.jobs.cancel(job.id, user_id=1, now=services.clock())
        await services.cards.show(cancelled)
        await services.step(await services.claimed(cancelled))
    assert (services.cards._shown, dict(services.cards._turns)) == ({}, {})  # noqa: SLF001 (a leak shows nowhere else)


async def test_a_card_that_the_database_cannot_describe_is_the_callers_trouble(services: Services) -> None:
    job = await services.queued()
    services.database.refusals = 1
    with pytest.raises(StoreUnavailable):
        await services.cards.show(job)


async def test_every_state_of_a_job_has_its_phase(services: Services) -> None:
    job = await services.queued()
    assert phase_of(job) is Phase.WAITING
    assert phase_of(replace(job, status=JobStatus.PENDING)) is Phase.REVIEW
    assert phase_of(await services.jobs.cancel(job.id, user_id=1, now=services.clock())) is Phase.CANCELLED
    assert phase_of(await services.running()) is Phase.RUNNING
    submitting, succeeded = await services.submitting(), await services.succeeded()
    assert (phase_of(submitting), phase_of(succeeded)) == (Phase.STARTING, Phase.DELIVERING)
    unknown = await services.jobs.mark_dead_letter(submitting, reason=DeadLetter.OUTCOME_UNKNOWN, now=services.clock())
    kept = await services.jobs.mark_dead_letter(succeeded, reason=DeadLetter.UNDELIVERABLE, now=services.clock())
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


async def test_the_expected_time_is_remembered_for_a_minute(services: Services) -> None:
    job = await services.running()
    guess = await services.forecaster.of(job.request)
    for _ in range(ENOUGH):
        started = await services.running()
        services.clock.tick(8)
        await services.jobs.succeed(started, result_url="https://v/1", cost_micros=None, now=services.clock())
        services.clock.tick(1)
    assert await services.forecaster.of(job.request) == guess
    services.clock.tick(61)
    assert await services.forecaster.of(job.request) == timedelta(seconds=8)


async def test_a_card_that_was_posted_and_not_recorded_is_found_and_closed(services: Services) -> None:
    job = await services.jobs.fail(await services.submitting(), failure="content", code="", now=services.clock())
    services.discord.then("find_card", Posted(channel_id=5, message_id=77))
    await services.cards.close(await services.claimed(job))
    (edited,) = services.discord.asked("edit_card")
    assert (edited.phase, edited.job.card_message_id) == (Phase.FAILED, 77)
    assert (await services.job(job)).card_message_id == 77


async def test_a_card_that_nobody_can_look_for_now_is_looked_for_again(services: Services) -> None:
    job = await services.jobs.fail(await services.submitting(), failure="content", code="", now=services.clock())
    services.discord.then("find_card", CannotTell(reason="discord_503"), Posted(channel_id=5, message_id=77))
    job = await services.step(await services.claimed(job))
    assert job.due_at is not None
    closed = await services.step(await services.claimed(job))
    assert (closed.due_at, services.discord.phases()) == (None, ["failed"])


async def test_a_channel_that_is_closed_has_no_card_to_close(services: Services) -> None:
    job = await services.jobs.fail(await services.submitting(), failure="content", code="", now=services.clock())
    services.discord.then("find_card", CannotTell(reason="discord_50001", closed=True))
    assert (await services.step(await services.claimed(job))).due_at is None
    assert (services.discord.phases(), services.discord.phases("tell_requester")) == ([], ["failed"])
