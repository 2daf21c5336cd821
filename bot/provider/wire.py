"""Knows what is the same over httpx and aiohttp: which certificates are trusted, a request's head, an answer's body."""

import os
import ssl
import zlib
from collections.abc import AsyncIterator, Mapping
from functools import cache
from typing import Final
from urllib.request import getproxies

from bot import __version__

BODY_LIMIT: Final = 2 * 1024 * 1024  # bytes of an answer; a task is a few hundred

_PROXIES: Final = frozenset({"http", "https", "all"})
_PLAIN: Final = frozenset({"", "identity"})


@cache
def shared_ssl_context() -> ssl.SSLContext:
    """Build the one TLS context of every client, once, from what httpx would build its own of; it takes about 100 ms.

    Raises:
        OSError: the certificates that are trusted cannot be read.
    """
    import certifi  # noqa: PLC0415 - only who calls a service needs it

    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if folder and not file:
        return ssl.create_default_context(capath=folder)
    return ssl.create_default_context(cafile=file or certifi.where())


def has_proxy() -> bool:
    """Say whether the environment names a proxy, which only httpx knows what to do with."""
    return not _PROXIES.isdisjoint(getproxies())


def head(*, bearer: str, request_id: str) -> dict[str, str]:
    """Write the fields of a request's head."""
    return {
        "Authorization": bearer,
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "User-Agent": f"Shotcaller/{__version__}",
        "X-Request-Id": request_id,
    }


def announced(headers: Mapping[str, str]) -> int | None:
    """Read the length in bytes that an answer announces of its body, where it does."""
    length = headers.get("Content-Length", "")
    return int(length) if length.isascii() and length.isdigit() else None


def is_plain(headers: Mapping[str, str]) -> bool:
    """Say whether the body of an answer is what it is, as every one should be: no encoding is asked for."""
    return headers.get("Content-Encoding", "").strip().lower() in _PLAIN


async def read_body(pieces: AsyncIterator[bytes], headers: Mapping[str, str]) -> bytes:
    """Read the answer's body from its pieces as sent, never holding more of it than the limit and one piece.

    Raises:
        ValueError: it is longer than the limit, or in an encoding nobody asked for that can't be read.
    """
    if (announced(headers) or 0) > BODY_LIMIT:
        raise ValueError("the answer is too long")
    body = bytearray()
    async for piece in pieces:
        body += piece
        if len(body) > BODY_LIMIT:
            raise ValueError("the answer is too long")
    return bytes(body) if is_plain(headers) else _inflated(bytes(body))


def _inflated(body: bytes) -> bytes:
    reader = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)  # 32: gzip or zlib, by its header
    try:
        plain = reader.decompress(body, BODY_LIMIT + 1)
    except zlib.error as exc:
        raise ValueError("the answer is in an unknown encoding") from exc
    if len(plain) > BODY_LIMIT or not reader.eof:
        raise ValueError("the answer is too long, or cut")
    return plain
