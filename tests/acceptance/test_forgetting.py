"""What the years do: texts, unfetched videos and guilds are forgotten, and what is left still answers in words."""

import time

from bot.locale import words
from tests.acceptance.controls import control
from tests.acceptance.system import PROMPT, SMALL, System

HOUR, DAY = 3_600_000, 86_400_000  # milliseconds
SAY = words()


def a_day_later(system: System, *statements: str) -> None:
    """While the bot does not run: what is looked at daily is due, and the last look was an hour ago."""
    system.database.change("DELETE FROM chores WHERE name IN ('retention', 'retention: last look')")
    system.database.change(f"INSERT INTO chores (name, due_at) VALUES ('retention: last look', {millis() - HOUR})")  # noqa: S608 (a number)
    for sql in statements:
        system.database.change(sql)


def millis() -> int:
    return round(time.time() * 1000)


async def test_buttons_of_a_video_whose_text_is_forgotten_say_so(system: System) -> None:
    people = system.people
    async with system.bot():
        await people.types("video create", **SMALL)
        result = await people.result()
        await system.rest()
    a_day_later(system)
    system.database.age(minutes=25 * 60)
    async with system.bot(keep_prompts_days=1):

        async def forgotten() -> bool:
            return bool(system.database.job()["prompt"] == "")

        await people.until(forgotten, what="the text to be forgotten")
        assert PROMPT not in str(system.database.job())
        for label in ("Again", "Edit"):
            sent = await people.presses(result, control(result, label))
            assert SAY("error.result_forgotten") in await people.answer(sent), label
        told = await people.answered(await people.chooses(result, "info"))
        assert SAY("info.title") == told["embeds"][0]["title"]
        for command in ("library", "video jobs", "inbox"):
            await people.answered(await people.types(command))
    assert len(await people.results()) == 1
    assert system.database.entries() == [("hold", 3), ("settle", 3)]


async def test_a_video_that_nobody_fetched_is_given_up_and_its_person_told(system: System) -> None:
    people = system.people
    await people.change_settings(user="ana", dms_open=False)
    async with system.bot():
        await people.types("video create", **SMALL, private=True)
        await system.rest()
        assert system.database.balances() == (3, 0)
    a_day_later(system)
    system.database.age(minutes=25 * 60)
    await people.change_settings(user="ana", dms_open=True)
    async with system.bot(keep_files_days=1):

        async def given_up() -> bool:
            return bool(system.database.job()["failure"] == "expired")

        await people.until(given_up, what="the end of the video")
        await system.rest()
        (told,) = await people.messages("dm")
    assert SAY("failed.expired") in told["content"]
    assert system.database.entries() == [("hold", 3), ("settle", 3)]
    assert system.database.rows("SELECT settled FROM accounts WHERE owner LIKE 'budget:%'") == [{"settled": 252_000}]


async def test_a_guild_is_forgotten_when_its_grace_is_over(system: System) -> None:
    people = system.people
    async with system.bot():
        await people.types("video create", **SMALL)
        await system.rest()
        await people.answered(await people.types("admin server", user="admin", gifts=True))
        await people.answered(await people.types("admin block", user="admin", member="ben", reason="noise"))
        await people.change_settings(bot_present=False)

        async def left() -> bool:
            return any(row["left_at"] for row in system.database.rows("SELECT left_at FROM guilds"))

        await people.until(left, what="the departure")
    a_day_later(system, f"UPDATE guilds SET left_at = {millis() - 3 * DAY}")  # noqa: S608 (a number)
    async with system.bot(left_guild_days=2):

        async def is_gone() -> bool:
            return system.database.rows("SELECT * FROM guilds") == []

        await people.until(is_gone, what="the guild to be forgotten")
    for table in ("members", "audit", "cases"):
        assert system.database.rows(f"SELECT * FROM {table}") == []  # noqa: S608 (names of the schema)
    owners = {row["owner"].partition(":")[0] for row in system.database.rows("SELECT owner FROM accounts")}
    assert owners == {"gone", "budget"}
    assert system.database.balances() == (0, 3)
