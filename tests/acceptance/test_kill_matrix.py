"""The bot is killed -9 before and after every step of the happy path: the video still comes once, and is paid once."""

import os
import signal
from pathlib import Path
from typing import Final

import pytest

from tests.acceptance.outcomes import given_back
from tests.acceptance.system import ON_FILE, SMALL, System

CRASHING: Final = str(Path(__file__).with_name("crashing.py"))
NEXT_ROUND: Final = 180.0  # seconds; half files are looked for each minute

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
# be renewed, a card that says what is soon out of date.
WORKING_LONG: Final = {"JobStore.reschedule running": 2.0, "edit_card running": 1.0}
LOADING_LONG: Final = {"ClaimStore.renew": 1.0, "edit_card delivering": 0.5}

# Where every step is looked for, a lease lasts longer: on a busy machine a submission could come too late in a shorter
# one, is not sent, and takes its turn again, which is no step of the happy path. It is renewed after a third of that.
LONG_LEASE: Final = 9  # seconds

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


async def crash(system: System, point: str) -> None:
    """Run the bot until it is killed at `point`; if it has no job yet, somebody asks for a video."""
    async with system.process(arguments=[CRASHING, str(system.folder / "points"), point]) as process:
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
    points = record.read_text().splitlines()
    return {point for point in points if not point.partition(" ")[2].startswith(ASIDE)}


async def exactly_once(system: System) -> None:
    """One task, one charge, one video, and no card beside it."""
    (task,) = await system.people.tasks()
    assert task["billed"]
    assert system.database.entries() == [("hold", 3), ("settle", 3)]
    (result,) = await system.people.results()
    assert await system.people.messages() == [result]
    assert await system.people.results("dm") == []


@pytest.mark.parametrize("generate_seconds", [2.0], indirect=True)
async def test_the_steps_are_all_that_the_happy_path_takes(system: System) -> None:
    record = system.folder / "points"
    await system.people.fault("kirin", "slow", on=["file"], seconds=4)
    async with system.process(arguments=[CRASHING, str(record)], lease_seconds=LONG_LEASE):
        await system.people.online()
        await system.people.types("video create", **SMALL)
        await system.rest()
    await exactly_once(system)
    assert met(record) == set(POINTS)


def _conditions(point: str) -> float:
    return WORKING_LONG.get(point.partition(" ")[2], 0.3)


@pytest.mark.parametrize(
    ("point", "generate_seconds"),
    [(point, _conditions(point)) for point in POINTS],
    indirect=["generate_seconds"],
    ids=POINTS,
)
async def test_killed_at_any_point_the_bot_delivers_once_after_a_restart(system: System, point: str) -> None:
    if seconds := LOADING_LONG.get(point.partition(" ")[2]):
        await system.people.fault("kirin", "slow", on=["file"], seconds=seconds)
    await crash(system, point)
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
    async with system.process(arguments=[CRASHING, str(record)], lease_seconds=LONG_LEASE):
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
