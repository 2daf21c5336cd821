"""Downloads finished videos, from an untrusted URL to a file: streamed under a cap, from checked addresses only."""

import asyncio
import contextlib
import logging
import ssl
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from threading import Lock
from typing import IO, Final

import httpx

from bot.errors import DeliveryError, ResultTooLarge, ResultUnavailable, ResultUnusable
from bot.provider import address
from bot.provider.boundary import FOREIGN, ClientOwner, open_client
from bot.provider.wire import announced, shared_ssl_context

REDIRECTS: Final = 5
PIECE: Final = 256 * 1024  # bytes a trip to the disk
TOTAL: Final = 600.0  # seconds for one download, however steadily it drips
TIMEOUT: Final = httpx.Timeout(connect=5.0, read=30.0, write=10.0, pool=30.0)

_MOVED: Final = frozenset({301, 302, 303, 307, 308})
_GONE: Final = frozenset({401, 403, 404, 410})  # 401 and 403 are how a signed URL says that it ran out
_ADDRESSES: Final = 4  # of one host, tried in turn
_log = logging.getLogger(__name__)


class Downloader(ClientOwner):
    """Fetches results; use it as an async context manager, or `close` it.

    `trusted_hosts` are (host, port) of the operator's own base URLs, which may be private addresses; every other host
    must be public. The connection goes to the very address that was checked, so a name that changes its mind in
    between gains nothing. `resolve` and `transport` are the seams for tests.
    """

    def __init__(
        self,
        *,
        trusted_hosts: frozenset[tuple[str, int]] = frozenset(),
        resolve: address.Resolve = address.resolve,
        transport: httpx.AsyncBaseTransport | None = None,
        ssl_context: ssl.SSLContext | None = None,
        timeout: httpx.Timeout = TIMEOUT,
        total: float = TOTAL,
    ) -> None:
        self._trusted, self._resolve = trusted_hosts, resolve
        self._timeout, self._total = timeout, total
        # Connections are not kept: they go to addresses, and hosts that share one must not share a TLS session.
        # No proxy from the environment either: it would connect to where it pleases.
        self._client = open_client(
            transport=transport,
            ssl_context=ssl_context or shared_ssl_context(),
            limits=httpx.Limits(max_connections=10, max_keepalive_connections=0),
            trust_env=False,
        )

    async def download(self, url: str, path: Path, *, cap: int) -> int:
        """Write the file at `url` to `path`, whole or not at all, and return its size; both sizes are in bytes.

        Raises:
            ResultTooLarge: "over_cap".
            ResultUnusable: "address": the URL or where it leads is forbidden; "encoding": it is not the plain file.
            ResultUnavailable: "gone", "truncated", "unreachable" (or too slow), or "disk": it can't be written.
        """
        part = _Part(path)
        try:
            async with asyncio.timeout(self._total), self._open(_parsed(url)) as response:
                size = await _store(response, part, cap=cap)
            await asyncio.to_thread(part.finish)
        except TimeoutError as exc:
            raise ResultUnavailable("unreachable") from exc
        except OSError as exc:
            raise ResultUnavailable("disk") from exc
        except (httpx.InvalidURL, ValueError):  # what httpx and the name services can't make sense of
            raise ResultUnusable("address") from None
        except FOREIGN:
            raise ResultUnavailable("unreachable") from None
        finally:
            await asyncio.shield(asyncio.to_thread(part.discard))
        return size

    @contextlib.asynccontextmanager
    async def _open(self, url: httpx.URL) -> AsyncIterator[httpx.Response]:
        """Open the answer that holds the file, at the end of at most `REDIRECTS` hops of which each is checked."""
        for _hop in range(REDIRECTS + 1):
            target = await address.checked(url, trusted=self._trusted, resolve=self._resolve)
            response = await self._answer(target)
            try:
                if response.status_code not in _MOVED:
                    _log.debug("the result comes from %s: %d", target.host, response.status_code)
                    yield response
                    return
                url = _parsed(response.headers.get("Location", ""), base=url)
            finally:
                await response.aclose()
        raise ResultUnavailable("unreachable")

    async def _answer(self, target: address.Target) -> httpx.Response:
        """Read the head of the answer from the first of the target's addresses that takes the connection."""
        cause: Exception | None = None
        for each in target.addresses[:_ADDRESSES]:
            request = self._client.build_request(
                "GET",
                target.url.copy_with(host=each, fragment=None),
                headers={"Host": target.url.netloc.decode("ascii"), "Accept-Encoding": "identity"},
                extensions={"sni_hostname": target.host},
                timeout=self._timeout,
            )
            try:
                return await self._client.send(request, stream=True)
            except (httpx.ConnectError, httpx.ConnectTimeout) as exc:
                cause = exc
            except httpx.HTTPError as exc:
                raise ResultUnavailable("unreachable") from exc
        raise ResultUnavailable("unreachable") from cause


class _Part:
    """A file while it is not whole, under a name of its own beside the `path` it will have.

    Its methods block and run in threads, one at a time; a write that outlives a cancelled download finds it discarded.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._lock, self._ended = path, Lock(), False
        self._file: IO[bytes] | None = None

    def write(self, piece: bytes | bytearray) -> None:
        with self._lock:
            if not self._ended:
                self._open_file().write(piece)

    def finish(self) -> None:
        with self._lock:
            file = self._open_file()
            file.close()
            Path(file.name).replace(self._path)
            self._file, self._ended = None, True

    def discard(self) -> None:
        with self._lock:
            self._ended = True
            if self._file is not None:
                with contextlib.suppress(OSError):  # a full disk also fails the last flush
                    self._file.close()
                Path(self._file.name).unlink(missing_ok=True)
                self._file = None

    def _open_file(self) -> IO[bytes]:
        if self._file is None:
            self._file = tempfile.NamedTemporaryFile(  # noqa: SIM115 - finish or discard closes it
                dir=self._path.parent, prefix=f"{self._path.name}.", suffix=".part", delete=False
            )
        return self._file


def _parsed(url: str, *, base: httpx.URL | None = None) -> httpx.URL:
    try:
        return httpx.URL(url) if base is None else base.join(url)
    except (httpx.InvalidURL, ValueError) as exc:
        raise ResultUnusable("address") from exc


def _refusal(response: httpx.Response, *, cap: int) -> DeliveryError | None:
    """Say why this answer is not worth reading, told from its head."""
    if response.status_code in _GONE:
        return ResultUnavailable("gone")
    if response.status_code != httpx.codes.OK:
        return ResultUnavailable("unreachable")
    if response.headers.get("Content-Encoding", "identity").strip().lower() not in {"", "identity"}:
        return ResultUnusable("encoding")
    if (announced(response.headers) or 0) > cap:
        return ResultTooLarge("over_cap")
    return None


async def _store(response: httpx.Response, part: _Part, *, cap: int) -> int:
    """Stream the answer's body into the file; at most one piece is held."""
    refusal = _refusal(response, cap=cap)
    if refusal is not None:
        raise refusal
    size, piece = 0, bytearray()
    try:
        async for chunk in response.aiter_bytes():
            size += len(chunk)
            if size > cap:
                raise ResultTooLarge("over_cap")
            piece += chunk
            if len(piece) >= PIECE:
                await asyncio.to_thread(part.write, piece)
                piece = bytearray()
    except httpx.RemoteProtocolError as exc:
        raise ResultUnavailable("truncated") from exc
    except httpx.HTTPError as exc:
        raise ResultUnavailable("unreachable") from exc
    if size < (announced(response.headers) or 0):
        raise ResultUnavailable("truncated")
    await asyncio.to_thread(part.write, piece)
    return size
