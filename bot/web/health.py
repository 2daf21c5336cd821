"""Serves `/healthz` (the process does its work) and `/readyz` (it serves people now), for supervisors."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from bot.web.serving import serve


@asynccontextmanager
async def serve_health(
    *, host: str, port: int, alive: Callable[[], bool], ready: Callable[[], bool]
) -> AsyncIterator[int]:
    """Serve both for as long as the context lasts; gives the port, which `port` 0 leaves to the system.

    Each answers 200 when its question is answered by yes, else 503.

    Raises:
        SettingsInvalid: the address cannot be listened on.
    """

    def answer(question: Callable[[], bool]) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(_: web.Request) -> web.Response:
            good = question()
            return web.json_response({"ok": good}, status=200 if good else 503)

        return handle

    app = web.Application()
    app.router.add_get("/healthz", answer(alive))
    app.router.add_get("/readyz", answer(ready))
    async with serve(app, host=host, port=port, setting="HEALTH_PORT") as given:
        yield given
