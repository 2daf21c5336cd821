"""Scans by the gateway: what they find, and that nothing passes when they fail."""

import pytest

from tests.acceptance.moderators import approves, case, denies, set_checks
from tests.acceptance.system import SMALL, System


async def ask(system: System, **options: object) -> str:
    return await system.people.answer(await system.people.types("video create", **{**SMALL, **options}))


async def test_a_prompt_in_which_the_scan_finds_something_waits_for_a_moderator(system: System) -> None:
    async with system.bot():
        await set_checks(system, prompts=True)
        assert "On its way" in await ask(system)
        assert "A moderator looks" in await ask(system, prompt="a boat full of gore")
        held = await case(system, "The scan found")
        assert "VIOLENT" in held["content"]
        await denies(system, held)
        await system.rest()
    assert sorted(job["status"] for job in system.database.jobs()) == ["failed", "succeeded"]


@pytest.mark.parametrize("kind", ["http_500", "malformed_json", "reset", "http_429"])
async def test_a_prompt_that_cannot_be_scanned_waits_for_a_moderator(system: System, kind: str) -> None:
    async with system.bot():
        await set_checks(system, prompts=True)
        await system.people.fault("kirin", kind, on=["text_scan"])
        assert "A moderator looks" in await ask(system)
        await approves(system, await case(system, "The scan failed"))
        await system.people.result()
        await system.rest()


async def test_a_video_in_which_the_scan_finds_something_is_not_posted(system: System) -> None:
    async with system.bot():
        await set_checks(system, results=True)
        await ask(system, prompt="a boat full of gore")
        held = await case(system, "Should this video be posted?")
        assert "VIOLENT" in held["content"]
        assert "level 6" in held["content"]
        await denies(system, held)
        await system.rest()
    assert await system.people.results() == []


@pytest.mark.parametrize("kind", ["http_500", "malformed_json"])
async def test_a_video_that_cannot_be_scanned_is_held(system: System, kind: str) -> None:
    async with system.bot():
        await set_checks(system, results=True)
        await system.people.fault("kirin", kind, on=["image_scan"])
        await ask(system)
        held = await case(system, "The scan failed")
        assert await system.people.results() == []
        await approves(system, held)
        await system.people.result()
        await system.rest()


async def test_a_video_that_the_scan_finds_clean_is_posted_at_once(system: System) -> None:
    async with system.bot():
        await set_checks(system, results=True, prompts=True)
        assert "On its way" in await ask(system)
        await system.people.result()
        await system.rest()
    assert system.database.rows("SELECT * FROM cases") == []


async def test_scans_that_no_service_offers_are_not_turned_on(system: System) -> None:
    async with system.bot(kirin_api_key=""):
        assert "can scan" in await set_checks(system, prompts=True)
    assert system.database.rows("SELECT * FROM audit") == []
