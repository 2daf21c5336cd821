"""Videos that are made in the browser: from the empty box to the playing video, and every press afterwards."""

import re

import pytest
from playwright.async_api import Locator, expect

from tests.browser.steps import ask, open_studio, paste_script
from tests.browser.visitor import PHONE, WIDE, Stage, Visitor

pytestmark = pytest.mark.asyncio(loop_scope="session")
SIZES = pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
PLAYS = "video => { video.muted = true; return video.play() }"


@SIZES
async def test_a_video_is_asked_for_and_plays_in_its_place(stage: Stage, size: tuple[int, int]) -> None:
    async with stage.visitor("ana", size=size) as ana:
        options = {"mode": "std", "duration": "3", "aspect": "Square 1:1"}
        await ask(ana, "video create", prompt=f"A kite of {size[0]} feet", **options)
        await ana.sees(ana.message("On its way"))
        await ana.picture("asked")
        await ana.sees(ana.message("Only you can see this"))
        result = await ana.sees(ana.message("your video is ready", f"{size[0]} feet"))
        video = await ana.sees(result.locator("video"))
        await video.evaluate(PLAYS)
        await expect(video).to_have_js_property("ended", value=True)
        await expect(ana.page.locator(".embed", has_text=f"{size[0]} feet")).to_have_count(0)
        await ana.picture("made")
        assert await ana.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@SIZES
async def test_a_storyboard_is_built_from_a_script(stage: Stage, size: tuple[int, int]) -> None:
    async with stage.visitor("ben" if size == WIDE else "owner", size=size) as ben:
        script = f"1. 3s A fox {size[0]} wakes\n2. 3s It runs"
        board = await paste_script(ben, script, seconds=6, first=f"A fox {size[0]} wakes")
        await ben.picture("storyboard")
        await ben.presses(board, re.compile("Generate"))
        await ben.presses(ben.message("Make it for 6 credits?"), re.compile("Make it"))
        result = await ben.sees(ben.message("your video is ready", f"fox {size[0]}"))
        await ben.sees(result.locator("video"))
    body = (await stage.people.tasks())[-1]["request"]
    assert "It runs" in str(body)


async def test_a_video_is_edited_by_choosing_on_a_phone(stage: Stage) -> None:
    async with stage.visitor("admin", size=PHONE) as ada:
        await ada.types("video create", prompt="A tin whale surfaces", duration="3", aspect="Square 1:1")
        result = await ada.sees(ada.message("A tin whale").filter(has=ada.page.locator("video")))
        await ada.presses(result, "Edit")
        form = await ada.sees(ada.page.get_by_role("dialog"))
        await ada.picture("edit")
        for shown, wanted in (("3 seconds", "4 seconds"), (": Make a selection$", "More settings first")):
            await form.get_by_role("button", name=re.compile(shown)).click()
            await ada.page.get_by_role("option", name=re.compile(wanted)).first.click()
        await ada.page.get_by_role("button", name="Done").click()
        await form.get_by_role("button", name="Submit").click()
        so_far = await ada.sees(ada.message("Ready to make", "4 seconds"))
        await ada.picture("edit-more")
        await ada.presses(so_far, re.compile("Make it · 4 credits"))
        await ada.sees(ada.message("A tin whale", "4 seconds").filter(has=ada.page.locator("video")))


async def test_a_pasted_script_is_shown_before_it_is_used(stage: Stage) -> None:
    async with stage.visitor("admin", size=PHONE) as ada:
        await ada.types("video storyboard", script="1. 3s A gull 2. 3s It dives")
        board = await ada.sees(ada.message("6 of 6 seconds"))
        await ada.presses(board, "Script")
        form = await ada.sees(ada.page.get_by_role("dialog"))
        await form.locator("textarea").fill(
            "| Time | Visual |\n|---|---|\n| 0:00-0:04 | A crab |\n| 0:04-0:07 | It waves |"
        )
        await form.get_by_role("button", name="Submit").click()
        read = await ada.sees(ada.message("I read 2 shots", "A crab"))
        await ada.picture("script-read")
        await ada.presses(read, "Use this")
        await ada.sees(ada.message("7 of 7 seconds", "It waves"))


