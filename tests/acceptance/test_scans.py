"""Scans by the gateway: what they find, and that nothing passes when they fail."""

import pytest

from tests.acceptance.moderators import approves, case, checks, denies
from tests.acceptance.stage import SMALL, Stage


async def ask(stage: Stage, **options: object) -> str:
    return await stage.people.answer(await stage.people.types("video create", **{**SMALL, **options}))


async def test_a_prompt_in_which_the_scan_finds_something_waits_for_a_moderator(stage: Stage) -> None:
    async with stage.bot():
        await checks(stage, prompts=True)
        assert "On its way" in await ask(stage)
        assert "A moderator looks" in await ask(stage, prompt="a boat full of gore")
        held = await case(stage, "The scan finds something")
        assert "VIOLENT" in held["content"]
        await denies(stage, held)
        await stage.rest()
    assert sorted(job["status"] for job in stage.books.jobs()) == ["failed", "succeeded"]


@pytest.mark.parametrize("kind", ["http_500", "malformed_json", "reset", "http_429"])
async def test_a_prompt_that_cannot_be_scanned_waits_for_a_moderator(stage: Stage, kind: str) -> None:
    async with stage.bot():
        await checks(stage, prompts=True)
        await stage.people.fault("kirin", kind, on=["text_scan"])
        assert "A moderator looks" in await ask(stage)
        await approves(stage, await case(stage, "The scan could not be made"))
        await stage.people.result()
        await stage.rest()


async def test_a_video_in_which_the_scan_finds_something_is_not_posted(stage: Stage) -> None:
    async with stage.bot():
        await checks(stage, results=True)
        await ask(stage, prompt="a boat full of gore")
        held = await case(stage, "May this video be posted?")
        assert "VIOLENT" in held["content"]
        assert "level 6" in held["content"]
        await denies(stage, held)
        await stage.rest()
    assert await stage.people.results() == []


@pytest.mark.parametrize("kind", ["http_500", "malformed_json"])
async def test_a_video_that_cannot_be_scanned_is_held(stage: Stage, kind: str) -> None:
    async with stage.bot():
        await checks(stage, results=True)
        await stage.people.fault("kirin", kind, on=["image_scan"])
        await ask(stage)
        held = await case(stage, "The scan could not be made")
        assert await stage.people.results() == []
        await approves(stage, held)
        await stage.people.result()
        await stage.rest()


async def test_a_video_that_the_scan_finds_clean_is_posted_at_once(stage: Stage) -> None:
    async with stage.bot():
        await checks(stage, results=True, prompts=True)
        assert "On its way" in await ask(stage)
        await stage.people.result()
        await stage.rest()
    assert stage.books.rows("SELECT * FROM cases") == []


async def test_scans_that_no_service_offers_are_not_turned_on(stage: Stage) -> None:
    async with stage.bot(kirin_api_key=""):
        assert "can scan" in await checks(stage, prompts=True)
    assert stage.books.rows("SELECT * FROM audit") == []
