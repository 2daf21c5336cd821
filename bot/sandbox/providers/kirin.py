"""The gateway's generation API as a server: create and query, with its envelopes, refusals and troubles."""

from __future__ import annotations

import hmac
import uuid
from typing import TYPE_CHECKING, Any

from aiohttp import hdrs, web

from bot.sandbox.faults import cut, on_the_wire
from bot.sandbox.providers import kirin_rules
from bot.sandbox.providers.fields import BrokenBody, InvalidField, json_body
from bot.sandbox.providers.tasks import Failure, State, Task

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from bot.sandbox.faults import Fault
    from bot.sandbox.providers.desk import Desk

NAME = "kirin"
ROOT = "/kirin/model/v1"
WORDS = {
    State.WAITING: "in_queue",
    State.WORKING: "in_progress",
    State.DONE: "completed",
    State.FAILED: "failed",
}
NO_RESOURCES, NO_ANSWER, NOT_CREATED = "006001094", "006001095", "006001099"
MEANINGS = {
    NO_RESOURCES: "task resources insufficient",
    NO_ANSWER: "task response error",
    NOT_CREATED: "task creation error",
}


class Refusal(Exception):
    """An answer with an HTTP error status and a body `{"error": {"code", "error_message"}}`."""

    def __init__(self, status: int, message: str, *, code: str = "", retry_after: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code or str(status)
        self.retry_after = retry_after

    def answer(self) -> web.Response:
        """As it goes over the wire."""
        headers = {} if self.retry_after is None else {hdrs.RETRY_AFTER: self.retry_after}
        return web.json_response(_error(self.code, str(self)), status=self.status, headers=headers)


class Kirin:
    """The server's routes below `/kirin`; one account, whose key it is given."""

    def __init__(self, *, desk: Desk, key: str) -> None:
        self._desk = desk
        self._key = key
        desk.serve(NAME, describe=self.describe)

    def attach(self, app: web.Application) -> None:
        """Add the routes."""
        app.router.add_post(f"{ROOT}/generation", self._plainly(self._create))
        app.router.add_get(f"{ROOT}/generation/task/{{id}}", self._plainly(self._query))
        app.router.add_route("*", "/kirin/{rest:.*}", self._plainly(self._unknown))

    def describe(self, task: Task) -> dict[str, Any]:
        """A task as the query answers it."""
        told: dict[str, Any] = self._receipt(task) | {
            "progress": self._desk.generation.progress(task),
            "metadata": {"in_queue_at": task.created_at},
        }
        if task.state is State.FAILED and task.failure is not None:
            told |= _error(task.failure.code, task.failure.message)
        if task.state is State.DONE:
            told["output"] = [{"content": [self._content(task, which) for which in task.videos]}]
            told["usage"] = {"cost": f"{task.cost:f}", "discount": 0}
            told["metadata"] |= {"completed_at": task.finished_at, "upload_at": task.finished_at}
        return told

    def _content(self, task: Task, which: str) -> dict[str, Any]:
        url = self._desk.address(task, which)
        return {"type": "video", "url": url, "duration": task.order.film.seconds, "jobId": task.id}

    def _receipt(self, task: Task) -> dict[str, Any]:
        return {
            "id": task.id,
            "created_at": int(task.created_at),
            "status": WORDS[task.state],
            "model": task.order.film.model,
        }

    async def _create(self, request: web.Request) -> web.StreamResponse:
        fault = self._desk.faults.take(NAME, "create")
        answer = await self._trouble(request, fault)
        if answer is not None:
            return answer
        self._authorise(request)
        order = kirin_rules.read(await json_body(request), header_model=request.headers.get("X-Model"))
        if fault is not None and fault.kind == "task_failed" and fault.options.get("at") == "create":
            return _not_created(fault)
        if self._desk.tasks.taken(NAME, order.external_id):
            text = f"external_task_id {order.external_id!r:.200} already exists"
            return web.json_response(_error(NOT_CREATED, text))
        doom = Failure(NO_ANSWER, MEANINGS[NO_ANSWER])
        task = self._desk.accept(NAME, order, name=uuid.uuid4().hex, fault=fault, doom=doom)
        if fault is not None and fault.kind == "lost_answer":
            cut(request)
        return web.json_response(self._receipt(task))

    async def _query(self, request: web.Request) -> web.StreamResponse:
        answer = await self._trouble(request, self._desk.faults.take(NAME, "query"))
        if answer is not None:
            return answer
        self._authorise(request)
        task = self._desk.tasks.find(NAME, request.match_info["id"])
        if task is None:
            raise Refusal(404, "task not found")
        return web.json_response(self.describe(task))

    async def _unknown(self, request: web.Request) -> web.StreamResponse:
        self._authorise(request)
        raise Refusal(404, f"there is no {request.method} {request.path}")

    def _authorise(self, request: web.Request) -> None:
        kind, _, key = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        if kind.lower() != "bearer" or not hmac.compare_digest(key.strip().encode(), self._key.encode()):
            raise Refusal(401, "the API key is missing or wrong")

    async def _trouble(self, request: web.Request, fault: Fault | None) -> web.StreamResponse | None:
        """The answer of a fault in this API's shape; None when the call should be served."""
        if fault is None:
            return None
        if fault.kind == "http_500":
            raise Refusal(500, "internal server error")
        if fault.kind == "http_429":
            raise Refusal(429, "too many requests", retry_after=str(fault.options.get("retry_after", 1)))
        return await on_the_wire(request, fault)

    def _plainly(
        self, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """Answer what the handler raises in this API's shape, and give back the caller's `X-Request-Id`."""

        async def answer(request: web.Request) -> web.StreamResponse:
            try:
                response = await handler(request)
            except Refusal as refusal:
                response = refusal.answer()
            except (BrokenBody, InvalidField) as exc:
                response = Refusal(400, str(exc), code=NOT_CREATED).answer()
            if "X-Request-Id" in request.headers:
                response.headers["X-Request-Id"] = request.headers["X-Request-Id"]
            return response

        return answer


def _error(code: str, message: str) -> Mapping[str, Any]:
    return {"error": {"code": code, "error_message": message}}


def _not_created(fault: Fault) -> web.Response:
    """A creation that failed: HTTP 200 with an error and no id, unless the fault names another HTTP status."""
    code = str(fault.options.get("code", NOT_CREATED))
    message = str(fault.options.get("message", MEANINGS.get(code, MEANINGS[NOT_CREATED])))
    return web.json_response(_error(code, message), status=int(fault.options.get("status", 200)))
