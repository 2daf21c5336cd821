"""Whose turn it is, as people see it: who floods the channel waits behind everybody else."""

from tests.acceptance.admins import run_admin
from tests.acceptance.people import People, text_of
from tests.acceptance.system import SMALL, System

FLOOD = 6


async def asks(people: People, prompt: str, *, user: str, channel: str = "general") -> str:
    sent = await people.types("video create", user=user, channel=channel, **{**SMALL, "prompt": prompt})
    return await people.answer(sent)


def begun(system: System) -> list[str]:
    """The prompts of what the provider was given, in that order."""
    jobs = [job for job in system.database.jobs() if job["submitted_at"] is not None]
    return [job["prompt"] for job in sorted(jobs, key=lambda job: job["submitted_at"])]


async def test_whoever_floods_the_channel_delays_anothers_only_video_by_at_most_one(system: System) -> None:
    people = system.people
    await people.fault("kirin", "stuck")
    async with system.bot(running_per_provider=1, max_jobs_per_user=FLOOD):
        await asks(people, "one of many", user="ana")
        await people.card("Making the video")
        for _ in range(FLOOD - 1):
            await asks(people, "one of many", user="ana")
        answer = await asks(people, "the only one", user="ben")
        assert "Number 2 in line, expected <t:" in answer
        card = next(text for text in map(text_of, await people.cards()) if "the only one" in text)
        assert "Number 2 in line" in card
        assert "Expected <t:" in card
        listed = await people.answer(await people.types("video jobs", user="ana"))
        assert f"number {FLOOD}, expected <t:" in listed
    async with system.bot(running_per_provider=2):

        async def there() -> bool:
            return any("the only one" in each["content"] for each in await people.results())

        await people.until(there, what="the only one")
    assert begun(system).index("the only one") == 2  # the stuck one and one more went before


async def test_what_waits_in_a_paused_server_waits_on_and_keeps_its_place(system: System) -> None:
    people = system.people
    await people.fault("kirin", "stuck")
    async with system.bot(running_per_provider=1):
        await asks(people, "stuck", user="ana")
        await people.card("Making the video")
        await asks(people, "here", user="ben")
        await run_admin(people, "pause", reason="A break.")
    async with system.bot(running_per_provider=2):
        await asks(people, "elsewhere", user="ana", channel="dm")
        await people.result("dm")
        listed = await people.answer(await people.types("video jobs", user="ben"))
        assert "number 1" in listed
        assert "expected <t:" not in listed
        await run_admin(people, "resume")
        assert "here" in (await people.result())["content"]
    assert begun(system) == ["stuck", "elsewhere", "here"]


async def test_a_role_with_priority_goes_first_and_a_servers_own_limit_holds_at_once(system: System) -> None:
    people = system.people
    await people.fault("kirin", "stuck")
    async with system.bot():
        await people.role("VIP", members=["ben"])
        await run_admin(people, "tier", role="VIP", priority=5)
        await run_admin(people, "limits", running=1)
        await asks(people, "the stuck one", user="ana")
        await people.card("Making the video")
        assert "Number 1 in line, expected <t:" in await asks(people, "the next", user="ana")
        assert "Number 1 in line, expected <t:" in await asks(people, "an important one", user="ben")
        assert "Number 3 in line, expected <t:" in await asks(people, "the last", user="admin")
        await run_admin(people, "limits", running=2)
        await people.result()
    assert begun(system)[:2] == ["the stuck one", "an important one"]  # whichever was posted first
