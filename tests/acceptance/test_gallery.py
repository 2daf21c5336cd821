"""A server's gallery over the real gateway: stars enough copy a video there, once, through crashes and refusals."""

import signal
from pathlib import Path
from typing import Any, Final

import pytest

from tests.acceptance.people import Json
from tests.acceptance.stage import SMALL, Stage

GALLERY: Final = "showcase"
CRASHING: Final = str(Path(__file__).with_name("crashing.py"))


async def opened(stage: Stage, *, stars: int) -> str:
    sent = await stage.people.types("gallery set", user="owner", also={"channel": GALLERY}, stars=stars)
    return await stage.people.answer(sent)


async def made(stage: Stage, **options: Any) -> Json:
    await stage.people.types("video create", **{**SMALL, **options})
    result = await stage.people.result()
    await stage.rest()
    return result


async def star(stage: Stage, result: Json, *users: str) -> None:
    job_id = stage.books.jobs()[0]["id"]
    for user in users:
        await stage.people.answered(await stage.people.presses(result, f"result:star:{job_id}", user=user))


async def hung(stage: Stage) -> Json:
    """The copy, once it is recorded."""

    async def recorded() -> bool:
        return stage.books.rows("SELECT 1 FROM gallery WHERE message_id IS NOT NULL AND due_at IS NULL") != []

    await stage.people.until(recorded, what="the copy in the gallery")
    (copy,) = await stage.people.results(GALLERY)
    return copy


async def given_up(stage: Stage) -> bool:
    return stage.books.rows("SELECT 1 FROM gallery WHERE due_at IS NULL AND message_id IS NULL") != []


async def test_stars_enough_copy_a_video_once(stage: Stage) -> None:
    people = stage.people
    async with stage.bot():
        assert "2 people" in await opened(stage, stars=2)
        result = await made(stage)
        await star(stage, result, "ana")
        assert stage.books.rows("SELECT * FROM gallery") == []
        await star(stage, result, "ben")
        copy = await hung(stage)
        await star(stage, result, "owner", "ben", "ben")
    assert await people.results(GALLERY) == [copy]
    assert f"<@{stage.id_of('users', 'ana')}>" in copy["content"]
    assert f"/{result['id']}" in copy["content"]
    assert copy["mentions"] == []
    assert copy["attachments"][0]["description"] == result["attachments"][0]["description"]


async def test_a_copy_that_was_refused_is_made_at_the_next_star(stage: Stage) -> None:
    async with stage.bot():
        await opened(stage, stars=1)
        result = await made(stage)
        await stage.people.permissions(GALLERY, deny=["SEND_MESSAGES"])
        await star(stage, result, "ana")
        await stage.people.until(lambda: given_up(stage), what="the copy being given up")
        await stage.people.permissions(GALLERY, allow=["SEND_MESSAGES"])
        await star(stage, result, "ben")
        await hung(stage)


@pytest.mark.parametrize(
    "point",
    [
        "before GalleryStore.mean",
        "after GalleryStore.mean",
        "after GalleryStore.posting",
        "before GalleryStore.posted",
        "after GalleryStore.posted",
    ],
)
async def test_a_bot_that_is_killed_makes_one_copy_all_the_same(stage: Stage, point: str) -> None:
    async with stage.bot():
        await opened(stage, stars=1)
        result = await made(stage)
    await killed_by_a_star(stage, result, point)
    async with stage.bot():
        if not stage.books.rows("SELECT 1 FROM gallery"):
            await star(stage, result, "ben")
        await hung(stage)


async def killed_by_a_star(stage: Stage, result: Json, point: str) -> None:
    """Run the bot, which a star leads to the point at which it is killed."""
    async with stage.process(arguments=[CRASHING, str(stage.folder / "points"), point]) as process:
        await stage.people.online()
        await stage.people.presses(result, f"result:star:{stage.books.job()['id']}")

        async def dead() -> bool:
            return process.returncode is not None

        await stage.people.until(dead, what=f"the end {point}")
        assert process.returncode == -signal.SIGKILL


async def test_nothing_is_copied_without_a_gallery_or_in_private(stage: Stage) -> None:
    people = stage.people
    async with stage.bot():
        await opened(stage, stars=1)
        sent = await people.types("gallery off", user="owner", locale="zh-CN")
        assert "作品墙" in await people.answer(sent)
        result = await made(stage)
        await star(stage, result, "ana", "ben")
    assert stage.books.rows("SELECT * FROM gallery") == []


async def test_what_is_for_adults_or_for_a_few_stays_where_it_is(stage: Stage) -> None:
    people = stage.people
    async with stage.bot():
        await opened(stage, stars=1)
        await people.types("video create", channel="nsfw", **SMALL)
        result = await people.result("nsfw")
        await stage.rest()
        await star(stage, result, "ana")
        await people.until(lambda: given_up(stage), what="the copy being given up")
    assert await people.results(GALLERY) == []


async def test_a_channel_that_the_bot_may_not_post_in_is_no_gallery(stage: Stage) -> None:
    await stage.people.permissions(GALLERY, deny=["ATTACH_FILES"])
    async with stage.bot():
        said = await opened(stage, stars=1)
    assert "Attach Files" in said
    assert stage.books.rows("SELECT * FROM preferences") == []
