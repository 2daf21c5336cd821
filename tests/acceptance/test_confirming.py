"""A high price is agreed to first: by a button under the refusal, on every way to a video; and covered videos."""

from tests.acceptance.controls import control
from tests.acceptance.moderators import ADMIN, approves, case, set_checks
from tests.acceptance.people import Json
from tests.acceptance.system import SMALL, System


async def dear(system: System) -> None:
    """Let everything above ten cents ask first."""
    sent = await system.people.types("admin budget", user=ADMIN, confirm=0.1)
    await system.people.answer(sent)


def yes(message: Json) -> str:
    """The button that agrees to the price: the first."""
    ident: str = message["components"][0]["components"][0]["custom_id"]
    return ident


async def test_a_dear_video_is_made_after_a_yes_and_a_restart(system: System) -> None:
    async with system.bot():
        await dear(system)
        refused = await system.people.answered(await system.people.types("video create", **SMALL))
        assert "costs 3 credits" in refused["content"]
        assert "Nothing was charged" in refused["content"]
        assert refused["components"][0]["components"][0]["label"] == "Make it for 3 credits"
    assert system.database.jobs() == []
    async with system.bot():
        for _ in range(2):
            said = await system.people.answer(await system.people.presses(refused, yes(refused)))
        assert "already asked for this" in said or "On its way" in said
        await system.people.result()
        await system.rest()
    assert len(system.database.jobs()) == 1
    assert system.database.entries() == [("hold", 3), ("settle", 3)]


async def test_the_studio_asks_too_and_makes_one_video_of_one_state(system: System) -> None:
    async with system.bot():
        await dear(system)
        panel = await system.people.answered(await system.people.types("video studio", prompt="a boat"))
        sent = await system.people.presses(panel, control(panel, "Generate"))
        refused = await system.people.answered(sent)
        await system.people.answer(await system.people.presses(refused, yes(refused)))
        said = await system.people.answer(await system.people.presses(panel, control(panel, "Generate")))
        assert "already asked for this" in said or "On its way" in said
        await system.people.result()
        await system.rest()
    assert len(system.database.jobs()) == 1


async def test_building_on_a_video_asks_too(system: System) -> None:
    async with system.bot():
        await system.people.types("video create", **SMALL)
        message = await system.people.result()
        await system.rest()
        await dear(system)
        refused = await system.people.answered(
            await system.people.presses(message, control(message, _id(message, "again")))
        )
        await system.people.answer(await system.people.presses(refused, yes(refused)))

        async def two() -> bool:
            return len(await system.people.results()) == 2

        await system.people.until(two, what="the second video")
        await system.rest()
    assert [job["origin"] for job in system.database.jobs()] == ["create", "again"]


async def test_a_channel_covers_its_videos_and_so_do_their_copies(system: System) -> None:
    async with system.bot():
        await system.people.answer(await system.people.types("admin channels", user=ADMIN, spoiler="general"))
        await set_checks(system, approval="results")
        await system.people.types("video create", **SMALL)
        await approves(system, await case(system))
        message = await system.people.result()
        await system.rest()
        (file,) = message["attachments"]
        assert file["filename"] == f"SPOILER_shotcaller-{system.database.job()['id']}.mp4"
        sent = await system.people.chooses(message, "dm", user="ben")
        await system.people.answer(sent)
        (copy,) = (await system.people.results("dm", user="ben"))[0]["attachments"]
        assert copy["filename"].startswith("SPOILER_")
        erase = await system.people.answered(await system.people.chooses(message, "delete"))
        await system.people.answer(await system.people.presses(erase, yes(erase)))
    assert await system.people.results() == []


def _id(message: Json, action: str) -> str:
    (ident,) = [
        each["custom_id"]
        for row in message["components"]
        for each in row["components"]
        if each["custom_id"].startswith(f"result:{action}:")
    ]
    return str(ident)
