"""Exchanges calls that may be repeated for answers, over aiohttp: for less CPU and memory than httpx takes.

Never a create: what aiohttp raises does not always say whether a request was sent.
"""

import ssl
from typing import Final

import aiohttp
from yarl import URL

from bot.errors import OperatorFault, ProviderError, ProviderUnavailable
from bot.provider import wire
from bot.provider.call import QUERIES, Answer, Call, Timeouts

KEEP_ALIVE: Final = 4.0  # seconds; many servers hang up after 5


class NoAnswer(Exception):
    """A query was not answered. The kinds of it are called as httpx calls them, so that an error tells either way."""


class ConnectError(NoAnswer):
    """There is no connection."""


class ConnectTimeout(NoAnswer):
    """There was no connection in time."""


class ReadTimeout(NoAnswer):
    """The answer, or its next piece, did not come in time."""


class ReadError(NoAnswer):
    """The connection broke before the answer was whole."""


class RemoteProtocolError(NoAnswer):
    """What came back is no answer, or nothing did."""


class InvalidURL(NoAnswer):
    """The address is none."""


class UnsupportedProtocol(NoAnswer):
    """The address is none of the web."""


# The kind of each of aiohttp's exceptions, the first that fits. They hold the request, whose head carries the key.
_KINDS: Final = (
    (aiohttp.InvalidURL, InvalidURL),
    (aiohttp.ConnectionTimeoutError, ConnectTimeout),
    (aiohttp.ServerTimeoutError, ReadTimeout),
    (aiohttp.ClientConnectorError, ConnectError),
    (aiohttp.ServerDisconnectedError, RemoteProtocolError),
    (aiohttp.ClientResponseError, RemoteProtocolError),
    (aiohttp.ClientError, ReadError),
)


class Queries:
    """The connections to one provider.

    Raises:
        OSError: the certificates that are trusted cannot be read.
    """

    foreign = (NoAnswer, TimeoutError, ValueError)  # what `send` may raise

    def __init__(
        self, *, base_url: str, timeouts: Timeouts, connections: int = QUERIES, ssl_context: ssl.SSLContext | None
    ) -> None:
        self._base_url, self._connections = base_url, connections
        self._ssl_context = ssl_context or wire.shared_ssl_context()
        self._timeout = aiohttp.ClientTimeout(
            connect=timeouts.pool, sock_connect=timeouts.connect, sock_read=timeouts.read
        )
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()

    @staticmethod
    def error_of(exc: Exception, *, create: bool = False) -> type[ProviderError]:
        """Choose the class of error for a call that ended in one of the `foreign` ones."""
        del create
        return OperatorFault if isinstance(exc, (InvalidURL, UnsupportedProtocol)) else ProviderUnavailable

    async def send(self, call: Call, *, bearer: str, request_id: str) -> Answer:
        """Send the call and take in the answer, whatever its status.

        Raises:
            Exception: one of the `foreign` ones.
        """
        try:
            async with self._opened().get(
                _address(self._base_url + call.path),
                headers=wire.head(bearer=bearer, request_id=request_id),
                timeout=self._timeout,
                allow_redirects=False,
            ) as response:
                return await _read(response)
        except aiohttp.ClientError as exc:
            kind, words = next(kind for each, kind in _KINDS if isinstance(exc, each)), str(exc)
        raise kind(words)  # out here, where that is not even its context

    def _opened(self) -> aiohttp.ClientSession:
        """Open the connections with the first query, which alone is in the event loop."""
        if self._session is None:
            connector = aiohttp.TCPConnector(
                limit=self._connections, keepalive_timeout=KEEP_ALIVE, ssl=self._ssl_context
            )
            self._session = aiohttp.ClientSession(
                connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
            )
        return self._session


def _address(text: str) -> URL:
    """Read the address of a query.

    Raises:
        InvalidURL, UnsupportedProtocol: it is none, or none of the web.
    """
    try:
        address = URL(text)
    except ValueError as exc:
        raise InvalidURL(str(exc)) from exc
    if address.scheme not in {"http", "https"}:
        raise UnsupportedProtocol(text)
    if not (address.host and text.isprintable()):
        raise InvalidURL(text)
    return address


async def _read(response: aiohttp.ClientResponse) -> Answer:
    try:
        body = await wire.read_body(response.content.iter_any(), response.headers)
    except (aiohttp.ClientError, ValueError):
        if 200 <= response.status < 300:  # noqa: PLR2004 - the class of successes, by RFC 9110
            raise
        body = b""  # the status alone says enough
    return Answer(status=response.status, body=body, retry_after=response.headers.get("Retry-After"))
