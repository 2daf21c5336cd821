"""`/admin page`: from the command to the page in a browser, and who is refused."""

import re
from typing import Final

import aiohttp
import pytest

from tests.acceptance.admins import request_video, run_admin
from tests.acceptance.system import System

LINK: Final = re.compile(r"(http://127\.0\.0\.1:\d+)/page/sign-in#([\w-]+)")


async def opened(browser: aiohttp.ClientSession, said: str) -> str:
    """Sign in with the link of an answer, and read the page."""
    found = LINK.search(said)
    assert found is not None, said
    origin, secret = found.groups()
    address, form = f"{origin}/page/sign-in", {"secret": secret}
    async with browser.post(address, data=form, headers={"Origin": origin}) as answer:
        assert answer.status == 200
        return await answer.text()


async def test_the_owner_sees_the_bot_and_an_admin_their_server(system: System, unused_tcp_port: int) -> None:
    people = system.people
    async with system.bot(page_port=unused_tcp_port, page_for_admins="true"), _browser() as browser:
        await request_video(people)
        await system.rest()
        page = await opened(browser, await run_admin(people, "page", user="owner"))
        assert "The whole bot" in page
        assert "The video service kirin answers" in page
        page = await opened(browser, await run_admin(people, "page", user="admin"))
        assert f"Server {system.sandbox.describe()['discord']['guild_id']}" in page


async def test_nobody_has_a_page_that_is_not_set_up(system: System, unused_tcp_port: int) -> None:
    people = system.people
    async with system.bot():
        assert "There is no page to sign in to" in await run_admin(people, "page", user="owner")
    async with system.bot(page_port=unused_tcp_port):
        assert "There is no page to sign in to" in await run_admin(people, "page", user="admin")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_settings_are_shown_as_they_are_in_force(system: System, unused_tcp_port: int) -> None:
    people = system.people
    async with system.bot(page_port=unused_tcp_port, daily_credits=77), _browser() as browser:
        await opened(browser, await run_admin(people, "page", user="owner"))
        async with browser.get(f"http://127.0.0.1:{unused_tcp_port}/page/settings") as answer:
            text = await answer.text()
        assert "<td>77</td>" in text
        assert system.environment()["DISCORD_TOKEN"] not in text


def _browser() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))  # which takes cookies of a bare address
