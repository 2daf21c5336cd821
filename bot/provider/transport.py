"""Calls one provider's API: pooled clients, timeouts, repeats of what is harmless, a circuit breaker.

Creates go over httpx's own connections, which say truly whether a request was sent; what may be repeated goes over
aiohttp's, which cost a third.
"""

import asyncio
import json
import logging
import random
import re
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar
from uuid import uuid4

import httpx

from bot.domain import backoff
from bot.errors import OperatorFault, OutcomeUnknown, ProviderBusy, ProviderError, ProviderUnavailable
from bot.provider import aiohttp_transport, boundary
from bot.provider.boundary import Complaint
from bot.provider.breaker import Breaker
from bot.redaction import Redactor
from bot.values import dataclass

ATTEMPTS: Final = 3  # of a harmless call
CONNECTIONS: Final = 10  # of creates: httpx's pool gets slow with the square of this
QUERIES: Final = 128  # under way at once: 20,000 jobs of minutes need 90 with a service that takes 100 ms
KEEP_ALIVE: Final = 4.0  # seconds; many servers hang up after 5, and a create sent just then has an unknown outcome
CIRCUIT_OPEN: Final = "circuit_open"
TOO_LATE: Final = "too_late"  # our own code: a create was not sent, since it might not be any more

_KEY: Final = re.compile(r"[\x21-\x7e]+")
_log = logging.getLogger(__name__)
_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Timeouts:
    """The longest waits of a call, in seconds."""

    connect: float = 5.0
    read: float = 20.0  # for the next piece of an answer to a query
    read_create: float = 60.0  # likewise of a create, which is worse to cut off: its outcome is then unknown
    write: float = 10.0  # for the next piece of a request
    pool: float = 15.0  # for a place among the calls under way
    call: float = 90.0  # for one whole call, however slowly its answer drips
    total: float = 60.0  # after which a harmless call is not begun again


@dataclass(frozen=True, kw_only=True, slots=True)
class _Call:
    """One call as it goes out. `explain` reads the body of an error answer, given its status."""

    path: str
    explain: Callable[[int, bytes], Complaint]
    content: bytes | None = None
    create: bool = False
    may_send: Callable[[], bool] = lambda: True


@dataclass(frozen=True, kw_only=True, slots=True)
class _Answer:
    status: int
    body: bytes
    retry_after: float | None


