"""Serves one application of the bot's on a port of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from bot.errors import SettingsInvalid


@asynccontextmanager
async def serve(app: web.Application, *, host: str, port: int, setting: str, **options: Any) -> AsyncIterator[int]:
    """Serve an application for as long as the context lasts; gives the port, which `port` 0 leaves to the system.

    `options` are those of `web.AppRunner`.

    Raises:
        SettingsInvalid: the address cannot be listened on; `setting` is the port's name.
    """
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0, **options)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as exc:
            raise SettingsInvalid([(setting, f"expected a port of {host} that is free ({exc.strerror})")]) from exc
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
