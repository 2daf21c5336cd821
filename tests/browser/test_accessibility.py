"""The sandbox's page for those who do not see it, see little, or have no mouse: what stands there is measured."""

import pytest
from playwright.async_api import Browser, expect

from bot.locale import words
from tests.browser.accessibility import barriers, hidden_states
from tests.browser.steps import ask, open_studio
from tests.browser.visitor import PHONE, WIDE, Stage

pytestmark = pytest.mark.asyncio(loop_scope="session")
RESULT = """
- article /Shotcaller, \\d\\d:\\d\\d/:
  - /children: deep-equal
  - button "Shotcaller"
  - text: APP
  - time: /\\d\\d:\\d\\d/
  - text: "@Olive your video is ready."
  - blockquote: A glass frog blinks
  - text: /AI-generated · Kirin 3 · standard · 1:1 · 3 seconds · made in .+ · 3 credits/
  - button "Again · 3"
  - button "Edit"
  - button "⭐"
  - button "More"
  - button "More actions"
"""
FORM = """
- dialog "Write the prompt":
  - /children: deep-equal
  - heading "Write the prompt" [level=2]
  - button "Close"
  - text: Prompt
  - textbox "Prompt"
  - text: Negative prompt
  - textbox "Negative prompt"
  - button "Cancel"
  - button "Submit"
"""
LOG = """
- log "hearing":
  - /children: deep-equal
  - article /Olive, \\d\\d:\\d\\d/:
    - button "Olive"
    - time: /\\d\\d:\\d\\d/
    - strong: hello
    - text: there,
    - button "Show the spoiler"
    - button "More actions"
  - article /Olive, \\d\\d:\\d\\d/:
    - text: is anybody here?
    - button "More actions"
"""


FADING = """
    <style>
        body { background: #fff } button { color: #000; background: #eee; border: 1px solid #000 }
        @media (min-width: 1px) { .paler:hover { color: #ccc } } .lost:focus-visible { outline: none }
        .found:focus-visible { outline: 2px solid #00f } .bright:hover { background: #fff; filter: brightness(.1) }
        .plain:focus-visible, .paler:focus-visible, .bright:focus-visible { outline: 2px solid #00f }
    </style>
    <button class="plain">Plain</button> <button class="paler">Paler</button> <button class="lost">Lost</button>
    <button class="found">Found</button> <button class="bright">Bright</button>
"""


async def test_what_fades_under_the_pointer_and_whose_focus_is_lost_is_told(browser: Browser) -> None:
    page = await browser.new_page()
    await page.set_content(FADING)
    told = ["hover: button.paler: text of contrast 1.38", "hover: button.bright: text of contrast 1.20"]
    assert await hidden_states(page) == [*told, "focus: button.lost: nothing shows it"]
    assert await page.evaluate("getComputedStyle(document.querySelector('.paler')).color") == "rgb(0, 0, 0)"
    await page.close()


@pytest.mark.parametrize(("size", "locale"), [(WIDE, "en-US"), (PHONE, "zh-CN")], ids=["wide", "phone"])
async def test_nothing_is_in_anybodys_way(stage: Stage, size: tuple[int, int], locale: str) -> None:
    say = words(locale)
    async with stage.visitor("admin", size=size, locale=locale) as ada:  # who has made nothing in the studio before
        await ask(ada, "quota")
        panel = await open_studio(ada)
        await panel.get_by_role("button", name=say("studio.camera")).click()
        await ada.sees(ada.page.get_by_role("option", name=say("camera.zoom_in")).first)
        assert await barriers(ada.page) == []
        await ada.page.keyboard.press("Escape")
        await ada.presses(panel, say("studio.prompt"))
        await ada.sees(ada.page.get_by_role("dialog"))
        assert await barriers(ada.page) == []
        await ada.page.keyboard.press("Escape")
        services = ada.page.locator("#panel")
        if not await services.is_visible():
            await ada.page.locator("#bar .toggle").last.click()
        for tab in await services.get_by_role("tab").all():
            await tab.click()
            assert await barriers(ada.page) == []


async def test_a_channel_a_result_and_a_form_are_told_in_full(stage: Stage) -> None:
    await stage.people.channel("hearing")  # where nobody else posts
    async with stage.visitor("owner") as owner:
        await owner.goes("hearing")
        await owner.sees(owner.page.get_by_text("Type / to see the bot's commands."))
        await owner.box.fill("/")
        offered = await (await owner.sees(owner.page.locator(".suggestions"))).locator("b").all_inner_texts()
        assert offered == sorted(offered)
        assert {"/about", "/admin usage", "/video create"} < set(offered)
        for line, shown in (("**hello** there, ||friend||", "hello there"), ("is anybody here?", "is anybody")):
            await owner.says(line)
            await owner.sees(owner.message(shown))
        await expect(owner.page.locator("#client")).to_match_aria_snapshot(LOG)
        await ask(owner, "video create", prompt="A glass frog blinks", duration="3", aspect="Square 1:1")
        await owner.sees(owner.message("your video is ready", "glass frog").locator("video"))
        await expect(owner.page.locator("#client")).to_match_aria_snapshot(RESULT)
        await owner.presses(await open_studio(owner), "Write the prompt")
        await expect(owner.page.locator("#client")).to_match_aria_snapshot(FORM)
