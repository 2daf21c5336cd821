"""Several processes of one bot at Discord: each looks after its own guilds, and one sends the commands."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import AsyncMock

import aiohttp
import pytest

from bot.client import Shotcaller
from bot.connection import stay_connected
from bot.domain.sharing import Process, Role
from bot.service.processes import Processes
from bot.service.upkeep.gateway import Gateways
from bot.service.upkeep.left_guilds import LeftGuilds
from bot.sharded_client import ShardedShotcaller, new_client
from bot.store.gateway import GatewayStore
from bot.store.privacy.left_guilds import LeftGuildStore
from bot.store.sqlite import SQLiteDatabase
from cogs.ui.translator import in_every_language
from sandbox.discord.world import Json
from tests.cogs.controls import Nothing
from tests.fresh_databases import migrated_file
from tests.sandbox.library_client import LibraryClient, opened
from tests.service.scripted import START, Clock

PROCESSES = [
    Process(id=f"{number:016x}", role=Role.GATEWAY, shards=shards, shard_count=4)
    for number, shards in enumerate(((0, 1), (2, 3)), 1)
]
PATIENCE = 60.0  # seconds until what never comes is given up
COMMANDS = "/applications/"


class Gathering:
    """A sandbox with a guild for each of four shards, and the database that all processes share."""

    def __init__(self, library_client: LibraryClient, database: SQLiteDatabase) -> None:
        self.library_client, self.database, self.clock = library_client, database, Clock()
        self.left_store = LeftGuildStore(database)

    @property
    def world(self) -> Any:
        return self.library_client.sandbox.discord.world

    async def post(self, name: str, /, **body: Any) -> Json:
        return await self.library_client.post(name, **body)

    def client(self, process: Process, *, guild_ids: tuple[int, ...] = (), **changes: Any) -> Shotcaller:
        """The client of a process."""
        parts = {"trace": aiohttp.TraceConfig(), "explain": AsyncMock(), "translate": in_every_language}
        client = new_client(process, guild_ids=guild_ids, **{**parts, **changes})
        client._connection.guild_ready_timeout = 0.2  # noqa: SLF001 (discord.py's, which waits for guilds so long)
        services = SimpleNamespace(
            now=self.clock,
            videos=SimpleNamespace(models={}),
            storyboards=Nothing(),
            left_guilds=LeftGuilds(
                store=self.left_store, clock=self.clock, wake=lambda: None, wake_outbox=lambda: None, welcomes=True
            ),
            gateways=Gateways(
                store=GatewayStore(self.database),
                processes=Processes(process),
                clock=self.clock,
                sleep=AsyncMock(),
            ),
        )
        client.services = services  # type: ignore[assignment]
        return client

    @asynccontextmanager
    async def running(self, process: Process, **changes: Any) -> AsyncIterator[Shotcaller]:
        """A process of the bot, connected."""
        async with self.client(process, **changes) as client:
            await client.login(self.world.token)
            connected = asyncio.create_task(client.connect())
            await client.wait_until_ready()
            yield client
            await client.close()
            await asyncio.wait([connected], timeout=PATIENCE)

    async def known(self) -> set[int]:
        """The guilds that the database takes the bot to be in."""
        rows = await self.database.transact(lambda tx: tx.all("SELECT guild_id FROM guilds WHERE left_at IS NULL"))
        return {row["guild_id"] for row in rows}

    async def until(self, holds: Callable[[set[int]], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not holds(await self.known()):  # noqa: ASYNC110 - a database tells nobody
                await asyncio.sleep(0.02)

    def sent(self) -> list[str]:
        """The requests about commands since the last look, as methods."""
        requests = self.library_client.sandbox.discord.requests
        found = [each.method for each in requests if each.path.startswith(COMMANDS) and each.method != "PATCH"]
        requests.clear()
        return found


@pytest.fixture
async def gathering(tmp_path: Path) -> AsyncIterator[Gathering]:
    file = await migrated_file(tmp_path / "shotcaller.db")
    async with opened(None) as library_client, SQLiteDatabase(file) as database:
        await library_client.post("gateway", max_concurrency=16)
        library_client.sandbox.discord.gateway.starts.bucket_seconds = 0
        for number in range(4):
            await library_client.post("guilds", name=f"guild {number}", shard=[number, 4])
        yield Gathering(library_client, database)


def of(process: Process, guilds: Any) -> set[int]:
    return {int(each) for each in guilds if (int(each) >> 22) % process.shard_count in process.shards}


async def test_a_process_leaves_the_guilds_of_the_others_alone(gathering: Gathering) -> None:
    guilds = set(map(int, gathering.world.guilds))
    await LeftGuildStore(gathering.database).compare(guilds, now=START)
    for process in PROCESSES:
        async with gathering.running(process) as client:
            assert isinstance(client, ShardedShotcaller)
            assert {guild.id for guild in client.guilds} == of(process, guilds)
        assert await gathering.known() == guilds
    assert await gathering.left_store.all_left() == []


async def test_a_process_notices_which_of_its_own_are_gone(gathering: Gathering) -> None:
    guilds = set(map(int, gathering.world.guilds))
    await LeftGuildStore(gathering.database).compare(guilds, now=START)
    for number in (0, 3):
        await gathering.post("settings", guild=f"guild {number}", bot_present=False)
    gone = {int(each.id) for each in gathering.world.guilds.values() if each.name in ("guild 0", "guild 3")}
    async with gathering.running(PROCESSES[0]):
        await gathering.until(lambda known: known == guilds - of(PROCESSES[0], gone))
    async with gathering.running(PROCESSES[1]):
        await gathering.until(lambda known: known == guilds - gone)


async def test_a_guild_left_while_the_connection_was_gone_is_noticed(gathering: Gathering) -> None:
    """discord.py keeps the guilds of the session before, where it has several shards."""
    gone = next(int(each.id) for each in gathering.world.guilds.values() if each.name == "guild 1")
    guilds = set(map(int, gathering.world.guilds))
    async with gathering.running(PROCESSES[0]) as client:
        await gathering.until(lambda known: known == of(PROCESSES[0], guilds))
        await gathering.post("settings", guild="guild 0", guild_available=False)  # told of, and not to be reached
        gathering.world.guilds[str(gone)].members.pop(gathering.world.bot.id)  # nobody is told
        await gathering.post("faults", target="discord", kind="gateway_drop", op=9, count=2)
        await gathering.until(lambda known: known == of(PROCESSES[0], guilds - {gone}))
        await gathering.post("settings", guild="guild 1", bot_present=True)
        await gathering.until(lambda known: known == of(PROCESSES[0], guilds))
        assert client.get_guild(gone) is not None


async def test_the_commands_are_sent_once_and_again_only_when_they_change(gathering: Gathering) -> None:
    first, second = PROCESSES
    async with gathering.client(first) as one, gathering.client(second) as other:
        await asyncio.gather(*(client.login(gathering.world.token) for client in (one, other)))
        sent = gathering.sent()
        known = [client.command_of("video", guild_id=7) for client in (one, other)]
    assert sorted(sent) == ["GET", "PUT"]
    assert None not in known
    assert known[0] == known[1]
    async with gathering.client(first) as again:
        await again.login(gathering.world.token)
        assert (gathering.sent(), again.command_of("video", guild_id=7)) == (["GET"], known[0])


def renamed(commands: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Commands in every language, with other names in each."""
    return [
        each | {"name_localizations": {locale: f"{name}x" for locale, name in each["name_localizations"].items()}}
        for each in in_every_language(commands)
    ]


