"""Lets requests into an API: trouble on demand, the key, and one place where refusals become answers."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import hdrs, web

from sandbox.faults import Fault, Faults, on_the_wire
from sandbox.providers.fields import BrokenBody, InvalidField

Handler = Callable[[web.Request, Fault | None], Awaitable[web.StreamResponse]]


class Refusal(Exception):
    """An answer with an HTTP error status and the body that the API gives it."""

    def __init__(self, status: int, message: str, *, body: Mapping[str, Any], retry_after: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = body
        self.retry_after = retry_after

    def answer(self) -> web.Response:
        """Write the HTTP response."""
        headers = {} if self.retry_after is None else {hdrs.RETRY_AFTER: self.retry_after}
        return web.json_response(self.body, status=self.status, headers=headers)


class Endpoints:
    """Wraps the handlers of one API.

    Args:
        target: the API's name among the faults.
        faults: trouble that is waiting to happen.
        authorise: raises a Refusal for a caller without the right key.
        fault_answer: how this API's document words a fault, or None where it does not.
        invalid: how it words a body that breaks its rules.
    """

    def __init__(
        self,
        target: str,
        *,
        faults: Faults,
        authorise: Callable[[web.Request], None],
        fault_answer: Callable[[Fault], Refusal | None],
        invalid: Callable[[BrokenBody | InvalidField], Refusal],
    ) -> None:
        self._target = target
        self._faults = faults
        self._authorise = authorise
        self._fault_answer = fault_answer
        self._invalid = invalid

    def serve(self, handler: Handler, *calls: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """Make the route's handler: the given one gets what is left of a fault that strikes one of its calls."""

        async def answer(request: web.Request) -> web.StreamResponse:
            try:
                response = await self._answer(calls, handler, request)
            except Refusal as refusal:
                response = refusal.answer()
            except (BrokenBody, InvalidField) as exc:
                response = self._invalid(exc).answer()
            if "X-Request-Id" in request.headers:
                response.headers["X-Request-Id"] = request.headers["X-Request-Id"]
            return response

        return answer

    async def _answer(self, calls: tuple[str, ...], handler: Handler, request: web.Request) -> web.StreamResponse:
        await request.read()  # a fault waits for somebody who says all that there is to say, and stays to hear of it
        fault = self._faults.take(self._target, *calls)
        if fault is not None:
            refusal = self._fault_answer(fault)
            if refusal is not None:
                raise refusal
            played = await on_the_wire(request, fault)
            if played is not None:
                return played
        self._authorise(request)
        return await handler(request, fault)
