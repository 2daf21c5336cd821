"""The first message in a new server: once, where it may be written, with the way to set the bot up."""

import pytest

from sandbox.discord.permissions import EVERYONE, Permission
from tests.acceptance.admins import everything_in
from tests.acceptance.people import Json
from tests.acceptance.system import CRASHING, System

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


async def invites(system: System, *, by: str = "owner") -> None:
    """Somebody adds the bot to the server, for the first time or again."""
    await system.people.change_settings(bot_present=True, by=by)


async def lets_the_bot_view_the_audit_log(system: System) -> None:
    """Grant a permission that the bot does not ask for."""
    await system.people.change_settings(bot_present=False)
    usual = [str(each.name) for each in Permission if each & EVERYONE]
    await system.people.role("Shotcaller", permissions=[*usual, "view_audit_log"])


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


async def test_who_added_the_bot_is_told_directly_where_it_may_know_them(system: System) -> None:
    people = system.people
    await lets_the_bot_view_the_audit_log(system)
    async with system.bot():
        await invites(system, by="admin")

        async def direct() -> list[Json] | None:
            return await people.messages("dm", user="admin") or None

        (hello,) = await people.until(direct, what="the first message")
        await seen_to(system)
    assert HELLO in hello["content"]
    assert "**The Cutting Room**" in hello["content"]
    (button,) = hello["components"][0]["components"]
    assert button["url"].endswith(system.id_of("channels", "general"))
    assert await greetings(system) == []
    assert await people.messages("dm", user="owner") == []


async def test_where_who_added_the_bot_takes_no_direct_messages_the_channel_is_told(system: System) -> None:
    people = system.people
    await lets_the_bot_view_the_audit_log(system)
    await people.change_settings(user="admin", dms_open=False)
    async with system.bot():
        await invites(system, by="admin")
        await people.until(lambda: greeted(system), what="the first message")
        await seen_to(system)
    assert len(await greetings(system)) == 1
    assert await people.messages("dm", user="admin") == []


async def killed(system: System, point: str) -> None:
    """Start the bot, and wait until it has killed itself at that point."""
    async with system.process(arguments=[CRASHING, str(system.folder / "points"), point]) as process:

        async def dead() -> bool:
            return process.returncode is not None

        await system.people.until(dead, what=f"the end {point}")


@pytest.mark.parametrize("point", ["before welcome", "after welcome"])
async def test_killed_while_it_is_told_who_added_the_bot_is_told_once(system: System, point: str) -> None:
    people = system.people
    await lets_the_bot_view_the_audit_log(system)
    await people.change_settings(bot_present=True, by="admin")
    await killed(system, point)
    await people.passes(minutes=10)  # Discord has forgotten the nonce
    async with system.bot():
        await seen_to(system)
    assert len(await people.messages("dm", user="admin")) == 1
    assert await greetings(system) == []


@pytest.mark.parametrize("directly", [True, False], ids=["directly", "in the channel"])
async def test_a_server_whose_language_was_changed_since_the_bot_was_killed_is_told_once(
    system: System, *, directly: bool
) -> None:
    people = system.people
    if directly:
        await lets_the_bot_view_the_audit_log(system)
    else:
        await people.change_settings(bot_present=False)
    await people.change_settings(bot_present=True, by="admin")
    await killed(system, "after welcome")
    await people.passes(minutes=10)
    await people.change_settings(locale="zh-CN")
    async with system.bot():
        await seen_to(system)
    everywhere = [*await people.messages("dm", user="admin"), *await people.messages("general")]
    assert len([each for each in everywhere if each["components"]]) == 1
