"""Exchanges calls for answers with one provider, over httpx: it says truly whether a request was sent.

So every create goes this way, and what may be repeated only where there is a proxy: see `queries`.
"""

import ssl
from collections.abc import AsyncIterator, Callable
from typing import Final

import httpx

from bot.provider import boundary, wire
from bot.provider.call import CONNECTIONS, Answer, Call, Timeouts, TooLate

KEEP_ALIVE: Final = 4.0  # seconds; many servers hang up after 5, and a create sent just then has an unknown outcome


class Exchange(boundary.ClientOwner):
    """The connections to one provider. `transport` is the seam for tests.

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
        ssl_context: ssl.SSLContext | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._base_url, self._timeouts = base_url, timeouts
        self._client = boundary.open_client(
            transport=transport,
            ssl_context=ssl_context or wire.shared_ssl_context(),
            limits=httpx.Limits(max_connections=connections, keepalive_expiry=KEEP_ALIVE),
            trust_env=True,
        )

    async def send(self, call: Call, *, bearer: str, request_id: str) -> Answer:
        """Send the call and take in the answer, whatever its status.

        Raises:
            TooLate: it might not be sent any more, and was not.
            Exception: one of the `foreign` ones.
        """
        response = await self._client.send(self._request(call, bearer, request_id), stream=True)
        try:
            return await _read(response)
        finally:
            await response.aclose()

    def _request(self, call: Call, bearer: str, request_id: str) -> httpx.Request:
        headers = wire.head(bearer=bearer, request_id=request_id)
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
    pieces = response.aiter_bytes() if wire.is_plain(response.headers) else response.aiter_raw()
    try:
        body = await wire.read_body(pieces, response.headers)
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
