"""Who may ask for nothing: blocked members, a paused server, a paused bot."""

import pytest

from tests.acceptance.admins import asks, does, told
from tests.acceptance.stage import Stage

ACCEPTED = "On its way"


async def test_a_blocked_member_reads_why_and_until_when(stage: Stage) -> None:
    people = stage.people
    async with stage.bot():
        await does(people, "audit", channel="showcase")
        assert "can ask for nothing: until <t:" in await does(people, "block", member="ana", hours=2, reason="spam")
        refusal = await asks(people)
        assert "spam" in refusal
        assert "until <t:" in refusal
        assert ACCEPTED in await asks(people, user="ben")
        assert "blocked" in (await told(people, "spam", channel="showcase"))["content"]
        listed = await does(people, "block")
        assert f"<@{stage.id_of('users', 'ana')}> until <t:" in listed
        assert "spam" in listed
        assert "can ask for videos again" in await does(people, "unblock", member="ana")
        assert ACCEPTED in await asks(people)
        await told(people, "unblocked", channel="showcase")
        assert "Nobody is blocked" in await does(people, "block")
        assert "That is how it was already" in await does(people, "unblock", member="ana")
        await stage.rest()


async def test_all_who_are_blocked_are_listed_however_many_there_are(stage: Stage) -> None:
    people = stage.people
    async with stage.bot():
        for name in (crowd := await people.crowd(12)):
            await does(people, "block", member=name, reason="x" * 300)
        sent = await people.types("admin block", user="admin")
        first = await people.answer(sent)

        async def whole() -> bool:
            more = (await people.interaction(sent))["followups"]
            text = first + "".join(each["content"] for each in more)
            return all(stage.id_of("users", name) in text for name in crowd)

        await people.until(whole, what="everybody who is blocked")


async def test_a_block_without_an_end_is_for_good(stage: Stage) -> None:
    people = stage.people
    async with stage.bot():
        assert "for good" in await does(people, "block", member="ana")
    async with stage.bot():
        assert "any more" in await asks(people)
        await people.leaves("ana")
        assert "for good" in await does(people, "block")
    assert stage.books.jobs() == []


async def test_what_a_reason_says_can_mention_nobody(stage: Stage) -> None:
    people = stage.people
    async with stage.bot():
        await does(people, "audit", channel="showcase")
        await does(people, "block", member="ana", reason="@everyone **look** https://example.com")
        entry = await told(people, "blocked", channel="showcase")
        assert entry["mention_everyone"] is False
        assert entry["mentions"] == []
        assert "@everyone" not in entry["content"]
        assert "**look**" not in entry["content"]
        refusal = await asks(people)
        assert "@everyone" not in refusal


@pytest.mark.parametrize("generate_seconds", [1.5], indirect=True)
async def test_a_pause_takes_nothing_new_and_finishes_what_was_begun(stage: Stage) -> None:
    people = stage.people
    async with stage.bot():
        await asks(people)
        await people.card("Making the video")
        assert "Paused" in await does(people, "pause", reason="film night")
        assert "That is how it was already" in await does(people, "pause")
        refusal = await asks(people, user="ben")
        assert "film night" in refusal
        assert "Nothing was taken" in refusal
        await people.result()
        await stage.rest()
    async with stage.bot():
        assert "film night" in await asks(people, user="ben")
        assert "On again" in await does(people, "resume")
        assert "That is how it was already" in await does(people, "resume")
        assert ACCEPTED in await asks(people, user="ben")
        await stage.rest()
        latest = await does(people, "audit")
    assert "film night" in latest
    assert "went on" in latest


async def test_only_the_bots_owner_pauses_it_everywhere(stage: Stage) -> None:
    people = stage.people
    async with stage.bot():
        assert "Owner of the bot" in await does(people, "pause", everywhere=True)
        assert ACCEPTED in await asks(people)
        await stage.rest()
        said = await does(people, "pause", user="owner", everywhere=True, reason="new keys")
        assert "`/admin resume` with `everywhere` goes on" in said
        assert "new keys" in await asks(people)
        assert "new keys" in await people.answer(
            await people.types("video create", channel="dm", also={"prompt": "x", "duration": 3})
        )
        assert "Who runs the bot has paused it everywhere" in await does(people, "doctor")
        assert "Owner of the bot" in await does(people, "resume", everywhere=True)
        assert "That is how it was already" in await does(people, "resume")
        assert "On again" in await does(people, "resume", user="owner", everywhere=True)
        assert ACCEPTED in await asks(people)
        await stage.rest()
        assert "new keys" not in await does(people, "audit")
