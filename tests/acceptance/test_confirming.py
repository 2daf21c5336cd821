"""A high price is agreed to first: by a button under the refusal, on every way to a video; and covered videos."""

from tests.acceptance.controls import control
from tests.acceptance.moderators import ADMIN, approves, case, checks
from tests.acceptance.people import Json
from tests.acceptance.stage import SMALL, Stage


async def dear(stage: Stage) -> None:
    """Let everything above ten cents ask first."""
    sent = await stage.people.types("admin budget", user=ADMIN, confirm=0.1)
    await stage.people.answer(sent)


def yes(message: Json) -> str:
    """The button that agrees to the price: the first."""
    ident: str = message["components"][0]["components"][0]["custom_id"]
    return ident


async def test_a_dear_video_is_made_after_a_yes_and_a_restart(stage: Stage) -> None:
    async with stage.bot():
        await dear(stage)
        refused = await stage.people.answered(await stage.people.types("video create", **SMALL))
        assert "costs 3 credits" in refused["content"]
        assert "Nothing was taken" in refused["content"]
        assert refused["components"][0]["components"][0]["label"] == "Make it for 3 credits"
    assert stage.books.jobs() == []
    async with stage.bot():
        for _ in range(2):
            said = await stage.people.answer(await stage.people.presses(refused, yes(refused)))
        assert "asked for this already" in said or "On its way" in said
        await stage.people.result()
        await stage.rest()
    assert len(stage.books.jobs()) == 1
    assert stage.books.entries() == [("hold", 3), ("settle", 3)]


async def test_the_studio_asks_too_and_makes_one_video_of_one_state(stage: Stage) -> None:
    async with stage.bot():
        await dear(stage)
        panel = await stage.people.answered(await stage.people.types("video studio", prompt="a boat"))
        sent = await stage.people.presses(panel, control(panel, ":generate"))
        refused = await stage.people.answered(sent)
        await stage.people.answer(await stage.people.presses(refused, yes(refused)))
        said = await stage.people.answer(await stage.people.presses(panel, control(panel, ":generate")))
        assert "asked for this already" in said or "On its way" in said
        await stage.people.result()
        await stage.rest()
    assert len(stage.books.jobs()) == 1


async def test_building_on_a_video_asks_too(stage: Stage) -> None:
    async with stage.bot():
        await stage.people.types("video create", **SMALL)
        message = await stage.people.result()
        await stage.rest()
        await dear(stage)
        refused = await stage.people.answered(
            await stage.people.presses(message, control(message, _id(message, "again")))
        )
        await stage.people.answer(await stage.people.presses(refused, yes(refused)))

        async def two() -> bool:
            return len(await stage.people.results()) == 2

        await stage.people.until(two, what="the second video")
        await stage.rest()
    assert [job["origin"] for job in stage.books.jobs()] == ["create", "again"]


async def test_a_channel_covers_its_videos_and_so_do_their_copies(stage: Stage) -> None:
    async with stage.bot():
        await stage.people.answer(await stage.people.types("admin channels", user=ADMIN, spoiler="general"))
        await checks(stage, approval="results")
        await stage.people.types("video create", **SMALL)
        await approves(stage, await case(stage))
        message = await stage.people.result()
        await stage.rest()
        (file,) = message["attachments"]
        assert file["filename"] == f"SPOILER_shotcaller-{stage.books.job()['id']}.mp4"
        sent = await stage.people.presses(message, control(message, _id(message, "dm")), user="ben")
        await stage.people.answer(sent)
        (copy,) = (await stage.people.results("dm", user="ben"))[0]["attachments"]
        assert copy["filename"].startswith("SPOILER_")
        erase = await stage.people.answered(
            await stage.people.presses(message, control(message, _id(message, "delete")))
        )
        await stage.people.answer(await stage.people.presses(erase, yes(erase)))
    assert await stage.people.results() == []


def _id(message: Json, action: str) -> str:
    (ident,) = [
        each["custom_id"]
        for row in message["components"]
        for each in row["components"]
        if each["custom_id"].startswith(f"result:{action}:")
    ]
    return str(ident)
