"""What happens to a claimed job when the same step fails again and again: an end that people hear of."""

from bot.domain import DeadLetter
from bot.errors import DestinationBusy
from bot.service.jobs.delivery import KEEP_TRYING
from bot.service.jobs.steps import CLOSING, CRASH_RETRIES
from tests.service.services import LEASE, Services


async def test_a_card_that_discord_is_too_busy_for_is_closed_later_but_not_for_ever(services: Services) -> None:
    job = await services.submitting()
    await services.cards.introduce(job)
    job = await services.jobs.fail(await services.job(job), failure="content", code="", now=services.clock())
    services.discord.then("edit_card", *[DestinationBusy("discord_503")] * (CLOSING + 1))
    for tries in range(CLOSING):
        job = await services.step(await services.claimed(job))
        assert (job.tries, job.due_at is None) == (tries + 1, False)
    closed = await services.step(await services.claimed(job))
    assert closed.due_at is None


async def test_unexpected_trouble_with_a_card_does_not_keep_a_job_open_for_ever(services: Services) -> None:
    job = await services.jobs.fail(await services.submitting(), failure="content", code="", now=services.clock())
    for _ in range(CRASH_RETRIES + 1):
        job = await services.claimed(job)
        await services.steps.retry_after_crash(job)
    assert (await services.job(job)).due_at is None


async def test_every_job_that_fails_unexpectedly_for_too_long_has_an_end_that_is_told(services: Services) -> None:
    submitting, running, succeeded = await services.submitting(), await services.running(), await services.succeeded()
    for job in (submitting, running, succeeded):
        await services.steps.retry_after_crash(job)
        assert (await services.job(job)).tries == 1
    services.clock.tick(KEEP_TRYING.total_seconds() + 1)
    due = await services.claims.due(now=services.clock(), lease_until=services.clock() + LEASE, most=9)
    for job in due:
        await services.steps.retry_after_crash(job)
    ends = [await services.job(job) for job in (submitting, running, succeeded)]
    unknown, undeliverable = DeadLetter.OUTCOME_UNKNOWN, DeadLetter.UNDELIVERABLE
    assert [end.dead_letter for end in ends] == [unknown, unknown, undeliverable]
    lost = [f"outcome_unknown {job.id}" for job in (submitting, running)]
    assert sorted(services.alerts()) == [*lost, f"undeliverable {succeeded.id}"]
