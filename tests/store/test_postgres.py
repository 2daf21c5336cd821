"""What PostgreSQL alone can do: refuse, break off, fall behind, let two things happen at once."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from bot.errors import CommitUnknown, StoreError, StoreUnavailable
from bot.store.database import Reading, Transaction
from bot.store.migrate import migrate, shipped
from bot.store.postgres import ATTEMPTS, PostgresDatabase, lock_number, schema_text
from tests.fresh_databases import FreshDatabases
from tests.postgres_server import Server, own_server
from tests.store.conftest import START

SECRET = "hush%40hush"


@pytest.fixture
async def numbers(fresh_databases: FreshDatabases, tmp_path: Path) -> AsyncIterator[PostgresDatabase]:
    """A database with an empty table of numbers, each of which may be there once."""
    async with fresh_databases.opened(tmp_path, migrated=False) as database:
        await database.transact(lambda tx: tx.execute("CREATE TABLE numbers (n BIGINT PRIMARY KEY, word TEXT)"))
        yield database
    fresh_databases.let_go(tmp_path)


@pytest.fixture(scope="module")
def server(postgres_server: Server) -> Iterator[Server]:  # noqa: ARG001 (asks whether there are any programs)
    """A server that these tests may stop, start and change."""
    with own_server() as own:
        yield own


@pytest.fixture
async def alone(server: Server) -> AsyncIterator[PostgresDatabase]:
    """The same in a server of its own, that a test may stop."""
    async with PostgresDatabase(server.url("postgres"), pool=3) as database:
        await database.transact(lambda tx: tx.execute("DROP TABLE IF EXISTS numbers"))
        await database.transact(lambda tx: tx.execute("CREATE TABLE numbers (n BIGINT PRIMARY KEY, word TEXT)"))
        yield database


def put(number: int, word: str = "") -> Callable[[Transaction], Any]:
    return lambda tx: tx.execute("INSERT INTO numbers (n, word) VALUES ($1, $2)", number, word)


async def kept(database: PostgresDatabase) -> list[int]:
    return [row["n"] for row in await database.transact(lambda tx: tx.all("SELECT n FROM numbers ORDER BY n"))]


async def asked(url: str, sql: str, *values: object) -> list[asyncpg.Record]:
    """The answer to a statement of somebody else's."""
    other = await asyncpg.connect(url)
    try:
        return await other.fetch(sql, *values)
    finally:
        await other.close()


KILL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND application_name <> ''"


def test_the_schema_has_large_numbers_and_texts_in_the_order_of_their_bytes() -> None:
    text = schema_text("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT NOT NULL, c BIGINT, integer_text BIGINT)")
    assert text == 'CREATE TABLE t (a BIGINT PRIMARY KEY, b TEXT COLLATE "C" NOT NULL, c BIGINT, integer_text BIGINT)'


def test_of_the_schema_only_what_moves_older_rows_is_left_out() -> None:
    database = PostgresDatabase("postgresql://nowhere/x")
    for migration in shipped():
        left_out = len(migration.statements) - len(database.schema(migration.statements))
        assert left_out == (2 if migration.name == "reports" else 0), migration.name


async def test_every_column_of_the_schema_is_large_and_every_text_in_order(
    fresh_databases: FreshDatabases, tmp_path: Path
) -> None:
    async with fresh_databases.opened(tmp_path, migrated=True) as database:
        rows = await database.transact(
            lambda tx: tx.all(
                "SELECT table_name, column_name, data_type, collation_name FROM information_schema.columns "
                "WHERE table_schema = 'public'"
            )
        )
    assert {row["data_type"] for row in rows} == {"bigint", "text", "double precision"}
    assert {row["collation_name"] for row in rows if row["data_type"] == "text"} == {"C"}


def test_a_lock_has_the_same_number_everywhere() -> None:
    assert lock_number("claims") == lock_number("claims") != lock_number("presets")
    assert -(2**63) <= lock_number("x") < 2**63


async def test_a_statement_finds_what_others_have_committed_and_a_snapshot_does_not(numbers: PostgresDatabase) -> None:
    seen: dict[bool, list[int]] = {True: [], False: []}

    for snapshot, found in seen.items():
        reading, written = asyncio.Event(), asyncio.Event()

        async def look(tx: Transaction, found: list[int] = found, reading: asyncio.Event = reading) -> None:
            for _ in range(2):
                row = await tx.one("SELECT count(*) AS n FROM numbers")
                found.append(row["n"] if row else -1)
                reading.set()
                await tx.all("SELECT pg_sleep(0.2)")

        looking = asyncio.create_task(numbers.transact(look, snapshot=snapshot))
        await reading.wait()
        await numbers.transact(put(100 + snapshot))
        written.set()
        await looking
    assert seen == {True: [0, 0], False: [1, 2]}


