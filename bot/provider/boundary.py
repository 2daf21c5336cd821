"""Turns httpx's exceptions and HTTP's statuses into our errors, here alone; and opens the clients behind that.

The question at every line is whether the call may have been carried out. For a harmless call it does not matter; a
create that may have been carried out is `OutcomeUnknown`, however likely it is that nothing happened. What both
services' refusals have in common, beyond their own codes, stands here too.
"""

import math
import re
import ssl
import zlib
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import TracebackType
from typing import Final, Self

import httpx

from bot import errors
from bot.values import dataclass

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


@dataclass(frozen=True, kw_only=True, slots=True)
class Complaint:
    """What the body of an error answer says; `error` is set where the API's own code says more than the status."""

    code: str = ""
    detail: str = ""
    error: type[errors.ProviderError] | None = None


class ClientOwner:
    """Keeps its connections in an httpx client, and closes them when its `async with` ends."""

    _client: httpx.AsyncClient

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

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


def error_of_status(status: int, *, create: bool) -> type[errors.ProviderError]:
    """Choose the class of error for an answer that is not a 2xx.

    Of a create, a clear "no" is a refusal. Not clear: 302 and 303 may point at what was created, 408 and 499 may come
    from something between us and the service, 409 may mean that it exists already, and any 5xx.
    """
    if status in _BY_STATUS:
        of_create, of_query = _BY_STATUS[status]
        return of_create if create else of_query
    if 300 <= status < 400:  # noqa: PLR2004 - the class of redirects, by RFC 9110
        return errors.OutcomeUnknown if create else errors.OperatorFault
    if 400 <= status < 500:  # noqa: PLR2004 - the class of client errors, by RFC 9110
        return errors.ProviderRejected
    return errors.OutcomeUnknown if create else errors.ProviderUnavailable


# Status: what it means of a create, and of a query.
_BY_STATUS: Final[dict[int, tuple[type[errors.ProviderError], type[errors.ProviderError]]]] = {
    **dict.fromkeys(
        (301, 307, 308), (errors.OperatorFault, errors.OperatorFault)
    ),  # "repeat it elsewhere": the base URL is wrong
    **dict.fromkeys((401, 402, 403, 405, 407), (errors.OperatorFault, errors.OperatorFault)),
    **dict.fromkeys((404, 410), (errors.OperatorFault, errors.TaskUnknown)),
    **dict.fromkeys((408, 499), (errors.OutcomeUnknown, errors.ProviderUnavailable)),
    409: (errors.OutcomeUnknown, errors.ProviderRejected),
    425: (errors.ProviderUnavailable, errors.ProviderUnavailable),
    429: (errors.ProviderBusy, errors.ProviderBusy),
}


def retry_after(value: str | None, *, now: datetime) -> float | None:
    """Read the seconds that a `Retry-After` header asks for, a number or an HTTP date; None if it can't be read."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            moment = parsedate_to_datetime(value)
        except (ValueError, OverflowError):
            return None
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now.timestamp()
    return max(0.0, seconds) if math.isfinite(seconds) else None


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


NO_VIDEO: Final = "no_video"  # our own code: the task is finished, and there is nothing to fetch
PLAIN: Final = frozenset({400, 422, 451})  # statuses that refuse what was asked, not who asked or how often
EXCERPT: Final = 500  # bytes of an error answer's body that is no JSON

# What services write when moderation refuses; their code is then one of many, so the words decide.
_MODERATION: Final = re.compile(
    r"\brisk|\bsensitive|\bpolic(?:y|ies)\b|\bmoderat|\bprohibited|\bnsfw\b|审核|敏感|违规|风控", re.IGNORECASE
)


def is_moderation(words: str) -> bool:
    """Say whether a service's words say that its moderation refuses what was asked."""
    return _MODERATION.search(words) is not None
