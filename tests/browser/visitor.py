"""Somebody at the page: what they see and press there, by the names that a screen reader says."""

import os
import re
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from playwright.async_api import Browser, Locator, Page, expect

from sandbox.server import Sandbox
from tests import patience
from tests.acceptance.people import People

PATIENCE: Final = patience.PATIENCE * 1000  # milliseconds until what never comes is given up
WIDE, PHONE = (1280, 820), (390, 844)
SEND: Final = re.compile("^(Send|发送|Enviar)$")


@dataclass(frozen=True, kw_only=True)
class Stage:
    """The sandbox with the bot in it, and the browser."""

    browser: Browser
    sandbox: Sandbox
    people: People

    def visitor(
        self, user: str = "ana", *, size: tuple[int, int] = WIDE, locale: str = "en-US"
    ) -> "AbstractAsyncContextManager[Visitor]":
        """Somebody who opens the page."""
        return visit(self.browser, self.sandbox.url, user, size=size, locale=locale)


@asynccontextmanager
async def visit(
    browser: Browser, url: str, user: str, *, size: tuple[int, int] = WIDE, locale: str = "en-US"
) -> "AsyncIterator[Visitor]":
    """Somebody who opens the page of the sandbox at this address; at the end nothing on it may have failed."""
    context = await browser.new_context(viewport={"width": size[0], "height": size[1]}, locale=locale)
    context.set_default_timeout(PATIENCE)
    page = await context.new_page()
    visitor = Visitor(page=page, locale=locale)
    page.on("pageerror", lambda error: visitor.errors.append(str(error)))
    page.on("console", lambda said: visitor.errors.append(said.text) if said.type == "error" else None)
    page.on("request", lambda request: visitor.addresses.append(request.url))
    await page.goto(f"{url}/#user={user}&locale={locale}")
    await expect(page.locator(".composer textarea")).to_be_visible()
    try:
        yield visitor
        errors = list(visitor.errors)  # closing the page breaks off what it was asking
    except BaseException:
        await visitor.picture("failed")
        raise
    finally:
        await context.close()
    assert errors == []
    assert [each for each in visitor.addresses if not each.startswith(url)] == []


@dataclass(kw_only=True)
class Visitor:
    """One open page, of somebody whose app speaks this language."""

    page: Page
    locale: str
    errors: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)

    @property
    def messages(self) -> Locator:
        """All messages that are shown."""
        return self.page.locator("article.message")

    @property
    def box(self) -> Locator:
        """The message box."""
        return self.page.locator(".composer textarea")

    def message(self, *texts: str) -> Locator:
        """The newest message that has all of these words."""
        found = self.messages
        for text in texts:
            found = found.filter(has_text=text)
        return found.last

    async def sees(self, thing: Locator) -> Locator:
        """Wait for something to be there."""
        await expect(thing).to_be_visible()
        return thing

    async def types(self, command: str, **options: str) -> None:
        """Type a command and its options with the keyboard, and send it. Names are as the page shows them."""
        await self.box.fill(f"/{command}")
        await self.sees(self.page.locator(".suggestions .active b").get_by_text(f"/{command}", exact=True))
        await self.box.press("Enter")
        for name, value in options.items():
            await self.fills(name, value)
        await self.page.get_by_role("button", name=SEND).click()
        await self.sees(self.box)

    async def says(self, text: str) -> None:
        """Write a message and send it."""
        await self.box.fill(text)
        await self.box.press("Enter")

    async def fills(self, name: str, value: str) -> None:
        """Fill in one option, which is added when it is not there yet."""
        field = self.page.get_by_role("combobox", name=name, exact=True)
        if not await field.count():
            finder = self.page.locator(".composer input.more")
            await finder.fill(name)
            await self.sees(self.page.locator(".suggestions .active b").get_by_text(name, exact=True))
            await finder.press("Enter")
        await field.fill(value)

    async def presses(self, message: Locator, name: str | re.Pattern[str]) -> None:
        """Press a button of a message, and wait until the bot has answered."""
        button = message.get_by_role("button", name=name).first
        await button.click()
        await expect(self.page.locator("[aria-busy=true]")).to_have_count(0)

    async def chooses(self, message: Locator, list_name: str | re.Pattern[str], option: str | re.Pattern[str]) -> None:
        """Choose from a list of a message."""
        await message.get_by_role("button", name=list_name).first.click()
        await self.page.get_by_role("option", name=option).first.click()
        await expect(self.page.locator("[aria-busy=true]")).to_have_count(0)

    async def becomes(self, name: str) -> None:
        """Act as somebody else from now on."""
        await self.page.locator("#bar .who").click()
        await self.page.get_by_role("option", name=name).first.click()
        await self.sees(self.page.locator("#bar .who").get_by_text(name))

    async def goes(self, place: str) -> None:
        """Go to a channel, through the menu where the screen is narrow."""
        menu = self.page.locator(".burger")
        if await menu.is_visible():  # the place itself may come a moment later
            await menu.click()
        await self.page.locator(".place-link").filter(has_text=place).first.click()
        await self.sees(self.page.locator("h1").get_by_text(place, exact=True))

    async def picture(self, name: str) -> None:
        """Keep a picture of the page, where somebody wants to look at them (`PICTURES` names the folder)."""
        if folder := os.environ.get("PICTURES"):
            width = (self.page.viewport_size or {"width": 0})["width"]
            await self.page.wait_for_timeout(300)
            await self.page.screenshot(path=Path(folder) / f"{name}-{width}.png")
