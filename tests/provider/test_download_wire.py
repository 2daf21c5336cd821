import asyncio
import hashlib
import socket
import ssl
import struct
from asyncio import StreamReader, StreamWriter
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest

from bot.errors import ResultUnavailable
from bot.provider.download import Downloader
from tests.provider.conftest import OpenWire, Script

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n"
BLOCK = bytes(range(256)) * 400  # 102,400 bytes
WHOLE = (BLOCK * 30)[:3_000_000]
CERTIFICATE = Path(__file__).with_name("cdn_example.pem")  # of cdn.example, for a hundred years, signed by itself


def reset(writer: StreamWriter) -> None:
    """End the connection by RST: closing must not linger."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def sends_all(_reader: StreamReader, writer: StreamWriter) -> None:
    writer.write(HEAD + WHOLE)
    await writer.drain()


async def sends_chunks(_reader: StreamReader, writer: StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for start in range(0, len(WHOLE), 500_000):
        writer.write(b"%x\r\n%b\r\n" % (500_000, WHOLE[start : start + 500_000]))
    writer.write(b"0\r\n\r\n")
    await writer.drain()


async def ends_early(_reader: StreamReader, writer: StreamWriter) -> None:
    writer.write(HEAD + WHOLE[:1_000_000])
    await writer.drain()


async def ends_within_a_chunk(_reader: StreamReader, writer: StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b" % (500_000, WHOLE[:400_000]))
    await writer.drain()


async def resets(_reader: StreamReader, writer: StreamWriter) -> None:
    writer.write(HEAD + WHOLE[:1_000_000])
    await writer.drain()
    reset(writer)


async def stalls(_reader: StreamReader, writer: StreamWriter) -> None:
    writer.write(HEAD + WHOLE[:1_000_000])
    await writer.drain()
    await asyncio.Event().wait()


async def stays_silent(_reader: StreamReader, _writer: StreamWriter) -> None:
    await asyncio.Event().wait()


async def hangs_up(_reader: StreamReader, writer: StreamWriter) -> None:
    writer.close()


def names(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir()]


def opened(port: int, *, read: float = 60) -> Downloader:
    timeout = httpx.Timeout(connect=5, read=read, write=5, pool=5)
    return Downloader(trusted_hosts=frozenset({("127.0.0.1", port)}), timeout=timeout)


@pytest.mark.parametrize("script", [sends_all, sends_chunks])
async def test_a_file_comes_over_the_wire_whole(tmp_path: Path, open_wire: OpenWire, script: Script) -> None:
    path = tmp_path / "1.mp4"
    async with open_wire(script) as wire, Downloader(trusted_hosts=frozenset({("127.0.0.1", wire.port)})) as downloader:
        assert await downloader.download(f"{wire.url}/1.mp4", path, cap=len(WHOLE)) == len(WHOLE)
    assert hashlib.sha256(path.read_bytes()).digest() == hashlib.sha256(WHOLE).digest()


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (ends_early, "truncated"),
        (ends_within_a_chunk, "truncated"),
        (resets, "unreachable"),
        (stalls, "unreachable"),
        (stays_silent, "unreachable"),
        (hangs_up, "unreachable"),
    ],
)
async def test_a_file_that_does_not_arrive_whole_does_not_arrive(
    tmp_path: Path, open_wire: OpenWire, script: Script, reason: str
) -> None:
    silent = script in (stalls, stays_silent)
    async with open_wire(script) as wire, opened(wire.port, read=0.1 if silent else 60) as downloader:
        with pytest.raises(ResultUnavailable) as caught:
            await downloader.download(f"{wire.url}/1.mp4", tmp_path / "1.mp4", cap=len(WHOLE))
    assert caught.value.reason == reason
    assert not names(tmp_path)


async def test_a_private_host_is_not_even_connected_to(tmp_path: Path, open_wire: OpenWire) -> None:
    async with open_wire(sends_all) as wire, opened(1) as downloader:
        with pytest.raises(Exception, match="address"):
            await downloader.download(f"{wire.url}/1.mp4", tmp_path / "1.mp4", cap=len(WHOLE))
    assert not wire.requests


@pytest.mark.parametrize(("host", "trusted"), [("cdn.example", True), ("other.example", False)])
async def test_the_certificate_must_be_of_the_host_although_the_address_is_connected_to(
    tmp_path: Path,
    host: str,
    trusted: bool,  # noqa: FBT001 - a parameter of pytest's
) -> None:
    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    async def serve(reader: StreamReader, writer: StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")
        await writer.drain()
        writer.close()

    heads: list[bytes] = []
    here, there = ssl.create_default_context(cafile=CERTIFICATE), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    there.load_cert_chain(CERTIFICATE)
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=there)
    port = server.sockets[0].getsockname()[1]
    mine = frozenset({(host, port)})
    async with server, Downloader(trusted_hosts=mine, resolve=resolve, ssl_context=here) as downloader:
        download = downloader.download(f"https://{host}:{port}/1.mp4", tmp_path / "1.mp4", cap=10)
        if trusted:
            assert await download == 1
            assert f"Host: {host}:{port}\r\n".encode() in heads[0]
        else:
            with pytest.raises(ResultUnavailable, match="unreachable"):
                await download
            assert not heads
