"""The bot is killed -9 while a kept video is fetched or a private one shared: it can be had again, and counts once."""

from typing import Final

import pytest

from tests.acceptance.people import Json
from tests.acceptance.system import SMALL, System

FETCHING: Final = ("before ResultStore.received delivered", "after ResultStore.received delivered")
SHARING: Final = (
    "before ResultStore.begin_sharing delivered",
    "after ResultStore.begin_sharing delivered",
    "before download",
    "after download",
    "before ResultStore.shared",
    "after ResultStore.shared",
)


def button(message: Json, wanted: str) -> str:
    """The `custom_id` of the first button whose id begins like that."""
    ids = [each["custom_id"] for row in message["components"] for each in row["components"]]
    return str(next(each for each in ids if each.startswith(wanted)))


async def inbox(system: System) -> Json:
    return await system.people.answered(await system.people.types("inbox"))


@pytest.mark.parametrize("point", FETCHING)
async def test_killed_while_it_is_fetched_a_kept_video_is_paid_once(system: System, point: str) -> None:
    people = system.people
    await people.change_settings(user="ana", dms_open=False)
    async with system.bot():
        await people.types("video create", **SMALL, private=True)
        await system.rest()
        listed = await inbox(system)
    await system.crashes(listed, button(listed, "inbox:get:"), point=point)
    assert len(system.database.entries()) == (1 if point.startswith("before") else 2)
    async with system.bot():
        sent = await people.presses(listed, button(listed, "inbox:get:"))

        async def settled() -> bool:
            current = (await people.interaction(sent))["current"]
            return bool(current and current["attachments"]) and system.database.balances() == (0, 3)

        await people.until(settled, what="the video and its charge")
        await system.rest()
    assert system.database.entries() == [("hold", 3), ("settle", 3)]


@pytest.mark.parametrize("point", SHARING)
async def test_killed_while_it_is_shared_a_private_video_is_in_its_channel_once(system: System, point: str) -> None:
    people = system.people
    async with system.bot():
        await people.types("video create", **SMALL, private=True)
        direct = await people.result("dm")
        await system.rest()
    await system.crashes(direct, button(direct, "result:share:"), point=point)
    await people.passes(minutes=10)  # Discord has forgotten the nonce
    async with system.bot():
        answer = await people.answer(await people.presses(direct, button(direct, "result:share:")))
        assert ("already shared" if point == "after ResultStore.shared" else "in the channel now") in answer
        assert "Nothing is waiting" in (await inbox(system))["content"]
    (shared,) = await people.results()
    assert system.database.job()["shared_message_id"] == int(shared["id"])
