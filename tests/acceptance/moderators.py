"""Moderators at work: a channel of theirs, the rules that an admin makes, the cases that they find there."""

from typing import Any, Final

from tests.acceptance.people import Json
from tests.acceptance.system import System

MOD_CHANNEL: Final = "mod"
ADMIN: Final = "admin"


async def set_checks(system: System, **chosen: Any) -> str:
    """Let the admin say what is looked at first, in a moderators' channel that is made for it; the answer."""
    channels = {each["name"] for each in (await system.people.guild())["channels"]}
    if MOD_CHANNEL not in channels:
        await system.people.channel(MOD_CHANNEL)
    options = {"channel": MOD_CHANNEL, **chosen}
    return await system.people.answer(await system.people.types("admin moderation checks", user=ADMIN, also=options))


async def rule(system: System, pattern: str, **more: str) -> str:
    """Let the admin add a rule; the answer."""
    sent = await system.people.types("admin moderation add", user=ADMIN, also={"rule": pattern, **more})
    return await system.people.answer(sent)


async def case(system: System, words: str = "") -> Json:
    """The first case with these words in the moderators' channel, as soon as it is there."""

    async def posted() -> Json | None:
        found = await system.people.messages(MOD_CHANNEL, user=ADMIN)
        return next((each for each in found if words in each["content"]), None)

    return await system.people.until(posted, what=f"a case that says {words!r}")


def button(message: Json, verb: str) -> str:
    """The `custom_id` of a case's button."""
    (found,) = [
        each["custom_id"]
        for row in message["components"]
        for each in row["components"]
        if each["custom_id"].startswith(f"case:{verb}:")
    ]
    return str(found)


async def approves(system: System, message: Json, *, user: str = ADMIN) -> str:
    """Press the button; the answer."""
    return await system.people.answer(await system.people.presses(message, button(message, "approve"), user=user))


async def opens_denial(system: System, message: Json, *, user: str = ADMIN) -> str:
    """Press the button, and see the form; the interaction that opened it."""
    opened = await system.people.presses(message, button(message, "deny"), user=user)
    await system.people.form(opened)
    return opened


async def denies(system: System, message: Json, *, reason: str = "", user: str = ADMIN) -> str:
    """Press the button, and send the form that opens; the answer."""
    opened = await opens_denial(system, message, user=user)
    return await system.people.answer(await system.people.submits(opened, user=user, reason=reason))