async def test_a_changed_translation_and_another_guild_are_sent(gathering: Gathering) -> None:
    guilds = [int(each) for each in gathering.world.guilds][:2]
    logins: list[tuple[list[str], Any]] = [
        (["PUT"], {"guild_ids": (guilds[0],)}),
        (["GET"], {"guild_ids": (guilds[0],)}),
        (["GET", "PUT"], {"guild_ids": tuple(guilds)}),
        (["PUT", "PUT"], {"guild_ids": tuple(guilds), "translate": renamed}),
    ]
    for expected, changes in logins:
        async with gathering.client(PROCESSES[0], **changes) as client:
            await client.login(gathering.world.token)
            assert gathering.sent() == expected
            assert client.command_of("video", guild_id=guilds[0]) is not None


async def test_commands_that_somebody_has_deleted_are_sent_at_the_next_start(gathering: Gathering) -> None:
    async with gathering.client(PROCESSES[0]) as client:
        await client.login(gathering.world.token)
        video = client.command_of("video", guild_id=None)
        assert video is not None
        await video.delete()
    gathering.sent()
    async with gathering.client(PROCESSES[1]) as client:
        await client.login(gathering.world.token)
        assert gathering.sent() == ["GET", "PUT"]
        assert client.command_of("video", guild_id=None) is not None


async def test_a_worker_knows_no_commands_and_sends_none(gathering: Gathering) -> None:
    async with gathering.client(Process(id="f" * 16, role=Role.WORKER)) as client:
        await client.login(gathering.world.token)
        assert (gathering.sent(), client.user is not None) == ([], True)
        assert client.tree.get_commands() == []


async def test_what_a_sharded_client_cannot_mend_ends_its_process(gathering: Gathering) -> None:
    """discord.py closes a client with several shards for it; without a connection the process would live on, deaf."""
    async with gathering.client(PROCESSES[0]) as client:
        await client.login(gathering.world.token)
        connected = asyncio.create_task(stay_connected(client))
        await client.wait_until_ready()
        await gathering.post("faults", target="discord", kind="gateway_drop", garbled=True)
        with pytest.raises(RuntimeError, match="connection"):
            await asyncio.wait_for(connected, PATIENCE)


async def test_a_day_without_sessions_left_is_waited_out(
    gathering: Gathering, caplog: pytest.LogCaptureFixture
) -> None:
    await gathering.post("gateway", sessions=1, shards=9, max_concurrency=16)
    starts = gathering.library_client.sandbox.discord.gateway.starts
    client = gathering.client(PROCESSES[0])

    async def sleep(seconds: float) -> None:
        starts.total += 10  # a new day
        del seconds

    client.services.gateways._sleep = sleep  # noqa: SLF001 (its clock)
    async with client:
        await client.login(gathering.world.token)
        connected = asyncio.create_task(client.connect())
        await client.wait_until_ready()
        await client.close()
        await asyncio.wait([connected], timeout=PATIENCE)
    assert [each.levelname for each in caplog.records if "session" in each.message] == ["ERROR", "WARNING"]
    assert "recommends more shards" in caplog.text
