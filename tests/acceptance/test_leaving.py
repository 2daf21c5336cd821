"""The bot is removed from a guild with work under way: nothing lost, nothing owed; an outage is no removal."""

import signal
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

import pytest

from tests.acceptance.system import SMALL, System

CRASHING: Final = str(Path(__file__).with_name("crashing.py"))
POINTS: Final = tuple(
    f"{when} LeftGuildStore.{step}" for step in ("left", "take_back_waiting cancelled") for when in ("before", "after")
)


async def ask(system: System, count: int) -> None:
    """Ask for videos, of which one is made at a time, and wait until the first one is with its provider."""
    for _ in range(count):
        await system.people.types("video create", **SMALL)

    async def begun() -> bool:
        states = sorted(job["status"] for job in system.database.jobs())
        return states == sorted([*["queued"] * (count - 1), "running"])

    await system.people.until(begun, what="one video in the making")


def left_flags(system: System) -> list[bool]:
    """Whether the bot has left the guild, by its own books; empty where it does not know the guild yet."""
    guild_id = int(system.sandbox.describe()["discord"]["guild_id"])
    rows = system.database.rows(f"SELECT left_at FROM guilds WHERE guild_id = {guild_id}")  # noqa: S608 (a number)
    return [row["left_at"] is not None for row in rows]


def noticed(system: System, *, left: bool) -> Callable[[], Awaitable[bool]]:
    async def seen() -> bool:
        return left_flags(system) == [left]

    return seen


def taken_back(system: System, count: int) -> Callable[[], Awaitable[bool]]:
    async def seen() -> bool:
        return [job["status"] for job in system.database.jobs()].count("cancelled") == count

    return seen


def ended(system: System) -> list[tuple[str, Any]]:
    return sorted((job["status"], job["dead_letter"]) for job in system.database.jobs())


async def test_what_waits_is_taken_back_and_what_is_made_is_kept_for_its_person(system: System) -> None:
    people = system.people
    async with system.bot(running_per_user=1):
        with system.sandbox.providers.held():
            await ask(system, 3)
            await people.change_settings(bot_present=False)
            await people.until(taken_back(system, 2), what="the end of what waits")
        await system.rest()
    assert ended(system) == [("cancelled", None), ("cancelled", None), ("succeeded", "undeliverable")]
    assert system.database.balances() == (3, 0)
    assert left_flags(system) == [True]


async def test_an_outage_is_no_removal(system: System) -> None:
    people = system.people
    async with system.bot(running_per_user=1):
        with system.sandbox.providers.held():
            await ask(system, 2)
            await people.change_settings(guild_available=False)
            await people.change_settings(guild_available=True)
        await system.rest()
    assert ended(system) == [("succeeded", None), ("succeeded", None)]
    assert left_flags(system) != [True]
    assert system.database.balances() == (0, 6)


async def test_a_removal_that_nobody_saw_is_noticed_at_the_next_start(system: System) -> None:
    people = system.people
    async with system.bot():
        await people.types("video create", **SMALL)
        await system.rest()
        await people.until(noticed(system, left=False), what="the guild")
    await people.change_settings(bot_present=False)
    async with system.bot():
        await people.until(noticed(system, left=True), what="the removal")
        await people.change_settings(bot_present=True)
        await people.until(noticed(system, left=False), what="the return")
        await people.answered(await people.types("video create", **SMALL))
        await system.rest()
    assert system.database.balances() == (0, 6)


@pytest.mark.parametrize("point", POINTS)
async def test_killed_while_it_leaves_the_bot_owes_nothing_in_the_end(system: System, point: str) -> None:
    people = system.people
    async with AsyncExitStack() as stack:
        with system.sandbox.providers.held():
            async with system.process(
                arguments=[CRASHING, str(system.folder / "points"), point], running_per_user=1
            ) as process:
                await people.online()
                await ask(system, 2)
                await people.change_settings(bot_present=False)

                async def dead() -> bool:
                    return process.returncode is not None

                await people.until(dead, what=f"the end {point}")
                assert process.returncode == -signal.SIGKILL
            await stack.enter_async_context(system.bot(running_per_user=1))
            await people.until(taken_back(system, 1), what="the end of what waits")
        assert left_flags(system) == [True]
        await system.rest()
    assert ended(system) == [("cancelled", None), ("succeeded", "undeliverable")]
    assert system.database.balances() == (3, 0)
