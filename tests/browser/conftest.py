"""What the tests in a browser stand on: the system's Chromium, and one sandbox with the real bot for all of them.

One browser and one bot serve a whole run; every test comes as somebody of its own.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from bot.demo.page import Books
from bot.demo.play import run_bot
from docs.pictures.camera import FLAGS, ChromiumMissing, chromium
from sandbox.server import Sandbox

pytest.register_assert_rewrite("tests.browser.visitor")

from tests.acceptance.people import People  # noqa: E402 - its asserts explain themselves only if imported now
from tests.browser.visitor import PATIENCE, Stage  # noqa: E402 - likewise
from tests.patience import FIRST_ANSWER  # noqa: E402 - likewise

expect.set_options(timeout=PATIENCE)

MISSING: Final = (
    "NOTHING IS TESTED IN A BROWSER: there is no Chromium. Install one (Debian and Ubuntu: apt-get install chromium), "
    "or name it in CHROMIUM"
)


def find_browser() -> str:
    """The browser's path; where there is none, CI fails, and whoever runs the tests by hand reads what was left out."""
    try:
        return os.environ.get("CHROMIUM") or chromium()
    except ChromiumMissing:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(MISSING)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The browser of this run."""
    path = find_browser()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=FLAGS, timeout=PATIENCE)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stage(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """The sandbox, the bot in a process of its own, and the browser; at the end nothing may have been wrong."""
    folder = tmp_path_factory.mktemp("stage")
    async with AsyncExitStack() as stack:
        sandbox = Sandbox(
            generate_seconds=1,
            cache_dir=folder / "videos",
            fps=4,
            environment={},
            identify_seconds=0,
            first_answer_seconds=FIRST_ANSWER,
            books=Books(folder / "shotcaller.db").read,
        )
        await stack.enter_async_context(sandbox)
        client = await stack.enter_async_context(aiohttp.ClientSession())
        settings = {**sandbox.settings(), "DAILY_CREDITS": "500", "KLING_MODELS": "kling-v1", "POLL_SECONDS_MIN": "0.1"}
        bot = await stack.enter_async_context(run_bot(settings, folder, folder / "bot.log"))
        people = People(client, sandbox.control)

        def alive() -> None:
            assert bot.returncode is None, Path(folder / "bot.log").read_text()

        people.alive = alive
        await people.online()
        yield Stage(browser=browser, sandbox=sandbox, people=people)
        assert [each for each in await people.requests() if each["problems"]] == []
        assert sandbox.discord.own_problems == []
    await asyncio.sleep(0)
