"""A pooler between the bot and PostgreSQL, such as PgBouncer: it refuses who begins with settings unknown to it."""

import asyncio
from asyncio import StreamReader, StreamWriter
from typing import Final

import pytest

from bot.errors import StoreUnavailable
from bot.store.postgres import PostgresDatabase
from bot.store.postgres_session import PostgresSession

# What PgBouncer takes as it is installed: its page on the configuration, at ignore_startup_parameters.
KNOWN: Final = {"user", "database", "application_name", "client_encoding"}


@pytest.mark.parametrize("opened", [PostgresDatabase, PostgresSession])
async def test_a_pooler_is_told_only_what_it_knows(opened: type[PostgresDatabase] | type[PostgresSession]) -> None:
    told: list[str] = []

    async def answer(reader: StreamReader, writer: StreamWriter) -> None:
        """Read who begins, as the protocol has it, and hang up."""
        length = int.from_bytes(await reader.readexactly(4))
        words = (await reader.readexactly(length - 4))[4:].rstrip(b"\0").split(b"\0")
        told.extend(word.decode() for word in words[::2])
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as pooler:
        port = pooler.sockets[0].getsockname()[1]
        with pytest.raises(StoreUnavailable):
            async with opened(f"postgresql://somebody@127.0.0.1:{port}/bot?sslmode=disable"):
                raise AssertionError
    assert {"user", "database"} <= set(told) <= KNOWN
