"""What provider tests stand on: time that only sleeping moves, transports over a handler, servers that misbehave."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import httpx
import pytest

from bot.provider.transport import Transport

Handler = Callable[[httpx.Request], httpx.Response]
Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Reach = Callable[..., Transport]
OpenWire = Callable[[Script], AbstractAsyncContextManager["Wire"]]

KEY: Final = "sk-live-0123456789abcdef"
NOW: Final = datetime(2026, 3, 5, 12, tzinfo=UTC)


@dataclass
class Time:
    """Monotonic seconds, and a sleep that passes at once and is written down."""

    seconds: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds
        await asyncio.sleep(0)


@dataclass
class Wire:
    """A server on loopback and the requests, head and body, that arrived whole."""

    port: int
    requests: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def arrived(self, least: int) -> int:
        """How many requests arrived, once so many have: a client that gives up soon may be ahead of the server."""
        async with asyncio.timeout(60):
            while len(self.requests) < least:  # noqa: ASYNC110 - requests that arrive set no event
                await asyncio.sleep(0.01)
        return len(self.requests)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
async def reach(time: Time) -> AsyncIterator[Reach]:
    """Opens transports whose requests a handler answers; they are closed at the end."""
    async with AsyncExitStack() as stack:

        def open_transport(handler: Any, **changes: Any) -> Transport:
            options = {
                "provider": "kirin",
                "base_url": "https://api.example/",
                "token": lambda: KEY,
                "transport": httpx.MockTransport(handler),
                "sleep": time.sleep,
                "rand": lambda: 0.0,
                "clock": time,
                "now": lambda: NOW,
            }
            transport = Transport(**{**options, **changes})
            stack.push_async_callback(transport.close)
            return transport

        yield open_transport


@asynccontextmanager
async def _wire(script: Script) -> AsyncIterator[Wire]:
    wire = Wire(port=0)
    under_way: set[asyncio.Task[Any]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        under_way.add(task)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next((int(n.split(b":")[1]) for n in head.lower().split(b"\r\n") if b"content-length" in n), 0)
            wire.requests.append(head + await reader.readexactly(length))
            await script(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # the client hung up, or the test is over
        finally:
            under_way.discard(task)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    wire.port = server.sockets[0].getsockname()[1]
    try:
        yield wire
    finally:
        server.close()
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        await server.wait_closed()


@pytest.fixture
def open_wire() -> OpenWire:
    """Opens servers that play each connection by a script, once its request has arrived."""
    return _wire
