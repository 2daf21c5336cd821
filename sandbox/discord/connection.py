"""Serves one gateway connection: hears its client payload by payload, as long as it does not stay silent."""

import asyncio
import json
from collections import deque
from typing import Any

from aiohttp import WSMsgType, web

from sandbox.discord.gateway import Gateway
from sandbox.discord.opcodes import STARTS_ANEW, Closed, Op, frame
from sandbox.discord.sessions import Session, Socket

EVENTS_A_MINUTE = 120
MINUTE = 60
FRAME_BYTES = 4096
# As long as the way to Discord and back takes. discord.py notes when it sent a heartbeat only after sending it: an
# answer that is there sooner looks to it like the answer to the heartbeat before, 41 seconds late.
WAY_SECONDS = 0.05


async def handle(gateway: Gateway, request: web.Request) -> web.WebSocketResponse:
    """Serve one websocket of `/gateway` from hello to its end."""
    ws = web.WebSocketResponse(max_msg_size=0, autoping=True)
    await ws.prepare(request)
    zlib_stream = request.query.get("compress") == "zlib-stream"
    socket = Socket(ws, transport=request.transport, zlib_stream=zlib_stream)
    gateway.sockets.add(socket)
    connection = Connection(gateway=gateway, socket=socket)
    try:
        _check_address(request)
        await connection.serve(gateway.heartbeat_seconds)
    except Closed as closed:
        if closed.code in STARTS_ANEW:
            connection.forget()
        await socket.close(closed.code, closed.reason)
    finally:
        connection.lose()
        await socket.stop()
        gateway.sockets.discard(socket)
    return ws


def _check_address(request: web.Request) -> None:
    """Refuse every version but 10, and every encoding but JSON."""
    if request.query.get("v", "10") != "10" or request.query.get("encoding", "json") != "json":
        raise Closed(4012, "Invalid API version.")


class Connection:
    """Hears what one websocket says, payload by payload."""

    def __init__(self, *, gateway: Gateway, socket: Socket) -> None:
        self._gateway = gateway
        self._socket = socket
        self._session: Session | None = None
        self._said: deque[float] = deque(maxlen=EVENTS_A_MINUTE)
        self._ended_on_purpose = False

    async def serve(self, heartbeat_seconds: float) -> None:
        """Say hello, then hear the client until it leaves or goes silent.

        Raises:
            Closed: the client broke a rule.
        """
        self._socket.send(frame(Op.HELLO, {"heartbeat_interval": round(heartbeat_seconds * 1000)}))
        loop = asyncio.get_running_loop()
        beaten = loop.time()
        while True:
            patience = beaten + heartbeat_seconds * 1.5 - loop.time()
            try:
                message = await asyncio.wait_for(self._socket.ws.receive(), max(patience, 0.001))
            except TimeoutError:
                raise Closed(4009, "Session timed out.") from None
            if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                self._ended_on_purpose = self._socket.ws.close_code in (1000, 1001)
                return
            op, data = self._read(message.data, loop.time())
            if op == Op.HEARTBEAT:
                beaten = loop.time()
                self._socket.send(frame(Op.HEARTBEAT_ACK, None), after=WAY_SECONDS)
            else:
                await self._handle(op, data)

    def _read(self, raw: str | bytes, now: float) -> tuple[int, Any]:
        """Read one payload, if it is one and does not come too often."""
        if len(self._said) == EVENTS_A_MINUTE and now - self._said[0] < MINUTE:
            raise Closed(4008, "You are being rate limited.")
        self._said.append(now)
        try:
            payload = json.loads(raw)
            op, data = payload["op"], payload.get("d")
        except (ValueError, KeyError, TypeError, AttributeError):
            raise Closed(4002, "Error while decoding payload.") from None
        if len(raw) > FRAME_BYTES:
            raise Closed(4002, "Payload too large.")
        return op, data

    async def _handle(self, op: int, data: Any) -> None:
        """Act on a payload that is no heartbeat."""
        if op in (Op.IDENTIFY, Op.RESUME):
            await self._begin(op, data)
        elif self._session is None:
            raise Closed(4003, "Not authenticated.")
        elif op == Op.REQUEST_GUILD_MEMBERS:
            self._gateway.members(self._session, data)
        elif op == Op.REQUEST_SOUNDBOARD_SOUNDS:
            self._gateway.sounds(self._session, data)
        elif op not in (Op.PRESENCE_UPDATE, Op.VOICE_STATE_UPDATE):
            raise Closed(4001, "Unknown opcode.")

    async def _begin(self, op: int, data: Any) -> None:
        if self._session is not None:
            raise Closed(4005, "Already authenticated.")
        if not isinstance(data, dict):
            raise Closed(4002, "Error while decoding payload.")
        if op == Op.IDENTIFY:
            self._session = await self._gateway.identify(self._socket, data)
        else:
            self._session = self._gateway.resume(self._socket, data)
        if self._session is None:
            self._socket.send(frame(Op.INVALID_SESSION, False))
        else:
            await self._gateway.welcomed(self._session)

    def forget(self) -> None:
        """Keep the session from being resumed."""
        self._ended_on_purpose = True

    def lose(self) -> None:
        """Tell the gateway that the connection is over."""
        if self._session is not None and self._session.socket is self._socket:
            self._gateway.lose(self._session, for_good=self._ended_on_purpose)
