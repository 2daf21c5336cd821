"""The bot is killed -9 while a kept video is fetched or a private one shared: it can be had again, and counts once."""

import signal
from pathlib import Path
from typing import Final

import pytest

from tests.acceptance.people import Json
from tests.acceptance.stage import SMALL, Stage

CRASHING: Final = str(Path(__file__).with_name("crashing.py"))
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


async def crash(stage: Stage, message: Json, custom_id: str, *, point: str) -> None:
    """Press a button of a bot that is killed at `point`."""
    async with stage.process(arguments=[CRASHING, str(stage.folder / "points"), point]) as process:
        await stage.people.online()
        await stage.people.presses(message, custom_id)

        async def dead() -> bool:
            return process.returncode is not None

        await stage.people.until(dead, what=f"the end {point}")
        assert process.returncode == -signal.SIGKILL


async def inbox(stage: Stage) -> Json:
    return await stage.people.answered(await stage.people.types("inbox"))


@pytest.mark.parametrize("point", FETCHING)
async def test_killed_while_it_is_fetched_a_kept_video_is_paid_once(stage: Stage, point: str) -> None:
    people = stage.people
    await people.turn(user="ana", dms_open=False)
    async with stage.bot():
        await people.types("video create", **SMALL, private=True)
        await stage.rest()
        listed = await inbox(stage)
    await crash(stage, listed, button(listed, "inbox:get:"), point=point)
    assert len(stage.books.entries()) == (1 if point.startswith("before") else 2)
    async with stage.bot():
        sent = await people.presses(listed, button(listed, "inbox:get:"))

        async def settled() -> bool:
            current = (await people.interaction(sent))["current"]
            return bool(current and current["attachments"]) and stage.books.balances() == (0, 3)

        await people.until(settled, what="the video and its charge")
        await stage.rest()
    assert stage.books.entries() == [("hold", 3), ("settle", 3)]


@pytest.mark.parametrize("point", SHARING)
async def test_killed_while_it_is_shared_a_private_video_is_in_its_channel_once(stage: Stage, point: str) -> None:
    people = stage.people
    async with stage.bot():
        await people.types("video create", **SMALL, private=True)
        direct = await people.result("dm")
        await stage.rest()
    await crash(stage, direct, button(direct, "result:share:"), point=point)
    await people.passes(minutes=10)  # Discord has forgotten the nonce
    async with stage.bot():
        answer = await people.answer(await people.presses(direct, button(direct, "result:share:")))
        assert ("shared already" if point == "after ResultStore.shared" else "in the channel now") in answer
        assert "Nothing waits" in (await inbox(stage))["content"]
    (shared,) = await people.results()
    assert stage.books.job()["shared_message_id"] == int(shared["id"])
