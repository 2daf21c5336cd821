"""`/admin setup`: every step holds at once, survives a restart, and is refused to others."""

import pytest

from bot.locale import words
from tests.acceptance.admins import everything_in, request_video, run_admin
from tests.acceptance.people import People
from tests.acceptance.system import System


async def panel(people: People, sent: str) -> str:
    """Everything that the panel says."""
    return everything_in((await people.interaction(sent))["current"])


async def presses(people: People, opened: str, step: str, *values: str, **more: str) -> str:
    message = (await people.interaction(opened))["current"]
    return await people.presses(message, f"setup:{step}", *values, user="admin", **more)


async def turns(people: People, opened: str, *pages: str) -> str:
    """Turn to a page after the other; what the last one says."""
    for page in pages:
        await people.edited(await presses(people, opened, f"page:{page}"))
    return await panel(people, opened)


async def test_five_steps_hold_at_once_even_after_a_restart_and_say_what_they_cost_a_day(system: System) -> None:
    people = system.people
    async with system.bot():
        opened = await people.types("admin setup", user="admin")
        await people.answered(opened)
        assert "1 of 5" in await panel(people, opened)
        await people.edited(await presses(people, opened, "channels", "general"))
        assert "I can post videos in" in await panel(people, opened)
        assert "Videos can't be made in this channel" in await request_video(people, channel="rushes")
    async with system.bot():
        said = await turns(people, opened, "credits")
        assert "2 of 5" in said
        assert "At most a day" in said
        form = await presses(people, opened, "credits")
        await people.form(form)
        await people.edited(await people.submits(form, user="admin", amount="2", period=["week"]))
        said = await panel(people, opened)
        assert "2 credits a week" in said
        assert "2 credits ($0.17) for each member" in said
        await turns(people, opened, "budget")
        form = await presses(people, opened, "budget")
        await people.form(form)
        await people.edited(await people.submits(form, user="admin", usd="12.50"))
        assert "$12.50** a month, about $0.42 a day" in await panel(people, opened)
        await turns(people, opened, "moderators")
        await people.edited(await presses(people, opened, "moderators", "general"))
        await turns(people, opened, "clock")
        await people.edited(await presses(people, opened, "audit", "general"))
        form = await presses(people, opened, "zone")
        await people.form(form)
        await people.edited(await people.submits(form, user="admin", zone="Asia/Tokyo"))
        said = await turns(people, opened, "done")
        for each in ("Asia/Tokyo", "2 credits a week", "$12.50", "The database answers"):
            assert each in said
        assert "2 credits" in await request_video(people)
        checked = await presses(people, opened, "check")
        await people.edited(checked)
        assert "The database answers" in await panel(people, opened)
        again = await people.types("admin setup", user="admin")
        await people.answered(again)
        assert "all in one place" in await panel(people, again)
    assert system.database.jobs() == []


async def test_a_channel_that_i_cannot_use_is_named_with_what_is_missing(system: System) -> None:
    people, say = system.people, words()
    await people.permissions("showcase", deny=["attach_files"])
    async with system.bot():
        opened = await people.types("admin setup", user="admin")
        await people.answered(opened)
        await people.edited(await presses(people, opened, "channels", "showcase"))
        said = await panel(people, opened)
        assert say("permission.attach_files") in said
        assert f"<#{system.id_of('channels', 'showcase')}>" in said


async def test_a_budget_below_what_is_spent_says_so(system: System) -> None:
    people = system.people
    async with system.bot():
        await request_video(people)
        await system.rest()
        opened = await people.types("admin setup", user="admin")
        await people.answered(opened)
        await turns(people, opened, "credits", "budget")
        form = await presses(people, opened, "budget")
        await people.form(form)
        await people.edited(await people.submits(form, user="admin", usd="0.10"))
        assert "This month has already cost $0.25" in await panel(people, opened)
        assert "This month has already cost $0.25" in await run_admin(people, "budget", monthly=0.2)
        assert "already cost" not in await run_admin(people, "budget", monthly=20)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("1,000", "$1,000.00"),
        ("1,250.5", "$1,250.50"),
        ("5,50", "$5.50"),
        ("$ 7", "$7.00"),
        ("-3", "`Budget a month`: at least 0"),
        ("2000000", "`Budget a month`: at most 1,000,000"),
        ("NaN", "`Budget a month` must be a number"),
    ],
)
async def test_an_amount_is_read_as_people_write_it_or_refused_in_words(system: System, typed: str, meant: str) -> None:
    people = system.people
    async with system.bot():
        opened = await people.types("admin setup", user="admin")
        await people.answered(opened)
        await turns(people, opened, "credits", "budget")
        form = await presses(people, opened, "budget")
        await people.form(form)
        sent = await people.submits(form, user="admin", usd=typed)

        async def said() -> bool:
            refused = await people.followup(sent)
            return meant in (refused["content"] if refused else await panel(people, opened))

        await people.until(said, what=meant)


async def test_no_credits_are_said_to_be_none_and_a_form_is_refused_in_its_own_words(system: System) -> None:
    people, say = system.people, words("zh-CN")
    async with system.bot():
        opened = await people.types("admin setup", user="admin", locale="zh-CN")
        await people.answered(opened)
        await turns(people, opened, "credits")
        form = await presses(people, opened, "credits", locale="zh-CN")
        await people.form(form)
        await people.edited(await people.submits(form, user="admin", locale="zh-CN", amount="0"))
        assert say("setup.text.credits.none") in await panel(people, opened)
        await turns(people, opened, "budget", "moderators", "clock")
        form = await presses(people, opened, "zone", locale="zh-CN")
        await people.form(form)
        sent = await people.submits(form, user="admin", locale="zh-CN", zone="Mars/Olympus")
        refused = await people.until(lambda: people.followup(sent), what="a refusal")
        assert say("policy.problem.zone", field=say("setup.form.zone")) in refused["content"]


@pytest.mark.parametrize(("step", "needed"), [("moderators", "attach_files"), ("audit", "view_channel")])
async def test_a_chosen_channel_that_lacks_a_permission_is_told_which(system: System, step: str, needed: str) -> None:
    people, say = system.people, words()
    await people.permissions("showcase", deny=[needed])
    async with system.bot():
        opened = await people.types("admin setup", user="admin")
        await people.answered(opened)
        await turns(people, opened, *(["credits", "budget", "moderators", "clock"][: 3 if step == "moderators" else 4]))
        sent = await presses(people, opened, step, "showcase")
        told = await people.until(lambda: people.followup(sent), what="the answer")
    assert say(f"permission.{needed}") in told["content"]
    assert "nothing was changed" in told["content"]
