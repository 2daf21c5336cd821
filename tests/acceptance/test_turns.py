"""Whose turn it is, as people see it: who floods the channel waits behind everybody else."""

from tests.acceptance.admins import does
from tests.acceptance.people import People, text_of
from tests.acceptance.stage import SMALL, Stage

FLOOD = 6


async def asks(people: People, prompt: str, *, user: str, channel: str = "general") -> str:
    sent = await people.types("video create", user=user, channel=channel, **{**SMALL, "prompt": prompt})
    return await people.answer(sent)


def begun(stage: Stage) -> list[str]:
    """The prompts of what the provider was given, in that order."""
    jobs = [job for job in stage.books.jobs() if job["submitted_at"] is not None]
    return [job["prompt"] for job in sorted(jobs, key=lambda job: job["submitted_at"])]


async def test_whoever_floods_the_channel_delays_anothers_only_video_by_at_most_one(stage: Stage) -> None:
    people = stage.people
    await people.fault("kirin", "stuck")
    async with stage.bot(running_per_provider=1, max_jobs_per_user=FLOOD):
        await asks(people, "one of many", user="ana")
        await people.card("Making the video")
        for _ in range(FLOOD - 1):
            await asks(people, "one of many", user="ana")
        answer = await asks(people, "the only one", user="ben")
        assert "Number 2 in line, ready about <t:" in answer
        card = next(text for text in map(text_of, await people.cards()) if "the only one" in text)
        assert "Number 2 in line" in card
        assert "Ready about <t:" in card
        listed = await people.answer(await people.types("video jobs", user="ana"))
        assert f"number {FLOOD} in line, ready about <t:" in listed
    async with stage.bot(running_per_provider=2):

        async def there() -> bool:
            return any("the only one" in each["content"] for each in await people.results())

        await people.until(there, what="the only one")
    assert begun(stage).index("the only one") == 2  # the stuck one and one more went before


async def test_what_waits_in_a_paused_server_waits_on_and_keeps_its_place(stage: Stage) -> None:
    people = stage.people
    await people.fault("kirin", "stuck")
    async with stage.bot(running_per_provider=1):
        await asks(people, "stuck", user="ana")
        await people.card("Making the video")
        await asks(people, "here", user="ben")
        await does(people, "pause", reason="A break.")
    async with stage.bot(running_per_provider=2):
        await asks(people, "elsewhere", user="ana", channel="dm")
        await people.result("dm")
        listed = await people.answer(await people.types("video jobs", user="ben"))
        assert "number 1 in line" in listed
        assert "ready about" not in listed
        await does(people, "resume")
        assert "here" in (await people.result())["content"]
    assert begun(stage) == ["stuck", "elsewhere", "here"]


async def test_a_role_with_priority_goes_first_and_a_servers_own_limit_holds_at_once(stage: Stage) -> None:
    people = stage.people
    await people.fault("kirin", "stuck")
    async with stage.bot():
        await people.role("VIP", members=["ben"])
        await does(people, "tier", role="VIP", priority=5)
        await does(people, "limits", running=1)
        await asks(people, "the stuck one", user="ana")
        await people.card("Making the video")
        assert "Number 1 in line, ready about <t:" in await asks(people, "the next", user="ana")
        assert "Number 1 in line, ready about <t:" in await asks(people, "an important one", user="ben")
        assert "Number 3 in line, ready about <t:" in await asks(people, "the last", user="admin")
        await does(people, "limits", running=2)
        assert "important" in (await people.result())["content"]
