"""What admins do, and what members then meet."""

from collections.abc import Iterator
from typing import Any, Final

from tests.acceptance.people import Json, People
from tests.acceptance.system import SMALL


async def run_admin(people: People, name: str, /, *, user: str = "admin", **options: Any) -> str:
    """Type a command under `/admin`; the words of its private answer."""
    return await people.answer(await people.types(f"admin {name}", user=user, also=options))


async def request_video(people: People, *, user: str = "ana", channel: str = "general", **options: Any) -> str:
    """Ask for a small video; the words of the private answer."""
    wanted = {**SMALL, **options}
    return await people.answer(await people.types("video create", user=user, channel=channel, also=wanted))


async def audit_message(people: People, words: str, *, channel: str = "general") -> Json:
    """The message of the audit channel that says these words, as soon as it is there."""

    async def saying() -> Json | None:
        return next((each for each in await people.messages(channel, user="admin") if words in each["content"]), None)

    return await people.until(saying, what=f"an entry that says {words!r}")


def everything_in(part: Any) -> str:
    """All that is to be read in a message."""
    return "\n".join(_texts(part))


def _texts(part: Any) -> Iterator[str]:
    if isinstance(part, list):
        for each in part:
            yield from _texts(each)
    elif isinstance(part, dict):
        yield from (part[key] for key in ("content", "title", "description", "label", "placeholder") if part.get(key))
        for key in ("embeds", "components", "options", "accessory", "footer"):
            yield from _texts(part.get(key, []))


_PAGES: Final = ("credits", "budget", "moderators", "clock", "done")  # of `/admin setup`, after the first


async def turn_setup(people: People, opened: str, to: str) -> Json:
    """Turn the pages of a newly opened `/admin setup` as far as one of them; the message there."""
    for page in _PAGES[: _PAGES.index(to) + 1]:
        message = (await people.interaction(opened))["current"]
        await people.edited(await people.presses(message, f"setup:page:{page}", user="admin"))
    found: Json = (await people.interaction(opened))["current"]
    return found
