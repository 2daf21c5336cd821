"""Exchanges calls for answers with one provider, over httpx.

Creates go over httpx's own connections, which say truly whether a request was sent; what may be repeated goes over
aiohttp's, which cost a third.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Final

import httpx

from bot.provider import aiohttp_transport, boundary
from bot.provider.call import CONNECTIONS, QUERIES, Answer, Call, Timeouts, TooLate

KEEP_ALIVE: Final = 4.0  # seconds; many servers hang up after 5, and a create sent just then has an unknown outcome


class Exchange:
    """The connections to one provider, those of creates opened by the first. `transport` is the seam for tests.

    Raises:
        OSError: the certificates that are trusted cannot be read.
    """

    foreign = boundary.FOREIGN  # what `send` may raise
    error_of = staticmethod(boundary.error_of_exception)

    def __init__(
        self,
        *,
        base_url: str,
        timeouts: Timeouts,
        connections: int = CONNECTIONS,
        queries: int = QUERIES,
        ssl_context: ssl.SSLContext | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._base_url, self._timeouts = base_url, timeouts
        context = ssl_context or boundary.shared_ssl_context()
        self._opening = asyncio.Lock()
        self._client: httpx.AsyncClient | None = None
        self._open_client = partial(
            boundary.open_client,
            transport=transport,
            ssl_context=context,
            limits=httpx.Limits(max_connections=connections, keepalive_expiry=KEEP_ALIVE),
            trust_env=True,
        )
        self._quick: httpx.AsyncBaseTransport | None = None
        self.queries = connections  # that may be under way at once
        if transport is None and not aiohttp_transport.has_proxy():
            self._quick = aiohttp_transport.open_transport(
                ssl_context=context, connections=queries, keep_alive=KEEP_ALIVE
            )
            self.queries = queries

    async def close(self) -> None:
        """Close every connection."""
        if self._quick is not None:
            await self._quick.aclose()
        if self._client is not None:
            await self._client.aclose()

    async def send(self, call: Call, *, bearer: str, request_id: str) -> Answer:
        """Send the call and take in the answer, whatever its status.

        Raises:
            TooLate: it might not be sent any more, and was not.
            Exception: one of the `foreign` ones.
        """
        response = await self._response(call, self._request(call, bearer, request_id))
        try:
            return await _read(response)
        finally:
            await response.aclose()

    async def _response(self, call: Call, request: httpx.Request) -> httpx.Response:
        """Send a create over connections that tell truly what became of it, everything else over the quicker ones.

        Those need no client around them: it would only follow redirects and keep cookies, which nobody wants.
        """
        if call.create or self._quick is None:
            return await (await self._own()).send(request, stream=True)
        return await self._quick.handle_async_request(request)

    async def _own(self) -> httpx.AsyncClient:
        """Open httpx's own connections, once: in a thread, since what they are made of is slow to import."""
        async with self._opening:
            if self._client is None:
                self._client = await asyncio.to_thread(self._open_client)
            return self._client

    def _request(self, call: Call, bearer: str, request_id: str) -> httpx.Request:
        headers = {
            "Authorization": bearer,
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": f"python-httpx/{httpx.__version__}",
            "X-Request-Id": request_id,
        }
        if call.content is not None:
            headers["Content-Type"] = "application/json"
            headers["Content-Length"] = str(len(call.content))
        wait = self._timeouts
        read = wait.read_create if call.create else wait.read
        return httpx.Request(
            "POST" if call.create else "GET",
            self._base_url + call.path,
            headers=headers,
            content=None if call.content is None else _last_asked(call.content, call.may_send),
            extensions={"timeout": {"connect": wait.connect, "read": read, "write": wait.write, "pool": wait.pool}},
        )


async def _read(response: httpx.Response) -> Answer:
    try:
        body = await boundary.read_body(response)
    except (httpx.RequestError, ValueError):
        if response.is_success:
            raise
        body = b""  # the status alone says enough
    return Answer(status=response.status_code, body=body, retry_after=response.headers.get("Retry-After"))


async def _last_asked(content: bytes, may_send: Callable[[], bool]) -> AsyncIterator[bytes]:
    """Give the body of a call, once the connection is there; without it nobody understands what was sent before."""
    if not may_send():
        raise TooLate
    yield content
