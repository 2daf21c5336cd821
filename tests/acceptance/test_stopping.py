"""A supervisor stops the bot in the middle of something: it ends in order, and the next start finishes the job."""

import asyncio
import signal
from typing import Any, Final

import pytest

from bot.app import GRACE
from tests.acceptance.forks import Forked
from tests.acceptance.outcomes import delivered_once
from tests.acceptance.stage import SMALL, Stage

LONG: Final = 1.5  # seconds that a phase is drawn out, to be stopped in the middle of it

# What draws a phase out, and the column that tells that the job is in the middle of it.
PHASES: Final[dict[str, tuple[dict[str, Any] | None, str, str]]] = {
    "submitting": ({"target": "kirin", "on": ["create"]}, "status", "submitting"),
    "running": (None, "status", "running"),
    "fetching the file": ({"target": "kirin", "on": ["file"]}, "status", "succeeded"),
    "posting": ({"target": "discord", "on": ["message"], "after": 1}, "posting_at", ""),
}


async def stop(stage: Stage, process: Forked, how: signal.Signals = signal.SIGTERM) -> None:
    """Ask the bot to end, and see it end well."""
    process.send_signal(how)

    async def ended() -> bool:
        return process.returncode is not None

    await stage.people.until(ended, what="the bot's end")
    assert process.returncode == 0, (stage.folder / "bot.log").read_text()


async def finish(stage: Stage) -> None:
    """Start the bot again and let it bring everything to an end."""
    async with stage.process() as process:
        await stage.people.online()
        await stage.rest()
        await stop(stage, process)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
async def test_a_bot_with_nothing_to_do_ends_at_once(stage: Stage, how: signal.Signals) -> None:
    async with stage.process() as process:
        await stage.people.online()
        await stop(stage, process, how)


async def test_whatever_a_running_bot_writes_can_be_opened_by_its_user_alone(stage: Stage) -> None:
    (stage.data / "results").mkdir(parents=True)
    (stage.data / "shotcaller.db").touch(mode=0o644)  # as an earlier version left it
    async with stage.process() as process:
        await stage.people.online()
        modes = {path.name: path.stat().st_mode & 0o077 for path in stage.data.rglob("*")}
        await stop(stage, process)
    assert {"shotcaller.db", "shotcaller.db-wal", "shotcaller.db-shm", "shotcaller.db.lock", "results"} <= set(modes)
    assert set(modes.values()) == {0}, modes


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("generate_seconds", [1.5], indirect=True, ids=[""])
async def test_stopped_in_the_middle_the_job_is_finished_by_the_next_start(stage: Stage, phase: str) -> None:
    slow, column, value = PHASES[phase]
    if slow is not None:
        await stage.people.fault(**slow, kind="slow", seconds=LONG)

    async def there() -> bool:
        return any(job[column] and job[column] == (value or job[column]) for job in stage.books.jobs())

    async with stage.process() as process:
        await stage.people.online()
        await stage.people.types("video create", **SMALL)
        await stage.people.until(there, what=phase)
        await stop(stage, process)
    await finish(stage)
    await delivered_once(stage)


async def test_a_download_that_takes_long_does_not_keep_a_bot_that_is_told_to_stop(stage: Stage) -> None:
    await stage.people.fault("kirin", "slow", on=["file"], seconds=GRACE + 1, count=1)

    async def fetching() -> bool:
        return any(job["status"] == "succeeded" for job in stage.books.jobs())

    async with stage.process() as process:
        await stage.people.online()
        await stage.people.types("video create", **SMALL)
        await stage.people.until(fetching, what="the download")
        asked = asyncio.get_running_loop().time()
        await stop(stage, process)
        assert asyncio.get_running_loop().time() - asked < GRACE
    await finish(stage)
    await delivered_once(stage)


def move_database(stage: Stage, ending: str, to: str) -> None:
    for file in stage.folder.rglob(f"*.db*{ending}"):
        file.rename(f"{str(file).removesuffix(ending)}{to}")


@pytest.mark.parametrize("generate_seconds", [60], indirect=True, ids=[""])
async def test_a_bot_whose_database_is_taken_away_stops_and_says_why(stage: Stage) -> None:
    async def running() -> bool:
        return any(job["status"] == "running" for job in stage.books.jobs())

    async with stage.process() as process:
        await stage.people.online()
        await stage.people.types("video create", **SMALL)
        await stage.people.until(running, what="a job under way")
        move_database(stage, "", ".away")
        async with asyncio.timeout(30):
            assert await process.wait() == 1
    said = (stage.folder / "bot.log").read_text()
    assert "was deleted or replaced while it was in use" in said
    lines = said.splitlines()
    assert not any(line.startswith("Traceback") for line in lines)  # what was under way is a line of the log each
    move_database(stage, ".away", "")


async def test_stopped_in_the_middle_of_a_command_the_bot_still_answers_it(stage: Stage) -> None:
    await stage.people.fault("kirin", "slow", on=["query"], seconds=LONG)
    async with stage.process() as process:
        await stage.people.online()
        sent = await stage.people.types("video create", **SMALL)

        async def acknowledged() -> bool:
            return (await stage.people.interaction(sent))["acknowledged"] is not None

        await stage.people.until(acknowledged, what="the acknowledgement")
        await stop(stage, process)
    assert "On its way" in await stage.people.answer(sent)
    await finish(stage)
    await delivered_once(stage)
