"""Sends calls that may be repeated over aiohttp's connections, for a third of the CPU that httpx's own take.

Never a create: a connection that breaks after the request was sent is reported as `ConnectTimeout`, the very error that
says "certainly not sent" (tests/provider/test_aiohttp_transport.py pins it).
"""

import ssl
from typing import Final
from urllib.request import getproxies

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

_PROXIES: Final = frozenset({"http", "https", "all"})


def has_proxy() -> bool:
    """Say whether the environment names a proxy, which only httpx's own connections go through."""
    return not _PROXIES.isdisjoint(getproxies())


def open_transport(*, ssl_context: ssl.SSLContext, connections: int, keep_alive: float) -> httpx.AsyncBaseTransport:
    """Open a transport of at most so many connections, kept for `keep_alive` seconds; it keeps no cookie."""

    def session() -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(limit=connections, keepalive_timeout=keep_alive, ssl=ssl_context)
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

    return _Transport(verify=ssl_context, client=session)


class _Transport(AiohttpTransport):
    """Raises httpx's exceptions alone, without those of aiohttp's that hold the request: its headers carry the key."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return await super().handle_async_request(request)
        except aiohttp.ClientError as exc:
            words = str(exc)
        raise httpx.RemoteProtocolError(words, request=request)