async def test_in_a_snapshot_nothing_can_be_written(numbers: PostgresDatabase) -> None:
    with pytest.raises(StoreUnavailable, match="read-only"):
        await numbers.transact(put(1), snapshot=True)
    assert await kept(numbers) == []


async def test_two_that_wait_for_each_other_are_both_carried_out(numbers: PostgresDatabase) -> None:
    await numbers.transact(put(1))
    await numbers.transact(put(2))
    runs = 0

    def both(first: int, second: int) -> Callable[[Transaction], Any]:
        async def work(tx: Transaction) -> None:
            nonlocal runs
            runs += 1
            await tx.execute("UPDATE numbers SET word = word || 'x' WHERE n = $1", first)
            await tx.all("SELECT pg_sleep(0.2)")
            await tx.execute("UPDATE numbers SET word = word || 'x' WHERE n = $1", second)

        return work

    await asyncio.gather(numbers.transact(both(1, 2)), numbers.transact(both(2, 1)))
    rows = await numbers.transact(lambda tx: tx.all("SELECT word FROM numbers"))
    assert [row["word"] for row in rows] == ["xx", "xx"]
    assert runs == 3


async def test_what_can_never_stand_is_given_up(numbers: PostgresDatabase) -> None:
    runs = 0

    async def work(tx: Transaction) -> None:
        nonlocal runs
        runs += 1
        await tx.execute("DO $$ BEGIN RAISE SQLSTATE '40001'; END $$")

    with pytest.raises(StoreUnavailable):
        await numbers.transact(work)
    assert runs == ATTEMPTS


@pytest.mark.parametrize("value", ["a\0b", "\ud800"])
async def test_a_text_that_cannot_be_kept_is_no_outage_and_is_not_shown(numbers: PostgresDatabase, value: str) -> None:
    with pytest.raises(StoreError, match="a value that cannot be kept") as caught:
        await numbers.transact(put(1, value))
    assert not isinstance(caught.value, StoreUnavailable)


async def test_a_number_that_is_too_large_is_no_outage_and_is_not_shown(numbers: PostgresDatabase) -> None:
    with pytest.raises(StoreError, match=r"query argument \$1 \(value out of int64 range\)") as caught:
        await numbers.transact(put(2**70))
    assert not isinstance(caught.value, StoreUnavailable)
    assert str(2**70) not in f"{caught.value!r} {caught.value.__cause__!r}"


async def test_a_broken_rule_does_not_quote_the_row(numbers: PostgresDatabase) -> None:
    await numbers.transact(lambda tx: tx.execute("ALTER TABLE numbers ADD CHECK (n < 10)"))
    with pytest.raises(StoreError) as caught:
        await numbers.transact(put(11, "a walrus on Tuesday"))
    assert "walrus" not in f"{caught.value} {caught.value.__cause__}"


async def test_a_work_that_goes_on_after_a_failed_statement_keeps_nothing(
    numbers: PostgresDatabase,
) -> None:
    async def stubborn(tx: Transaction) -> None:
        await put(1)(tx)
        with suppress(StoreError):
            await put(1)(tx)

    with pytest.raises(StoreError, match="duplicate"):
        await numbers.transact(stubborn)
    assert await kept(numbers) == []


async def test_a_work_that_awaits_something_else_is_refused(numbers: PostgresDatabase) -> None:
    async def dawdle(tx: Transaction) -> None:
        await put(1)(tx)
        await asyncio.sleep(0.01)

    with pytest.raises(RuntimeError, match="nothing but its own statements"):
        await numbers.transact(dawdle)
    assert await kept(numbers) == []


async def test_a_transaction_within_a_transaction_is_refused(numbers: PostgresDatabase) -> None:
    async def nested(tx: Transaction) -> None:
        await put(1)(tx)
        await numbers.transact(put(2))

    with pytest.raises(RuntimeError, match="nothing but its own statements"):
        await numbers.transact(nested)


