"""What the operator says of the Kling API, as members feel it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.acceptance.stage import PROMPT

if TYPE_CHECKING:
    from tests.acceptance.stage import Stage

WISH: Final[dict[str, Any]] = {"model": "kling-v1", "prompt": PROMPT, "aspect": "1:1"}


def pair(stage: Stage, **changes: str) -> dict[str, Any]:
    """The settings with the pair of keys for the API key."""
    kling = stage.sandbox.describe()["kling"]
    keys = {"kling_access_key": kling["access_key"], "kling_secret_key": kling["secret_key"]}
    return {"kling_api_key": "", **keys, **changes}


async def test_a_pair_of_keys_serves_as_well_as_an_api_key(stage: Stage) -> None:
    people = stage.people
    async with stage.bot(kirin_api_key="", **pair(stage)):
        await people.types("video create", **WISH, camera="zoom")
        result = await people.result()
        await stage.rest()
    assert "camera zoom" in result["content"]
    assert stage.books.entries() == [("hold", 5), ("settle", 5)]


async def test_a_pair_of_keys_that_is_wrong_is_the_operators_to_mend(stage: Stage) -> None:
    people = stage.people
    async with stage.bot(**pair(stage, kling_secret_key="0123456789abcdef" * 4)):
        answer = await people.answer(await people.types("video create", **WISH))
    assert "does not accept this bot's account" in answer
    assert stage.books.entries() == []


@pytest.mark.parametrize("marked", [True, False])
async def test_the_marked_video_comes_when_it_is_asked_for(stage: Stage, marked: bool) -> None:  # noqa: FBT001 (a case)
    people = stage.people
    async with stage.bot():
        await people.types("video create", **WISH, watermark=marked)
        await people.result()
        await stage.rest()
    assert stage.books.job()["result_url"].endswith("-watermark.mp4") is marked


async def test_a_relay_that_takes_shorter_prompts_is_explained_before_money_moves(stage: Stage) -> None:
    people = stage.people
    async with stage.bot(kling_prompt_limit=500):
        answer = await people.answer(await people.types("video create", **{**WISH, "prompt": "x" * 501}))
        assert "**kling-v1** can't do that" in answer
        assert "501 characters; at most 500 fit" in answer
        assert "kirin_v3_t2v · standard" in answer
    assert stage.books.entries() == []


async def test_a_task_that_found_no_room_is_asked_for_again(stage: Stage) -> None:
    people = stage.people
    await people.fault("kling", "task_failed", code="1303")
    async with stage.bot():
        await people.types("video create", **WISH)
        await people.result()
        await stage.rest()
    first, second = await people.tasks()
    assert (first["status"], second["status"]) == ("failed", "succeed")
    assert second["external_id"] == f"{first['external_id']}-2"
    assert stage.books.entries() == [("hold", 5), ("settle", 5)]
