"""The server of the database crashes, or is gone for seconds: nothing is accepted, lost, made or paid for twice."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

from tests.acceptance.forks import warm_up
from tests.acceptance.people import People
from tests.acceptance.system import SMALL
from tests.torture.bot_company import ALONE, COMPANY, WORKER, BotCompany, bot_company
from tests.torture.invariants import End, end_of, violations

LANGUAGES: Final = {"en-US": "my own records", "zh-CN": "自己的记录"}
PAIR: Final = ("0/1", WORKER)
GONE: Final = 3.0  # seconds, of which most are needed to ask


@pytest.mark.parametrize("company", [ALONE, COMPANY], ids=["one process", "two gateways and three workers"])
async def test_an_outage_of_the_database_refuses_people_in_words_and_everything_goes_on_after_it(
    company: Sequence[str], tmp_path: Path
) -> None:
    warm_up()
    folder, videos = tmp_path / "bot", tmp_path / "videos"
    async with bot_company(folder, videos, asks=1, company=company) as bot:
        people = bot.system.people
        with bot.system.sandbox.providers.held():
            await _ask(people)
            await _until_all_are(bot, "running")
            await asyncio.to_thread(bot.server.stop, "immediate")  # a crash, and back at once
            await asyncio.to_thread(bot.server.start)
            await _ask_until_accepted(people)
            await _until_all_are(bot, "running")
            await asyncio.to_thread(bot.server.stop, "immediate")
        refusals = [await people.answer(await people.types("video create", locale=each, **SMALL)) for each in LANGUAGES]
        await asyncio.sleep(GONE)
        await asyncio.to_thread(bot.server.start)
        await _ask_until_accepted(people)
        await bot.calm()
        await bot.system.rest()
        assert [end_of(job) for job in bot.system.database.jobs()] == [End.POSTED] * 3
        assert await violations(bot.system) == []
    for refusal, phrase in zip(refusals, LANGUAGES.values(), strict=True):
        assert phrase in refusal


async def test_a_standby_takes_over_and_everything_goes_on(tmp_path: Path) -> None:
    warm_up()
    async with bot_company(tmp_path / "bot", tmp_path / "videos", asks=1, company=PAIR, standby=True) as bot:
        people = bot.system.people
        assert bot.standby is not None
        await _ask(people)
        await _until_all_are(bot, "running", "succeeded")
        accepted = asyncio.create_task(_ask_until_accepted(people))  # perhaps while its commit is under way
        await asyncio.to_thread(bot.server.stop, "immediate")
        await asyncio.to_thread(bot.standby.take_over)
        await accepted
        await _ask_until_accepted(people)
        await bot.calm()
        await bot.system.rest()
        assert {end_of(job) for job in bot.system.database.jobs()} == {End.POSTED}
        assert await violations(bot.system) == []


async def _ask(people: People) -> str:
    return await people.answer(await people.types("video create", **SMALL))


async def _ask_until_accepted(people: People) -> None:
    """Ask as people do: again, while they read that nothing is accepted."""

    async def accepted() -> bool:
        return LANGUAGES["en-US"] not in await _ask(people)

    await people.until(accepted, what="the first request that is accepted")


async def _until_all_are(bot: BotCompany, *statuses: str) -> None:
    async def are() -> bool:
        return all(job["status"] in statuses for job in bot.system.database.jobs())

    await bot.system.people.until(are, what=f"jobs that are {statuses}")
