"""Several processes of one bot on one PostgreSQL: people notice nothing of it, whoever dies."""

import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import asyncpg
import pytest

from tests.acceptance import stopping_itself
from tests.acceptance.forks import Forked
from tests.acceptance.system import SMALL, System
from tests.cut_line import line_to
from tests.fresh_databases import FreshDatabases
from tests.postgres_server import Server, own_server

GATEWAY: Final = "0/1"
WORKER: Final = "none"
BRIEF: Final = 3
"""Seconds of a lease with which a process that is stopped counts as dead after three, the least there is.

Within them a submission has to be sent after its claim, also by a busy machine; the first of a process, which loads
what it needs to send it, is given twice as long.
"""
LONG: Final = 25  # seconds at most that a file is held back
BY_KLING: Final = {**SMALL, "duration": 5, "model": "kling-v1"}
SCRIPT: Final = str(Path(stopping_itself.__file__))


@dataclass
class Company:
    """The processes of one bot, its database, and the people."""

    system: System
    url: str
    database: asyncpg.Connection
    stack: AsyncExitStack
    lease_seconds: int = 30
    processes: list[Forked] = field(default_factory=list)

    async def start(self, shards: str, *arguments: str, url: str = "") -> Forked:
        """A process with these shards; at the end it is killed, unless it has ended."""
        before = await self.members()
        process = self.spawn(shards, *arguments, url=url)

        async def there() -> bool:
            return len(await self.members() - before) == 1

        await self.system.people.until(there, what=f"the process with the shards {shards}")
        if shards != WORKER:
            await self.system.people.online()
        return process

    def spawn(self, shards: str, *arguments: str, url: str = "") -> Forked:
        process = self.system.spawn(
            arguments or ("-m", "bot", "run"),
            database_url=url or self.url,
            shards=shards,
            lease_seconds=self.lease_seconds,
        )
        self.processes.append(process)
        self.stack.push_async_callback(self._end, process)
        return process

    async def rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        return [dict(row) for row in await self.database.fetch(sql, *values)]

    async def members(self) -> set[str]:
        return {row["id"] for row in await self.rows("SELECT id FROM processes")}

    async def until_job(self, holds: Callable[[dict[str, Any]], bool], *, what: str) -> dict[str, Any]:
        async def found() -> dict[str, Any] | None:
            return next((job for job in await self.rows("SELECT * FROM jobs") if holds(job)), None)

        return await self.system.people.until(found, what=what)

    async def until_struck(self) -> None:
        """Wait until all the trouble that was made has struck."""

        async def struck() -> bool:
            return self.system.sandbox.faults.waiting == []

        await self.system.people.until(struck, what="the trouble")

    async def until_ended(self, process: Forked) -> int | None:
        async def ended() -> bool:
            return process.returncode is not None

        await self.system.people.until(ended, what="the end of a process")
        return process.returncode

    async def delivered_once(self, *, price: int = 3) -> None:
        """There is one video, of one task, charged once, and no card beside it."""
        people = self.system.people
        await self.until_job(lambda job: job["delivered_at"] is not None and job["due_at"] is None, what="the end")
        assert len(await people.tasks()) == 1
        assert len(await people.results()) == 1
        assert await people.cards() == []
        lines = await self.rows("SELECT kind, abs(held) AS n FROM ledger WHERE unit = 'credits' ORDER BY at, kind")
        assert [(line["kind"], line["n"]) for line in lines] == [("hold", price), ("settle", price)]

    async def _end(self, process: Forked) -> None:
        process.send_signal(signal.SIGCONT)
        process.kill()
        await process.wait()


async def opened(system: System, url: str, stack: AsyncExitStack) -> Company:
    """Nobody yet, on a database; whoever has started is gone when the stack is."""
    stack.push_async_callback(system.people.until, system.left, what="the end of the connections")
    return Company(system, url, await asyncpg.connect(url), stack)


@pytest.fixture
async def company(system: System, fresh_databases: FreshDatabases, tmp_path: Path) -> AsyncIterator[Company]:
    url = await fresh_databases.url(tmp_path)
    async with AsyncExitStack() as stack:
        company = await opened(system, url, stack)
        yield company
        await company.database.close()
        for process in company.processes:
            assert process.returncode in {None, 0, 1, -signal.SIGKILL}, system.log.read_text()
    fresh_databases.let_go(tmp_path)


