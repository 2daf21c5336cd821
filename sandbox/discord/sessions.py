"""Keeps one gateway session and the socket it may have: numbering, replay, compression."""

import asyncio
import contextlib
import json
import zlib
from asyncio import Transport
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

KEPT_EVENTS = 2000


class Socket:
    """Sends a websocket's frames in order from one task; as text, or as one zlib stream when asked for."""

    def __init__(self, ws: web.WebSocketResponse, *, transport: Transport | None, zlib_stream: bool) -> None:
        self.ws = ws
        self._transport = transport
        self._deflate = zlib.compressobj() if zlib_stream else None
        self._outbox: asyncio.Queue[tuple[float, str]] = asyncio.Queue()
        self._writer = asyncio.create_task(self._write(), name="sandbox gateway writer")

    def send(self, frame: dict[str, Any], *, after: float = 0.0) -> None:
        """Queue one gateway payload, which leaves after so many seconds at the earliest."""
        self._queue(json.dumps(frame, separators=(",", ":")), after)

    def garble(self) -> None:
        """Queue what is no payload at all."""
        self._queue('{"op": 0, "d": {', 0.0)

    def _queue(self, text: str, after: float) -> None:
        self._outbox.put_nowait((asyncio.get_running_loop().time() + after if after else 0.0, text))

    async def _write(self) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                earliest, text = await self._outbox.get()
                if earliest:
                    await asyncio.sleep(earliest - asyncio.get_running_loop().time())
                if self._deflate is None:
                    await self.ws.send_str(text)
                else:
                    packed = self._deflate.compress(text.encode())
                    await self.ws.send_bytes(packed + self._deflate.flush(zlib.Z_SYNC_FLUSH))
                self._outbox.task_done()

    async def flush(self) -> None:
        """Wait until everything queued has been written, or cannot be any more."""
        flushed = asyncio.ensure_future(self._outbox.join())
        await asyncio.wait((flushed, self._writer), return_when=asyncio.FIRST_COMPLETED)
        flushed.cancel()

    async def close(self, code: int, reason: str = "") -> None:
        """Close the websocket with a code of Discord's."""
        await self.flush()
        await self.ws.close(code=code, message=reason.encode())

    def cut(self) -> None:
        """End the connection without a word."""
        if self._transport is not None:
            self._transport.abort()

    async def stop(self) -> None:
        """End the writing task."""
        self._writer.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._writer


@dataclass(slots=True, kw_only=True)
class Session:
    """Keeps what survives a lost connection: the shard, the intents and the events not yet seen."""

    id: str
    shard: tuple[int, int]
    sharded: bool
    intents: int
    seq: int = 0
    socket: Socket | None = None
    lost_at: float | None = None
    events: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=KEPT_EVENTS))

    def dispatch(self, event: str, data: Any) -> None:
        """Number an event, keep it for a resume and send it when somebody listens."""
        self.seq += 1
        frame = {"op": 0, "t": event, "s": self.seq, "d": data}
        self.events.append(frame)
        if self.socket is not None:
            self.socket.send(frame)

    def missed(self, seen: int) -> list[dict[str, Any]] | None:
        """List the events after number `seen`; None when they are no longer all there."""
        if seen > self.seq:
            return None
        missed = [frame for frame in self.events if frame["s"] > seen]
        return missed if len(missed) == self.seq - seen else None

    def serves(self, guild_id: str | None) -> bool:
        """Tell whether events of this guild (None: of direct messages) belong to the session's shard."""
        number, count = self.shard
        return number == (0 if guild_id is None else (int(guild_id) >> 22) % count)
