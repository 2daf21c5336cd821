"""Trouble with Discord while a video is on its way: it comes once, somewhere, or is kept and the operator told."""

from typing import Any

import pytest

from tests.acceptance.outcomes import delivered_once, kept_for_the_operator
from tests.acceptance.system import SMALL, System

LATER = {"after": 1}  # the first message is the card, the second the video
LONG = 20  # seconds at most that a file is held back, until there was time to do what comes before it
REFUSALS = ["missing_permissions", "unknown_channel"]


async def ask(system: System, **options: Any) -> None:
    """Ask for a video and wait until the bot has done with it."""
    async with system.bot(operator_channel_id=system.id_of("channels", "showcase")):
        await system.people.types("video create", **SMALL, **options)
        await system.rest()


@pytest.mark.parametrize("kind", ["http_500", "http_429", "lost_answer", "reset"])
@pytest.mark.parametrize("after", [0, 1], ids=["card", "video"])
async def test_a_message_that_did_not_go_well_is_there_once(system: System, kind: str, after: int) -> None:
    await system.people.fault("discord", kind, on=["message"], after=after)
    await ask(system)
    await delivered_once(system)


@pytest.mark.parametrize("kind", REFUSALS)
async def test_a_channel_that_is_closed_meanwhile_sends_the_video_to_its_person(system: System, kind: str) -> None:
    await system.people.fault("discord", kind, **LATER)
    await ask(system)
    result = await delivered_once(system, channel="dm")
    assert "couldn't post it in" in result["content"]


async def test_a_channel_that_is_deleted_meanwhile_sends_the_video_to_its_person(system: System) -> None:
    people = system.people
    await people.fault("kirin", "slow", on=["file"], seconds=LONG)
    async with system.bot():
        await people.types("video create", **SMALL)
        await people.card("Finished, on its way here")
        await people.change_settings(channel="general", delete=True)
        await people.fault("kirin", "slow", count=0)
        await people.result("dm")
        await system.rest()
    assert system.database.entries() == [("hold", 3), ("settle", 3)]


@pytest.mark.parametrize("kind", REFUSALS)
async def test_when_every_place_is_closed_the_video_is_kept_and_the_operator_told(system: System, kind: str) -> None:
    await system.people.change_settings(user="ana", dms_open=False)
    await system.people.fault("discord", kind, **LATER)
    await ask(system)
    await kept_for_the_operator(system, "kept")


async def test_a_private_video_for_somebody_who_takes_no_messages_is_kept(system: System) -> None:
    await system.people.change_settings(user="ana", dms_open=False)
    await ask(system, private=True)
    assert system.database.entries() == [("hold", 3)]
    assert system.database.job()["dead_letter"] == "undeliverable"
    assert await system.people.results() + await system.people.results("dm") == []
    assert await system.people.messages("showcase") == []  # whose messages are closed is not the operator's to mend


async def test_a_limit_that_has_shrunk_is_met_with_the_smallest_one(system: System) -> None:
    await system.people.change_settings(premium_tier=2)
    await system.people.fault("discord", "file_too_large", **LATER)
    await ask(system)
    await delivered_once(system)


async def test_a_dropped_gateway_loses_nothing(system: System) -> None:
    people = system.people
    async with system.bot():
        with system.sandbox.providers.held():
            await people.types("video create", **SMALL)
            await people.card("Making the video")
            await people.fault("discord", "gateway_drop")
        await people.result()
        await system.rest()
        await people.online()
        sent = await people.types("quota")
        assert "57 of 60 credits" in await people.answer(sent)
    await delivered_once(system)


async def test_a_video_that_may_be_in_a_closed_channel_goes_nowhere_else(system: System) -> None:
    people = system.people
    await people.fault("discord", "lost_answer", **LATER)
    async with system.bot():
        await people.types("video create", **SMALL)
        await people.result()
        await people.permissions("general", deny=["VIEW_CHANNEL"])

        async def looked() -> bool:
            asked = [each for each in await people.requests() if each["path"].endswith("/messages")]
            return any(each["method"] == "GET" and each["status"] == 403 for each in asked)

        await people.until(looked, what="a look into the closed channel")
        await people.permissions("general", allow=["VIEW_CHANNEL"])
        await system.rest()
    await delivered_once(system)


async def test_a_card_that_was_posted_and_not_recorded_is_closed_with_its_job(system: System) -> None:
    await system.people.fault("discord", "lost_answer", on=["message"])
    await system.people.fault("discord", "missing_permissions", on=["message"])  # the card is not tried again
    await ask(system)
    await delivered_once(system)


@pytest.mark.parametrize("kind", ["reset", "malformed_json", "http_500", "lost_answer"])
async def test_an_accepted_request_is_said_to_be_accepted_whatever_fails_in_saying_it(
    system: System, kind: str
) -> None:
    people = system.people
    await people.fault("discord", kind, on=["edit"], count=2)
    async with system.bot():
        sent = await people.types("video create", **SMALL)
        await system.rest()
        said = [each["content"] for each in (await people.interaction(sent))["edits"]]
    assert not any("try again" in words.casefold() for words in said)
    assert any("3 credits, 57 credits left" in words for words in said)  # and then, in its place, that it is ready
    await delivered_once(system)


async def test_a_command_whose_first_answer_discord_does_not_take_is_not_accepted(system: System) -> None:
    people = system.people
    await people.fault("discord", "missing_permissions", on=["callback"])
    async with system.bot():
        await people.types("video create", **SMALL)

        async def turned_away() -> bool:
            return any(each["path"].endswith("/callback") and each["status"] == 403 for each in await people.requests())

        await people.until(turned_away, what="a first answer that is not taken")
    assert system.database.jobs() == []
    assert system.database.entries() == []


async def test_a_video_that_takes_longer_than_a_command_s_token_lives_is_posted_all_the_same(system: System) -> None:
    people = system.people
    await people.fault("kirin", "file_missing", count=1_000)
    async with system.bot():
        await people.answer(await people.types("video create", **SMALL))
        await people.passes(minutes=16)
        await people.fault("kirin", "file_missing", count=0)
        result = await people.result()
        await system.rest()
    assert result["attachments"][0]["filename"].endswith(".mp4")
    assert system.database.entries() == [("hold", 3), ("settle", 3)]
