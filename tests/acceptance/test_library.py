"""The library over the real gateway: pages, filters, search, one video, a fresh copy; before and after a restart."""

from typing import Any, Final

import pytest

from tests.acceptance.admins import run_admin
from tests.acceptance.people import Json
from tests.acceptance.system import System

SMALL: Final[dict[str, Any]] = {"duration": 3, "aspect": "1:1"}


def parts(message: Json) -> dict[str, Json]:
    """The buttons and selects of a message, by what they do."""
    found = [part for row in message["components"] for part in row["components"]]
    return {":".join(part["custom_id"].split(":")[:2]): part for part in found if "custom_id" in part}


async def made(system: System, *prompts: str, user: str = "ana", **options: Any) -> list[str]:
    """Make a video of each prompt, one after the other; the job ids."""
    for prompt in prompts:
        sent = await system.people.types("video create", user=user, **{**SMALL, "prompt": prompt, **options})
        await system.people.answer(sent)
        await system.rest()
    return [str(job["id"]) for job in system.database.jobs()][-len(prompts) :]


async def press(system: System, message: Json, action: str, *values: str, **who: Any) -> str:
    return await system.people.presses(message, parts(message)[action]["custom_id"], *values, **who)


async def turn_page(system: System, message: Json, action: str, *values: str) -> Json:
    return await system.people.edited(await press(system, message, action, *values))


def test_a_custom_id_with_everything_in_it_is_short_enough() -> None:
    assert len(f"library:search:99999:1:{'f' * 16}:{'m' * 48}") <= 100


@pytest.mark.parametrize("generate_seconds", [0.05], indirect=True)
async def test_pages_are_turned_and_searched_also_after_a_restart(system: System) -> None:
    people = system.people
    async with system.bot():
        await made(system, *(f"Boat {number} of paper_{number}%" for number in range(6)))
        await made(system, "somebody else's boat", user="ben")
        first = await people.answered(await people.types("library"))
        assert "page 1" in first["content"]
        assert [f"Boat {number} " in first["content"] for number in range(6)] == [False, True, True, True, True, True]
        assert first["content"].index("Boat 5") < first["content"].index("Boat 1")
        assert "/channels/" in first["content"]
        assert "somebody" not in first["content"]
        assert parts(first)["library:back"]["disabled"]
    async with system.bot():
        second = await turn_page(system, first, "library:next")
        assert "Boat 0" in second["content"]
        assert parts(second)["library:next"]["disabled"]
        opened = await press(system, second, "library:search")
        assert (await people.form(opened))["title"] == "Search your videos"
    async with system.bot():
        found = await people.edited(await people.submits(opened, text="BOAT 3 OF"))
        assert "“BOAT 3 OF”" in found["content"]
        assert found["content"].count("-# Kirin 3") == 1
    async with system.bot():
        nothing = await people.answered(await people.types("library", text="paper_2_"))
        assert "No videos match" in nothing["content"]
        everything = await turn_page(system, found, "library:clear")
        assert everything["content"] == first["content"]


async def test_favourites_and_models_filter(system: System) -> None:
    people = system.people
    async with system.bot():
        (kirin,) = await made(system, "a kirin boat")
        (kling,) = await made(system, "a kling boat", model="kling-v1", duration=5)
        (other,) = await made(system, "ben's boat", user="ben")
        for result in await people.results():
            if kling in str(result["components"]) or other in str(result["components"]):
                await people.edited(await press(system, result, "result:star"))
        starred = await people.answered(await people.types("library", favourites=True))
        assert "ben's boat" in starred["content"]
        assert "a kling boat" in starred["content"]
        assert "a kirin boat" not in starred["content"]
    async with system.bot():
        mine = await turn_page(system, starred, "library:stars")
        assert "⭐ a kling boat" in mine["content"]
        assert "ben's boat" not in mine["content"]
        only = await turn_page(system, mine, "library:model", "kirin_v3_t2v")
        assert "a kling boat" not in only["content"]
        assert "a kirin boat" in only["content"]
        typed = await people.answered(await people.types("library", model="kling-v1", locale="zh-CN"))
        assert "第 1 页" in typed["content"]
        assert "a kirin boat" not in typed["content"]
        again = await turn_page(system, only, "library:model", "*")
        assert again["content"] == mine["content"]
    assert kirin != kling


async def test_a_video_is_opened_and_sent_again_with_a_fresh_file(system: System) -> None:
    people = system.people
    async with system.bot():
        (job_id,) = await made(system, "a paper boat")
        (choice,) = await people.completes("library", focused="id", id="PAPER")
        assert choice["name"].startswith("“a paper boat”, ")
        assert choice["value"] == job_id
        page = await people.answered(await people.types("library"))
    async with system.bot():
        opened = await people.answered(await press(system, page, "library:open", job_id))
        assert "a paper boat" in opened["embeds"][0]["description"]
        assert "result:again" in parts(opened)
        said = await people.answer(await press(system, opened, "library:send", locale="zh-CN"))
        assert "发好了" in said
        first, second = await people.results()
        assert f"/{second['id']}" in said
        assert second["attachments"][0]["id"] != first["attachments"][0]["id"]
        assert second["mentions"] == []
        again = await people.answer(await press(system, opened, "result:again"))
        assert "On its way" in again
        await system.rest()
        by_id = await people.answered(await people.types("library", user="ben", id=job_id))
        assert by_id["embeds"]
    assert system.database.entries().count(("settle", 3)) == 2


async def test_what_one_may_not_see_or_send_is_refused(system: System) -> None:
    people = system.people
    async with system.bot():
        (job_id,) = await made(system, "a secret boat", private=True)
        refused = await people.answer(await people.types("library", user="ben", id=job_id))
        assert "secret" not in refused
        assert "You can't use this video" in refused
        opened = await people.answered(await people.types("library", id=job_id))
        await people.permissions("general", deny=["ATTACH_FILES"])
        said = await people.answer(await press(system, opened, "library:send"))
        assert "Attach Files" in said
        assert await people.results() == []


async def test_who_may_ask_for_nothing_here_has_nothing_posted_here_either(system: System) -> None:
    people = system.people
    async with system.bot():
        (job_id,) = await made(system, "a paper boat")
        opened = await people.answered(await people.types("library", id=job_id))
        await run_admin(people, "block", member="ana", hours=1)
        assert "can't make videos in this server" in await people.answer(await press(system, opened, "library:send"))
        await run_admin(people, "unblock", member="ana")
        await run_admin(people, "pause")
        assert "paused" in await people.answer(await press(system, opened, "library:send"))
        await run_admin(people, "resume")
        await run_admin(people, "channels", spoiler="general")
        await people.answer(await press(system, opened, "library:send"))
        plain, covered = [each["attachments"][0]["filename"] for each in await people.results()]
        assert covered == f"SPOILER_{plain}"


async def test_what_was_made_elsewhere_says_no_dollars_to_who_runs_only_this_server(system: System) -> None:
    people = system.people
    async with system.bot():
        (here,) = await made(system, "a boat", user="admin")
        (direct,) = await made(system, "a ship", user="admin", channel="dm")
        listed = await people.answered(await people.types("library", user="admin"))
        shown = [
            str((await people.answered(await press(system, listed, "library:open", each, user="admin")))["embeds"])
            for each in (here, direct)
        ]
    tasks = [str(job["task_id"]) for job in system.database.jobs()]
    assert [task in text for task, text in zip(tasks, shown, strict=True)] == [True, False]
    assert ["$" in text for text in shown] == [True, False]
