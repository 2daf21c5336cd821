"""Turns httpx's exceptions into our errors, here alone; and opens the clients behind that. `refusal` knows the answers.

Whoever imports this imports httpx, which is slow: it is imported by the first create and the first file.
"""

import ssl
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final

import httpx

from bot import errors
from bot.provider.closeable import Closeable

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