async def test_a_gateway_takes_the_command_and_a_worker_makes_the_video(company: Company) -> None:
    await company.start(WORKER)
    await company.start(GATEWAY)
    await company.system.people.types("video create", **SMALL)
    await company.delivered_once()
    roles = await company.rows("SELECT role FROM processes ORDER BY role")
    assert [row["role"] for row in roles] == ["gateway", "worker"]


async def test_a_second_process_for_a_shard_stops_and_says_why(company: Company) -> None:
    await company.start(GATEWAY)
    assert await company.until_ended(company.spawn(GATEWAY)) == 1
    assert "Another process of this bot has shard 0" in company.system.log.read_text()
    assert len(await company.members()) == 1


async def test_a_gateway_that_was_stopped_for_so_long_that_another_has_its_shard_ends_and_says_why(
    company: Company,
) -> None:
    company.lease_seconds = BRIEF
    stopped = await company.start(GATEWAY)
    stopped.send_signal(signal.SIGSTOP)
    replacement = company.spawn(GATEWAY)

    async def replaced() -> bool:
        (row,) = await company.rows("SELECT count(*) AS n FROM processes WHERE role = 'gateway'")
        return row["n"] == 2 or "has died" in company.system.log.read_text()

    await company.system.people.until(replaced, what="the one that replaces it")
    stopped.send_signal(signal.SIGCONT)
    assert await company.until_ended(stopped) == 1
    assert "Another process of this bot has shard 0" in company.system.log.read_text()
    await company.system.people.online()
    await company.system.people.types("video create", **SMALL)
    await company.delivered_once()
    assert replacement.returncode is None


async def test_a_process_that_stops_gives_back_what_it_had_and_is_gone_at_once(company: Company) -> None:
    stopping = await company.start(WORKER)
    await company.start(GATEWAY)
    stopping.send_signal(signal.SIGTERM)
    assert await company.until_ended(stopping) == 0
    assert len(await company.members()) == 1
    await company.system.people.types("video create", **SMALL)
    await company.delivered_once()


@pytest.mark.parametrize("phase", ["running", "succeeded"])
async def test_what_a_killed_worker_had_in_hand_another_finishes(company: Company, phase: str) -> None:
    killed = await company.start(WORKER)
    await company.start(GATEWAY)
    people = company.system.people
    if phase == "succeeded":
        await people.fault("kirin", "slow", on=["file"], seconds=LONG, count=1)
    with company.system.sandbox.providers.held() if phase == "running" else nullcontext():
        await people.types("video create", **SMALL)
        await company.until_job(lambda job: job["status"] == phase, what=phase)
        await company.start(WORKER)
        killed.kill()
        await killed.wait()
    await people.fault("kirin", "slow", count=0)
    await company.delivered_once()


@pytest.mark.parametrize("generate_seconds", [0.2], indirect=True, ids=[""])
async def test_a_worker_that_was_stopped_while_it_submitted_does_not_submit_after_another_has(
    company: Company, tmp_path: Path
) -> None:
    company.lease_seconds = 2 * BRIEF
    mark = tmp_path / "stopped"
    workers = [await company.start(WORKER, SCRIPT, str(mark)) for _ in range(2)]
    await company.start(GATEWAY)
    await company.system.people.types("video create", **BY_KLING)

    async def taken_over() -> bool:
        return mark.exists() and len(await company.system.people.tasks()) == 1

    await company.system.people.until(taken_over, what="the other worker")
    for each in workers:
        each.send_signal(signal.SIGCONT)

    async def woken() -> bool:
        return mark.read_text(encoding="utf-8") == "False"

    await company.system.people.until(woken, what="its question whether it may send")
    await company.delivered_once(price=5)
    await company.system.people.types("video create", **BY_KLING)  # and it goes on working

    async def two() -> bool:
        return len(await company.system.people.results()) == 2

    await company.system.people.until(two, what="the second video")
    assert len(await company.system.people.tasks()) == 2


