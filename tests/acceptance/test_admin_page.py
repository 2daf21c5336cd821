"""`/admin page`: from the command to the page in a browser, and who is refused."""

import asyncio
import re
from typing import Final

import aiohttp
import pytest

from bot.locale import words
from tests.acceptance.admins import request_video, run_admin
from tests.acceptance.system import System

LINK: Final = re.compile(r"(http://127\.0\.0\.1:\d+)/page/sign-in#([\w.-]+)")


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
        assert f'<bdi title="{system.sandbox.describe()["discord"]["guild_id"]}">The Cutting Room</bdi>' in page
        async with browser.get(f"http://127.0.0.1:{unused_tcp_port}/page/doctor") as answer:
            page = await answer.text()
        quiet = f'<bdi title="{system.id_of("channels", "quiet")}">#quiet</bdi>'
        assert re.search(rf'<li class="NOTE">[^\n]*{quiet}[^\n]*<strong>Send Messages</strong>', page)
        assert '<li class="GOOD">The video service kirin answers' in page
        assert "DISCORD_TOKEN" not in page


async def test_the_owner_sees_who_asked_for_what_and_has_doctor_look(system: System, unused_tcp_port: int) -> None:
    people = system.people
    async with system.bot(page_port=unused_tcp_port), _browser() as browser:
        await request_video(people)
        await system.rest()
        await opened(browser, await run_admin(people, "page", user="owner"))
        origin = f"http://127.0.0.1:{unused_tcp_port}"
        async with browser.get(f"{origin}/page/jobs?which=latest") as answer:
            text = await answer.text()
        assert ">Ana</bdi>" in text
        assert ">The Cutting Room</bdi>" in text
        doctor, proof = f"{origin}/page/doctor", re.findall('name="proof" value="([0-9a-f]+)"', text)[0]
        async with browser.post(doctor, data={"proof": proof}, headers={"Origin": origin}) as answer:
            assert answer.status == 200
        while "Looked at" not in text:
            await asyncio.sleep(0.1)
            async with browser.get(doctor) as answer:
                text = await answer.text()
        assert "a bot is running on it" in text or "whole bot" in text
        assert f"<strong>{words()('check.guild', name='The Cutting Room')}</strong>" in text
        assert system.environment()["DISCORD_TOKEN"] not in text


async def test_who_may_type_the_command_and_runs_no_server_is_told_why(system: System, unused_tcp_port: int) -> None:
    people = system.people
    async with system.bot(page_port=unused_tcp_port, page_for_admins="true"):
        await people.integrations(command="admin", allow={"roles": ["Film club"]})
        said = await run_admin(people, "page", user="ben")
        assert "Integrations" in said
        assert LINK.search(said) is None


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