class Transport(boundary.ClientOwner):
    """Calls one provider's API; use it as an async context manager, or `close` it.

    `token` gives the bearer token of the next call. It and the `secrets` are cut out of every text that an error
    carries. `transport`, `sleep`, `rand`, `clock` (monotonic seconds) and `now` are the seams for tests.
    """

    def __init__(
        self,
        *,
        provider: str,
        base_url: str,
        token: Callable[[], str],
        secrets: Iterable[str] = (),
        timeouts: Timeouts | None = None,
        connections: int = CONNECTIONS,
        queries: int = QUERIES,
        breaker: Breaker | None = None,
        ssl_context: ssl.SSLContext | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        rand: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._provider, self._base_url = provider, base_url.rstrip("/")
        self._token, self._secrets, self._sent_token = token, tuple(secrets), ""
        self.redact = Redactor(self._secrets)
        self._sleep, self._rand, self._clock, self._now = sleep, rand, clock, now
        self._timeouts = timeouts or Timeouts()
        self._breaker = breaker or Breaker(clock=clock)
        self._places = self._query_places = asyncio.Semaphore(connections)
        context = ssl_context or boundary.shared_ssl_context()
        self._client = boundary.open_client(
            transport=transport,
            ssl_context=context,
            limits=httpx.Limits(max_connections=connections, keepalive_expiry=KEEP_ALIVE),
            trust_env=True,
        )
        self._quick: httpx.AsyncBaseTransport | None = None
        if transport is None and not aiohttp_transport.has_proxy():
            self._quick = aiohttp_transport.open_transport(
                ssl_context=context, connections=queries, keep_alive=KEEP_ALIVE
            )
            self._query_places = asyncio.Semaphore(queries)

    @property
    def longest_create(self) -> timedelta:
        """Give the time after which what was sent has ended, whatever became of it."""
        return timedelta(seconds=self._timeouts.call)

    async def close(self) -> None:
        """Close every connection."""
        if self._quick is not None:
            await self._quick.aclose()
        await super().close()

    async def query(
        self,
        path: str,
        *,
        read: Callable[[bytes], _T],
        explain: Callable[[int, bytes], Complaint],
        attempts: int = ATTEMPTS,
    ) -> _T:
        """Ask something harmless (GET) and `read` the answer; repeated when the trouble may pass.

        `read` raises ValueError for what it can't make sense of, or one of our errors.

        Raises:
            ProviderError: every class but `OutcomeUnknown`.
        """
        give_up = self._clock() + self._timeouts.total
        call = _Call(path=path, explain=explain)
        for attempt in range(1, attempts):
            try:
                return await self._call(call, read)
            except (ProviderBusy, ProviderUnavailable) as exc:
                wait = backoff.delay(attempt, rand=self._rand, retry_after=exc.retry_after).total_seconds()
                if exc.code == CIRCUIT_OPEN or self._clock() + wait > give_up:
                    raise
                _log.info("%s is asked again in %.1f s: %s", self._provider, wait, exc.code)
            await self._sleep(wait)
        return await self._call(call, read)

    async def create(
        self,
        path: str,
        *,
        body: Mapping[str, Any],
        read: Callable[[bytes], _T],
        explain: Callable[[int, bytes], Complaint],
        may_send: Callable[[], bool] = lambda: True,
    ) -> _T:
        """Ask for something to be made (POST) and `read` the answer. Never repeated.

        The last question before anything is sent that could be understood is whether it still `may_send`: getting
        there may have taken long, if only because the process was stopped. What is sent has ended, however it ends,
        after `longest_create`.

        Raises:
            ProviderUnavailable: among others, with the code `TOO_LATE`: it was not sent, since it might not be.
            OutcomeUnknown: it may or may not have been made, which includes an answer that `read` can't read.
            ProviderError: every other class: certainly nothing was made.
        """
        content = json.dumps(body).encode()
        return await self._call(
            _Call(path=path, explain=explain, content=content, create=True, may_send=may_send), read
        )

    async def _call(self, call: _Call, read: Callable[[bytes], _T]) -> _T:
        """Make one call, in its place among the others, watched by the circuit breaker."""
        bearer = self._bearer()
        async with self._place(self._places if call.create else self._query_places):
            ticket = self._breaker.admit()
            if ticket is None:
                raise self._error(ProviderUnavailable, code=CIRCUIT_OPEN, retry_after=self._breaker.wait())
            tell = self._breaker.abandoned
            try:
                result = self._judge(call, await self._exchange(call, bearer), read)
                tell = self._breaker.succeeded
            except (ProviderUnavailable, OutcomeUnknown) as exc:
                tell = self._breaker.abandoned if exc.code == TOO_LATE else self._breaker.failed
                raise
            except ProviderError:
                tell = self._breaker.succeeded
                raise
            finally:
                tell(ticket)
            return result

    def _bearer(self) -> str:
        token = self._token()
        if not _KEY.fullmatch(token):
            raise self._error(OperatorFault, code="key_malformed")
        if token != self._sent_token:
            self._sent_token, self.redact = token, Redactor((token, *self._secrets))
        return f"Bearer {token}"

    @asynccontextmanager
    async def _place(self, places: asyncio.Semaphore) -> AsyncIterator[None]:
        """Wait for a place among the bounded number of calls: the open requests are what costs memory."""
        try:
            async with asyncio.timeout(self._timeouts.pool):
                await places.acquire()
        except TimeoutError as exc:
            raise self._error(ProviderUnavailable, code="pool_timeout") from exc
        try:
            yield
        finally:
            places.release()

    async def _exchange(self, call: _Call, bearer: str) -> _Answer:
        """Send the call and take in the answer, whatever its status."""
        request_id = uuid4().hex
        try:
            async with asyncio.timeout(self._timeouts.call):
                response = await self._send(call, self._request(call, bearer, request_id))
                try:
                    return await self._read_response(response)
                finally:
                    await response.aclose()
        except _TooLate:
            raise self._error(ProviderUnavailable, code=TOO_LATE) from None
        except boundary.FOREIGN as exc:
            cause = exc
        # Raised out here so that a cause which shows a secret is not even the context of ours.
        error = self._error_of(cause, call)
        _log.info("%s did not answer request %s: %s", self._provider, request_id, error.code)
        raise error from self._without_secrets(cause)

    async def _send(self, call: _Call, request: httpx.Request) -> httpx.Response:
        """Send a create over connections that tell truly what became of it, everything else over the quicker ones.

        Those need no client around them: it would only follow redirects and keep cookies, which nobody wants.
        """
        if call.create or self._quick is None:
            return await self._client.send(request, stream=True)
        return await self._quick.handle_async_request(request)

    def _request(self, call: _Call, bearer: str, request_id: str) -> httpx.Request:
        headers = {
            "Authorization": bearer,
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": self._client.headers["User-Agent"],
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

    async def _read_response(self, response: httpx.Response) -> _Answer:
        try:
            body = await boundary.read_body(response)
        except (httpx.RequestError, ValueError):
            if response.is_success:
                raise
            body = b""  # the status alone says enough
        wait = boundary.retry_after(response.headers.get("Retry-After"), now=self._now())
        return _Answer(status=response.status_code, body=body, retry_after=wait)

    def _judge(self, call: _Call, answer: _Answer, read: Callable[[bytes], _T]) -> _T:
        """Read what the answer says, or raise the error that it means."""
        if httpx.codes.is_success(answer.status):
            try:
                return read(answer.body)
            except ValueError as exc:
                cause = exc
            raise self._error_of(cause, call) from self._without_secrets(cause)
        complaint = call.explain(answer.status, answer.body)
        kind = complaint.error or boundary.error_of_status(answer.status, create=call.create)
        code = complaint.code or f"http_{answer.status}"
        raise self._error(kind, code=code, detail=complaint.detail, retry_after=answer.retry_after)

    def _error_of(self, exc: Exception, call: _Call) -> ProviderError:
        kind = boundary.error_of_exception(exc, create=call.create)
        code = "malformed" if isinstance(exc, ValueError) else _snake(type(exc).__name__)
        return self._error(kind, code=code, detail=str(exc))

    def _without_secrets(self, exc: Exception) -> Exception | None:
        """Give the exception back, unless it or one behind it shows a secret."""
        link: BaseException | None = exc
        while link is not None:
            if self.redact.finds(str(link)):
                return None
            link = link.__cause__ or link.__context__
        return exc

    def _error(
        self, kind: type[ProviderError], *, code: str, detail: str = "", retry_after: float | None = None
    ) -> ProviderError:
        return kind(
            provider=self._provider, code=self.redact(code), detail=self.redact(detail), retry_after=retry_after
        )


class _TooLate(Exception):
    """What was to be sent might not be any more."""


async def _last_asked(content: bytes, may_send: Callable[[], bool]) -> AsyncIterator[bytes]:
    """Give the body of a call, once the connection is there; without it nobody understands what was sent before."""
    if not may_send():
        raise _TooLate
    yield content


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