@SIZES
async def test_the_studio_takes_every_choice(stage: Stage, size: tuple[int, int]) -> None:
    async with stage.visitor("ana" if size == WIDE else "owner", size=size) as ana:
        panel = await open_studio(ana)
        await ana.presses(panel, "Write the prompt")
        form = await ana.sees(ana.page.get_by_role("dialog"))
        await form.locator("textarea").first.fill(f"A lighthouse {size[0]}")
        await form.get_by_role("button", name="Submit").click()
        await ana.sees(panel.filter(has_text=f"A lighthouse {size[0]}"))
        await expect(panel.get_by_role("button", name="Write the prompt")).to_have_count(0)
        await ana.sees(panel.get_by_role("button", name="Change the prompt"))
        for button in ("Pro, 1080p", re.compile("Sound: off"), "Square"):
            await ana.presses(panel, button)
        await panel.get_by_role("button", name=re.compile("5 seconds")).click()
        await ana.picture("list")
        await ana.page.get_by_role("option", name=re.compile("^.*3 seconds")).first.click()
        await ana.sees(panel.get_by_role("button", name=re.compile("3 seconds")))
        await ana.sees(
            panel.filter(has_text="Set to: Kirin 3 · pro · 1:1 · 3 seconds · sound · posted in this channel")
        )
        await ana.picture("studio")
        await ana.presses(panel, re.compile("Generate"))
        await ana.sees(ana.message("your video is ready", f"lighthouse {size[0]}").locator("video"))
    body = (await stage.people.tasks())[-1]["request"]
    assert {"pro", "1:1"} <= set(re.findall(r"'(pro|1:1)'", str(body)))


async def test_a_camera_move_is_chosen_by_what_one_sees_and_comes_back_next_time(stage: Stage) -> None:
    async with stage.visitor("ben", size=PHONE) as ben:
        panel = await open_studio(ben, "A lighthouse that turns away")
        await panel.get_by_role("button", name="Kirin 3").first.click()
        model = ben.page.get_by_role("option").filter(has_text="camera moves · from 1 credit a second")
        await ben.picture("models")
        await model.first.click()
        await ben.chooses(panel, "No camera move", "Pan left")
        await ben.presses(panel, "Strong")
        await ben.sees(panel.filter(has_text="Kling 1 · standard · 16:9 · 5 seconds · strong pan left"))
        await ben.presses(panel, re.compile("Generate"))
        await ben.sees(ben.message("your video is ready", "turns away", "strong pan left").locator("video"))
        await ben.types("video studio")
        await ben.sees(ben.message("From last time: your prompt, Kling 1, Pan left, a strong move."))
        await ben.picture("last-time")
    config = (await stage.people.tasks())[-1]["request"]["camera_control"]["config"]
    assert {axis: amount for axis, amount in config.items() if amount} == {"tilt": -10}


async def press_and_close(person: Visitor, message: Locator, name: str) -> None:
    """Press a button, and close the form that it may open."""
    label = name.rpartition("\n")[2]
    await person.presses(message, re.compile(re.escape(label)))
    form = person.page.get_by_role("dialog")
    if await form.count():
        await person.picture(f"form-{label.lower()}")
        await form.get_by_role("button", name="Cancel").click()
        await expect(form).to_have_count(0)


async def test_every_button_under_a_video_does_something(stage: Stage) -> None:
    async with stage.visitor("owner") as owner:
        await owner.types("video create", prompt="A brass robot waters plants", duration="3", aspect="Square 1:1")
        result = await owner.sees(owner.message("your video is ready", "brass robot"))
        where = owner.page.locator(f'article[data-id="{await result.get_attribute("data-id")}"]')
        names = [await each.inner_text() for each in await where.locator(".row button").all()]
        assert len(names) == 4
        for name in names:
            await press_and_close(owner, where, name)
        info = owner.page.get_by_role("button", name="Info")
        menu = owner.messages.filter(has_text="Only you can see this").filter(has=info).last
        await owner.sees(menu)
        names = [await each.inner_text() for each in await menu.locator(".row button").all()]
        assert len(names) == 6
        for name in names:  # what comes of an entry takes the menu's place
            await owner.presses(where, "More")
            await press_and_close(owner, await owner.sees(menu), name)
        await expect(owner.page.locator("#client .note.failed:not(:empty)")).to_have_count(0)
        await owner.picture("pressed")


async def test_a_refusal_in_chinese_offers_what_is_taken(stage: Stage) -> None:
    async with stage.visitor("ben", locale="zh-CN", size=PHONE) as ben:
        await ask(ben, "video create", prompt="一只狐狸在图书馆打盹", duration="20")
        refusal = await ben.sees(ben.message("只有您可以看到"))
        await ben.picture("refusal")
        await refusal.locator(".row button").first.click()
        await ben.sees(ben.messages.filter(has_text="一只狐狸").locator("video").last)
