"""Moderators at work: a channel of theirs, the rules that an admin makes, the cases that they find there."""

from typing import Any, Final

from tests.acceptance.people import Json
from tests.acceptance.stage import Stage

ROOM: Final = "mod"
ADMIN: Final = "admin"


async def checks(stage: Stage, **chosen: Any) -> str:
    """Let the admin say what is looked at first, in a moderators' channel that is made for it; the answer."""
    rooms = {each["name"] for each in (await stage.people.guild())["channels"]}
    if ROOM not in rooms:
        await stage.people.room(ROOM)
    options = {"channel": ROOM, **chosen}
    return await stage.people.answer(await stage.people.types("admin moderation checks", user=ADMIN, also=options))


async def rule(stage: Stage, pattern: str, **more: str) -> str:
    """Let the admin add a rule; the answer."""
    sent = await stage.people.types("admin moderation add", user=ADMIN, also={"rule": pattern, **more})
    return await stage.people.answer(sent)


async def case(stage: Stage, words: str = "") -> Json:
    """The first case with these words in the moderators' channel, as soon as it is there."""

    async def posted() -> Json | None:
        found = await stage.people.messages(ROOM, user=ADMIN)
        return next((each for each in found if words in each["content"]), None)

    return await stage.people.until(posted, what=f"a case that says {words!r}")


def button(message: Json, verb: str) -> str:
    """The `custom_id` of a case's button."""
    (found,) = [
        each["custom_id"]
        for row in message["components"]
        for each in row["components"]
        if each["custom_id"].startswith(f"case:{verb}:")
    ]
    return str(found)


async def approves(stage: Stage, message: Json, *, user: str = ADMIN) -> str:
    """Press the button; the answer."""
    return await stage.people.answer(await stage.people.presses(message, button(message, "approve"), user=user))


async def opens_denial(stage: Stage, message: Json, *, user: str = ADMIN) -> str:
    """Press the button, and see the form; the interaction that opened it."""
    opened = await stage.people.presses(message, button(message, "deny"), user=user)
    await stage.people.form(opened)
    return opened


async def denies(stage: Stage, message: Json, *, reason: str = "", user: str = ADMIN) -> str:
    """Press the button, and send the form that opens; the answer."""
    opened = await opens_denial(stage, message, user=user)
    return await stage.people.answer(await stage.people.submits(opened, user=user, reason=reason))
