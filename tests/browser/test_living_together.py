"""Several people at the page: moderators who decide, members who are told, and the services that have trouble."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Route, expect

from tests.browser.visitor import PHONE, WIDE, Stage

pytestmark = pytest.mark.asyncio(loop_scope="session")
UNNAMED = """[...document.querySelectorAll('button, input, textarea, video')]
    .filter(each => !(each.innerText.trim() || each.ariaLabel || each.labels?.length)).map(each => each.outerHTML)"""
LISTEN = """() => new Promise(listening => {
    const source = new EventSource("/control/events")
    window.heard = new Promise(heard => source.addEventListener("message", () => heard(true)))
    source.addEventListener("open", listening)
})"""
SMALL = {"duration": "3", "aspect": "Square 1:1"}


@pytest.fixture(params=[WIDE, PHONE], ids=["wide", "phone"])
def size(request: pytest.FixtureRequest) -> tuple[int, int]:
    found: tuple[int, int] = request.param
    return found


@pytest_asyncio.fixture(loop_scope="session")
async def cases(stage: Stage, size: tuple[int, int]) -> AsyncIterator[str]:
    """A channel for moderators; afterwards nothing needs their approval any more."""
    place = f"cases-{size[0]}"
    await stage.people.channel(place)
    yield place
    also = {"approval": "off"}
    await stage.people.answer(await stage.people.types("admin moderation checks", user="admin", also=also))


async def test_a_moderator_approves_and_denies(stage: Stage, size: tuple[int, int], cases: str) -> None:
    async with stage.visitor("admin", size=size) as page:
        await page.types("admin moderation checks", approval="requests", channel=cases)
        await page.sees(page.message("Only you can see this"))
        await page.picture("checks")
        await page.becomes("Ben")
        for number in (1, 2):
            await page.types("video create", prompt=f"A night train {number} of {size[0]}", **SMALL)
            await page.sees(page.message("Only you can see this", "moderator"))
        await page.becomes("Ada")
        await page.goes(cases)
        await page.picture("cases")
        first = page.messages.filter(has_text=f"train 1 of {size[0]}")
        await page.presses(await page.sees(first), "Approve")
        await page.sees(page.messages.filter(has_text="Approved by"))
        await page.presses(page.messages.filter(has_text=f"train 2 of {size[0]}"), "Deny")
        form = await page.sees(page.page.get_by_role("dialog"))
        await form.get_by_role("textbox").fill("No trains at night")
        await page.picture("deny")
        await form.get_by_role("button", name="Submit").click()
        await page.sees(page.messages.filter(has_text="Denied by"))
        await page.sees(page.page.locator("#bar .who .badge"))
        await page.becomes("Ben")
        await page.goes("general")
        await page.sees(page.message("your video is ready", f"train 1 of {size[0]}").locator("video"))
        await page.sees(page.message("No trains at night"))
        await page.picture("decided")


async def test_what_one_does_another_sees_at_once_and_private_answers_not_at_all(stage: Stage) -> None:
    async with stage.visitor("ben") as ben, stage.visitor("owner") as owner:
        await owner.types("quota")
        await owner.sees(owner.message("Only you can see this"))
        await owner.box.fill("**hello** there ||you||")
        await owner.box.press("Enter")
        line = await ben.sees(ben.message("hello there"))
        assert await line.locator("strong").inner_text() == "hello"
        await expect(ben.messages.filter(has_text="Olive used /quota")).to_have_count(0)
        await line.get_by_role("button", name="Show the spoiler").click()
        await expect(line.locator(".spoiler")).to_have_class(re.compile("open"))
        await owner.goes("showcase")
        await ben.box.fill(f"<@{stage.sandbox.describe()['discord']['users']['owner']}> look")
        await ben.box.press("Enter")
        toast = await owner.sees(owner.page.locator(".toast"))
        await owner.picture("toast")
        await toast.get_by_text("mentioned you").click()
        await owner.sees(owner.message("@Olive look"))
        tools = owner.message("@Olive look")
        await tools.hover()
        await tools.get_by_role("button", name="More actions").click()
        await owner.picture("menu")
        await owner.page.get_by_role("option", name="Delete message").click()
        await expect(ben.messages.filter(has_text="@Olive look")).to_have_count(0)


async def test_nothing_that_people_write_becomes_a_part_of_the_page(stage: Stage) -> None:
    nasty = '<img src=x onerror=alert(1)> [x](javascript:alert(1)) <script>alert(1)</script> " onmouseover="alert(1)'
    await stage.people.says(nasty, user="ben", channel="showcase")
    async with stage.visitor("ana") as ana:
        await ana.goes("showcase")
        line = await ana.sees(ana.message("onerror"))
        assert nasty in await line.inner_text()
        assert await line.locator(".content :is(img, script, a)").count() == 0


async def test_trouble_is_made_with_a_click_and_the_bot_gets_over_it(stage: Stage, size: tuple[int, int]) -> None:
    async with stage.visitor("ana", size=size) as ana:
        panel = ana.page.locator("#panel")
        if not await panel.is_visible():
            await ana.page.get_by_role("button", name="Services").click()
        await panel.get_by_role("tab", name="Trouble").click()
        await panel.get_by_role("button", name="task_failed").click()
        await ana.sees(panel.locator(".fault[aria-pressed=true]"))
        await ana.picture("trouble")
        if size == PHONE:
            await ana.page.get_by_role("button", name="Services").click()
        await ana.types("video create", prompt=f"A sleepy cat {size[0]}", **SMALL)
        result = ana.message("your video is ready", f"sleepy cat {size[0]}")
        await ana.sees(result.locator("video"))
        if size == PHONE:
            await ana.page.get_by_role("button", name="Services").click()
        await panel.get_by_role("tab", name="Tasks").click()
        tasks = panel.locator("details.task").filter(has_text=f"sleepy cat {size[0]}")
        await ana.sees(tasks.first.locator(".state.good"))
        task = tasks.last
        await ana.sees(task.locator(".state.bad"))
        await task.locator("summary").click()
        await ana.sees(task.locator("pre").first)
        await ana.picture("tasks")
        await panel.get_by_role("tab", name="Money").click()
        await ana.sees(panel.get_by_text("Every account is the sum of its lines"))
        await ana.sees(panel.get_by_role("rowheader", name=re.compile(r"^Ana The Cutting Room · \d{4}-")).first)
        await ana.sees(panel.get_by_role("rowheader", name="The server's budget").first)
        await ana.picture("money")
        await panel.get_by_role("tab", name="Clock").click()
        before = stage.sandbox.clock.now()
        await panel.get_by_role("button", name="+ 1 minute").click()

        async def put_forward() -> bool:
            return stage.sandbox.clock.now() - before >= 60

        await stage.people.until(put_forward, what="a clock that was put forward")
        await ana.picture("clock")


async def test_what_is_typed_while_a_message_is_on_its_way_stays(stage: Stage) -> None:
    typed = asyncio.Event()

    async def hold(route: Route) -> None:
        await typed.wait()
        await route.continue_()

    async with stage.visitor("ben") as ben:
        await ben.page.route("**/control/messages", hold)
        await ben.box.fill("the first of two")
        await ben.box.press("Enter")
        await ben.box.fill("the second")
        typed.set()
        await ben.sees(ben.message("the first of two"))
        await expect(ben.box).to_have_value("the second")


async def test_a_line_that_broke_is_taken_up_again(stage: Stage) -> None:
    async with stage.visitor("ben") as ben:
        stage.sandbox.events.end()
        await stage.people.says("while nobody listened", user="owner")
        await ben.sees(ben.message("while nobody listened"))
        await stage.people.says("and afterwards", user="owner")
        await ben.sees(ben.message("and afterwards"))


async def test_an_option_for_a_person_takes_a_name(stage: Stage) -> None:
    async with stage.visitor("ana") as ana:
        await ana.types("gift", member="Ben", credits="2")
        await ana.sees(ana.message("can't give each other credits"))
    async with stage.visitor("admin") as admin:
        await admin.types("admin grant", member="Ben", credits="2")
        await admin.sees(admin.message("@Ben now has 2 credits"))
        await admin.types("admin grant", member="Ben", credits="-2")
        await admin.sees(admin.message("@Ben now has 0 credits"))
        await admin.types("admin grant", member="Shotcaller", credits="2", note="For a film")
        await admin.sees(admin.message("to a bot", "/admin grant member:Shotcaller#4242 credits:2 note:For a film"))


async def test_keys_alone_are_enough_and_keep_their_place(stage: Stage) -> None:
    async with stage.visitor("admin") as owner:
        keys = owner.page.keyboard
        await owner.box.focus()
        await keys.type("/video stud")
        await owner.sees(owner.page.locator(".suggestions .active b").get_by_text("/video studio", exact=True))
        await keys.press("Enter")
        await keys.press("Enter")
        panel = await owner.sees(owner.message("Studio"))
        length = panel.get_by_role("button", name=re.compile("5 seconds"))
        await length.focus()
        await keys.press("Enter")
        await owner.sees(owner.page.get_by_role("option", name=re.compile("5 seconds")).first)
        await keys.press("ArrowUp")
        await keys.press("Enter")
        shorter = await owner.sees(panel.get_by_role("button", name=re.compile("4 seconds")))
        await expect(shorter).to_be_focused()
        assert await owner.page.evaluate(UNNAMED) == []


async def test_what_is_said_while_the_page_opens_is_seen(stage: Stage) -> None:
    async with stage.visitor("owner") as owner:
        said = asyncio.Event()

        async def wait(route: Route) -> None:
            await said.wait()
            await route.continue_()

        await owner.page.route("**/control/offered?*", wait)
        await owner.page.reload(wait_until="domcontentloaded")
        await owner.page.evaluate(LISTEN)
        await stage.people.says("Are the owls up yet?", user="ben")
        await owner.page.evaluate("heard")
        said.set()
        await owner.sees(owner.message("Are the owls up yet?"))
