"""What happens to a claimed job when the same step fails again and again: an end that people hear of."""

from bot.domain.job import DeadLetter
from bot.errors import DestinationBusy
from bot.service.jobs.delivery import KEEP_TRYING
from bot.service.jobs.steps import CLOSING, STUMBLES
from tests.service.house import LEASE, House


async def test_a_card_that_discord_is_too_busy_for_is_closed_later_but_not_for_ever(house: House) -> None:
    job = await house.submitting()
    await house.cards.introduce(job)
    job = await house.jobs.fail(await house.job(job), failure="content", code="", now=house.clock())
    house.discord.then("edit_card", *[DestinationBusy("discord_503")] * (CLOSING + 1))
    for tries in range(CLOSING):
        job = await house.steps.advance(await house.claimed(job))
        assert (job.tries, job.due_at is None) == (tries + 1, False)
    closed = await house.steps.advance(await house.claimed(job))
    assert closed.due_at is None


async def test_unexpected_trouble_with_a_card_does_not_keep_a_job_open_for_ever(house: House) -> None:
    job = await house.jobs.fail(await house.submitting(), failure="content", code="", now=house.clock())
    for _ in range(STUMBLES + 1):
        job = await house.claimed(job)
        await house.steps.stumble(job)
    assert (await house.job(job)).due_at is None


async def test_every_job_that_fails_unexpectedly_for_too_long_has_an_end_that_is_told(house: House) -> None:
    submitting, running, succeeded = await house.submitting(), await house.running(), await house.succeeded()
    for job in (submitting, running, succeeded):
        await house.steps.stumble(job)
        assert (await house.job(job)).tries == 1
    house.clock.tick(KEEP_TRYING.total_seconds() + 1)
    due = await house.claims.due(now=house.clock(), lease_until=house.clock() + LEASE, most=9)
    for job in due:
        await house.steps.stumble(job)
    ends = [await house.job(job) for job in (submitting, running, succeeded)]
    unknown, undeliverable = DeadLetter.OUTCOME_UNKNOWN, DeadLetter.UNDELIVERABLE
    assert [end.dead_letter for end in ends] == [unknown, unknown, undeliverable]
    lost = [f"outcome_unknown {job.id}" for job in (submitting, running)]
    assert sorted(house.alerts()) == [*lost, f"undeliverable {succeeded.id}"]
