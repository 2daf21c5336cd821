"""What the tests of the sandbox's Discord stand on: a sandbox whose clock they move, and a bot without a library."""

import asyncio
import io
import json
import os
import time
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from sandbox.discord.openapi import Document
from sandbox.discord.session_starts import BUCKET_SECONDS
from sandbox.discord.world import Channel, Guild, World
from sandbox.server import Sandbox
from tests.patience import PATIENCE
from tests.sandbox.library_client import LibraryClient, opened

GUILDS = 1
COMMAND = {
    "name": "video",
    "description": "Videos",
    "options": [
        {
            "type": 1,
            "name": "create",
            "description": "Make one",
            "options": [
                {"type": 3, "name": "prompt", "description": "What to see", "required": True},
                {"type": 4, "name": "duration", "description": "Seconds", "min_value": 3, "max_value": 15},
            ],
        },
    ],
}


@dataclass
class Bot:
    """A gateway session held by hand."""

    ws: aiohttp.ClientWebSocketResponse
    frames: list[dict[str, Any]] = field(default_factory=list)
    inflate: Any = None

    async def receive(self) -> dict[str, Any]:
        """The next payload, or the close code as `{"closed": code}`."""
        message = await self.ws.receive(timeout=PATIENCE)
        if message.type == aiohttp.WSMsgType.TEXT:
            frame: dict[str, Any] = json.loads(message.data)
        elif message.type == aiohttp.WSMsgType.BINARY:
            frame = json.loads(self.inflate.decompress(message.data))
        else:
            return {"closed": self.ws.close_code}
        self.frames.append(frame)
        return frame

    async def event(self, name: str) -> Any:
        """The data of the next event of this name, passing over others."""
        while True:
            frame = await self.receive()
            if frame.get("t") == name:
                return frame["d"]
            assert "closed" not in frame

    async def send(self, op: int, data: Any) -> None:
        await self.ws.send_json({"op": op, "d": data})

    async def identify(self, token: str, *, intents: int = GUILDS, **more: Any) -> Any:
        """Say hello back and give the READY."""
        await self.receive()
        properties = {"os": "linux", "browser": "hand", "device": "hand"}
        await self.send(2, {"token": token, "intents": intents, "properties": properties, **more})
        return await self.event("READY")


