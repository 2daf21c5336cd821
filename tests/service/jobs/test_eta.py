"""What people who wait are told: their place, and when their video is expected, by every limit that holds them up."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain import Destination, Job, JobStatus, Member, VideoRequest
from bot.errors import StoreUnavailable
from bot.service.jobs.eta import QueueForecast
from bot.service.jobs.types import Accepted, RequestContext
from tests.service.services import UNLIMITED, Services

REQUEST = VideoRequest(model="kirin_v3_t2v", prompt="a fox on the ice")
USUAL = 90  # seconds that the first guess gives such a video


async def estimated(services: Services, job: Job) -> tuple[int, float | None]:
    """The place, and in how many seconds the video is expected."""
    queue_forecast = await services.forecaster.queue_forecast(job)
    return queue_forecast.position, in_seconds(services, queue_forecast)


def in_seconds(services: Services, queue_forecast: QueueForecast) -> float | None:
    return (
        None if queue_forecast.expected_at is None else (queue_forecast.expected_at - services.clock()).total_seconds()
    )


async def ask(services: Services, *, user_id: int, key: str) -> Accepted:
    place = Destination(guild_id=7, channel_id=5, upload_limit=10_000_000)
    context = RequestContext(key=key, member=Member(user_id=user_id, guild_id=7), locale="en-US", destination=place)
    return await services.bot.services.videos.request(REQUEST, context)


async def test_where_there_is_room_nobody_has_to_wait(services: Services) -> None:
    accepted = await ask(services, user_id=1, key="1")
    assert accepted.queue_forecast is None
    assert await estimated(services, accepted.job) == (1, USUAL)


async def test_a_job_that_is_taken_from_the_queue_at_that_moment_does_not_wait_for_itself(services: Services) -> None:
    narrow = replace(services, running_limits=replace(UNLIMITED, per_provider=1))
    claimed = await narrow.submitting()
    queue_forecast = await narrow.forecaster.queue_forecast(
        replace(claimed, status=JobStatus.QUEUED, due_at=narrow.clock())
    )
    assert (queue_forecast.waits, in_seconds(narrow, queue_forecast)) == (False, USUAL)


async def test_behind_others_each_provider_takes_its_time(services: Services) -> None:
    narrow = replace(services, running_limits=replace(UNLIMITED, per_provider=1))
    await narrow.running()
    narrow.clock.tick(30)
    jobs = [await narrow.queued(user_id=user_id) for user_id in (1, 1, 2)]
    assert [await estimated(narrow, job) for job in jobs] == [(1, 60 + USUAL), (3, 60 + 3 * USUAL), (2, 60 + 2 * USUAL)]


@pytest.mark.parametrize("limit", ["per_user", "per_guild", "total"])
async def test_every_limit_holds_up_those_it_is_for(services: Services, limit: str) -> None:
    narrow = replace(services, running_limits=replace(UNLIMITED, **{limit: 1}))
    await narrow.running(user_id=1, guild_id=7)
    mine = await narrow.queued(user_id=1, guild_id=7)
    others = await narrow.queued(user_id=2, guild_id=7)
    elsewhere = await narrow.queued(user_id=2, guild_id=8)
    free = {"per_user": [2 * USUAL, USUAL, USUAL], "per_guild": [2 * USUAL, 3 * USUAL, USUAL]}
    # All together: first the guild that came first, then the other, then again the first.
    expected = free.get(limit, [2 * USUAL, 4 * USUAL, 3 * USUAL])
    assert [(await estimated(narrow, job))[1] for job in (mine, others, elsewhere)] == expected


async def test_a_guilds_own_limit_counts_too(services: Services) -> None:
    await services.running()
    job = await services.queued()
    assert await estimated(services, job) == (1, USUAL)
    await services.limit(guild_id=7, running=1)
    assert await estimated(services, job) == (1, 2 * USUAL)


async def test_while_it_is_paused_nobody_can_say(services: Services) -> None:
    job = await services.queued()
    for guild_id in (7, 0):
        await services.pause(guild_id=guild_id)
        queue_forecast = await services.forecaster.queue_forecast(job)
        assert (queue_forecast.position, queue_forecast.paused, queue_forecast.expected_at) == (1, True, None)
        await services.pause(guild_id=guild_id, paused=False)
    assert not (await services.forecaster.queue_forecast(job)).paused


async def test_what_would_not_begin_before_its_deadline_is_not_promised(services: Services) -> None:
    narrow = replace(services, running_limits=replace(UNLIMITED, total=1))
    jobs = [await narrow.queued() for _ in range(42)]
    assert await estimated(narrow, jobs[-1]) == (42, None)
    assert await estimated(narrow, jobs[39]) == (40, 40 * USUAL)


async def test_a_job_that_backs_off_begins_no_earlier(services: Services) -> None:
    job = await services.submitting()
    again = await services.jobs.requeue(job, attempt=2, next_at=services.clock() + timedelta(seconds=20))
    assert await estimated(services, again) == (1, 20 + USUAL)
    assert (await services.forecaster.queue_forecast(again)).waits


async def test_who_has_to_wait_is_told_their_place_at_once_and_in_their_list(services: Services) -> None:
    narrow = replace(services, running_limits=replace(UNLIMITED, per_guild=1))
    await narrow.running(user_id=3)
    await ask(narrow, user_id=1, key="1")
    accepted = await ask(narrow, user_id=2, key="2")
    assert accepted.queue_forecast is not None
    assert (accepted.queue_forecast.position, in_seconds(narrow, accepted.queue_forecast)) == (2, 3 * USUAL)
    card = narrow.discord.asked("post_card")[-1]
    (view,) = await narrow.bot.services.videos.latest(user_id=2, guild_id=7)
    for shown in (card, view):
        assert (shown.position, shown.expected_at) == (2, accepted.queue_forecast.expected_at)


async def test_a_database_that_refuses_afterwards_denies_nothing(services: Services) -> None:
    def no_more() -> None:
        services.database.refusals = 100

    services.discord.then("post_card", no_more)
    accepted = await ask(services, user_id=1, key="1")
    assert (accepted.new, accepted.job.status, accepted.queue_forecast) == (True, JobStatus.QUEUED, None)
    with pytest.raises(StoreUnavailable):
        await services.forecaster.queue_forecast(accepted.job)


async def test_a_card_that_waits_is_edited_when_its_promise_has_passed_and_when_it_is_paused(
    services: Services,
) -> None:
    narrow = replace(services, running_limits=replace(UNLIMITED, per_provider=1))
    await narrow.running(user_id=3)
    job = await narrow.queued()
    await narrow.cards.introduce(job)
    (posted,) = narrow.discord.asked("post_card")
    narrow.clock.tick(60)
    await narrow.cards.refresh("kirin")
    assert narrow.discord.asked("edit_card") == []
    narrow.clock.now = posted.expected_at
    for _ in range(3):
        await narrow.cards.refresh("kirin")
    (edited,) = narrow.discord.asked("edit_card")
    assert edited.expected_at == narrow.clock() + timedelta(seconds=USUAL)
    await narrow.pause(guild_id=7)
    for _ in range(3):
        await narrow.cards.refresh("kirin")
    assert [card.paused for card in narrow.discord.asked("edit_card")] == [False, True]
