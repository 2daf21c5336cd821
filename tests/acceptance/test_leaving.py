"""The bot is removed from a guild with work under way: nothing lost, nothing owed; an outage is no removal."""

import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import pytest

from tests.acceptance.stage import SMALL, Stage

CRASHING: Final = str(Path(__file__).with_name("crashing.py"))
POINTS: Final = tuple(
    f"{when} DepartureStore.{step}" for step in ("left", "take_back_waiting cancelled") for when in ("before", "after")
)


async def ask(stage: Stage, count: int) -> None:
    """Ask for videos, of which one is made at a time, and wait until the first one is with its provider."""
    for _ in range(count):
        await stage.people.types("video create", **SMALL)

    async def begun() -> bool:
        states = sorted(job["status"] for job in stage.books.jobs())
        return states == sorted([*["queued"] * (count - 1), "running"])

    await stage.people.until(begun, what="one video in the making")


def gone(stage: Stage) -> list[bool]:
    """Whether the bot has left the guild, by its own books; empty where it does not know the guild yet."""
    guild_id = int(stage.sandbox.describe()["discord"]["guild_id"])
    rows = stage.books.rows(f"SELECT left_at FROM guilds WHERE guild_id = {guild_id}")  # noqa: S608 (a number)
    return [row["left_at"] is not None for row in rows]


def noticed(stage: Stage, *, left: bool) -> Callable[[], Awaitable[bool]]:
    async def seen() -> bool:
        return gone(stage) == [left]

    return seen


def ended(stage: Stage) -> list[tuple[str, Any]]:
    return sorted((job["status"], job["dead_letter"]) for job in stage.books.jobs())


@pytest.mark.parametrize("generate_seconds", [2.0], indirect=True, ids=[""])
async def test_what_waits_is_taken_back_and_what_is_made_is_kept_for_its_person(stage: Stage) -> None:
    people = stage.people
    async with stage.bot(running_per_user=1):
        await ask(stage, 3)
        await people.turn(bot_present=False)
        await stage.rest()
    assert ended(stage) == [("cancelled", None), ("cancelled", None), ("succeeded", "undeliverable")]
    assert stage.books.balances() == (3, 0)
    assert gone(stage) == [True]


@pytest.mark.parametrize("generate_seconds", [2.0], indirect=True, ids=[""])
async def test_an_outage_is_no_removal(stage: Stage) -> None:
    people = stage.people
    async with stage.bot(running_per_user=1):
        await ask(stage, 2)
        await people.turn(guild_available=False)
        await people.turn(guild_available=True)
        await stage.rest()
    assert ended(stage) == [("succeeded", None), ("succeeded", None)]
    assert gone(stage) != [True]
    assert stage.books.balances() == (0, 6)


async def test_a_removal_that_nobody_saw_is_noticed_at_the_next_start(stage: Stage) -> None:
    people = stage.people
    async with stage.bot():
        await people.types("video create", **SMALL)
        await stage.rest()
        await people.until(noticed(stage, left=False), what="the guild")
    await people.turn(bot_present=False)
    async with stage.bot():
        await people.until(noticed(stage, left=True), what="the removal")
        await people.turn(bot_present=True)
        await people.until(noticed(stage, left=False), what="the return")
        await people.answered(await people.types("video create", **SMALL))
        await stage.rest()
    assert stage.books.balances() == (0, 6)


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("generate_seconds", [2.0], indirect=True, ids=[""])
async def test_killed_while_it_leaves_the_bot_owes_nothing_in_the_end(stage: Stage, point: str) -> None:
    people = stage.people
    async with stage.process(arguments=[CRASHING, str(stage.folder / "points"), point], running_per_user=1) as process:
        await people.online()
        await ask(stage, 2)
        await people.turn(bot_present=False)

        async def dead() -> bool:
            return process.returncode is not None

        await people.until(dead, what=f"the end {point}")
        assert process.returncode == -signal.SIGKILL
    async with stage.bot(running_per_user=1):
        await people.until(noticed(stage, left=True), what="the removal")
        await stage.rest()
    kept = [job for job in ended(stage) if job == ("succeeded", "undeliverable")]
    back = [job for job in ended(stage) if job == ("cancelled", None)]
    # Not heard of before the kill, the removal is noticed while the worker may be faster than Discord.
    assert (len(kept), len(back)) in ([(1, 1), (2, 0)] if point == POINTS[0] else [(1, 1)])
    assert stage.books.balances() == (3 * len(kept), 0)
