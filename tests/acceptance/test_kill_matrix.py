"""The bot is killed -9 before and after every step of the happy path: the video still comes once, and is paid once."""

import os
import signal
from contextlib import nullcontext
from pathlib import Path
from typing import Final

import pytest

from tests.acceptance.outcomes import given_back
from tests.acceptance.system import ON_FILE, SMALL, System

CRASHING: Final = str(Path(__file__).with_name("crashing.py"))
NEXT_ROUND: Final = 600.0  # seconds; half files are looked for each minute

# Every step of the happy path through a seam, in its order; a recording run shows that none is missing.
STEPS: Final = (
    "check",
    "JobStore.accept queued",
    "post_card",
    "JobStore.record_card",
    "ClaimStore.waiting submitting",
    "submit",
    "JobStore.record_task running",
    "edit_card running",
    "ClaimStore.due running",
    "fetch",
    "JobStore.reschedule running",
    "JobStore.succeed succeeded",
    "edit_card delivering",
    "download",
    "ClaimStore.renew",
    "JobStore.begin_posting succeeded",
    "post_result",
    "JobStore.delivered delivered",
    "ClaimStore.due delivered",
    "remove_card done",
    "say_ready",
    "JobStore.close delivered",
)
POINTS: Final = [f"{side} {step}" for step in STEPS for side in ("before", "after")]

# What the bot writes and asks meanwhile for itself, whatever becomes of the job: `packs` are what is left of those
# that the operator has bought.
ASIDE: Final = (
    *(f"{each}Store." for each in ("PeriodicTask", "LeftGuild", "Heartbeat", "Retention", "Gateway", "PrivateAnswer")),
    "packs",
)

# What is only met for certain when a step takes its time: a poll that finds the task unfinished, a lease that has to
# be renewed (after a third of it), a card that says what is soon out of date.
WORKING: Final = frozenset({"JobStore.reschedule running", "edit_card running"})
LOADING: Final = frozenset({"ClaimStore.renew", "edit_card delivering"})
LONG: Final = 25  # seconds at most that a file is held back, until what is to be met has been
BRIEF_LEASE: Final = 3  # seconds

# Killed once more, at a step that only a restart takes.
AGAIN: Final = (
    ("after submit", "before find"),
    ("after submit", "after find"),
    ("after submit", "before JobStore.record_task running"),
    ("before submit", "after submit"),
    ("after post_result", "before find_result"),
    ("after post_result", "after find_result"),
    ("before post_result", "after post_result"),
)


# The steps that only a video which fails takes.
SAD_STEPS: Final = (
    "JobStore.fail failed",
    "edit_card failed",
    "ClaimStore.due failed",
    "JobStore.begin_telling failed",
    "tell_requester failed",
    "remove_card failed",
    "JobStore.move_card",
    "JobStore.close failed",
)
SAD_POINTS: Final = [f"{side} {step}" for step in SAD_STEPS for side in ("before", "after")]


async def crash(system: System, point: str, **settings: object) -> None:
    """Run the bot until it is killed at `point`; if it has no job yet, somebody asks for a video."""
    async with system.process(arguments=[CRASHING, str(system.folder / "points"), point], **settings) as process:
        if not system.database.jobs():
            await system.people.online()
            await system.people.types("video create", **SMALL)

        async def dead() -> bool:
            return process.returncode is not None

        await system.people.until(dead, what=f"the end {point}")
        assert process.returncode == -signal.SIGKILL


async def recover(system: System) -> None:
    """Run the bot, unharmed, until there is nothing left to do; whoever was not heard asks again."""
    async with system.process():
        await system.people.online()
        if not system.database.jobs():
            await system.people.types("video create", **SMALL)
        await system.rest()


def met(record: Path) -> set[str]:
    """The points that a job has met, by what a recording run has written."""
    points = record.read_text().splitlines() if record.exists() else []
    return {point for point in points if not point.partition(" ")[2].startswith(ASIDE)}


async def exactly_once(system: System) -> None:
    """One task, one charge, one video, and no card beside it."""
    (task,) = await system.people.tasks()
    assert task["billed"]
    assert system.database.entries() == [("hold", 3), ("settle", 3)]
    (result,) = await system.people.results()
    assert await system.people.messages() == [result]
    assert await system.people.results("dm") == []


