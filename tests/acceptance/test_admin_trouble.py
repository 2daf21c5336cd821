"""Admins decide while the database, Discord or the process gives way: wholly or not at all, and the record is kept."""

import signal
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Final, TypeVar

import pytest

from bot.errors import StoreUnavailable
from bot.store.database import Database, Transaction
from tests.acceptance.admins import audit_message, request_video, run_admin
from tests.acceptance.system import ON_FILE, System, around_database

T = TypeVar("T")

CRASHING: Final = str(Path(__file__).with_name("crashing.py"))
POINTS: Final = (
    *("before GuildStore.change", "after GuildStore.change"),
    *("before tell", "after tell", "before OutboxStore.drop", "after OutboxStore.drop"),
)


@ON_FILE
async def test_a_locked_database_refuses_changes_and_the_doctor_says_so(system: System) -> None:
    people = system.people
    async with system.bot():
        with closing(sqlite3.connect(system.data / "shotcaller.db", isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            said = await run_admin(people, "limits", longest=3)
            assert "Longest video" not in said.split("```", maxsplit=1)[0]
            other.execute("ROLLBACK")
        assert "Longest video: **no limit**" in await run_admin(people, "limits")
        assert "The database answers" in await run_admin(people, "doctor")


class Failing:
    """A database that can go away."""

    def __init__(self) -> None:
        self.gone = False
        self._inner: Database | None = None

    def wrap(self, inner: Database) -> "Failing":
        self._inner, self.skip_locked = inner, inner.skip_locked
        return self

    async def transact(self, work: Callable[[Transaction], Awaitable[T]], *, snapshot: bool = False) -> T:
        if self.gone or self._inner is None:
            raise StoreUnavailable("gone")
        return await self._inner.transact(work, snapshot=snapshot)


async def test_without_a_database_nothing_is_decided_nobody_is_let_in_and_the_doctor_still_looks(
    system: System,
) -> None:
    people, failing = system.people, Failing()
    async with system.bot(substitute=around_database(failing.wrap)):
        failing.gone = True
        assert "The database does not answer" in (said := await run_admin(people, "doctor"))
        assert "I can post videos in" in said
        for name, options in (("show", {}), ("pause", {}), ("block", {"member": "ana"}), ("export", {})):
            assert "Tell the admins this number" in await run_admin(people, name, **options)
        assert "On its way" not in await request_video(people)
        failing.gone = False
        assert "Nothing has been changed yet" in await run_admin(people, "audit")
    assert system.database.jobs() == []


@pytest.mark.parametrize("point", POINTS)
async def test_killed_while_deciding_all_of_it_holds_and_is_told_or_none_of_it(system: System, point: str) -> None:
    people = system.people
    async with system.bot():
        await run_admin(people, "audit", channel="showcase")
        await audit_message(people, "Changes posted in", channel="showcase")
    async with system.process(arguments=[CRASHING, str(system.folder / "points"), point]) as process:
        await people.online()
        await people.types("admin limits", user="admin", also={"longest": 3})

        async def dead() -> bool:
            return process.returncode is not None

        await people.until(dead, what=f"the end {point}")
        assert process.returncode == -signal.SIGKILL
    async with system.bot():
        decided = point != "before GuildStore.change"
        assert ("at most 3 seconds" in await request_video(people, duration=5)) is decided
        if decided:
            await audit_message(people, "Longest video", channel="showcase")
        await run_admin(people, "server", gifts=True)
        await audit_message(people, "Gifts between members", channel="showcase")
        entries = [each["content"] for each in await people.messages("showcase", user="admin")]
        assert sum("Longest video" in each for each in entries) == int(decided)
        if system.database.jobs():
            await system.rest()


async def test_a_server_that_discord_has_lost_sight_of_keeps_what_was_decided(system: System) -> None:
    people = system.people
    async with system.bot():
        await run_admin(people, "channels", allow="general")
        await people.change_settings(guild_available=False)
        await people.change_settings(guild_available=True)
        assert "Videos can't be made in this channel" in await request_video(people, channel="rushes")
        assert "I can post videos in" in await run_admin(people, "doctor")


async def test_a_server_that_takes_the_bot_back_finds_its_settings(system: System) -> None:
    people = system.people
    async with system.bot():
        await run_admin(people, "channels", allow="general")
        await people.change_settings(bot_present=False)
        await people.change_settings(bot_present=True)
        assert "Videos can't be made in this channel" in await request_video(people, channel="rushes")
