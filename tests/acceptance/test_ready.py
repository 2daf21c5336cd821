"""What a supervisor is told by `/readyz`, from the first moment to the last: whether people are served now."""

import asyncio
import signal
import socket

import aiohttp
import pytest

from tests.acceptance.system import ON_FILE, SMALL, System
from tests.patience import PATIENCE


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        number: int = free.getsockname()[1]
        return number


async def ready(system: System, port: int) -> bool | None:
    """The answer of `/readyz`; None while nobody answers there."""
    try:
        async with system.client.get(f"http://127.0.0.1:{port}/readyz") as response:
            assert response.status == (200 if (await response.json())["ok"] else 503)
            return response.status == 200
    except aiohttp.ClientError:
        return None


@ON_FILE
async def test_a_bot_that_cannot_reach_discord_yet_is_not_ready(system: System, port: int) -> None:
    called = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        called.set()
        await reader.read()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as nobody:
        address = f"http://127.0.0.1:{nobody.sockets[0].getsockname()[1]}/api/v10"
        process = system.spawn(("-m", "bot", "run"), discord_api_url=address, health_port=port)
        try:
            async with asyncio.timeout(PATIENCE):
                await called.wait()
            assert await ready(system, port) is False
        finally:
            process.kill()
            await process.wait()


@ON_FILE
async def test_it_is_ready_when_people_are_served_and_no_more_once_it_is_told_to_stop(
    system: System, port: int
) -> None:
    async def is_ready() -> bool:
        return await ready(system, port) is True

    async def is_not() -> bool:
        return await ready(system, port) is False

    async def posting() -> bool:
        return any(job["posting_at"] for job in system.database.jobs())

    await system.people.fault("discord", "slow", on=["message"], after=1, seconds=20)
    async with system.process(health_port=port) as process:
        await system.people.until(is_ready, what="its being ready")
        assert await system.people.connected() == 1
        await system.people.types("video create", **SMALL)
        await system.people.until(posting, what="a post under way")
        process.send_signal(signal.SIGTERM)
        await system.people.until(is_not, what="the end of its being ready")
        assert process.returncode is None  # it still posts
        await system.people.fault("discord", "slow", count=0)
        assert await process.wait() == 0
    async with system.process(health_port=port):
        await system.rest()
