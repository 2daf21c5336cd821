"""Everything that Discord's messages and forms may have, drawn and used: what a bot sends that is not ours."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, expect

from sandbox.server import Sandbox
from tests.acceptance.people import People
from tests.browser.accessibility import barriers
from tests.browser.visitor import PHONE, WIDE, Stage, Visitor
from tests.patience import FIRST_ANSWER
from tests.sandbox.conftest import Bot, Harness

pytestmark = pytest.mark.asyncio(loop_scope="session")
VERSION_2, PRIVATE = 1 << 15, 1 << 6
OPTIONS = [{"label": name, "value": name.lower(), "description": f"about {name}"} for name in ("One", "Two", "Three")]
MESSAGE: list[dict[str, Any]] = [
    {
        "type": 17,
        "accent_color": 0x55AA88,
        "components": [
            {
                "type": 10,
                "content": "# A title\n- one\n- two with `code`\n> quoted\n-# small\n~~gone~~ __under__ *leaning*",
            },
            {"type": 14, "spacing": 2},
            {
                "type": 9,
                "components": [{"type": 10, "content": "Beside a button"}],
                "accessory": {"type": 2, "style": 5, "label": "Elsewhere", "url": "https://example.com/a"},
            },
            {
                "type": 1,
                "components": [
                    {"type": 2, "style": style, "label": name, "custom_id": name}
                    for style, name in enumerate(("First", "Second", "Third", "Fourth"), start=1)
                ],
            },
            {
                "type": 1,
                "components": [
                    {"type": 3, "custom_id": "several", "max_values": 2, "placeholder": "Up to two", "options": OPTIONS}
                ],
            },
            {"type": 1, "components": [{"type": 5, "custom_id": "who", "placeholder": "Somebody"}]},
            {"type": 1, "components": [{"type": 6, "custom_id": "role", "placeholder": "A role"}]},
            {"type": 1, "components": [{"type": 7, "custom_id": "any", "placeholder": "Either"}]},
            {"type": 1, "components": [{"type": 8, "custom_id": "where", "placeholder": "A channel"}]},
        ],
    },
    {"type": 13, "file": {"url": "attachment://notes.txt"}, "spoiler": True},
]


def label(name: str, component: dict[str, Any]) -> dict[str, Any]:
    return {"type": 18, "label": name, "description": f"Say {name}", "component": component}


FORM: dict[str, Any] = {
    "custom_id": "form",
    "title": "Everything",
    "components": [
        label("Words", {"type": 4, "custom_id": "words", "style": 2, "max_length": 200}),
        label("Choice", {"type": 3, "custom_id": "choice", "options": OPTIONS}),
        label("Person", {"type": 5, "custom_id": "person", "required": False}),
        label("File", {"type": 19, "custom_id": "file", "required": False}),
        label("Sure", {"type": 23, "custom_id": "sure"}),
    ],
}
SAMPLES = [{"value": name.lower(), "label": name, "description": f"like {name}"} for name in ("Oil", "Ink", "Clay")]
GROUPS: dict[str, Any] = {
    "custom_id": "groups",
    "title": "Groups",
    "components": [
        label("Look", {"type": 21, "custom_id": "look", "options": SAMPLES}),
        label("Kept", {"type": 21, "custom_id": "kept", "options": [{**SAMPLES[0], "default": True}, SAMPLES[1]]}),
        label("Left", {"type": 21, "custom_id": "left", "options": SAMPLES, "required": False}),
        label("Two", {"type": 22, "custom_id": "two", "options": SAMPLES, "min_values": 2, "max_values": 2}),
        label("Any", {"type": 22, "custom_id": "any", "options": SAMPLES, "min_values": 0, "required": False}),
    ],
}


@pytest_asyncio.fixture(loop_scope="session")
async def plain(browser: Browser) -> AsyncIterator[tuple[Harness, Stage]]:
    """A sandbox without our bot: the test answers as one."""
    async with (
        Sandbox(environment={}, identify_seconds=0, first_answer_seconds=FIRST_ANSWER) as sandbox,
        aiohttp.ClientSession() as client,
    ):
        stage = Stage(browser=browser, sandbox=sandbox, people=People(client, sandbox.control))
        yield Harness(sandbox=sandbox, client=client, seconds=[time.time()]), stage


async def chosen(bot: Bot, harness: Harness) -> Any:
    """What somebody chose; it is acknowledged."""
    interaction = await bot.event("INTERACTION_CREATE")
    await harness.answer(interaction, 6)
    return interaction["data"].get("values")


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
async def test_every_component_is_drawn_and_can_be_used(plain: tuple[Harness, Stage], size: tuple[int, int]) -> None:
    harness, stage = plain
    async with harness.online() as bot, stage.visitor("ana", size=size) as ana:
        body = {"flags": VERSION_2, "components": MESSAGE, "attachments": [{"id": "0", "filename": "notes.txt"}]}
        status, sent = await harness.send_files(body, ("notes.txt", b"hello"))
        assert status == 200, sent
        message = await ana.sees(ana.message("A title"))
        assert await message.locator(".item").count() == 2
        assert await message.locator("blockquote, s, u, em, code, small").count() >= 6
        await expect(message.get_by_role("link", name="Elsewhere")).to_have_attribute("rel", re.compile("noopener"))
        await ana.picture("components")
        files = message.get_by_role("link", name="notes.txt")
        await expect(files).to_have_count(1)
        await message.get_by_role("button", name="Spoiler").click()
        await expect(message.locator(".cover")).to_have_count(0)

        await message.get_by_role("button", name="Up to two").click()
        await ana.page.get_by_role("option", name="One").click()
        await ana.page.get_by_role("option", name="Three").click()
        await ana.picture("several")
        assert await barriers(ana.page) == []
        await ana.page.get_by_role("button", name="Done").click()
        assert await chosen(bot, harness) == ["one", "three"]
        for placeholder, option, value in (
            ("Somebody", "Ben", harness.user("ben")),
            ("A role", "@Moderators", None),
            ("Either", "Ada", harness.user("admin")),
            ("A channel", "# showcase", harness.channel("showcase").id),
        ):
            await message.get_by_role("button", name=placeholder).click()
            await ana.page.get_by_role("option", name=option).first.click()
            values = await chosen(bot, harness)
            assert values == [value] if value else len(values) == 1


async def opened(bot: Bot, harness: Harness, visitor: Visitor, form: dict[str, Any]) -> Locator:
    """The form that a press of a button opens."""
    await harness.say(
        "Press",
        components=[{"type": 1, "components": [{"type": 2, "style": 1, "label": "Ask me", "custom_id": "a"}]}],
    )
    await (await visitor.sees(visitor.message("Press"))).get_by_role("button", name="Ask me").click()
    await harness.answer(await bot.event("INTERACTION_CREATE"), 9, form)
    return await visitor.sees(visitor.page.get_by_role("dialog"))


async def test_one_of_a_group_is_chosen_and_boxes_are_ticked(plain: tuple[Harness, Stage]) -> None:
    harness, stage = plain
    async with harness.online() as bot, stage.visitor("ana", size=PHONE) as ana:
        form = await opened(bot, harness, ana, GROUPS)
        look, kept = form.get_by_role("radiogroup", name="Look"), form.get_by_role("radiogroup", name="Kept")
        await expect(kept.get_by_role("radio", name="Oil")).to_be_checked()
        await form.get_by_role("button", name="Submit").click()
        await ana.sees(form.get_by_text("'look' takes 1 to 1 values, not 0"))
        await look.get_by_role("radio", name="Ink").check()
        await look.get_by_role("radio", name="Ink").press("ArrowDown")
        await expect(look.get_by_role("radio", name="Ink")).not_to_be_checked()
        two = form.get_by_role("group", name="Two")
        for each in ("Oil", "Ink", "Clay"):
            await two.get_by_role("checkbox", name=each).check()
        await form.get_by_role("button", name="Submit").click()
        await ana.sees(form.get_by_text("'two' takes 2 to 2 values, not 3"))
        await two.get_by_role("checkbox", name="Ink").press(" ")
        await ana.picture("groups")
        assert await barriers(ana.page) == []
        await form.get_by_role("button", name="Submit").click()
        interaction = await bot.event("INTERACTION_CREATE")
        await harness.answer(interaction, 4, {"content": "Thank you"})
        await expect(form).to_have_count(0)
        ana.errors.clear()  # the browser tells of the two answers 400
    answers = [part["component"] for part in interaction["data"]["components"]]
    assert [each.get("value", each.get("values")) for each in answers] == ["clay", "oil", None, ["oil", "clay"], []]


async def test_every_field_of_a_form_is_filled_in_and_sent(plain: tuple[Harness, Stage], tmp_path: Path) -> None:
    harness, stage = plain
    path = tmp_path / "notes.txt"
    await asyncio.to_thread(path.write_text, "hello")
    async with harness.online() as bot, stage.visitor("ana", size=PHONE) as ana:
        form = await opened(bot, harness, ana, FORM)
        await form.get_by_role("button", name="Submit").click()
        await ana.sees(form.get_by_text("'words' is required"))
        await form.get_by_label("Words").fill("some words")
        await form.get_by_role("button", name="Choice: Make a selection").click()
        await ana.page.get_by_role("option", name="Two").click()
        await form.get_by_label("File").set_input_files(path)
        await form.get_by_label("Sure").check()
        await ana.picture("form")
        assert await barriers(ana.page) == []
        await form.get_by_role("button", name="Submit").click()
        interaction = await bot.event("INTERACTION_CREATE")
        await harness.answer(interaction, 4, {"content": "Thank you", "flags": PRIVATE})
        await ana.sees(ana.message("Thank you", "Only you can see this"))
        await ana.message("Thank you").get_by_role("button", name="Dismiss message").click()
        await expect(ana.messages.filter(has_text="Thank you")).to_have_count(0)
        ana.errors.clear()  # the browser tells of the answer 400 to the empty form
    answers = {part["component"]["custom_id"]: part["component"] for part in interaction["data"]["components"]}
    assert answers["words"]["value"] == "some words"
    assert answers["choice"]["values"] == ["two"]
    assert answers["sure"]["value"] is True
    (file,) = interaction["data"]["resolved"]["attachments"].values()
    assert (file["filename"], file["size"]) == ("notes.txt", 5)


async def test_a_bot_that_does_not_answer_is_said_to_have_failed(plain: tuple[Harness, Stage]) -> None:
    harness, stage = plain
    stage.sandbox.discord.interactions.first_answer_seconds = 0.5
    async with harness.online(), stage.visitor("ana") as ana:
        await harness.say(
            "Press",
            components=[{"type": 1, "components": [{"type": 2, "style": 1, "label": "Ask me", "custom_id": "a"}]}],
        )
        await (await ana.sees(ana.message("Press"))).get_by_role("button", name="Ask me").click()
        await ana.sees(ana.message("Press").get_by_text("This interaction failed"))
        await ana.picture("no-answer")
