"""From the queue to a finished task, whatever the video service and the database say in between."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from bot import errors
from bot.domain import DeadLetter, Fund, JobStatus
from bot.domain.quota import budget_of
from bot.provider.base import Task, TaskFailure, TaskStatus
from bot.service.jobs.offered_models import OfferedModels
from bot.service.jobs.submission import LOOKS, LOST_AFTER, RECONCILE_AFTER, SILENCE
from tests.models import CAPABILITIES
from tests.service.scripted import finished, working
from tests.service.services import UNLIMITED, Services


def trouble(kind: type[Any], *, code: str = "", retry_after: float | None = None) -> Any:
    return kind(provider="kirin", code=code, retry_after=retry_after)


def failed(fault: errors.FaultClass, *, resubmits: int | None = 1, **more: Any) -> Task:
    failure = TaskFailure(code="9", detail="", fault=fault, resubmits=resubmits)
    return Task(id="task-1", status=TaskStatus.FAILED, failure=failure, **more)


async def test_a_submitted_job_runs_under_its_task_and_is_asked_about_in_time(services: Services) -> None:
    job = await services.submission.submit(await services.submitting())
    assert (job.status, job.task_id, job.lease) == (JobStatus.RUNNING, "task-1", None)
    assert services.kirin.asked("submit") == [job.id]
    assert job.due_at is not None
    assert timedelta(seconds=20) < job.due_at - services.clock() < timedelta(seconds=60)  # 90 are usual


async def test_a_task_that_is_finished_at_once_is_fetched_at_once(services: Services) -> None:
    services.kirin.then("submit", finished())
    job = await services.submission.submit(await services.submitting())
    assert job.due_at == services.clock()


async def test_a_submission_in_doubt_is_looked_for_before_anything_else(services: Services) -> None:
    services.kirin.then("submit", trouble(errors.OutcomeUnknown))
    services.kirin.then("find", working("task-9"))
    job = await services.submission.submit(await services.submitting())
    assert (job.status, job.due_at) == (JobStatus.SUBMITTING, services.clock() + RECONCILE_AFTER)
    found = await services.submission.reconcile(await services.claimed(job))
    assert (found.status, found.task_id) == (JobStatus.RUNNING, "task-9")
    assert len(services.kirin.asked("submit")) == 1


async def test_what_a_service_cannot_tell_becomes_a_dead_letter_and_is_not_sent_again(services: Services) -> None:
    job = await services.submitting()
    for _ in range(LOOKS - 1):
        job = await services.claimed(await services.submission.reconcile(job))
        assert job.status is JobStatus.SUBMITTING
    lost = await services.submission.reconcile(job)
    assert lost.dead_letter is DeadLetter.OUTCOME_UNKNOWN
    assert services.alerts() == [f"outcome_unknown {job.id}"]
    assert services.kirin.asked("submit") == []
    assert await services.balance(job) == (5, 0)


async def test_where_not_found_means_not_there_the_job_is_submitted_again_under_the_same_id(services: Services) -> None:
    job = await services.submitting(provider="kling")
    for _ in range(LOOKS - 1):
        job = await services.claimed(await services.submission.reconcile(job))
    again = await services.submission.reconcile(job)
    assert again.status is JobStatus.RUNNING
    assert services.kling.asked("submit") == [job.id]


async def test_one_that_was_sent_again_and_never_arrived_is_looked_for_before_it_is_sent_once_more(
    services: Services,
) -> None:
    services.kling.then("submit", trouble(errors.ProviderUnavailable))
    job = replace(await services.submitting(provider="kling"), tries=LOOKS - 1)
    waits = await services.submission.reconcile(job)
    assert (waits.status, waits.attempt, waits.lease) == (JobStatus.SUBMITTING, 1, None)
    services.kling.then("find", working("task-9"))  # what was sent first has come late
    found = await services.submission.reconcile(await services.claimed(waits))
    assert (found.status, found.task_id) == (JobStatus.RUNNING, "task-9")
    assert services.kling.asked("submit") == [job.id]


async def test_a_submission_may_only_be_sent_while_it_ends_before_its_lease_does(services: Services) -> None:
    job = await services.submitting()
    assert job.due_at is not None
    services.kirin.longest_create = job.due_at - services.clock() - timedelta(seconds=10)
    await services.submission.submit(job)
    assert services.kirin.may_send()
    services.clock.tick(10)
    assert not services.kirin.may_send()


async def test_one_that_is_sent_again_gets_a_lease_that_is_long_enough(services: Services) -> None:
    job = replace(await services.submitting(provider="kling"), tries=LOOKS - 1)
    services.clock.tick(25)
    await services.submission.reconcile(job)
    assert services.kling.may_send()
    services.clock.tick(29)
    assert services.kling.may_send()
    services.clock.tick(1)
    assert not services.kling.may_send()


async def test_one_that_another_process_has_taken_over_is_not_sent_again(services: Services) -> None:
    job = replace(await services.submitting(provider="kling"), tries=LOOKS - 1, lease="another's")
    with pytest.raises(errors.TransitionLost):
        await services.submission.reconcile(job)
    assert services.kling.asked("submit") == []


async def test_one_that_came_too_late_to_be_sent_waits_again_and_was_no_submission(services: Services) -> None:
    services.kirin.then("submit", trouble(errors.ProviderUnavailable, code="too_late"))
    job = await services.submission.submit(await services.submitting())
    assert (job.status, job.attempt) == (JobStatus.QUEUED, 1)


async def test_a_job_found_missing_after_its_deadline_fails(services: Services) -> None:
    job = await services.submitting(provider="kling")
    services.clock.tick(3601)
    late = await services.submission.reconcile(job)
    assert (late.status, late.failure) == (JobStatus.FAILED, "deadline")
    assert await services.balance(job) == (0, 0)


async def test_a_service_that_does_not_answer_is_asked_again_until_long_after_the_deadline(services: Services) -> None:
    services.kirin.then(
        "find",
        trouble(errors.ProviderUnavailable),
        trouble(errors.OperatorFault, code="401"),
        trouble(errors.ProviderBusy),
    )
    job = await services.submission.reconcile(await services.submitting())
    assert (job.status, job.tries, services.alerts()) == (JobStatus.SUBMITTING, 1, [])
    job = await services.submission.reconcile(await services.claimed(job))
    assert (job.tries, services.alerts()) == (2, ["operator_fault kirin"])
    services.kirin.then("find", trouble(errors.ProviderUnavailable), trouble(errors.ProviderUnavailable))
    services.clock.tick(3601)
    job = await services.submission.reconcile(await services.claimed(job))
    assert (job.status, job.dead_letter) == (JobStatus.SUBMITTING, None)
    services.clock.tick(SILENCE.total_seconds())
    lost = await services.submission.reconcile(await services.claimed(job))
    assert lost.dead_letter is DeadLetter.OUTCOME_UNKNOWN


async def test_a_job_whose_service_lost_its_key_waits_for_the_operator(services: Services) -> None:
    submitting, running = await services.submitting(), await services.running()
    del services.providers["kirin"]
    waiting = await services.submission.reconcile(submitting)
    polled = await services.submission.poll(running)
    assert (waiting.status, polled.status) == (JobStatus.SUBMITTING, JobStatus.RUNNING)
    assert services.alerts() == ["operator_fault kirin"]
    services.clock.tick(3600 + SILENCE.total_seconds())
    assert (
        await services.submission.reconcile(await services.claimed(waiting))
    ).dead_letter is DeadLetter.OUTCOME_UNKNOWN
    assert (await services.submission.poll(await services.claimed(polled))).dead_letter is DeadLetter.OUTCOME_UNKNOWN


@pytest.mark.parametrize(("kind", "attempt"), [(errors.ProviderBusy, 2), (errors.ProviderUnavailable, 1)])
async def test_a_service_that_takes_nothing_keeps_the_job_queued_and_is_left_alone(
    services: Services, kind: type[Exception], attempt: int
) -> None:
    services.kirin.then("submit", trouble(kind, retry_after=7))
    job = await services.submission.submit(await services.submitting())
    assert (job.status, job.attempt, job.tries) == (JobStatus.QUEUED, attempt, 1)
    assert job.due_at == services.clock() + timedelta(seconds=7)
    for process in (services.bot, services.build()):  # what one was told, all know
        assert await process.health["kirin"].rests_until() == job.due_at
        assert await process.health["kling"].rests_until() is None
    services.clock.tick(7)
    assert await services.health["kirin"].rests_until() is None
    assert await services.balance(job) == (5, 0)


async def test_a_wrong_key_fails_the_job_and_tells_the_operator(services: Services) -> None:
    services.kirin.then("submit", trouble(errors.OperatorFault, code="401"))
    job = await services.submission.submit(await services.submitting())
    assert (job.status, job.failure, job.failure_code) == (JobStatus.FAILED, "operator", "401")
    assert services.alerts() == ["operator_fault kirin"]
    assert await services.balance(job) == (0, 0)


async def test_a_model_that_its_service_has_given_up_leaves_the_offer_and_the_operator_hears_once(
    services: Services,
) -> None:
    services.kling.then(
        "submit", trouble(errors.ModelDiscontinued, code="model_discontinued"), trouble(errors.ModelDiscontinued)
    )
    videos, first = services.bot.services.videos, await services.submitting(provider="kling")
    second = await services.submitting(provider="kling")
    failed = await services.submission.submit(first)
    assert (failed.failure, failed.failure_code) == ("permanent", "model_discontinued")
    assert list(videos.models) == ["kirin_v3_t2v"]
    with pytest.raises(errors.ModelGivenUp):
        videos.capability("kling-v1")
    services.clock.tick(7200)
    await services.submission.submit(second)
    assert services.alerts() == ["model_given_up kling-v1"]
    assert await services.balance(failed) == (0, 0)
    fresh = OfferedModels(list(CAPABILITIES.values()), clock=services.clock)
    services.models = fresh
    await services.restart().given_up.recall()
    assert "kling-v1" not in fresh
    services.clock.tick(86_400)
    assert list(fresh) == list(videos.models) == ["kirin_v3_t2v", "kling-v1"]


async def test_a_model_that_another_process_found_given_up_leaves_the_offer_within_a_minute(services: Services) -> None:
    models = OfferedModels(list(CAPABILITIES.values()), clock=services.clock)
    other = services.build(parts={"models": models})
    services.kirin.then("submit", trouble(errors.ModelDiscontinued, code="1201"))
    await services.submission.submit(await services.submitting())
    assert "kirin_v3_t2v" in models
    await other.given_up.recall()
    assert "kirin_v3_t2v" not in models
    await other.given_up.note("kirin_v3_t2v", detail="")
    assert services.alerts() == ["model_given_up kirin_v3_t2v"]


async def test_the_last_model_stays_on_offer_whatever_its_service_says(services: Services) -> None:
    for model in CAPABILITIES:
        await services.bot.given_up.note(model, detail="gone")
    assert set(services.models) == set(CAPABILITIES)


async def test_refused_content_fails_the_job_with_its_code(services: Services) -> None:
    services.kirin.then("submit", trouble(errors.ContentRefused, code="1301"))
    job = await services.submission.submit(await services.submitting())
    assert (job.failure, job.failure_code) == ("content", "1301")


async def test_a_refusal_for_good_fails_the_job_at_once_and_asks_about_nothing(services: Services) -> None:
    services.kirin.then("submit", trouble(errors.ProviderRejected, code="1201"))
    refused = await services.submission.submit(await services.submitting())
    assert (refused.status, refused.failure, refused.failure_code) == (JobStatus.FAILED, "permanent", "1201")
    assert await services.balance(refused) == (0, 0)
    assert services.kirin.asked("find") == []


async def test_an_external_id_that_is_taken_leads_to_the_task_that_took_it(services: Services) -> None:
    services.kirin.then("submit", trouble(errors.TaskExists))
    services.kirin.then("find", working("task-5"))
    taken = await services.submission.submit(await services.submitting())
    assert (taken.status, taken.task_id) == (JobStatus.RUNNING, "task-5")


async def test_an_external_id_that_is_taken_by_a_task_nobody_finds_is_left_to_the_operator(services: Services) -> None:
    """Such a task may run and be billed: its job neither fails nor makes another one."""
    services.kirin.find_is_authoritative = True
    services.kirin.then("submit", trouble(errors.TaskExists), trouble(errors.TaskExists))
    job = await services.submission.submit(await services.submitting())
    for _ in range(LOOKS - 1):
        assert (job.status, job.dead_letter) == (JobStatus.SUBMITTING, None)
        job = await services.submission.reconcile(await services.claimed(job))
    assert job.dead_letter is DeadLetter.OUTCOME_UNKNOWN
    assert await services.balance(job) == (5, 0)


async def test_a_refusal_after_a_doubt_asks_first_for_what_was_in_doubt(services: Services) -> None:
    services.kirin.find_is_authoritative = True
    services.kirin.then("find", None, working("task-5"))
    services.kirin.then("submit", trouble(errors.ProviderRejected))
    job = await services.submission.reconcile(replace(await services.submitting(), tries=LOOKS - 1))
    assert (job.status, job.task_id) == (JobStatus.RUNNING, "task-5")
    assert services.kirin.asked("submit") == [job.id]


async def test_a_taken_external_id_that_cannot_be_looked_up_is_looked_up_later(services: Services) -> None:
    services.kirin.then("submit", trouble(errors.TaskExists))
    services.kirin.then("find", trouble(errors.ProviderUnavailable))
    job = await services.submission.submit(await services.submitting())
    assert (job.status, job.tries) == (JobStatus.SUBMITTING, 1)


async def test_the_task_is_written_down_however_often_the_database_refuses(services: Services) -> None:
    job = await services.submitting()
    await services.forecaster.of(job.request)
    services.database.refusals = 5
    running = await services.submission.submit(job)
    assert (running.status, running.task_id) == (JobStatus.RUNNING, "task-1")
    assert len(services.kirin.asked("submit")) == 1
    assert services.sleeps == sorted(services.sleeps)
    assert len(services.sleeps) == 5


async def test_what_may_have_been_written_down_is_not_done_twice_and_goes_on(services: Services) -> None:
    job = await services.submitting()
    services.database.doubts = 1
    running = await services.submission.submit(job)
    assert (running.status, running.task_id, running.lease) == (JobStatus.RUNNING, "task-1", None)
    assert len(services.kirin.asked("submit")) == 1


async def test_a_lost_job_is_told_of_though_its_writing_down_was_in_doubt(services: Services) -> None:
    job = await services.submitting()
    services.database.doubts = 1
    buried = await services.submission.lose(job)
    assert buried.dead_letter is DeadLetter.OUTCOME_UNKNOWN
    assert len(services.alerts()) == 1


async def test_a_database_without_history_does_not_keep_a_job_from_being_submitted(services: Services) -> None:
    job = await services.submitting()
    services.database.refusals = 1
    assert (await services.submission.submit(job)).status is JobStatus.RUNNING
    assert services.sleeps == []


async def test_a_poll_keeps_the_progress_and_comes_sooner_near_the_end(services: Services) -> None:
    services.kirin.then("fetch", working(progress=0.9))
    job = await services.running()
    services.clock.tick(81)
    polled = await services.submission.poll(job)
    assert (polled.progress, polled.lease) == (0.9, None)
    assert polled.due_at is not None
    assert polled.due_at - services.clock() < timedelta(seconds=9)  # all that is left, if it goes on so


async def test_a_job_is_asked_about_at_its_deadline_at_the_latest(services: Services) -> None:
    services.kirin.then("fetch", working())
    job = await services.running()
    services.clock.now = job.deadline_at - timedelta(seconds=3)
    assert (await services.submission.poll(job)).due_at == job.deadline_at


async def test_a_finished_task_leaves_the_job_in_hand_for_delivery(services: Services) -> None:
    job = await services.submission.poll(await services.running())
    assert (job.status, job.result_url) == (JobStatus.SUCCEEDED, "https://v.example/1.mp4")
    assert job.lease is not None


@pytest.mark.parametrize("fault", [errors.FaultClass.PERMANENT, errors.FaultClass.CONTENT, errors.FaultClass.OPERATOR])
async def test_a_failed_task_fails_the_job_and_its_cost_is_kept(services: Services, fault: errors.FaultClass) -> None:
    services.kirin.then("fetch", failed(fault, cost_usd=Decimal("0.42")))
    job = await services.submission.poll(await services.running())
    assert (job.status, job.failure, job.cost_micros) == (JobStatus.FAILED, str(fault), 420_000)
    assert services.alerts() == (["operator_fault kirin"] if fault is errors.FaultClass.OPERATOR else [])


async def test_what_a_failed_attempt_cost_is_not_forgotten_when_it_is_submitted_anew(services: Services) -> None:
    services.kirin.then("fetch", failed(errors.FaultClass.TRANSIENT, cost_usd=Decimal("0.05")))
    assert (await services.submission.poll(await services.running())).cost_micros == 50_000


async def test_a_finished_task_says_what_it_cost_in_dollars_or_in_units(services: Services) -> None:
    services.kirin.then("fetch", replace(finished(), cost_usd=Decimal("0.3"), cost_units="2.5"))
    job = await services.submission.poll(await services.running())
    assert (job.cost_micros, job.cost_units) == (300_000, "2.5")


async def test_a_task_that_takes_too_long_will_be_billed_all_the_same(services: Services) -> None:
    services.kirin.then("fetch", working())
    job = await services.running()
    services.clock.now = job.deadline_at
    assert (await services.submission.poll(job)).failure == "deadline"
    spent = await services.lookup.account(Fund(owner=budget_of(None), period="2026-03", allowance=0))
    assert (spent.held, spent.settled) == (0, job.usd_micros)


async def test_a_task_that_failed_for_a_moment_is_submitted_anew_ever_more_slowly(services: Services) -> None:
    job, waits = await services.running(), []
    for _ in range(4):
        services.kirin.then("fetch", failed(errors.FaultClass.TRANSIENT, resubmits=None))
        queued = await services.submission.poll(job)
        assert queued.due_at is not None
        assert queued.status is JobStatus.QUEUED
        waits.append((queued.due_at - services.clock()).total_seconds())
        services.clock.now = queued.due_at
        claimed = await services.claims.waiting(
            "kirin", now=services.clock(), lease_until=services.clock(), limits=UNLIMITED
        )
        assert claimed is not None
        job = await services.claimed(await services.submission.submit(claimed))
    assert waits == [0.75, 1.5, 3.0, 6.0]
    assert services.kirin.asked("submit")[-1] == f"{job.id}-5"


async def test_a_task_that_fails_too_often_fails_the_job(services: Services) -> None:
    services.kirin.then("fetch", failed(errors.FaultClass.TRANSIENT, resubmits=0))
    job = await services.submission.poll(await services.running())
    assert (job.status, job.failure) == (JobStatus.FAILED, "transient")


async def test_a_job_that_runs_past_its_deadline_fails(services: Services) -> None:
    job = await services.running()
    services.clock.tick(3601)
    services.kirin.then("fetch", working())
    late = await services.submission.poll(job)
    assert (late.status, late.failure) == (JobStatus.FAILED, "deadline")
    assert await services.balance(job) == (0, 0)


async def test_a_result_after_the_deadline_is_still_a_result(services: Services) -> None:
    job = await services.running()
    services.clock.tick(3601)
    assert (await services.submission.poll(job)).status is JobStatus.SUCCEEDED


@pytest.mark.parametrize(
    "kind", [errors.ProviderUnavailable, errors.OperatorFault, errors.ProviderRejected, errors.TaskUnknown]
)
async def test_a_service_that_cannot_be_asked_across_the_deadline_costs_nobody_their_video(
    services: Services, kind: type[Any]
) -> None:
    job = await services.running()
    for _ in range(3):
        services.clock.tick(3601)
        services.kirin.then("fetch", trouble(kind))
        job = await services.claimed(await services.submission.poll(job))
    assert (await services.submission.poll(job)).status is JobStatus.SUCCEEDED


async def test_a_service_that_is_silent_for_hours_leaves_its_job_to_the_operator(services: Services) -> None:
    services.kirin.then("fetch", *[trouble(errors.ProviderUnavailable)] * 2)
    job = await services.submission.poll(await services.running())
    services.clock.tick(3600 + SILENCE.total_seconds())
    lost = await services.submission.poll(await services.claimed(job))
    assert (lost.status, lost.dead_letter) == (JobStatus.RUNNING, DeadLetter.OUTCOME_UNKNOWN)
    assert services.alerts() == [f"outcome_unknown {job.id}"]
    assert await services.balance(job) == (5, 0)
    spent = await services.lookup.account(Fund(owner=budget_of(None), period="2026-03", allowance=0))
    assert (spent.held, spent.settled) == (job.usd_micros, 0)


async def test_a_task_is_lost_only_when_it_is_unknown_again_and_again_for_half_an_hour_to_whichever_process(
    services: Services,
) -> None:
    unknown, away = trouble(errors.TaskUnknown), trouble(errors.ProviderUnavailable)
    services.kirin.then("fetch", *[away] * 9, *[unknown] * 9, away, working(), *[unknown] * 99)
    job = await services.running()
    for _ in range(20):
        job = await services.claimed(await services.submission.poll(job))
    begun, polls = services.clock(), len(services.kirin.asked("fetch"))
    while (job := await services.submission.poll(job)).status is JobStatus.RUNNING:
        services.restart()
        job = await services.claimed(job)
    assert (job.status, job.failure) == (JobStatus.FAILED, "permanent")
    assert timedelta(minutes=30) < services.clock() - begun < timedelta(hours=1)
    assert LOST_AFTER < len(services.kirin.asked("fetch")) - polls < 30


async def test_a_key_that_stops_working_is_told_and_waited_for(services: Services) -> None:
    services.kirin.then("fetch", trouble(errors.OperatorFault, code="403"))
    job = await services.submission.poll(await services.running())
    assert (job.status, job.tries) == (JobStatus.RUNNING, 1)
    assert services.alerts() == ["operator_fault kirin"]
