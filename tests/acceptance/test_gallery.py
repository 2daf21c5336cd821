"""A server's gallery over the real gateway: stars enough copy a video there, once, through crashes and refusals."""

import signal
from pathlib import Path
from typing import Any, Final

import pytest

from tests.acceptance.people import Json
from tests.acceptance.system import SMALL, System

GALLERY: Final = "showcase"
CRASHING: Final = str(Path(__file__).with_name("crashing.py"))


async def opened(system: System, *, stars: int) -> str:
    sent = await system.people.types("gallery set", user="owner", also={"channel": GALLERY}, stars=stars)
    return await system.people.answer(sent)


async def made(system: System, **options: Any) -> Json:
    await system.people.types("video create", **{**SMALL, **options})
    result = await system.people.result()
    await system.rest()
    return result


async def star(system: System, result: Json, *users: str) -> None:
    job_id = system.database.jobs()[0]["id"]
    for user in users:
        await system.people.answered(await system.people.presses(result, f"result:star:{job_id}", user=user))


async def hung(system: System) -> Json:
    """The copy, once it is recorded."""

    async def recorded() -> bool:
        return system.database.rows("SELECT 1 FROM outbox WHERE kind = 'gallery' AND message_id IS NOT NULL") != []

    await system.people.until(recorded, what="the copy in the gallery")
    (copy,) = await system.people.results(GALLERY)
    return copy


async def given_up(system: System) -> bool:
    return system.database.rows("SELECT 1 FROM outbox WHERE kind = 'gallery' AND given_up IS NOT NULL") != []


async def test_stars_enough_copy_a_video_once(system: System) -> None:
    people = system.people
    async with system.bot():
        assert "2 people" in await opened(system, stars=2)
        result = await made(system)
        await star(system, result, "ana")
        assert system.database.rows("SELECT * FROM outbox WHERE kind = 'gallery'") == []
        await star(system, result, "ben")
        copy = await hung(system)
        await star(system, result, "owner", "ben", "ben")
    assert await people.results(GALLERY) == [copy]
    assert f"<@{system.id_of('users', 'ana')}>" in copy["content"]
    assert f"/{result['id']}" in copy["content"]
    assert copy["mentions"] == []
    assert copy["attachments"][0]["description"] == result["attachments"][0]["description"]


async def test_a_copy_that_was_refused_is_made_at_the_next_star(system: System) -> None:
    async with system.bot():
        await opened(system, stars=1)
        result = await made(system)
        await system.people.permissions(GALLERY, deny=["SEND_MESSAGES"])
        await star(system, result, "ana")
        await system.people.until(lambda: given_up(system), what="the copy being given up")
        await system.people.permissions(GALLERY, allow=["SEND_MESSAGES"])
        await star(system, result, "ben")
        await hung(system)


@pytest.mark.parametrize(
    "point",
    [
        "before OutboxStore.announce_once",
        "after OutboxStore.announce_once",
        "after OutboxStore.begin_posting",
        "before OutboxStore.posted",
        "after OutboxStore.posted",
    ],
)
async def test_a_bot_that_is_killed_makes_one_copy_all_the_same(system: System, point: str) -> None:
    async with system.bot():
        await opened(system, stars=1)
        result = await made(system)
    await killed_by_a_star(system, result, point)
    async with system.bot():
        if not system.database.rows("SELECT 1 FROM outbox WHERE kind = 'gallery'"):
            await star(system, result, "ben")
        await hung(system)


async def killed_by_a_star(system: System, result: Json, point: str) -> None:
    """Run the bot, which a star leads to the point at which it is killed."""
    async with system.process(arguments=[CRASHING, str(system.folder / "points"), point]) as process:
        await system.people.online()
        await system.people.presses(result, f"result:star:{system.database.job()['id']}")

        async def dead() -> bool:
            return process.returncode is not None

        await system.people.until(dead, what=f"the end {point}")
        assert process.returncode == -signal.SIGKILL


async def test_nothing_is_copied_without_a_gallery_or_in_private(system: System) -> None:
    people = system.people
    async with system.bot():
        await opened(system, stars=1)
        sent = await people.types("gallery off", user="owner", locale="zh-CN")
        assert "作品墙" in await people.answer(sent)
        result = await made(system)
        await star(system, result, "ana", "ben")
    assert system.database.rows("SELECT * FROM outbox WHERE kind = 'gallery'") == []


async def test_what_is_for_adults_or_for_a_few_stays_where_it_is(system: System) -> None:
    people = system.people
    async with system.bot():
        await opened(system, stars=1)
        await people.types("video create", channel="nsfw", **SMALL)
        result = await people.result("nsfw")
        await system.rest()
        await star(system, result, "ana")
        await people.until(lambda: given_up(system), what="the copy being given up")
    assert await people.results(GALLERY) == []


async def test_a_channel_that_the_bot_may_not_post_in_is_no_gallery(system: System) -> None:
    await system.people.permissions(GALLERY, deny=["ATTACH_FILES"])
    async with system.bot():
        said = await opened(system, stars=1)
    assert "Attach Files" in said
    assert system.database.rows("SELECT * FROM preferences") == []
