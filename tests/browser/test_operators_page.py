"""The operator's page in a browser: no secret stays behind, what changes is seen, what is decided is done."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp.test_utils import unused_port
from playwright.async_api import Browser, Page, expect

from bot.domain import EVERYWHERE, AuditEntry, DeadLetter, JobStatus
from bot.web.page.site import serve_page
from tests.service.services import Services, open_services

pytestmark = pytest.mark.asyncio(loop_scope="session")

OWNER = 9
PAGES = ("", "/jobs", "/cases", "/spend", "/audit", "/settings")


@asynccontextmanager
async def office(folder: Path) -> AsyncIterator[tuple[Services, str]]:
    """The page over real services, and its address."""
    port = unused_port()
    address = f"http://127.0.0.1:{port}/page"
    async with open_services(folder) as services:
        services.restart(page_port=port)
        services.staff.running.add((OWNER, EVERYWHERE))
        async with serve_page(services.bot.services, host="127.0.0.1", port=port, address=address):
            yield services, address


@asynccontextmanager
async def window(browser: Browser, *, width: int, locale: str) -> AsyncIterator[Page]:
    """A window in which nothing may go wrong unseen."""
    context = await browser.new_context(viewport={"width": width, "height": 900}, locale=locale)
    page, problems = await context.new_page(), list[str]()
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield page
    await context.close()
    assert problems == []


async def sign_in(page: Page, services: Services, *, locale: str) -> None:
    entry = AuditEntry(id="link", guild_id=EVERYWHERE, actor_id=OWNER, action="page_link", at=services.clock())
    link = await services.bot.services.page_access.invite(entry, locale=locale)
    await page.goto(link)
    assert "#" not in page.url
    await page.locator("#sign-in button").click()
    await page.wait_for_url("**/page")


@pytest.mark.parametrize(("width", "locale"), [(1280, "en-US"), (390, "zh-CN")])
async def test_an_owner_decides_about_a_dead_letter(browser: Browser, tmp_path: Path, width: int, locale: str) -> None:
    async with office(tmp_path) as (services, address), window(browser, width=width, locale=locale) as page:
        job = await services.jobs.mark_dead_letter(
            await services.submitting(prompt="<img src=x onerror=alert(1)>"),
            reason=DeadLetter.OUTCOME_UNKNOWN,
            now=services.clock(),
        )
        await sign_in(page, services, locale=locale)
        for path in PAGES:
            await page.goto(f"{address}{path}")
            assert await page.locator("html").get_attribute("lang") == locale
            assert await page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        await page.goto(f"{address}/jobs")
        await page.get_by_role("link", name=job.id).click()
        await expect(page.locator("pre")).to_have_text("<img src=x onerror=alert(1)>")
        await page.locator("summary").nth(2).click()
        await page.locator("details[open] button").click()
        await expect(page.get_by_role("status")).to_be_visible()
        assert (await services.job(job)).status is JobStatus.FAILED


async def test_the_overview_changes_by_itself(browser: Browser, tmp_path: Path) -> None:
    async with office(tmp_path) as (services, _), window(browser, width=1280, locale="en-US") as page:
        await sign_in(page, services, locale="en-US")
        await expect(page.locator("main")).to_contain_text("Nothing is under way.")
        await services.queued()
        await expect(page.locator("main")).to_contain_text("Waiting in line", timeout=20_000)
        await page.locator("header button").click()
        await expect(page.locator("main")).to_contain_text("You are signed out.")
