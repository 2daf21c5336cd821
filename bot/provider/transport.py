"""Calls one provider's API: timeouts, repeats of what is harmless, a circuit breaker.

The connections are opened by the first call, and httpx imported by the first create: a bot that waits has neither.
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
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar
from uuid import uuid4

from bot.domain import backoff
from bot.errors import OperatorFault, OutcomeUnknown, ProviderBusy, ProviderError, ProviderUnavailable
from bot.provider import refusal
from bot.provider.breaker import Breaker
from bot.provider.call import CONNECTIONS, QUERIES, Answer, Call, Timeouts, TooLate
from bot.provider.closeable import Closeable
from bot.provider.refusal import Complaint
from bot.provider.wire import has_proxy
from bot.redaction import Redactor

if TYPE_CHECKING:
    import httpx

    from bot.provider.exchange import Exchange
    from bot.provider.queries import Queries

ATTEMPTS: Final = 3  # of a harmless call
CIRCUIT_OPEN: Final = "circuit_open"
TOO_LATE: Final = "too_late"  # our own code: a create was not sent, since it might not be any more

_KEY: Final = re.compile(r"[\x21-\x7e]+")
_log = logging.getLogger(__name__)
_T = TypeVar("_T")


class Transport(Closeable):
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
        transport: "httpx.AsyncBaseTransport | None" = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        rand: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._provider = provider
        self._token, self._secrets, self._sent_token = token, tuple(secrets), ""
        self.redact = Redactor(self._secrets)
        self._sleep, self._rand, self._clock, self._now = sleep, rand, clock, now
        self._timeouts = timeouts or Timeouts()
        self._breaker = breaker or Breaker(clock=clock)
        common = {"base_url": base_url.rstrip("/"), "timeouts": self._timeouts, "ssl_context": ssl_context}
        self._creates = self._queries = _Way(
            partial(_open_exchange, **common, connections=connections, transport=transport), places=connections
        )
        if transport is None and not has_proxy():
            self._queries = _Way(partial(_open_queries, **common, connections=queries), places=queries)

    @property
    def longest_create(self) -> timedelta:
        """Give the time after which what was sent has ended, whatever became of it."""
        return timedelta(seconds=self._timeouts.call)

    async def close(self) -> None:
        """Close every connection."""
        await self._creates.close()
        await self._queries.close()

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
        call = Call(path=path, explain=explain)
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
        return await self._call(Call(path=path, explain=explain, content=content, create=True, may_send=may_send), read)

    async def _call(self, call: Call, read: Callable[[bytes], _T]) -> _T:
        """Make one call, in its place among the others, watched by the circuit breaker."""
        way = self._creates if call.create else self._queries
        bearer, exchange = self._bearer(), await self._opened(way)
        async with self._place(way.places):
            ticket = self._breaker.admit()
            if ticket is None:
                raise self._error(ProviderUnavailable, code=CIRCUIT_OPEN, retry_after=self._breaker.wait())
            tell = self._breaker.abandoned
            try:
                result = self._judge(call, await self._answer(exchange, call, bearer), read)
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

    async def _opened(self, way: "_Way") -> "Exchange | Queries":
        try:
            return await way.opened()
        except OSError as exc:
            raise self._error(OperatorFault, code="certificates", detail=str(exc)) from exc

    async def _answer(self, exchange: "Exchange | Queries", call: Call, bearer: str) -> Answer:
        """Send the call and take in the answer, whatever its status."""
        request_id = uuid4().hex
        try:
            async with asyncio.timeout(self._timeouts.call):
                return await exchange.send(call, bearer=bearer, request_id=request_id)
        except TooLate:
            raise self._error(ProviderUnavailable, code=TOO_LATE) from None
        except exchange.foreign as exc:
            cause = exc
        # Raised out here so that a cause which shows a secret is not even the context of ours.
        kind = exchange.error_of(cause, create=call.create)
        code = "malformed" if isinstance(cause, ValueError) else _snake(type(cause).__name__)
        error = self._error(kind, code=code, detail=str(cause))
        _log.info("%s did not answer request %s: %s", self._provider, request_id, error.code)
        raise error from self._without_secrets(cause)

    def _judge(self, call: Call, answer: Answer, read: Callable[[bytes], _T]) -> _T:
        """Read what the answer says, or raise the error that it means."""
        if 200 <= answer.status < 300:  # noqa: PLR2004 - the class of successes, by RFC 9110
            try:
                return read(answer.body)
            except ValueError as exc:
                cause = exc
            unread = OutcomeUnknown if call.create else ProviderUnavailable
            raise self._error(unread, code="malformed", detail=str(cause)) from self._without_secrets(cause)
        complaint = call.explain(answer.status, answer.body)
        kind = complaint.error or refusal.error_of_status(answer.status, create=call.create)
        code = complaint.code or f"http_{answer.status}"
        wait = refusal.retry_after(answer.retry_after, now=self._now())
        raise self._error(kind, code=code, detail=complaint.detail, retry_after=wait)

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


class _Way:
    """The connections that some calls go over, opened by the first of them, and the places of those under way."""

    def __init__(self, open_it: "Callable[[], Exchange | Queries]", *, places: int) -> None:
        self.places = asyncio.Semaphore(places)
        self._open, self._opening = open_it, asyncio.Lock()
        self._exchange: Exchange | Queries | None = None

    async def opened(self) -> "Exchange | Queries":
        """Open the connections, once: in a thread, since that imports httpx or reads the certificates.

        Raises:
            OSError: the certificates cannot be read.
        """
        async with self._opening:
            if self._exchange is None:
                self._exchange = await asyncio.to_thread(self._open)
            return self._exchange

    async def close(self) -> None:
        """Close every connection."""
        if self._exchange is not None:
            await self._exchange.close()


def _open_exchange(**connections: Any) -> "Exchange":
    from bot.provider.exchange import Exchange  # noqa: PLC0415 - httpx is slow to import

    return Exchange(**connections)


def _open_queries(**connections: Any) -> "Queries":
    from bot.provider.queries import Queries  # noqa: PLC0415 - nobody needs it before

    return Queries(**connections)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
