"""Serves the whole sandbox on one port: Discord, the providers, the results, and the control API."""

import asyncio
import base64
import json
import os
import secrets
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from sandbox.control import Books, Control
from sandbox.discord import routes
from sandbox.discord.clock import Clock
from sandbox.discord.interactions import FIRST_ANSWER_SECONDS
from sandbox.discord.openapi import Document
from sandbox.discord.service import Discord
from sandbox.discord.session_starts import BUCKET_SECONDS
from sandbox.events import Events
from sandbox.faults import Faults
from sandbox.loopback import turn_pages_away
from sandbox.page import attach_page, open_in_browser
from sandbox.providers import Providers

GENERATE_SECONDS = 4.0
OPENAPI_VARIABLE = "SANDBOX_OPENAPI"
FIRST_ANSWER_VARIABLE = "SANDBOX_FIRST_ANSWER_SECONDS"


class Sandbox:
    """Serves everything the bot speaks to, on loopback, for as long as the `async with` lasts.

    `port` 0 takes a free one. `generate_seconds` is how long a video takes. `cache_dir` keeps rendered videos
    (else they go with the sandbox), and `fps` says how many frames a second they have (else as the service has
    them): few are drawn fast. `openapi` is Discord's API document (else the file that the variable
    `SANDBOX_OPENAPI` of the environment names, if it is there). `clock` is the source of Discord's time in
    seconds since 1970. `heartbeat_seconds` is how often the gateway wants to hear from a client, and
    `identify_seconds` how long after another it lets one begin a session. `first_answer_seconds` is how long it waits
    for the first answer to what somebody did (else as long as `SANDBOX_FIRST_ANSWER_SECONDS` of the environment says,
    or as Discord does): on a busy machine three seconds may be too short. `books` reads the bot's books for the page,
    where the program around the sandbox can.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        generate_seconds: float = GENERATE_SECONDS,
        cache_dir: Path | None = None,
        fps: int | None = None,
        openapi: Path | Document | None = None,
        environment: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.time,
        heartbeat_seconds: float = 41.25,
        identify_seconds: float = BUCKET_SECONDS,
        first_answer_seconds: float | None = None,
        books: Books | None = None,
    ) -> None:
        self._host = host
        self._port = port
        self._openapi = openapi or _named_document(environment)
        self._heartbeat_seconds, self._identify_seconds = heartbeat_seconds, identify_seconds
        named = environment.get(FIRST_ANSWER_VARIABLE)
        self._first_answer_seconds = first_answer_seconds or float(named or FIRST_ANSWER_SECONDS)
        self._stack = AsyncExitStack()
        self.clock = Clock(clock)
        self.events = Events()
        self.faults = Faults(self.events)
        self._books = books
        self.callback_secret = f"whsec_{base64.b64encode(secrets.token_bytes(24)).decode()}"
        self.providers = Providers(
            faults=self.faults,
            generate_seconds=generate_seconds,
            cache_dir=cache_dir,
            fps=fps,
            kling_callback_secret=self.callback_secret,
            events=self.events,
        )
        self.discord: Discord
        self.url = ""

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="sandbox-"))
            stack.push_async_callback(asyncio.to_thread, shutil.rmtree, folder, ignore_errors=True)
            self.discord = Discord(
                clock=self.clock,
                faults=self.faults,
                folder=folder,
                document=await asyncio.to_thread(_read, self._openapi),
                events=self.events,
                heartbeat_seconds=self._heartbeat_seconds,
                identify_seconds=self._identify_seconds,
                first_answer_seconds=self._first_answer_seconds,
            )
            await stack.enter_async_context(self.providers)
            await self._listen(stack)
            self._stack = stack.pop_all()
        return self

    async def _listen(self, stack: AsyncExitStack) -> None:
        """Serve the application, and learn its address."""
        app = web.Application(middlewares=[turn_pages_away(served=self._host)])
        routes.attach(app, self.discord)
        self.providers.attach(app)
        Control(discord=self.discord, clock=self.clock, providers=self.providers, books=self._books).attach(app)
        attach_page(app)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, self._host, self._port)
        await site.start()
        stack.push_async_callback(self.discord.close)
        host, port = runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        self.discord.set_public_url(self.url)
        self.providers.public_url = self.url

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.__aexit__(kind, error, trace)

    @property
    def control(self) -> str:
        """The control address."""
        return f"{self.url}/control"

    def describe(self) -> dict[str, Any]:
        """List all addresses, keys and ids, as the command line prints them."""
        world, providers = self.discord.world, self.providers
        guild = world.first_guild
        return {
            "kirin": {"base_url": f"{self.url}/kirin", "api_key": providers.kirin_key},
            "kling": {
                "base_url": f"{self.url}/kling",
                "api_key": providers.kling_key,
                "access_key": providers.kling_access_key,
                "secret_key": providers.kling_secret_key,
            },
            "discord": {
                "api": self.url + routes.API,
                "gateway": self.discord.gateway.url,
                "token": world.token,
                "application_id": world.application_id,
                "guild_id": guild.id,
                "channels": {c.name: c.id for c in world.channels.values() if c.name},
                "users": {u.username: u.id for u in world.users.values() if not u.bot},
            },
            "control": self.control,
            "page": f"{self.url}/",
            "env": self.settings(),
        }

    def settings(self) -> dict[str, str]:
        """List the settings with which `shotcaller run` connects to this sandbox."""
        return {
            "DISCORD_TOKEN": self.discord.world.token,
            "DISCORD_API_URL": self.url + routes.API,
            "DISCORD_GATEWAY_URL": self.discord.gateway.url,
            "MONTHLY_BUDGET_USD": "none",  # nothing costs anything here
            "KIRIN_API_KEY": self.providers.kirin_key,
            "KIRIN_BASE_URL": f"{self.url}/kirin",
            "KIRIN_FIND_IS_AUTHORITATIVE": "true",
            "KLING_API_KEY": self.providers.kling_key,
            "KLING_BASE_URL": self.url,
            "KLING_PATH_PREFIX": "/kling",
            "KLING_CALLBACK_SECRET": self.callback_secret,
            "LEASE_SECONDS": "5",
            "POLL_SECONDS_MIN": "0.3",
            "POLL_SECONDS_MAX": "1",
        }


def _named_document(environment: Mapping[str, str]) -> Path | None:
    """Find the document that the environment names, when it is there."""
    named = environment.get(OPENAPI_VARIABLE)
    return Path(named) if named and Path(named).is_file() else None


def _read(openapi: Path | Document | None) -> Document | None:
    return Document.read(openapi) if isinstance(openapi, Path) else openapi


async def serve(
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    generate_seconds: float = GENERATE_SECONDS,
    cache_dir: Path | None = None,
    open_page: bool = False,
    books: Books | None = None,
) -> int:
    """Print the one line of JSON and serve until SIGINT or SIGTERM; gives the exit code."""
    with stop_signals() as stopped:
        async with Sandbox(
            host=host, port=port, generate_seconds=generate_seconds, cache_dir=cache_dir, books=books
        ) as sandbox:
            sys.stdout.write(json.dumps(sandbox.describe()) + "\n")
            sys.stdout.flush()
            if open_page:
                await open_in_browser(f"{sandbox.url}/")
            await stopped.wait()
    return 0


@contextmanager
def stop_signals() -> Iterator[asyncio.Event]:
    """Give the event that SIGINT or SIGTERM sets, while the context lasts."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)
    for number in signals:
        loop.add_signal_handler(number, stopped.set)
    try:
        yield stopped
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
