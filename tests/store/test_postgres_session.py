"""The session of a process with PostgreSQL: what it locks and hears, and what becomes of it when it is lost."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from bot.errors import LockTaken, StoreUnavailable
from bot.store import postgres_session
from bot.store.postgres import lock_number
from bot.store.postgres_session import PostgresSession
from tests.cut_line import line_to
from tests.fresh_databases import FreshDatabases

PATIENCE = 60.0  # seconds for what a database should do at once
BUSY = 60.0  # seconds for which the machine of the tests may have other things to do


@dataclass
class Server:
    """A database with sessions that are kept, and somebody who may end them."""

    url: str
    operator: asyncpg.Connection
    stack: AsyncExitStack

    async def session(self, *, kept: bool = True, url: str = "") -> PostgresSession:
        session = await self.stack.enter_async_context(PostgresSession(url or self.url, silence=BUSY, rand=lambda: 0.0))
        if kept:
            self.keep(session)
        return session

    def keep(self, session: PostgresSession) -> "asyncio.Task[None]":
        task = asyncio.create_task(session.run())
        self.stack.push_async_callback(given_up, task)
        return task

    async def end(self, lock: str) -> None:
        """End the session that holds a lock, from the server's side."""
        await self.operator.execute("SELECT pg_terminate_backend($1)", await self.holder(lock))

    async def last_asked(self, pid: int) -> datetime:
        """When a server's process was last asked something."""
        at: datetime = await self.operator.fetchval("SELECT query_start FROM pg_stat_activity WHERE pid = $1", pid)
        return at

    async def holder(self, lock: str) -> int:
        """The server's process that holds a lock."""
        return int(
            await self.operator.fetchval(
                "SELECT pid FROM pg_locks WHERE locktype = 'advisory' "
                "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
                "AND (CAST(classid AS BIGINT) << 32) | CAST(objid AS BIGINT) = $1",
                lock_number(lock),
            )
        )


@pytest.fixture
async def server(fresh_databases: FreshDatabases, tmp_path: Path) -> AsyncIterator[Server]:
    url = await fresh_databases.url(tmp_path)
    async with AsyncExitStack() as stack:
        operator = await asyncpg.connect(url)
        stack.push_async_callback(operator.close)
        yield Server(url, operator, stack)
    fresh_databases.let_go(tmp_path)


async def given_up(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait([task])


async def eventually(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            with suppress(StoreUnavailable):
                if await holds():
                    return
            await asyncio.sleep(0.01)


async def test_a_lock_is_one_session_s_and_the_others_see_it(server: Server) -> None:
    one, other = await server.session(), await server.session()
    assert await one.hold("process:a")
    assert not await other.hold("process:a")
    assert await other.hold("process:b")
    assert await one.held(["process:a", "process:b", "process:c"]) == {"process:a", "process:b"}


async def test_a_lock_ends_with_its_session(server: Server) -> None:
    one = await server.session(kept=False)
    assert await one.hold("shard:0")
    other = await server.session()
    await server.end("shard:0")
    assert await other.hold("shard:0", patience=PATIENCE)


async def test_payloads_reach_every_session(server: Server) -> None:
    one, other, heard = await server.session(), await server.session(), list[str]()
    for session in (one, other):
        session.on_payload(heard.append)
    await one.notify("news")

    async def both() -> bool:
        return heard == ["news", "news"]

    await eventually(both)


async def test_the_server_s_clock_is_told(server: Server) -> None:
    at = await (await server.session()).now()
    assert abs(at - datetime.now(UTC)) < timedelta(minutes=1)


async def test_a_session_that_is_lost_is_made_anew_with_its_locks_and_says_so(server: Server) -> None:
    one, other, missed = await server.session(), await server.session(), list[bool]()
    one.on_reconnected(lambda: missed.append(True))
    assert await one.hold("process:a")
    assert await one.hold("shard:0")
    await server.end("shard:0")

    async def again() -> bool:
        return missed == [True] and await other.held(["process:a", "shard:0"]) == {"process:a", "shard:0"}

    await eventually(again)
    heard = list[str]()
    one.on_payload(heard.append)
    await other.notify("news")

    async def heard_it() -> bool:
        return heard == ["news"]

    await eventually(heard_it)


async def test_while_it_is_lost_nothing_is_told(server: Server) -> None:
    one = await server.session(kept=False)
    assert await one.hold("process:a")
    await server.end("process:a")

    async def refuses() -> bool:
        try:
            await one.held([])
        except StoreUnavailable:
            return True
        return False

    await eventually(refuses)
    with pytest.raises(StoreUnavailable, match="no session"):
        await one.notify("news")


async def test_an_old_session_that_the_server_still_keeps_is_ended(server: Server) -> None:
    async with line_to(server.url) as line:
        one, again = await server.session(url=line.url), asyncio.Event()
        one.on_reconnected(again.set)
        assert await one.hold("process:a")
        assert await one.hold("shard:0")
        before = await server.holder("process:a")
        line.cut()
        assert await server.holder("shard:0") == before
        line.mend()
        async with asyncio.timeout(PATIENCE):
            await again.wait()
        assert await server.holder("process:a") == await server.holder("shard:0") != before


async def test_whoever_lost_its_lock_to_somebody_else_hears_of_it(server: Server) -> None:
    one, other = await server.session(kept=False), await server.session()
    assert await one.hold("process:a")
    assert await one.hold("shard:0")
    await server.end("shard:0")
    assert await other.hold("shard:0", patience=PATIENCE)
    with pytest.raises(LockTaken) as stopped:
        async with asyncio.timeout(PATIENCE):
            await one.run()
    assert stopped.value.name == "shard:0"


async def test_who_is_left_of_a_test_locks_nothing_in_the_next(fresh_databases: FreshDatabases, tmp_path: Path) -> None:
    left = await asyncpg.connect(await fresh_databases.url(tmp_path / "one"))
    await left.execute("SELECT pg_advisory_lock($1)", lock_number("shard:0"))
    left_in = fresh_databases.name_of(tmp_path / "one")
    fresh_databases.let_go(tmp_path / "one")
    async with PostgresSession(await fresh_databases.url(tmp_path / "other")) as session:
        assert fresh_databases.name_of(tmp_path / "other") == left_in
        assert await session.hold("shard:0")
    left.terminate()
    fresh_databases.let_go(tmp_path)


async def test_a_server_that_cannot_be_reached_is_an_outage() -> None:
    with pytest.raises(StoreUnavailable):
        async with PostgresSession("postgresql://nobody@/nothing?host=/nowhere"):
            raise AssertionError


async def test_the_locks_of_a_process_that_says_nothing_any_more_are_free(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_session, "PING", 0.05)
    stopped = await server.stack.enter_async_context(PostgresSession(server.url, silence=0.5, rand=lambda: 0.0))
    kept = server.keep(stopped)
    await eventually(lambda: stopped.hold("process:a"))  # not at once where the tests, too, were silent for so long
    await given_up(kept)
    other = await server.session()
    assert await other.hold("process:a", patience=PATIENCE)


async def test_one_that_has_nothing_to_ask_shows_that_it_lives(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_session, "PING", 0.05)
    lives = await server.session()
    assert await lives.hold("process:a")
    pid = await server.holder("process:a")
    asked = await server.last_asked(pid)

    async def again() -> bool:
        return await server.last_asked(pid) > asked

    await eventually(again)
