"""Sends every change of the world to whoever watches, as server-sent events."""

import contextlib
import json
from typing import Final

from aiohttp import hdrs, web

from sandbox.events import Event, Events

BEAT_SECONDS: Final = 15.0  # after so long a silence a line is sent that says nothing: it shows that both are there
HEADERS: Final = {hdrs.CONTENT_TYPE: "text/event-stream", hdrs.CACHE_CONTROL: "no-store"}


class EventStream:
    """Answers `GET /control/events`; who is cut off comes again, and looks at everything anew."""

    def __init__(self, events: Events) -> None:
        self._events = events

    def attach(self, app: web.Application) -> None:
        """Add the route; what is open ends with the application."""
        app.router.add_get("/control/events", self._serve)
        app.on_shutdown.append(self._end)

    async def _end(self, _app: web.Application) -> None:
        self._events.end()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers=HEADERS)
        with self._events.watch() as watcher, contextlib.suppress(ConnectionError):
            await answer.prepare(request)
            await answer.write(b"retry: 500\n\n")
            while True:
                try:
                    event = await watcher.next(patience=BEAT_SECONDS)
                except TimeoutError:
                    await answer.write(b":\n\n")
                    continue
                if event is None:
                    break
                await answer.write(_written(event))
        return answer


def _written(event: Event) -> bytes:
    return f"event: {event.kind}\ndata: {json.dumps(event.about, separators=(',', ':'))}\n\n".encode()