@pytest.mark.parametrize("generate_seconds", [0.2], indirect=True, ids=[""])
async def test_a_worker_that_was_stopped_while_it_waited_for_the_answer_is_overtaken_by_one_that_finds_its_task(
    company: Company,
) -> None:
    company.lease_seconds = 2 * BRIEF
    await company.system.people.fault("kling", "slow", on=["create"], seconds=1.0, count=1)
    stopped = await company.start(WORKER, SCRIPT)
    await company.start(GATEWAY)
    await company.system.people.types("video create", **BY_KLING)
    await company.until_struck()
    stopped.send_signal(signal.SIGSTOP)
    await company.start(WORKER, SCRIPT)
    await company.delivered_once(price=5)
    stopped.send_signal(signal.SIGCONT)
    await company.system.people.types("video create", **BY_KLING)
    await company.until_job(lambda job: job["delivered_at"] is not None, what="another video")


@pytest.mark.parametrize("generate_seconds", [0.2], indirect=True, ids=[""])
async def test_a_worker_that_is_cut_off_from_the_database_while_it_submits_is_overtaken_by_one_that_finds_its_task(
    company: Company,
) -> None:
    company.lease_seconds = 2 * BRIEF
    async with line_to(company.url) as line:
        await company.system.people.fault("kling", "slow", on=["create"], seconds=1.0, count=1)
        cut_off = await company.start(WORKER, SCRIPT, url=line.url)
        await company.start(GATEWAY)
        await company.system.people.types("video create", **BY_KLING)
        await company.until_struck()
        line.cut()
        await company.start(WORKER, SCRIPT)
        await company.delivered_once(price=5)
        line.mend()

        async def back() -> bool:
            return len(await company.members()) == 3

        await company.system.people.until(back, what="the worker that was cut off")
        assert cut_off.returncode is None


async def test_two_gateways_have_a_shard_each_and_a_worker_posts_for_both(company: Company) -> None:
    people = company.system.people
    company.system.sandbox.discord.gateway.starts.max_concurrency = 2
    for number in range(2):
        await people.found(f"guild {number}", shard=(number, 2), channel=f"room-{number}")
    await company.start(WORKER)
    for number in range(2):
        await company.start(f"{number}/2")

    async def all_known() -> bool:
        (row,) = await company.rows("SELECT count(*) AS n FROM guilds WHERE left_at IS NULL AND guild_id <> 0")
        return row["n"] == 3 and await people.shards() == [[0, 2], [1, 2]]

    await people.until(all_known, what="both shards")
    for number in range(2):
        await people.types("video create", channel=f"room-{number}", **SMALL)
    for number in range(2):
        await people.result(f"room-{number}")
    assert await company.rows("SELECT guild_id FROM guilds WHERE left_at IS NOT NULL") == []
    requests = await people.requests()
    assert sum(each["method"] == "PUT" and each["path"].endswith("/commands") for each in requests) == 1
    posted = {each["agent"] for each in requests if each["path"].endswith("/messages") and each["method"] == "POST"}
    assert len(posted) == 1  # the worker
    assert [each["path"] for each in requests if each["limited"] == "global"] == []


@pytest.fixture
def server() -> Iterator[Server]:
    """A server that a test may stop: there before its system, which looks for what is left."""
    with own_server() as server:
        yield server


async def test_when_the_database_was_gone_everybody_is_back_and_goes_on(
    server: Server, system: System, tmp_path: Path
) -> None:
    url = await FreshDatabases(server=server, prefix="gone_").url(tmp_path)
    async with AsyncExitStack() as stack:
        company = await opened(system, url, stack)
        await company.start(WORKER)
        await company.start(GATEWAY)
        members = await company.members()
        await company.database.close()
        server.stop("fast")
        server.start()
        company.database = await asyncpg.connect(url)
        await company.system.people.types("video create", **SMALL)
        await company.delivered_once()

        async def all_back() -> bool:
            return await company.members() == members

        await company.system.people.until(all_back, what="everybody")
        await company.database.close()


async def test_the_answer_of_a_gateway_links_to_the_card_that_a_worker_has_posted(company: Company) -> None:
    await company.start(WORKER)
    await company.start(GATEWAY)
    people = company.system.people
    await people.fault("kirin", "stuck")
    answer = await people.answer(await people.types("video create", **SMALL))
    (card,) = await people.cards()
    assert f"/{card['channel_id']}/{card['id']}" in answer
