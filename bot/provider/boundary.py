"""Turns httpx's exceptions into our errors, here alone; and opens the clients behind that. `refusal` knows the answers.

Whoever imports this imports httpx, which is slow: it is imported when the first call is made.
"""

import ssl
import zlib
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final

import httpx

from bot import errors
from bot.provider.closeable import Closeable

BODY_LIMIT: Final = 2 * 1024 * 1024  # bytes of an answer; a task is a few hundred

# Everything that a call may raise which is not ours. ValueError: an answer that no reader could make sense of.
FOREIGN: Final = (
    httpx.HTTPError,
    httpx.InvalidURL,
    httpx.CookieConflict,
    httpx.StreamError,
    TimeoutError,
    ValueError,
)
_MISCONFIGURED: Final = (httpx.InvalidURL, httpx.UnsupportedProtocol)
_NOT_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


class ClientOwner(Closeable):
    """Keeps its connections in an httpx client, and closes them when its `async with` ends."""

    _client: httpx.AsyncClient

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()


@cache
def shared_ssl_context() -> ssl.SSLContext:
    """Build the one TLS context of every client, once; it takes about 100 ms."""
    return httpx.create_ssl_context()


def open_client(
    *,
    transport: httpx.AsyncBaseTransport | None,
    ssl_context: ssl.SSLContext,
    limits: httpx.Limits,
    trust_env: bool,
) -> httpx.AsyncClient:
    """Open a client that follows no redirect, keeps no cookie and never reaches loopback through a proxy."""
    return httpx.AsyncClient(
        transport=transport,
        verify=ssl_context,
        limits=limits,
        trust_env=trust_env,
        follow_redirects=False,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        mounts={"all://127.0.0.1": None, "all://localhost": None, "all://[::1]": None} if transport is None else None,
    )


def error_of_exception(exc: Exception, *, create: bool) -> type[errors.ProviderError]:
    """Choose the class of error for a call that ended in one of `FOREIGN`."""
    if isinstance(exc, _MISCONFIGURED):
        return errors.OperatorFault
    if create and not isinstance(exc, _NOT_SENT):
        return errors.OutcomeUnknown
    return errors.ProviderUnavailable


async def read_body(response: httpx.Response) -> bytes:
    """Read the answer's body, never holding more of it than the limit and one piece.

    Raises:
        ValueError: it is longer than the limit, or in an encoding nobody asked for that can't be read.
    """
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    pieces = response.aiter_bytes() if encoding in {"", "identity"} else response.aiter_raw()
    body = bytearray()
    if (announced(response) or 0) > BODY_LIMIT:
        raise ValueError("the answer is too long")
    async for piece in pieces:
        body += piece
        if len(body) > BODY_LIMIT:
            raise ValueError("the answer is too long")
    return bytes(body) if encoding in {"", "identity"} else _inflated(bytes(body))


def announced(response: httpx.Response) -> int | None:
    """Read the length in bytes that an answer announces of its body, where it does."""
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isascii() and length.isdigit() else None


def _inflated(body: bytes) -> bytes:
    reader = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)  # 32: gzip or zlib, by its header
    try:
        plain = reader.decompress(body, BODY_LIMIT + 1)
    except zlib.error as exc:
        raise ValueError("the answer is in an unknown encoding") from exc
    if len(plain) > BODY_LIMIT or not reader.eof:
        raise ValueError("the answer is too long, or cut")
    return plain
