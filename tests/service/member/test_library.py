"""The pages of a library."""

import pytest

from bot.domain import Job, Member
from bot.errors import ResultForgotten
from bot.service.member.library import PAGE, Library
from tests.service.services import Services

ANA, BEN = Member(user_id=1, guild_id=7), Member(user_id=2, guild_id=7)


@pytest.fixture
def library(services: Services) -> Library:
    return services.bot.services.library


async def delivered(services: Services, *, prompt: str = "a fox", private: bool = False) -> Job:
    job = await services.succeeded(prompt=prompt, private=private)
    return await services.jobs.delivered(job, channel_id=5, message_id=50, now=services.clock())


async def test_a_page_says_what_is_starred_and_whether_there_is_more(library: Library, services: Services) -> None:
    jobs = [await delivered(services) for _ in range(PAGE + 1)]
    assert await library.favourite(jobs[-1].id, ANA) == (True, 1)
    first = await library.page(ANA)
    assert [job.id for job in first.jobs] == [job.id for job in reversed(jobs[1:])]
    assert (first.starred, first.number, first.more) == (frozenset({jobs[-1].id}), 0, True)
    last = await library.page(ANA, number=1)
    assert ([job.id for job in last.jobs], last.number, last.more) == ([jobs[0].id], 1, False)


async def test_a_page_that_is_not_there_any_more_is_the_first(library: Library, services: Services) -> None:
    await delivered(services)
    assert (await library.page(ANA, number=3)).number == 0
    nothing = await library.page(ANA, text="bear", number=3)
    assert (nothing.jobs, nothing.number, nothing.more) == ((), 0, False)


async def test_the_latest_with_a_text_are_offered(library: Library, services: Services) -> None:
    for prompt in ("a fox", "a bear", "a FOX again"):
        await delivered(services, prompt=prompt)
    found = await library.recent(1, text=" fox ", most=1)
    assert [job.request.prompt for job in found] == ["a FOX again"]
    assert await library.recent(2, most=9) == []


async def test_a_private_video_is_its_authors_alone(library: Library, services: Services) -> None:
    job = await delivered(services, private=True)
    assert (await library.video(job.id, ANA)).id == job.id
    with pytest.raises(ResultForgotten):
        await library.video(job.id, BEN)
    assert await library.stars(job.id) == 0