@dataclass
class Harness:
    """One sandbox, its addresses, and a clock that stands still until it is moved."""

    sandbox: Sandbox
    client: aiohttp.ClientSession
    seconds: list[float]

    @property
    def world(self) -> World:
        return self.sandbox.discord.world

    @property
    def guild(self) -> Guild:
        return self.world.first_guild

    @property
    def hook(self) -> str:
        return f"/webhooks/{self.world.application_id}"

    def channel(self, name: str = "general") -> Channel:
        return next(c for c in self.world.channels.values() if c.name == name)

    def user(self, name: str) -> str:
        return next(u.id for u in self.world.users.values() if u.username == name)

    def advance(self, seconds: float) -> None:
        self.seconds[0] += seconds

    async def api(
        self, method: str, path: str, body: Any = None, *, token: str | None = None, **more: Any
    ) -> tuple[int, Any]:
        """One REST request of the bot's; gives the status and the JSON."""
        if body is not None:
            more["json"] = body
        async with self.raw(method, path, token=token, **more) as answer:
            return answer.status, await answer.json() if answer.status != 204 else None

    def raw(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        content_type: str | None = None,
        locale: str | None = None,
        **more: Any,
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        headers = {"Authorization": f"Bot {token or self.world.token}"}
        headers |= {"Content-Type": content_type} if content_type else {}
        headers |= {"X-Discord-Locale": locale} if locale else {}
        return self.client.request(method, f"{self.sandbox.url}/api/v10{path}", headers=headers, **more)

    async def post(self, name: str, /, **body: Any) -> dict[str, Any]:
        """Act at the control address, successfully."""
        status, found = await self.act(name, **body)
        assert status == 200, found
        return found

    async def act(self, name: str, /, **body: Any) -> tuple[int, dict[str, Any]]:
        async with self.client.post(f"{self.sandbox.control}/{name}", json=body) as answer:
            return answer.status, await answer.json()

    async def look(self, name: str, /, **query: str) -> Any:
        async with self.client.get(f"{self.sandbox.control}/{name}", params=query) as answer:
            assert answer.status == 200
            return await answer.json()

    async def say(self, content: str = "hello", *, where: str = "general", **more: Any) -> tuple[int, Any]:
        """A message of the bot's."""
        path = f"/channels/{self.channel(where).id}/messages"
        return await self.api("POST", path, {"content": content, **more})

    async def send_files(
        self, body: Any, *files: tuple[str, bytes], method: str = "POST", path: str | None = None
    ) -> tuple[int, Any]:
        """A message with files."""
        form = aiohttp.FormData(quote_fields=False)
        form.add_field("payload_json", json.dumps(body), content_type="application/json")
        for index, (name, content) in enumerate(files):
            form.add_field(f"files[{index}]", io.BytesIO(content), filename=name)
        path = path or f"/channels/{self.channel().id}/messages"
        return await self.api(method, path, data=form)

    async def register(self, *commands: dict[str, Any]) -> None:
        """Register commands for the guild."""
        path = f"/applications/{self.world.application_id}/guilds/{self.guild.id}/commands"
        status, answer = await self.api("PUT", path, list(commands) or [COMMAND])
        assert status == 200, answer

    @asynccontextmanager
    async def connect(self, **query: str) -> AsyncIterator[Bot]:
        """A gateway connection."""
        url = self.sandbox.discord.gateway.url
        async with self.client.ws_connect(url, params={"v": "10", "encoding": "json", **query}) as ws:
            yield Bot(ws, inflate=zlib.decompressobj())

    @asynccontextmanager
    async def online(self, **more: Any) -> AsyncIterator[Bot]:
        """A bot that has registered its command and is connected."""
        await self.register()
        async with self.connect() as bot:
            await bot.identify(self.world.token, **more)
            yield bot

    async def command(self, bot: Bot, **body: Any) -> dict[str, Any]:
        """A person types a command; gives the interaction as the bot gets it."""
        given = {"user": "ana", "channel": "general", "name": "video create", "options": {"prompt": "a fox"}}
        await self.post("command", **(given | body))
        found: dict[str, Any] = await bot.event("INTERACTION_CREATE")
        return found

    async def press(self, bot: Bot, **body: Any) -> dict[str, Any]:
        """A person presses something; gives the interaction as the bot gets it."""
        await self.post("component", **body)
        found: dict[str, Any] = await bot.event("INTERACTION_CREATE")
        return found

    async def answer(
        self, interaction: dict[str, Any], kind: int, data: Any = None, *, with_response: bool = True
    ) -> tuple[int, Any]:
        """The bot's first answer."""
        path = f"/interactions/{interaction['id']}/{interaction['token']}/callback"
        body = {"type": kind} if data is None else {"type": kind, "data": data}
        query = {"with_response": "1"} if with_response else {}
        return await self.api("POST", path, body, params=query)

    def problems(self) -> list[str]:
        """What was wrong with the last request."""
        return [str(problem) for problem in self.sandbox.discord.requests[-1].problems]


def _document() -> Path | None:
    named = os.environ.get("SANDBOX_OPENAPI", "")
    return Path(named) if named and Path(named).is_file() else None


@pytest.fixture(scope="session")
def document() -> Document:
    """Discord's own document; a test that needs it is skipped where it is not at hand."""
    path = _document()
    if path is None:
        pytest.skip("SANDBOX_OPENAPI names no document")
    return Document.read(path)


@pytest.fixture(params=["by hand", "with the document"])
async def harness(request: pytest.FixtureRequest) -> AsyncIterator[Harness]:
    """A sandbox that checks by hand, and one that has Discord's document too."""
    checked = request.getfixturevalue("document") if request.param == "with the document" else None
    async with staged(checked) as harness:
        yield harness


@pytest.fixture(params=["by hand", "with the document"])
async def library_client(request: pytest.FixtureRequest) -> AsyncIterator[LibraryClient]:
    """A sandbox with a real client's library pointed at it."""
    checked = request.getfixturevalue("document") if request.param == "with the document" else None
    async with opened(checked) as library_client:
        yield library_client


@pytest.fixture
async def plain() -> AsyncIterator[Harness]:
    """A sandbox that checks by hand, for what has nothing to do with documents."""
    async with staged(None) as harness:
        yield harness


@pytest.fixture
async def in_turn() -> AsyncIterator[Harness]:
    """A sandbox in which sessions begin in turn, as they have to at Discord."""
    async with staged(None, identify_seconds=BUCKET_SECONDS) as harness:
        yield harness


@asynccontextmanager
async def staged(document: Document | None, *, identify_seconds: float = 0) -> AsyncIterator[Harness]:
    """The clock stands still, so that sessions begin at once unless a test is about that."""
    seconds = [time.time()]
    sandbox = Sandbox(openapi=document, environment={}, clock=lambda: seconds[0], identify_seconds=identify_seconds)
    async with sandbox, aiohttp.ClientSession() as client:
        yield Harness(sandbox, client, seconds)
        assert sandbox.discord.own_problems == []


@pytest.fixture
def until() -> Callable[..., Any]:
    """Wait until something holds; the test's own time limit ends what never does."""

    async def wait(holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not holds():  # noqa: ASYNC110 - what is waited for is a fact inside a server, which tells nobody
                await asyncio.sleep(0.01)

    return wait