async def test_a_connection_that_breaks_within_a_work_is_made_good(alone: PostgresDatabase, server: Server) -> None:
    runs = 0

    async def work(tx: Transaction) -> int:
        nonlocal runs
        runs += 1
        await put(7)(tx)
        if runs == 1:
            await tx.all("SELECT pg_terminate_backend(pg_backend_pid())")
        return runs

    assert await alone.transact(work) == 2
    assert await kept(alone) == [7]
    assert len(await asked(server.url("postgres"), KILL)) > 0
    assert await kept(alone) == [7]


async def test_while_the_server_is_gone_everything_is_refused_and_afterwards_goes_on(
    alone: PostgresDatabase, server: Server
) -> None:
    await alone.transact(put(1))
    server.stop("immediate")
    with pytest.raises(StoreUnavailable, match="cannot be reached"):
        await alone.transact(put(2))
    server.start()
    await alone.transact(put(3))
    assert await kept(alone) == [1, 3]


async def test_a_server_that_only_reads_any_more_is_left_for_the_one_that_took_over(
    alone: PostgresDatabase, server: Server
) -> None:
    await asked(server.url("postgres"), "ALTER DATABASE postgres SET default_transaction_read_only = on")
    async with PostgresDatabase(server.url("postgres"), pool=1) as database:
        with pytest.raises(StoreUnavailable, match="read-only"):
            await database.transact(put(1))
        await alone.transact(lambda tx: tx.execute("ALTER DATABASE postgres RESET default_transaction_read_only"))
        assert await database.transact(put(2)) == 1
    assert await kept(alone) == [2]


class Breaking(PostgresDatabase):
    """Breaks the connection once when a transaction is committed: before the server hears of it, or after."""

    def __init__(self, url: str, *, heard: bool, doubt_seconds: float = 60) -> None:
        super().__init__(url, pool=2, doubt_seconds=doubt_seconds)
        self._heard, self.broken = heard, False

    async def _connect(self) -> Any:
        connection = await super()._connect()
        execute = connection.execute

        async def breaking(sql: str, *values: object, **options: Any) -> Any:
            if sql == "COMMIT" and not self.broken:
                self.broken = True
                if self._heard:
                    await execute(sql)
                connection.terminate()
                raise ConnectionResetError("the line broke")
            return await execute(sql, *values, **options)

        object.__setattr__(connection, "execute", breaking)
        return connection


@pytest.mark.parametrize("heard", [True, False])
async def test_a_commit_in_doubt_is_asked_about(alone: PostgresDatabase, server: Server, *, heard: bool) -> None:
    async with Breaking(server.url("postgres"), heard=heard) as breaking:
        if heard:
            assert await breaking.transact(put(1)) == 1
        else:
            with pytest.raises(StoreUnavailable, match="the line broke") as caught:
                await breaking.transact(put(1))
            assert not isinstance(caught.value, CommitUnknown)
        assert breaking.broken
    assert await kept(alone) == ([1] if heard else [])


async def test_a_statement_that_only_reads_is_repeated_where_its_connection_breaks(
    alone: PostgresDatabase, server: Server
) -> None:
    await alone.transact(put(5))
    (pid,) = await alone.transact(Reading("SELECT pg_backend_pid() AS pid", ()))
    await asked(server.url("postgres"), "SELECT pg_terminate_backend($1)", pid["pid"])
    assert [row["n"] for row in await alone.transact(Reading("SELECT n FROM numbers WHERE n > $1", (1,)))] == [5]
    with pytest.raises(StoreError):
        await alone.transact(Reading("SELECT n FROM nowhere", ()))


async def test_a_look_that_breaks_off_is_simply_repeated(alone: PostgresDatabase, server: Server) -> None:
    await alone.transact(put(5))
    async with Breaking(server.url("postgres"), heard=False) as breaking:
        assert await kept(breaking) == [5]
        assert breaking.broken


async def test_where_nobody_can_be_asked_it_is_not_said_that_nothing_was_kept(
    alone: PostgresDatabase, server: Server
) -> None:

    class Gone(Breaking):
        async def _connect(self) -> Any:
            if self.broken:
                raise StoreUnavailable("gone")
            return await super()._connect()

    async with Gone(server.url("postgres"), heard=True, doubt_seconds=0.5) as breaking:
        with pytest.raises(CommitUnknown):
            await breaking.transact(put(1))
    assert await kept(alone) == [1]


