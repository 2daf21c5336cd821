"""The first message in a new server: once, where it may be written, with the way to set the bot up."""

from tests.acceptance.admins import everything_in
from tests.acceptance.people import Json
from tests.acceptance.system import System

HELLO = "I turn words into videos"


async def greetings(system: System, channel: str = "general") -> list[Json]:
    return [each for each in await system.people.messages(channel) if HELLO in each["content"]]


async def greeted(system: System) -> list[Json] | None:
    return await greetings(system) or None


async def seen_to(system: System) -> None:
    """Wait until nothing is left to be posted."""
    await system.people.online()
    await system.people.answer(await system.people.types("about"))

    async def resting() -> bool:
        return not system.database.rows("SELECT * FROM outbox WHERE due_at IS NOT NULL")

    await system.people.until(resting, what="an empty outbox")


async def invites(system: System) -> None:
    """Somebody adds the bot to the server, for the first time or again."""
    await system.people.change_settings(bot_present=True)


async def test_a_new_server_is_told_once_what_the_bot_does_and_an_admin_sets_it_up_from_there(system: System) -> None:
    people = system.people
    await people.change_settings(bot_present=False)
    async with system.bot():
        await invites(system)
        (hello,) = await people.until(lambda: greeted(system), what="the first message")
        (button,) = hello["components"][0]["components"]
        refused = await people.answer(await people.presses(hello, button["custom_id"], user="ana"))
        assert "Manage Server" in refused
        opened = await people.presses(hello, button["custom_id"], user="admin")
        assert "1 of 5" in everything_in(await people.answered(opened))
        await people.change_settings(bot_present=False)
        await invites(system)
        await seen_to(system)
    async with system.bot():
        await seen_to(system)
        assert len(await greetings(system)) == 1


async def test_a_server_that_was_joined_while_the_bot_was_away_is_told_at_its_start(system: System) -> None:
    await system.people.change_settings(bot_present=False)
    await invites(system)
    async with system.bot():
        await system.people.until(lambda: greeted(system), what="the first message")


async def test_where_the_bot_may_not_write_or_should_not_nothing_is_said(system: System) -> None:
    people = system.people
    for channel in ("general", "showcase", "nsfw", "rushes"):
        await people.permissions(channel, deny=["send_messages"])
    await people.change_settings(bot_present=False)
    async with system.bot():
        await invites(system)
        await seen_to(system)
    assert system.database.rows("SELECT * FROM outbox") == []
    await people.permissions("general", deny=[])
    async with system.bot(WELCOME_MESSAGE="false"):
        await people.change_settings(bot_present=False)
        await invites(system)
        await seen_to(system)
    assert await greetings(system) == []


async def test_servers_in_which_the_bot_has_long_been_hear_nothing(system: System) -> None:
    async with system.bot():
        await seen_to(system)
    assert await greetings(system) == []
