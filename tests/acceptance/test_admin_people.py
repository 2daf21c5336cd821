"""Who may ask for nothing: blocked members, a paused server, a paused bot."""

from tests.acceptance.admins import audit_message, request_video, run_admin
from tests.acceptance.system import System

ACCEPTED = "On its way"


async def test_a_blocked_member_reads_why_and_until_when(system: System) -> None:
    people = system.people
    async with system.bot():
        await run_admin(people, "audit", channel="showcase")
        assert "is blocked until <t:" in await run_admin(people, "block", member="ana", hours=2, reason="spam")
        refusal = await request_video(people)
        assert "spam" in refusal
        assert "until <t:" in refusal
        assert ACCEPTED in await request_video(people, user="ben")
        assert "blocked" in (await audit_message(people, "spam", channel="showcase"))["content"]
        listed = await run_admin(people, "block")
        assert f"<@{system.id_of('users', 'ana')}>: until <t:" in listed
        assert "spam" in listed
        assert "can ask for videos again" in await run_admin(people, "unblock", member="ana")
        assert ACCEPTED in await request_video(people)
        await audit_message(people, "unblocked", channel="showcase")
        assert "Nobody is blocked" in await run_admin(people, "block")
        assert "already like that" in await run_admin(people, "unblock", member="ana")
        await system.rest()


async def test_all_who_are_blocked_are_listed_however_many_there_are(system: System) -> None:
    people = system.people
    async with system.bot():
        for name in (crowd := await people.crowd(12)):
            await run_admin(people, "block", member=name, reason="x" * 300)
        sent = await people.types("admin block", user="admin")
        first = await people.answer(sent)

        async def whole() -> bool:
            more = (await people.interaction(sent))["followups"]
            text = first + "".join(each["content"] for each in more)
            return all(system.id_of("users", name) in text for name in crowd)

        await people.until(whole, what="everybody who is blocked")


async def test_a_block_without_an_end_is_for_good(system: System) -> None:
    people = system.people
    async with system.bot():
        assert "permanently" in await run_admin(people, "block", member="ana")
    async with system.bot():
        assert "any more" in await request_video(people)
        await people.leaves("ana")
        assert "permanently" in await run_admin(people, "block")
    assert system.database.jobs() == []


async def test_what_a_reason_says_can_mention_nobody(system: System) -> None:
    people = system.people
    async with system.bot():
        await run_admin(people, "audit", channel="showcase")
        await run_admin(people, "block", member="ana", reason="@everyone **look** https://example.com")
        entry = await audit_message(people, "blocked", channel="showcase")
        assert entry["mention_everyone"] is False
        assert entry["mentions"] == []
        assert "@everyone" not in entry["content"]
        assert "**look**" not in entry["content"]
        refusal = await request_video(people)
        assert "@everyone" not in refusal


async def test_a_pause_takes_nothing_new_and_finishes_what_was_begun(system: System) -> None:
    people = system.people
    async with system.bot():
        with system.sandbox.providers.held():
            await request_video(people)
            await people.card("Making the video")
            assert "Paused" in await run_admin(people, "pause", reason="film night")
            assert "already like that" in await run_admin(people, "pause")
            refusal = await request_video(people, user="ben")
            assert "film night" in refusal
            assert "Nothing was charged" in refusal
        await people.result()
        await system.rest()
    async with system.bot():
        assert "film night" in await request_video(people, user="ben")
        assert "Videos can be made again" in await run_admin(people, "resume")
        assert "already like that" in await run_admin(people, "resume")
        assert ACCEPTED in await request_video(people, user="ben")
        await system.rest()
        latest = await run_admin(people, "audit")
    assert "film night" in latest
    assert "resumed" in latest


async def test_only_the_bots_owner_pauses_it_everywhere(system: System) -> None:
    people = system.people
    async with system.bot():
        assert "Operator of the bot" in await run_admin(people, "pause", everywhere=True)
        assert ACCEPTED in await request_video(people)
        await system.rest()
        said = await run_admin(people, "pause", user="owner", everywhere=True, reason="new keys")
        assert "`/admin resume` with `everywhere` makes videos again" in said
        assert "new keys" in await request_video(people)
        assert "new keys" in await people.answer(
            await people.types("video create", channel="dm", also={"prompt": "x", "duration": 3})
        )
        assert "The operator has paused videos everywhere" in await run_admin(people, "doctor")
        assert "Operator of the bot" in await run_admin(people, "resume", everywhere=True)
        assert "already like that" in await run_admin(people, "resume")
        assert "Videos can be made again" in await run_admin(people, "resume", user="owner", everywhere=True)
        assert ACCEPTED in await request_video(people)
        await system.rest()
        assert "new keys" not in await run_admin(people, "audit")
