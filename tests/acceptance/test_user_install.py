"""Where only somebody has installed the bot for themselves: it answers them alone, and sends them their video."""

from tests.acceptance.people import People
from tests.acceptance.system import SMALL, System


async def asks(people: People, **options: object) -> str:
    return await people.answer(await people.types("video create", also={**SMALL, **options}))


async def installs_for_herself(system: System) -> None:
    """Ana has the bot, and the server has not."""
    await system.people.change_settings(user="ana", has_app=True)


async def test_a_video_asked_for_where_the_bot_is_not_goes_to_its_person(system: System) -> None:
    people = system.people
    await installs_for_herself(system)
    async with system.bot(USER_INSTALL=True):
        await people.change_settings(bot_present=False)
        said = await asks(people)
        assert "direct message" in said
        await system.rest()
        (job,) = system.database.jobs()
        assert (job["guild_id"], job["private"], job["status"]) == (None, 1, "succeeded")
        (message,) = [each for each in await people.messages("dm", user="ana") if each["attachments"]]
        assert message["attachments"][0]["filename"].endswith(".mp4")
        assert "57 of 60 credits" in await people.answer(await people.types("quota"))
        owners = {row["owner"] for row in system.database.rows("SELECT owner FROM accounts")}
        assert not any("@guild:" in owner for owner in owners)


async def test_what_a_server_decides_binds_nobody_elsewhere_and_admins_commands_are_not_offered(system: System) -> None:
    people = system.people
    await people.change_settings(user="admin", has_app=True)
    async with system.bot(USER_INSTALL=True):
        await people.answer(await people.types("admin pause", user="admin"))
        await people.change_settings(bot_present=False)
        assert "not in the guild" in await people.cannot_type("admin show", user="admin")
        assert "not in the guild" in await people.cannot_type("gift", user="admin", member="ana", credits=1)
        said = await people.answer(await people.types("video create", user="admin", also=SMALL))
        assert "3 credits" in said


async def test_unless_the_operator_allows_it_nothing_is_offered_there(system: System) -> None:
    people = system.people
    await installs_for_herself(system)
    async with system.bot():
        await people.change_settings(bot_present=False)
        assert "not in the guild" in await people.cannot_type("video create", prompt="a fox")


async def test_in_a_server_that_has_the_bot_its_rules_hold_for_them_too(system: System) -> None:
    people = system.people
    await installs_for_herself(system)
    async with system.bot(USER_INSTALL=True):
        await people.answer(await people.types("admin pause", user="admin", reason="film night"))
        assert "film night" in await asks(people)
    assert system.database.jobs() == []
