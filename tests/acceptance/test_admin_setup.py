"""`/admin setup`: every step holds at once, survives a restart, and is refused to others."""

import pytest

from bot.locale import words
from tests.acceptance.admins import everything_in, request_video
from tests.acceptance.people import People
from tests.acceptance.system import System


async def panel(people: People, sent: str) -> str:
    """Everything that the panel says."""
    return everything_in((await people.interaction(sent))["current"])


async def presses(people: People, opened: str, step: str, *values: str, **more: str) -> str:
    message = (await people.interaction(opened))["current"]
    return await people.presses(message, f"setup:{step}", *values, user="admin", **more)


async def test_every_step_of_the_first_run_holds_at_once_even_after_a_restart(system: System) -> None:
    people = system.people
    async with system.bot():
        opened = await people.types("admin setup", user="admin")
        await people.answered(opened)
        assert "6 steps are still open" in await panel(people, opened)
        await people.edited(await presses(people, opened, "channels", "general"))
        assert "Videos can't be made in this channel" in await request_video(people, channel="rushes")
    async with system.bot():
        await people.edited(await presses(people, opened, "moderators", "general"))
        await people.edited(await presses(people, opened, "audit", "general"))
        form = await presses(people, opened, "zone")
        await people.form(form)
        await people.edited(await people.submits(form, user="admin", zone="Asia/Tokyo"))
        form = await presses(people, opened, "credits")
        await people.form(form)
        await people.edited(await people.submits(form, user="admin", amount="2", period=["week"]))
        form = await presses(people, opened, "budget")
        await people.form(form)
        await people.edited(await people.submits(form, user="admin", usd="12.50"))
        said = await panel(people, opened)
        assert "All steps are done" in said
        assert "The database answers" in said
        assert "Asia/Tokyo" in said
        assert "2 credits a week" in said
        assert "$12.50" in said
        assert "2 credits" in await request_video(people)
        checked = await presses(people, opened, "check")
        await people.edited(checked)
        assert "I may post videos in" in await panel(people, opened)
        assert "The database answers" in await panel(people, opened)
    assert system.database.jobs() == []


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("1,000", "$1,000.00"),
        ("1,250.5", "$1,250.50"),
        ("5,50", "$5.50"),
        ("$ 7", "$7.00"),
        ("-3", "`monthly`: at least 0"),
        ("2000000", "`monthly`: at most 1000000"),
        ("NaN", "`monthly`: has to be a number"),
    ],
)
async def test_an_amount_is_read_as_people_write_it_or_refused_in_words(system: System, typed: str, meant: str) -> None:
    people = system.people
    async with system.bot():
        opened = await people.types("admin setup", user="admin")
        await people.answered(opened)
        form = await presses(people, opened, "budget")
        await people.form(form)
        sent = await people.submits(form, user="admin", usd=typed)

        async def said() -> bool:
            refused = await people.followup(sent)
            return meant in (refused["content"] if refused else await panel(people, opened))

        await people.until(said, what=meant)


@pytest.mark.parametrize(("step", "needed"), [("moderators", "attach_files"), ("audit", "view_channel")])
async def test_a_chosen_channel_that_lacks_a_permission_is_told_which(system: System, step: str, needed: str) -> None:
    people, say = system.people, words()
    await people.permissions("showcase", deny=[needed])
    async with system.bot():
        opened = await people.types("admin setup", user="admin")
        await people.answered(opened)
        sent = await presses(people, opened, step, "showcase")
        told = await people.until(lambda: people.followup(sent), what="the answer")
    assert say(f"permission.{needed}") in told["content"]
    assert "nothing was changed" in told["content"]