async def test_the_steps_are_all_that_the_happy_path_takes(system: System) -> None:
    record = system.folder / "points"

    async def until_met(steps: frozenset[str]) -> None:
        async def are() -> bool:
            return {f"after {step}" for step in steps} <= met(record)

        await system.people.until(are, what=f"the steps {steps}")

    await system.people.fault("kirin", "slow", on=["file"], seconds=LONG)
    async with system.process(arguments=[CRASHING, str(record)]):
        await system.people.online()
        with system.sandbox.providers.held():
            await system.people.types("video create", **SMALL)
            await until_met(WORKING)
        await until_met(LOADING)
        await system.people.fault("kirin", "slow", count=0)
        await system.rest()
    await exactly_once(system)
    assert met(record) == set(POINTS)


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("generate_seconds", [0.3], indirect=True, ids=[""])
async def test_killed_at_any_point_the_bot_delivers_once_after_a_restart(system: System, point: str) -> None:
    step = point.partition(" ")[2]
    if step in LOADING:
        await system.people.fault("kirin", "slow", on=["file"], seconds=LONG)
    with system.sandbox.providers.held() if step in WORKING else nullcontext():
        await crash(system, point, **({"lease_seconds": BRIEF_LEASE} if step == "ClaimStore.renew" else {}))
    await system.people.fault("kirin", "slow", count=0)
    await recover(system)
    await exactly_once(system)


@pytest.mark.parametrize(("first", "second"), AGAIN)
async def test_killed_again_while_it_recovers_the_bot_still_delivers_once(
    system: System, first: str, second: str
) -> None:
    await crash(system, first)
    await crash(system, second)
    await recover(system)
    await exactly_once(system)


@ON_FILE  # on a server the dead one's jobs are free a little later, when its death is noticed
@pytest.mark.parametrize("side", ["before", "after"])
async def test_killed_again_while_it_takes_over_the_bot_still_delivers_once(system: System, side: str) -> None:
    await crash(system, "after JobStore.begin_posting succeeded")
    await crash(system, f"{side} ClaimStore.recover")
    await recover(system)
    await exactly_once(system)


@pytest.mark.parametrize("point", ["after post_result", "after post_card"])
async def test_long_after_the_kill_nothing_is_posted_again_though_discord_has_forgotten_the_nonce(
    system: System, point: str
) -> None:
    await crash(system, point)
    await system.people.passes(minutes=10)
    system.database.age(minutes=10)
    await recover(system)
    await exactly_once(system)


async def test_the_sad_steps_are_all_that_a_failing_video_takes(system: System) -> None:
    record = system.folder / "points"
    await system.people.fault("kirin", "task_failed", code="006001099")
    async with system.process(arguments=[CRASHING, str(record)]):
        await system.people.online()
        await system.people.types("video create", **SMALL)
        await system.rest()
    await given_back(system, "permanent.006001099")
    assert met(record) - set(POINTS) == set(SAD_POINTS)


@pytest.mark.parametrize("point", SAD_POINTS)
async def test_killed_while_a_video_fails_its_credits_come_back_once(system: System, point: str) -> None:
    await system.people.fault("kirin", "task_failed", code="006001099")
    await crash(system, point)
    await recover(system)
    await given_back(system, "permanent.006001099")
    assert len(await system.people.tasks()) == 1


async def test_killed_in_the_middle_of_a_download_no_half_file_stays(system: System) -> None:
    await system.people.fault("kirin", "file_too_large", bytes=150_000_000)

    async def half() -> bool:
        return any(system.data.glob("results/*.part"))

    async with system.process() as process:
        await system.people.online()
        await system.people.types("video create", **SMALL)
        await system.people.until(half, what="half a file")
        process.kill()
        await process.wait()
    for file in system.data.glob("results/*.part"):
        os.utime(file, (0, 0))  # as if it were long ago

    async def is_gone() -> bool:
        return not await half()

    assert await half()
    async with system.process():
        await system.rest()
        # The first round, at the start, may take the dead process for one that lives.
        await system.people.until(is_gone, what="the end of the half file", patience=NEXT_ROUND)
    await exactly_once(system)
