"""A supervisor stops the bot in the middle of something: it ends in order, and the next start finishes the job."""

import asyncio
import signal
from contextlib import nullcontext
from typing import Any, Final

import pytest

from tests.acceptance.forks import Forked
from tests.acceptance.outcomes import delivered_once
from tests.acceptance.system import ON_FILE, SMALL, System
from tests.patience import PATIENCE

LONG: Final = 20  # seconds that a phase is drawn out at most, to be stopped in the middle of it

# What draws a phase out, and the column that tells that the job is in the middle of it.
PHASES: Final[dict[str, tuple[dict[str, Any] | None, str, str]]] = {
    "submitting": ({"target": "kirin", "on": ["create"]}, "status", "submitting"),
    "running": (None, "status", "running"),
    "fetching the file": ({"target": "kirin", "on": ["file"]}, "status", "succeeded"),
    "posting": ({"target": "discord", "on": ["message"], "after": 1}, "posting_at", ""),
}


async def stop(system: System, process: Forked, how: signal.Signals = signal.SIGTERM) -> None:
    """Ask the bot to end, and see it end well."""
    process.send_signal(how)
    await ended_well(system, process)


async def ended_well(system: System, process: Forked) -> None:
    """Wait for the end of a bot that was asked to end."""

    async def ended() -> bool:
        return process.returncode is not None

    await system.people.until(ended, what="the bot's end")
    assert process.returncode == 0, (system.folder / "bot.log").read_text()


async def stopping(system: System) -> bool:
    """Whether the bot says that it stops."""
    return system.log.exists() and "stopping" in system.log.read_text()


async def finish(system: System) -> None:
    """Start the bot again and let it bring everything to an end."""
    async with system.process() as process:
        await system.people.online()
        await system.rest()
        await stop(system, process)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
async def test_a_bot_with_nothing_to_do_ends_at_once(system: System, how: signal.Signals) -> None:
    async with system.process() as process:
        await system.people.online()
        await stop(system, process, how)


async def test_a_bot_that_is_still_starting_ends_at_once_and_in_order(system: System) -> None:
    called = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        called.set()
        await reader.read()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as nobody:
        port = nobody.sockets[0].getsockname()[1]
        process = system.spawn(("-m", "bot", "run"), discord_api_url=f"http://127.0.0.1:{port}/api/v10")
        try:
            async with asyncio.timeout(PATIENCE):
                await called.wait()
            await stop(system, process)
        finally:
            process.kill()
    assert "stopped before it had started" in system.log.read_text()


@ON_FILE
async def test_whatever_a_running_bot_writes_can_be_opened_by_its_user_alone(system: System) -> None:
    (system.data / "results").mkdir(parents=True)
    (system.data / "shotcaller.db").touch(mode=0o644)  # as an earlier version left it
    async with system.process() as process:
        await system.people.online()
        modes = {path.name: path.stat().st_mode & 0o077 for path in system.data.rglob("*")}
        await stop(system, process)
    assert {"shotcaller.db", "shotcaller.db-wal", "shotcaller.db-shm", "shotcaller.db.lock", "results"} <= set(modes)
    assert set(modes.values()) == {0}, modes


@pytest.mark.parametrize("phase", PHASES)
async def test_stopped_in_the_middle_the_job_is_finished_by_the_next_start(system: System, phase: str) -> None:
    slow, column, value = PHASES[phase]
    if slow is not None:
        await system.people.fault(**slow, kind="slow", seconds=LONG)

    async def there() -> bool:
        return any(job[column] and job[column] == (value or job[column]) for job in system.database.jobs())

    async with system.process() as process:
        await system.people.online()
        with system.sandbox.providers.held() if slow is None else nullcontext():
            await system.people.types("video create", **SMALL)
            await system.people.until(there, what=phase)
            process.send_signal(signal.SIGTERM)
            await system.people.until(lambda: stopping(system), what="a bot that stops")
        if slow is not None:
            await system.people.fault(slow["target"], "slow", count=0)
        await ended_well(system, process)
    await finish(system)
    await delivered_once(system)


async def test_a_download_that_takes_long_does_not_keep_a_bot_that_is_told_to_stop(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.app.GRACE", 600.0)
    await system.people.fault("kirin", "slow", on=["file"], seconds=600, count=1)

    async def fetching() -> bool:
        return system.sandbox.faults.waiting == []

    async with system.bot():
        await system.people.types("video create", **SMALL)
        await system.people.until(fetching, what="the download")
    job = system.database.job()
    assert (job["delivered_at"], job["tries"]) == (None, 0)  # nobody waited until it had failed
    await finish(system)
    await delivered_once(system)


def move_database(system: System, ending: str, to: str) -> None:
    for file in system.folder.rglob(f"*.db*{ending}"):
        file.rename(f"{str(file).removesuffix(ending)}{to}")


@ON_FILE
@pytest.mark.parametrize("generate_seconds", [60], indirect=True, ids=[""])
async def test_a_bot_whose_database_is_taken_away_stops_and_says_why(system: System) -> None:
    async def running() -> bool:
        return any(job["status"] == "running" for job in system.database.jobs())

    async with system.process() as process:
        await system.people.online()
        await system.people.types("video create", **SMALL)
        await system.people.until(running, what="a job under way")
        move_database(system, "", ".away")
        async with asyncio.timeout(PATIENCE):
            assert await process.wait() == 1
    said = (system.folder / "bot.log").read_text()
    assert "was deleted or replaced while it was in use" in said
    lines = said.splitlines()
    assert not any(line.startswith("Traceback") for line in lines)  # what was under way is a line of the log each
    move_database(system, ".away", "")


async def test_stopped_in_the_middle_of_a_command_the_bot_still_answers_it(system: System) -> None:
    async with system.process() as process:
        await system.people.online()
        sent = await system.people.types("video create", **SMALL)

        async def acknowledged() -> bool:
            return (await system.people.interaction(sent))["acknowledged"] is not None

        await system.people.until(acknowledged, what="the acknowledgement")
        await stop(system, process)
    assert "On its way" in await system.people.answer(sent)
    await finish(system)
    await delivered_once(system)
