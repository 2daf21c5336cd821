"""Every button, select and form of every panel, in both languages, with a restart in the middle."""

import re
from collections.abc import Iterator
from typing import Any, Final, TypeAlias

import pytest

from bot.app import answering
from tests.acceptance.people import People
from tests.acceptance.system import SMALL, System

Json: TypeAlias = dict[str, Any]

CHINESE: Final = re.compile("[一-鿿]")
ENGLISH: Final = re.compile(r"\b(the|your|is|of|you|and|it)\b", re.IGNORECASE)
BUTTON: Final = 2
TEXT: Final = 4
LINK: Final = 5
OPTIONS: Final[Json] = {**SMALL, "prompt": "狐狸"}  # typed in Chinese, so that any English is the bot's

PRESET: Final[Json] = {"name": "狐", "prompt": "狐狸", "duration": 3}

# Panels by the command that opens them.
PANELS: Final[dict[str, Json]] = {
    "video studio": {"prompt": "狐狸"},
    "video storyboard": {"script": "1. 2s 狐狸\n2. 2s 狐狸"},
    "library": {},
    "settings": {},
    "preset list": {},
    "inbox": {},
    "admin setup": {},
    "quota": {},
}

BELOW_A_RESULT: Final = ["again", "edit", "star", "more"]
IN_ITS_MENU: Final = ["pro", "shape", "board", "dm", "info", "delete", "report"]  # for an admin who is not its author


def pressable(part: Any) -> Iterator[Json]:
    """The buttons and selects of a message that can be used, wherever they stand."""
    for each in part if isinstance(part, list) else [part]:
        if "custom_id" in each and not each.get("disabled") and each.get("style") != LINK:
            yield each
        yield from pressable([*each.get("components", []), *filter(None, [each.get("accessory")])])


def texts(part: Any) -> Iterator[str]:
    """Everything that is to be read in a message or a form."""
    if isinstance(part, list):
        for each in part:
            yield from texts(each)
    elif isinstance(part, dict):
        yield from (part[key] for key in ("content", "title", "description", "label", "placeholder") if part.get(key))
        for key in ("embeds", "components", "options", "accessory", "component", "footer"):
            yield from texts(part.get(key, []))


async def press(people: People, message: Json, item: Json, *, locale: str) -> None:
    """Use one of them, and read what comes of it."""
    choices = [each["value"] for each in item.get("options", [])] or ["general"]  # without options it is a channel's
    values = [] if item["type"] == BUTTON else choices[-1:]
    sent = await people.presses(message, item["custom_id"], *values, user="admin", locale=locale)

    seen = await read(people, sent, what=item["custom_id"], locale=locale)
    if seen["modal"]:
        sent = await people.submits(sent, user="admin", locale=locale, **dict(blanks(seen["modal"]["components"])))
        await read(people, sent, what=f"the form of {item['custom_id']}", locale=locale)


async def read(people: People, sent: str, *, what: str, locale: str) -> Json:
    """Wait for what comes of an interaction, and see that it is in the reader's language."""

    async def settled() -> Json | None:
        seen = await people.interaction(sent)
        assert seen["failed"] is None, (what, seen["failed"])
        return seen if seen["acknowledged"] is not None else None

    async def ended() -> bool:
        return not answering()

    await people.until(settled, what=f"an answer to {what}")
    await people.until(ended, what=f"all that follows the acknowledgement of {what}")
    seen = await people.interaction(sent)
    said = " ".join(texts([*filter(None, [seen["modal"], *seen["followups"]]), *private(seen)]))
    if said and locale == "zh-CN":
        assert CHINESE.search(said), (what, said)
        assert ENGLISH.search(said) is None, (what, said)
    elif said:
        assert CHINESE.search(said.replace("狐狸", "").replace("狐", "")) is None, (what, said)
    return seen


def blanks(part: Any) -> Iterator[tuple[str, str]]:
    """What has to be filled in before a form can be sent: fields for text that are required and empty."""
    for each in part if isinstance(part, list) else [part]:
        if each.get("type") == TEXT and each.get("required", True) and not each.get("value"):
            yield each["custom_id"], "狐狸"
        yield from blanks([*each.get("components", []), *filter(None, [each.get("component")])])


def private(seen: Json) -> list[Json]:
    """The message that the interaction changed or made, where only its person reads it."""
    current = seen["current"]
    return [current] if current and "visible_to" in current else []


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
@pytest.mark.parametrize("panel", PANELS)
async def test_everything_on_a_panel_answers_in_the_readers_language(system: System, panel: str, locale: str) -> None:
    people = system.people
    async with system.bot():
        if panel in {"library", "inbox"}:
            await people.change_settings(user="admin", dms_open=panel != "inbox")  # what can't be sent waits there
            await people.types("video create", user="admin", also={**OPTIONS, "private": panel == "inbox"})
            await system.rest()
        if panel == "preset list":
            await people.answered(await people.types("preset save", user="admin", also=PRESET))
        opened = await people.types(panel, user="admin", locale=locale, also=PANELS[panel])
        count = len(list(pressable((await people.answered(opened))["components"])))
        assert count or panel == "preset list"
        for number in range(count // 2):
            await press_nth(people, opened, number, locale=locale)
    async with system.bot():
        for number in range(count // 2, count):
            await press_nth(people, opened, number, locale=locale)
        if system.database.jobs():
            await system.rest()


async def press_nth(people: People, opened: str, number: int, *, locale: str) -> None:
    """Use the n-th item of a panel as it is now; what an earlier press took away is left alone."""
    message = (await people.interaction(opened))["current"]
    items = list(pressable(message["components"])) if message else []
    if number < len(items):
        await press(people, message, items[number], locale=locale)


def action_of(item: Json) -> str:
    """What a button of a result does."""
    return str(item["custom_id"].split(":")[1])


async def menu_of(people: People, result: Json, *, locale: str) -> Json:
    """The private message with the rest of a result's buttons."""
    (more,) = [each for each in pressable(result["components"]) if action_of(each) == "more"]
    return await people.answered(await people.presses(result, more["custom_id"], user="admin", locale=locale))


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
async def test_every_button_of_a_result_answers_in_the_readers_language(system: System, locale: str) -> None:
    people = system.people
    async with system.bot(daily_credits=1000, max_jobs_per_user=20):
        await people.types("video create", also=OPTIONS)
        result = await people.result()
        await system.rest()
        buttons = list(pressable(result["components"]))
        assert [action_of(button) for button in buttons] == BELOW_A_RESULT
        for button in buttons:
            await press(people, result, button, locale=locale)
        await system.rest()
    async with system.bot(daily_credits=1000, max_jobs_per_user=20):
        for number in range(len(IN_ITS_MENU)):  # what comes of an entry takes the menu's place
            menu = await menu_of(people, result, locale=locale)
            entries = list(pressable(menu["components"]))
            assert [action_of(entry) for entry in entries] == IN_ITS_MENU
            await press(people, menu, entries[number], locale=locale)
        await system.rest()