async def test_another_server_that_took_over_is_not_believed_about_a_commit(
    alone: PostgresDatabase, server: Server
) -> None:
    class TakenOver(Breaking):
        async def _connect(self) -> Any:
            connection = await super()._connect()
            if self.broken:
                connection.timeline = "0000000F"
            return connection

    async with TakenOver(server.url("postgres"), heard=True) as breaking:
        with pytest.raises(CommitUnknown):
            await breaking.transact(put(1))
    assert await kept(alone) == [1]


async def test_what_is_deleted_leaves_the_tables(numbers: PostgresDatabase) -> None:
    for number in range(50):
        await numbers.transact(put(number, "a walrus on Tuesday"))
    await numbers.transact(lambda tx: tx.execute("DELETE FROM numbers"))
    assert await numbers.purge()
    size = await numbers.transact(lambda tx: tx.one("SELECT pg_relation_size('numbers') AS n"))
    assert size is not None
    assert size["n"] == 0


async def test_a_commit_survives_whatever_the_server_thinks_of_it(alone: PostgresDatabase, server: Server) -> None:
    await asked(server.url("postgres"), "ALTER ROLE postgres SET synchronous_commit = off")
    try:
        async with PostgresDatabase(server.url("postgres"), pool=1) as database:
            row = await database.transact(lambda tx: tx.one("SELECT current_setting('synchronous_commit') AS it"))
            assert row is not None
            assert row["it"] == "on"
    finally:
        await asked(server.url("postgres"), "ALTER ROLE postgres RESET synchronous_commit")
    assert await kept(alone) == []


@pytest.mark.parametrize(
    ("prepare", "url", "pool", "said"),
    [
        ("", "postgresql://nobody-here@/postgres", 1, "does not accept the user or the password"),
        ("", "postgresql://postgres@/nowhere", 1, "has no database of the name"),
        ("", "postgresql://postgres@/postgres", 500, "DATABASE_POOL asks for 500"),
        ("CREATE DATABASE latin ENCODING LATIN1 TEMPLATE template0", "postgresql://postgres@/latin", 1, "ENCODING"),
        ("ALTER ROLE postgres CONNECTION LIMIT 1", "postgresql://postgres@/postgres", 2, "allows 1 connections"),
    ],
)
async def test_a_server_that_will_not_do_is_named_in_words(
    server: Server, prepare: str, url: str, pool: int, said: str
) -> None:
    if prepare:
        await asked(server.url("postgres"), prepare)
    try:
        with pytest.raises(StoreError, match=said):
            async with PostgresDatabase(f"{url}?host={server.folder}", pool=pool):
                pass
    finally:
        await asked(server.url("postgres"), "ALTER ROLE postgres CONNECTION LIMIT -1")


async def test_a_server_without_a_connection_left_is_named_in_words(server: Server) -> None:
    await asked(server.url("postgres"), "CREATE ROLE narrow LOGIN CONNECTION LIMIT 1")
    url = f"postgresql://narrow@/postgres?host={server.folder}"
    async with PostgresDatabase(url, pool=1):
        with pytest.raises(StoreUnavailable, match="no connection left"):
            async with PostgresDatabase(url, pool=1):
                pass


async def test_no_password_is_in_any_text(tmp_path: Path) -> None:
    person = f"postgresql://ana:{SECRET}@"
    for url in (f"{person}/x?host={tmp_path}", f"{person}127.0.0.1:1/x", f"bad:{SECRET}"):
        with pytest.raises(StoreError) as caught:
            async with PostgresDatabase(url):
                pass
        causes = f"{caught.value!r} {caught.value} {caught.value.__cause__!r} {PostgresDatabase(url)!r}"
        assert "hush" not in causes


async def test_two_programs_that_migrate_at_once_apply_each_migration_once(numbers: PostgresDatabase) -> None:
    applied = await asyncio.gather(migrate(numbers, now=START), migrate(numbers, now=START))
    names = [f"{each.version:04}_{each.name}" for each in shipped()]
    assert sorted(name for names in applied for name in names) == names


def test_a_server_ends_with_its_user_and_leaves_nothing(postgres_server: Server) -> None:
    assert postgres_server.data.exists()
    program = (
        "import os; from tests.postgres_server import started_server; "
        "print(started_server(user=os.getpid()).folder, flush=True); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run(  # noqa: S603 - our own text
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2], check=False
    )
    folder = Path(done.stdout.strip())
    until = time.monotonic() + 120
    while folder.exists():
        assert time.monotonic() < until
        time.sleep(0.05)
