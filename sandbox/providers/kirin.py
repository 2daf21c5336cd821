"""Serves the gateway's generation API: create, query and scans, with its envelopes and refusals."""

import hmac
import uuid
from collections.abc import Mapping
from typing import Any

from aiohttp import hdrs, web

from sandbox.faults import Fault, cut
from sandbox.providers import kirin_rules
from sandbox.providers.backend import Backend
from sandbox.providers.endpoints import Endpoints, Refusal
from sandbox.providers.fields import json_body
from sandbox.providers.kirin_scan import Scans
from sandbox.providers.tasks import Failure, State, Task

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


class KirinRefusal(Refusal):
    """A body `{"error": {"code", "error_message"}}`; the code is a string, by default the HTTP status."""

    def __init__(self, status: int, message: str, *, code: str = "", retry_after: str | None = None) -> None:
        body = _error(code or str(status), message)
        super().__init__(status, message, body=body, retry_after=retry_after)


class Kirin:
    """Serves the routes below `/kirin`.

    Args:
        backend: what it shares with the other API.
        key: of the one account.
        sensitive: what the moderation calls find, as word to kind of risk.
    """

    def __init__(self, *, backend: Backend, key: str, sensitive: Mapping[str, str]) -> None:
        self._backend = backend
        self._key = key
        self._scans = Scans(videos=backend.files, sensitive=sensitive)
        self._endpoints = Endpoints(
            NAME, faults=backend.faults, authorise=self._authorise, fault_answer=_fault_answer, invalid=_invalid
        )
        backend.serve(NAME, describe=self.describe)

    def find_words(self, sensitive: Mapping[str, str]) -> None:
        """Find these words in scans from now on; word to kind of risk.

        Raises:
            ValueError: no word, or no kind of risk.
        """
        self._scans.find(sensitive)

    def attach(self, app: web.Application) -> None:
        """Add the routes."""
        endpoints, router = self._endpoints, app.router
        router.add_post(f"{ROOT}/generation", endpoints.serve(self._create, "create"))
        router.add_get(f"{ROOT}/generation/task/{{id}}", endpoints.serve(self._query, "query"))
        router.add_post(f"{ROOT}/text/scan", endpoints.serve(self._scans.text, "scan", "text_scan"))
        router.add_post(f"{ROOT}/image/scan", endpoints.serve(self._scans.image, "scan", "image_scan"))
        router.add_route("*", "/kirin/{rest:.*}", endpoints.serve(self._unknown, "unknown"))

    def describe(self, task: Task) -> dict[str, Any]:
        """Write a task as the query answers it."""
        told: dict[str, Any] = self._receipt(task) | {
            "progress": self._backend.generation.progress(task),
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
        url = self._backend.address(task, which)
        return {"type": "video", "url": url, "duration": task.parameters.video.seconds, "jobId": task.id}

    def _receipt(self, task: Task) -> dict[str, Any]:
        return {
            "id": task.id,
            "created_at": int(task.created_at),
            "status": WORDS[task.state],
            "model": task.parameters.video.model,
        }

    async def _create(self, request: web.Request, fault: Fault | None) -> web.StreamResponse:
        parameters = kirin_rules.read(await json_body(request), header_model=request.headers.get("X-Model"))
        if fault is not None and fault.kind == "task_failed" and fault.options.get("at") == "create":
            return _not_created(fault)
        if self._backend.tasks.taken(NAME, parameters.external_id):
            text = f"external_task_id {parameters.external_id!r:.200} already exists"
            return web.json_response(_error(NOT_CREATED, text))
        task = self._backend.accept(
            NAME, parameters, name=uuid.uuid4().hex, fault=fault, failure_to_come=_failure_to_come(fault)
        )
        if fault is not None and fault.kind == "lost_answer":
            cut(request)
        return web.json_response(self._receipt(task))

    async def _query(self, request: web.Request, _fault: Fault | None) -> web.StreamResponse:
        task = self._backend.tasks.find(NAME, request.match_info["id"])
        if task is None:
            raise KirinRefusal(404, "task not found")
        return web.json_response(self.describe(task))

    async def _unknown(self, request: web.Request, _fault: Fault | None) -> web.StreamResponse:
        raise KirinRefusal(404, f"there is no {request.method} {request.path}")

    def _authorise(self, request: web.Request) -> None:
        kind, _, key = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        if kind.lower() != "bearer" or not hmac.compare_digest(key.strip().encode(), self._key.encode()):
            raise KirinRefusal(401, "the API key is missing or wrong")


def _fault_answer(fault: Fault) -> KirinRefusal | None:
    if fault.kind == "http_500":
        return KirinRefusal(500, "internal server error")
    if fault.kind == "http_429":
        return KirinRefusal(429, "too many requests", retry_after=str(fault.options.get("retry_after", 1)))
    return None


def _invalid(exc: Exception) -> KirinRefusal:
    return KirinRefusal(400, str(exc), code=NOT_CREATED)


def _failure_to_come(fault: Fault | None) -> Failure | None:
    """Say how the task will fail, if the fault says so."""
    if fault is None or fault.kind != "task_failed":
        return None
    code = str(fault.options.get("code", NO_ANSWER))
    return Failure(code, str(fault.options.get("message", MEANINGS.get(code, "task failed"))))


def _error(code: str, message: str) -> Mapping[str, Any]:
    return {"error": {"code": code, "error_message": message}}


def _not_created(fault: Fault) -> web.Response:
    """Answer a creation that failed: HTTP 200 with an error and no id, unless the fault names another status."""
    code = str(fault.options.get("code", NOT_CREATED))
    message = str(fault.options.get("message", MEANINGS.get(code, MEANINGS[NOT_CREATED])))
    return web.json_response(_error(code, message), status=int(fault.options.get("status", 200)))
