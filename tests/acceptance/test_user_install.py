"""Where only somebody has installed the bot for themselves: it answers them alone, and sends them their video."""

from tests.acceptance.people import Json, People, id_of
from tests.acceptance.system import SMALL, System

GROUP = "night owls"  # a group of people, in which no bot can be
MOST_FOLLOW_UPS = 5


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


async def opens_a_group(system: System) -> str:
    """Ana, who has the bot, and Ben, who has not, talk to each other; the id of the group."""
    await installs_for_herself(system)
    return await system.people.channel(GROUP, type="group", people=["ana", "ben"])


async def learned_by_others(people: People) -> list[Json]:
    return await people.messages(GROUP, user="ben")


async def test_in_a_group_only_who_asks_hears_of_it_and_the_video_comes_directly(system: System) -> None:
    people, group = system.people, await opens_a_group(system)
    async with system.bot(USER_INSTALL=True):
        sent = await people.types("video create", channel=GROUP, also=SMALL)
        assert "direct message" in await people.answer(sent)
        await system.rest()
        (message,) = await people.results("dm")
        assert "57 of 60 credits" in await people.answer(await people.types("quota", channel=GROUP))
        assert "not in the group" in await people.cannot_type("quota", user="ben", channel=GROUP)
        assert "not in the group" in await people.cannot_type("admin show", channel=GROUP)
    assert message["attachments"][0]["filename"].endswith(".mp4")
    assert len((await people.interaction(sent))["followups"]) <= MOST_FOLLOW_UPS
    assert await learned_by_others(people) == []
    assert [each["path"] for each in await people.requests() if group in each["path"]] == []
    (job,) = system.database.jobs()
    assert (job["guild_id"], job["private"]) == (None, 1)
    owners = {row["owner"] for row in system.database.rows("SELECT owner FROM accounts")}
    assert not any("@guild:" in owner for owner in owners)


async def test_a_video_for_a_group_comes_directly_when_its_answer_can_be_edited_no_more(system: System) -> None:
    people = system.people
    await opens_a_group(system)
    await people.fault("kirin", "file_missing", count=1_000)
    async with system.bot(USER_INSTALL=True):
        said = await people.answer(await people.types("video create", channel=GROUP, also=SMALL))
        assert "direct message" in said
        await people.passes(minutes=16)
        await people.fault("kirin", "file_missing", count=0)
        await people.result("dm")
        await system.rest()
    assert len(await people.results("dm")) == 1
    assert await learned_by_others(people) == []


async def test_who_takes_no_direct_messages_has_the_video_in_the_answer_in_a_group(system: System) -> None:
    people = system.people
    await opens_a_group(system)
    await people.change_settings(user="ana", dms_open=False)
    async with system.bot(USER_INSTALL=True):
        sent = await people.types("video create", channel=GROUP, also=SMALL)

        async def offered() -> Json | None:
            current: Json | None = (await people.interaction(sent))["current"]
            return current if current and "inbox:get:" in str(current["components"]) else None

        current = await people.until(offered, what="a button that fetches the video")
        given = await people.answered(await people.presses(current, id_of(current, "inbox:get:")))
    assert given["attachments"][0]["filename"].endswith(".mp4")
    assert given["visible_to"] == system.id_of("users", "ana")
    assert await learned_by_others(people) == []
    assert system.database.balances() == (0, 3)
