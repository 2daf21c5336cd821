"""A line to a server that can be cut: the client's end is closed, and the server hears nothing of it."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit


@dataclass
class Line:
    """A relay on loopback to the unix socket of a PostgreSQL server; `url` is a database's, through it."""

    url: str
    whole: bool = True
    _clients: list[StreamWriter] = field(default_factory=list)

    def cut(self) -> None:
        """Close every connection at the client's end, and let nobody through until it is mended."""
        self.whole = False
        for writer in self._clients:
            writer.transport.abort()
        self._clients.clear()

    def mend(self) -> None:
        self.whole = True

    async def relay(self, socket: str, reader: StreamReader, writer: StreamWriter) -> None:
        if not self.whole:
            writer.transport.abort()
            return
        try:
            from_server, to_server = await asyncio.open_unix_connection(socket)
        except OSError:  # there is no server just now
            writer.transport.abort()
            return
        if not self.whole:  # it was cut meanwhile
            writer.transport.abort()
            to_server.transport.abort()
            return
        self._clients.append(writer)
        back = asyncio.create_task(_copy(from_server, writer))
        back.add_done_callback(lambda _: writer.transport.abort())  # the server has ended the connection
        try:
            await _copy(reader, to_server)
            if not self.whole:
                await asyncio.Event().wait()  # the server's end stays open
        finally:
            back.cancel()
            to_server.transport.abort()
            writer.transport.abort()


@asynccontextmanager
async def line_to(url: str) -> AsyncIterator[Line]:
    """A line to the database of a throw-away server."""
    parts = urlsplit(url)
    place = parse_qs(parts.query)
    socket = f"{place['host'][0]}/.s.PGSQL.{place['port'][0]}"
    line, tasks = Line(url=""), set[asyncio.Task[None]]()

    async def accept(reader: StreamReader, writer: StreamWriter) -> None:
        task = asyncio.ensure_future(line.relay(socket, reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    relay = await asyncio.start_server(accept, "127.0.0.1", 0)
    port = relay.sockets[0].getsockname()[1]
    line.url = f"postgresql://{parts.username}@127.0.0.1:{port}{parts.path}?sslmode=disable"
    try:
        yield line
    finally:
        relay.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _copy(reader: StreamReader, writer: StreamWriter) -> None:
    with suppress(ConnectionError):
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()
