"""What gets into a server's gallery and when, and that it gets there once."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import pytest

from bot.domain import Job, Member, OutboxKind, Remover
from bot.errors import DestinationBusy, DestinationLost, ResultForgotten, ResultTooLarge, ResultUnavailable
from bot.service.jobs.copies import Copy, CopyKind
from bot.service.member.gallery import SMALLEST, TRIES, Gallery, GalleryRule
from bot.service.member.library import Library
from bot.service.outbox import OutboxPoster
from bot.service.ports import CannotTell, NotPosted, Posted, Result, Sighting
from bot.store.jobs.results import ResultStore
from bot.store.outbox import OutboxStore
from bot.store.privacy.deletion import DeletionStore
from tests.service.scripted import Scripted, until
from tests.service.services import Services
from tests.service.worker_loop import eventually

GALLERY = 9  # the channel
COPY = Posted(channel_id=GALLERY, message_id=900)


class ResultPoster(Scripted):
    """Discord for copies; without a script it takes each and finds none."""

    async def post_copy(self, result: Result, copy: Copy, *, stars: int = 0) -> Posted:
        assert result.file.exists()
        return cast("Posted", await self.play("post_copy", (copy, stars), usual=COPY))

    async def find_copy(
        self, job: Job, *, channel_id: int, guild_id: int | None, since: datetime, besides: Collection[int | None] = ()
    ) -> Sighting:
        assert (channel_id, guild_id) == (GALLERY, job.destination.guild_id)
        found = cast("Sighting", await self.play("find_copy", since, usual=NotPosted()))
        return NotPosted() if isinstance(found, Posted) and found.message_id in besides else found

    async def attachment_url(self, job: Job) -> str | None:
        return cast("str | None", await self.play("attachment_url", job.id))

    async def delete_result(self, job: Job, *, channel_id: int, message_id: int) -> bool:
        raise AssertionError((job, channel_id, message_id))

    async def take_away(self, job: Job, *, channel_id: int, message_id: int) -> None:
        await self.play("take_away", (job.id, channel_id, message_id))


def member(user_id: int) -> Member:
    return Member(user_id=user_id, guild_id=7)


@dataclass
class Wall:
    """A gallery with the outbox that fills it, and the library that feeds it."""

    services: Services
    result_poster: ResultPoster
    outbox: OutboxPoster
    gallery: Gallery
    library: Library

    async def video(self, **changes: Any) -> Job:
        services = self.services
        job = await services.succeeded(**changes)
        return await services.jobs.delivered(job, channel_id=5, message_id=50, now=services.clock())

    async def starred(self, **changes: Any) -> Job:
        """A video with one star, which is enough."""
        job = await self.video(**changes)
        await self.gallery.set_rule(7, GalleryRule(channel_id=GALLERY, stars=1))
        await self.library.favourite(job.id, member(1))
        return job

    def posts(self) -> list[tuple[Copy, int]]:
        return self.result_poster.asked("post_copy")


@pytest.fixture
def wall(services: Services) -> Wall:
    services.result_poster = ResultPoster()
    bot = services.restart()
    return Wall(
        services=services,
        result_poster=services.result_poster,
        outbox=bot.outbox,
        gallery=bot.services.gallery,
        library=bot.services.library,
    )


@pytest.fixture
async def running(wall: Wall) -> AsyncIterator[Wall]:
    life = asyncio.create_task(wall.outbox.run())
    yield wall
    life.cancel()
    with suppress(asyncio.CancelledError):
        await life


async def test_a_rule_is_kept_and_taken_away(wall: Wall) -> None:
    assert await wall.gallery.rule(7) is None
    await wall.gallery.set_rule(7, GalleryRule(channel_id=GALLERY, stars=3))
    assert await wall.gallery.rule(7) == GalleryRule(channel_id=GALLERY, stars=3)
    assert await wall.gallery.rule(8) is None
    await wall.gallery.set_rule(7, None)
    assert await wall.gallery.rule(7) is None


async def test_a_copy_is_posted_once_with_its_credit(running: Wall) -> None:
    wall = running
    job = await wall.starred()
    await until(wall.posts)
    ((copy, stars),) = wall.posts()
    assert (copy.kind, copy.user_id, copy.channel_id, copy.guild_id) == (CopyKind.GALLERY, 1, GALLERY, 7)
    assert (copy.nonce, copy.limit, stars) == (f"gallery-{job.id}", job.destination.upload_limit, 1)
    assert len(copy.nonce) <= 25
    for user_id in (2, 3):
        assert await wall.library.favourite(job.id, member(user_id)) == (True, user_id)
    await wall.outbox.post_due()
    assert len(wall.posts()) == 1
    assert wall.services.file_names() == []


async def test_stars_too_few_and_stars_taken_back_copy_nothing(wall: Wall) -> None:
    await wall.gallery.set_rule(7, GalleryRule(channel_id=GALLERY, stars=2))
    job = await wall.video()
    assert [await wall.library.favourite(job.id, member(1)) for _ in range(3)] == [(True, 1), (False, 0), (True, 1)]
    await wall.outbox.post_due()
    assert wall.posts() == []


@pytest.mark.parametrize("changes", [{"private": True}, {"guild_id": None}, {"guild_id": 8}])
async def test_what_is_private_or_of_another_place_is_not_copied(wall: Wall, changes: dict[str, Any]) -> None:
    await wall.starred(**changes)
    await wall.outbox.post_due()
    assert wall.posts() == []


async def test_what_was_taken_away_meanwhile_is_not_copied(wall: Wall) -> None:
    job = await wall.starred()
    await ResultStore(wall.services.database).remove(job.id, by=Remover.AUTHOR, now=wall.services.clock())
    await wall.outbox.post_due()
    assert wall.posts() == []


async def test_a_star_counts_even_if_the_gallery_cannot_be_asked(wall: Wall) -> None:
    job = await wall.video()
    wall.services.database.refusals = 1
    await wall.gallery.consider(job, stars=1)
    assert wall.services.database.refused == 1


async def test_a_strangers_private_video_cannot_be_starred(wall: Wall) -> None:
    job = await wall.video(private=True)
    assert await wall.library.favourite(job.id, member(1)) == (True, 1)
    for job_id, user_id in ((job.id, 2), ("nothing", 1)):
        with pytest.raises(ResultForgotten):
            await wall.library.favourite(job_id, member(user_id))


@pytest.mark.parametrize("trouble", [DestinationBusy("discord_500"), ResultUnavailable("unreachable")])
async def test_what_may_pass_is_tried_again_later_and_looked_for_first(wall: Wall, trouble: Exception) -> None:
    await wall.starred()
    wall.result_poster.then("post_copy", trouble)
    began = wall.services.clock()
    await wall.outbox.post_due()
    await wall.outbox.post_due()
    assert len(wall.posts()) == 1
    wall.services.clock.tick(60)
    wall.result_poster.then("find_copy", Posted(channel_id=GALLERY, message_id=901))
    await wall.outbox.post_due()
    assert wall.result_poster.asked("find_copy") == [began]
    assert len(wall.posts()) == 1


async def test_the_result_itself_is_no_copy(wall: Wall) -> None:
    await wall.starred()
    wall.result_poster.then("post_copy", DestinationBusy("discord_500"))
    await wall.outbox.post_due()
    wall.services.clock.tick(60)
    wall.result_poster.then("find_copy", Posted(channel_id=GALLERY, message_id=50))
    await wall.outbox.post_due()
    assert len(wall.posts()) == 2


async def test_a_closed_channel_ends_it_until_the_next_star(wall: Wall) -> None:
    job = await wall.starred()
    wall.result_poster.then("post_copy", DestinationLost("discord_10003"))
    await wall.outbox.post_due()
    wall.services.clock.tick(100_000)
    await wall.outbox.post_due()
    assert len(wall.posts()) == 1
    await wall.library.favourite(job.id, member(2))
    await wall.outbox.post_due()
    assert len(wall.posts()) == 2


async def test_nothing_is_tried_for_ever(wall: Wall) -> None:
    await wall.starred()
    wall.result_poster.then("post_copy", *[DestinationBusy("discord_500")] * (TRIES + 1))
    for _ in range(TRIES + 5):
        await wall.outbox.post_due()
        wall.services.clock.tick(1000)
    assert len(wall.posts()) == TRIES


async def test_a_file_that_is_too_large_after_all_is_made_smaller(wall: Wall) -> None:
    await wall.starred()
    wall.result_poster.then("post_copy", ResultTooLarge("refused_by_discord"))
    await wall.outbox.post_due()
    assert [copy.limit for copy, _ in wall.posts()][1:] == [SMALLEST]


async def test_the_outbox_outlives_a_database_that_refuses(running: Wall) -> None:
    wall = running
    await wall.starred()
    await until(wall.posts)
    wall.services.database.refusals = 1
    wall.outbox.wake()
    await until(lambda: wall.services.database.refused)
    await wall.starred()
    await until(lambda: len(wall.posts()) == 2)


async def test_what_an_outage_kept_from_being_recorded_is_looked_for_within_seconds(running: Wall) -> None:
    wall = running

    def outage() -> Posted:
        wall.services.database.refusals = 1
        return COPY

    wall.result_poster.then("post_copy", outage)
    wall.result_poster.then("find_copy", COPY)
    job, now = await wall.starred(), wall.services.clock()

    async def tried_again_soon() -> bool:
        item = await OutboxStore(wall.services.database.inner).item(OutboxKind.GALLERY, job.id)
        return item is not None and item.claimed_until is None and item.due_at == now + timedelta(seconds=5)

    await eventually(tried_again_soon)
    wall.services.clock.tick(5)
    wall.outbox.wake()
    await until(lambda: wall.result_poster.asked("find_copy"))
    assert len(wall.posts()) == 1


async def test_a_copy_that_may_be_there_is_not_posted_again_while_nobody_can_look(wall: Wall) -> None:
    await wall.starred()
    wall.result_poster.then("post_copy", DestinationBusy("discord_500"))
    await wall.outbox.post_due()
    wall.services.clock.tick(3600)
    wall.result_poster.then("find_copy", CannotTell(reason="discord_50013", closed=True))
    await wall.outbox.post_due()
    assert len(wall.posts()) == 1


@pytest.mark.parametrize("trouble", [None, DestinationBusy("discord_500")])
async def test_a_copy_of_what_was_forgotten_meanwhile_does_not_stay(wall: Wall, trouble: Exception | None) -> None:
    job, gate = await wall.starred(), asyncio.Event()
    wall.result_poster.then("post_copy", gate)
    wall.result_poster.then("take_away", *([trouble] if trouble else []))
    posting = asyncio.create_task(wall.outbox.post_due())
    await until(wall.posts)
    await DeletionStore(wall.services.database).forget(job)
    gate.set()
    await posting
    assert wall.result_poster.asked("take_away") == [(job.id, GALLERY, COPY.message_id)]
