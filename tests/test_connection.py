"""Getting to Discord and staying there, whatever the first tries meet."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any, cast
from unittest.mock import AsyncMock

import aiohttp
import discord
import pytest

from bot.client import Shotcaller
from bot.connection import log_in, stay_connected
from bot.discord_answers import DiscordClock, trace_answers
from bot.errors import SettingsInvalid
from cogs.ui.translator import in_every_language
from tests.sandbox.library_client import LibraryClient, opened


class Naps:
    """Waits that are over at once."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)


class Gateway:
    """A client whose connections end as a test says."""

    def __init__(self, *ends: Exception) -> None:
        self.ends, self.ws, self.hung_up = list(ends), self, 0

    async def connect(self) -> None:
        if self.ends:
            raise self.ends.pop(0)

    async def close(self) -> None:
        self.hung_up += 1

    def is_closed(self) -> bool:
        return False


@pytest.fixture
async def library_client() -> AsyncIterator[LibraryClient]:
    async with opened(None) as library_client:
        yield library_client


class Deaf:
    """A connection whose other side never answers that it ends."""

    open = True

    async def close(self, code: int) -> None:  # noqa: ARG002 (as discord.py calls it)
        await asyncio.Event().wait()


async def test_a_discord_that_does_not_answer_the_end_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.client.CLOSING", 0.05)
    leaving = Shotcaller(guild_ids=(), trace=aiohttp.TraceConfig(), explain=AsyncMock(), translate=in_every_language)
    leaving.ws = cast("Any", Deaf())
    async with asyncio.timeout(60), leaving:
        pass
    assert leaving.is_closed()


def client() -> discord.Client:
    return discord.Client(intents=discord.Intents.none())


@pytest.mark.parametrize("fault", ["reset", "malformed_json", "http_429"])
async def test_a_login_that_fails_is_tried_again(
    library_client: LibraryClient, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    naps = Naps()
    await library_client.post("faults", target="discord", kind=fault, on=["rest"], count=4, retry_after=0.01)
    async with client() as bot:
        if fault == "malformed_json":
            bot.http.http_trace = _listening(library_client)
        await log_in(bot, library_client.sandbox.discord.world.token, sleep=naps)
        assert bot.user is not None
    if fault != "http_429":  # which discord.py waits out itself
        assert naps.taken == sorted(naps.taken) != []
    ours = [record for record in caplog.records if record.name == "bot.connection"]
    assert (len(ours), [record.exc_info for record in ours]) == (len(naps.taken), [None] * len(naps.taken))


async def test_a_wrong_token_is_said_at_once(library_client: LibraryClient) -> None:
    naps = Naps()
    async with client() as bot:
        with pytest.raises(SettingsInvalid):
            await log_in(bot, library_client.sandbox.discord.world.token + "x", sleep=naps)
    assert naps.taken == []


@pytest.mark.parametrize(
    "end",
    [
        AttributeError("'NoneType' object has no attribute 'sequence'"),  # discord.py's, without a first connection
        aiohttp.ClientConnectionError("refused"),
        OSError("unreachable"),
        KeyError("op"),
        ValueError("no JSON"),
    ],
    ids=lambda end: type(end).__name__,
)
async def test_a_connection_that_ends_otherwise_is_made_anew(end: Exception, caplog: pytest.LogCaptureFixture) -> None:
    gateway, naps = Gateway(end, end), Naps()
    await stay_connected(cast("Any", gateway), sleep=naps)
    assert (len(naps.taken), gateway.hung_up) == (2, 2)
    lines = [record for record in caplog.records if record.name == "bot.connection"]
    assert [record.exc_info for record in lines] == [None, None]


async def test_a_payload_that_is_no_json_begins_the_connection_anew(library_client: LibraryClient) -> None:
    connected, naps = asyncio.Queue[None](), Naps()
    async with client() as bot:

        async def on_connect() -> None:
            connected.put_nowait(None)

        bot.event(on_connect)
        await log_in(bot, library_client.sandbox.discord.world.token)
        life = asyncio.create_task(stay_connected(bot, sleep=naps))
        async with asyncio.timeout(60):
            await connected.get()
            await library_client.post("faults", target="discord", kind="gateway_drop", garbled=True)
            await connected.get()
        await bot.close()
        await life
    assert len(naps.taken) == 1


async def test_what_discord_py_logs_of_a_failed_try_has_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    await stay_connected(cast("Any", Gateway()))
    trouble = OSError("unreachable")
    logging.getLogger("discord.client").error("Attempting a reconnect in %.2fs", 1.0, exc_info=trouble)
    (record,) = caplog.records
    assert (record.exc_info, record.levelname) == (None, "WARNING")


def _listening(library_client: LibraryClient) -> aiohttp.TraceConfig:
    return trace_answers(DiscordClock(), api=library_client.sandbox.describe()["discord"]["api"])
