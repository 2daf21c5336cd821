"""Serves the Kling v1 text2video API: create, query, list and `/tasks`, with its envelope, codes and troubles."""

import re
import secrets
import uuid
from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any

from aiohttp import hdrs, web

from sandbox.faults import Fault, cut
from sandbox.providers import kling_account, kling_rules, kling_tasks
from sandbox.providers.backend import Backend
from sandbox.providers.endpoints import Endpoints, Refusal
from sandbox.providers.fields import BrokenBody, InvalidField, json_body
from sandbox.providers.kling_auth import Keys
from sandbox.providers.tasks import Failure, State, Task

NAME = "kling"
PATH = "/kling/v1/videos/text2video"
WORDS = {
    State.WAITING: "submitted",
    State.WORKING: "processing",
    State.DONE: "succeed",
    State.FAILED: "failed",
}
UNIT = Decimal("0.14")  # USD: what one unit of a resource pack costs
DISCONTINUED = "The model '{model}' has been discontinued and is no longer available."
RISK_CONTROL = "Failure to pass the risk control system"
# HTTP status and words by code, from the document's table.
CODES = {
    1000: (401, "Authentication failed"),
    1001: (401, "Authorization is empty"),
    1002: (401, "Authorization is invalid"),
    1003: (401, "Authorization is not yet valid"),
    1004: (401, "Authorization has expired"),
    1100: (429, "Account exception"),
    1101: (429, "Account in arrears"),
    1102: (429, "Account balance not enough"),
    1103: (403, "No permission for this API or model"),
    1200: (400, "Invalid request"),
    1201: (400, "Invalid parameter"),
    1202: (404, "The requested method does not exist"),
    1203: (404, "The requested resource does not exist"),
    1300: (400, "Refused by the platform's policy"),
    1301: (400, RISK_CONTROL),
    1302: (429, "Too many requests"),
    1303: (429, "parallel task over resource pack limit"),
    1304: (429, "IP address not allowed"),
    5000: (500, "Internal error"),
    5001: (503, "Temporarily unavailable for maintenance"),
    5002: (504, "Internal timeout"),
}
DIGITS = re.compile("[0-9]{1,9}", re.ASCII)
QUESTIONS = frozenset({"list", "tasks"})  # about many tasks at once; some relays have none of them
PAGES, SIZES, SIZE = 1000, 500, 30  # pages, tasks a page at most, tasks a page by default


class KlingRefusal(Refusal):
    """An envelope whose code is not 0; the HTTP status follows from the code."""

    def __init__(self, code: int, message: str = "", *, retry_after: str | None = None) -> None:
        status, words = CODES.get(code, (400, "Refused"))
        message = message or words
        super().__init__(status, message, body=_envelope(code, message), retry_after=retry_after)


class Kling:
    """Serves the routes below `/kling`.

    Args:
        backend: what it shares with the other API.
        keys: of the one account.
        parallel: tasks under way at once for each model; more are refused with 1303.
        callback_secret: signs callbacks when there is one.
    """

    def __init__(self, *, backend: Backend, keys: Keys, parallel: int, callback_secret: str | None) -> None:
        self._backend = backend
        self._keys = keys
        self._parallel = parallel
        self._discontinued: frozenset[str] = frozenset()
        self._withheld: frozenset[str] = frozenset()
        self._packs: Sequence[kling_account.Pack] = (kling_account.Pack(),)
        self._opened_at = backend.clock()
        self._endpoints = Endpoints(
            NAME, faults=backend.faults, authorise=self._authorise, fault_answer=_fault_answer, invalid=_invalid
        )
        backend.serve(NAME, describe=self.describe, secret=callback_secret)

    def attach(self, app: web.Application) -> None:
        """Add the routes."""
        endpoints, router = self._endpoints, app.router
        router.add_post(PATH, endpoints.serve(self._create, "create"))
        router.add_get(PATH, endpoints.serve(self._list, "list"))
        router.add_get(f"{PATH}/{{id}}", endpoints.serve(self._query, "query"))
        router.add_get(kling_account.ROUTE, endpoints.serve(self._costs, "costs"))
        router.add_get(kling_tasks.ROUTE, endpoints.serve(self._tasks, "tasks"))
        router.add_route("*", "/kling/{rest:.*}", endpoints.serve(self._unknown, "unknown"))

    def discontinue(self, models: Collection[str]) -> None:
        """Make no more videos with these models, and with all others.

        Raises:
            ValueError: there is no such model.
        """
        if unknown := set(models) - set(kling_rules.MODELS):
            raise ValueError(f"there are no models {sorted(unknown)}")
        self._discontinued = frozenset(models)

    def withhold(self, questions: Collection[str]) -> None:
        """Leave these questions about many tasks unanswered, as relays do, and answer all others.

        Raises:
            ValueError: there is no such question.
        """
        if unknown := set(questions) - QUESTIONS:
            raise ValueError(f"there are no questions {sorted(unknown)}")
        self._withheld = frozenset(questions)

    def stock(self, packs: Sequence[Any]) -> None:
        """Have the account own these packs of units, from now on.

        Raises:
            ValueError: they are none.
        """
        self._packs, self._opened_at = kling_account.read_packs(packs), self._backend.clock()

    def describe(self, task: Task) -> dict[str, Any]:
        """Write a task as the query answers it, and as a callback carries it."""
        told = self._receipt(task) | {"task_status_msg": task.failure.message if task.failure else ""}
        if task.state is State.DONE:
            video = {
                "id": task.videos["plain"].split("/")[2],
                "url": self._backend.address(task, "plain"),
                "duration": f"{task.parameters.video.seconds}.1",
            }
            if task.parameters.watermark:
                video["watermark_url"] = self._backend.address(task, "watermarked")
            told["task_result"] = {"videos": [video]}
            told["final_unit_deduction"] = f"{(task.cost / UNIT).normalize():f}"
        return told

    def _receipt(self, task: Task) -> dict[str, Any]:
        external = task.parameters.external_id
        return {
            "task_id": task.id,
            "task_status": WORDS[task.state],
            "task_info": {} if external is None else {"external_task_id": external},
            "created_at": round(task.created_at * 1000),
            "updated_at": round(task.updated_at * 1000),
        }

    async def _create(self, request: web.Request, fault: Fault | None) -> web.StreamResponse:
        parameters = kling_rules.read(await json_body(request))
        if fault is not None and fault.kind == "task_failed" and fault.options.get("at") == "create":
            raise KlingRefusal(int(fault.options.get("code", 5000)), str(fault.options.get("message", "")))
        if parameters.video.model in self._discontinued:  # the words are on record, their code is not
            raise KlingRefusal(1201, DISCONTINUED.format(model=parameters.video.model))
        if self._backend.tasks.taken(NAME, parameters.external_id):
            raise KlingRefusal(1201, f"External_task_id {parameters.external_id:.200} already exists")
        self._check_parallel(parameters.video.model)
        name = str(secrets.randbelow(9 * 10**17) + 10**17)
        task = self._backend.accept(NAME, parameters, name=name, fault=fault, failure_to_come=_failure_to_come(fault))
        if fault is not None and fault.kind == "lost_answer":
            cut(request)
        return web.json_response(_envelope(0, "SUCCEED", self._receipt(task)))

    async def _query(self, request: web.Request, _fault: Fault | None) -> web.StreamResponse:
        name = request.match_info["id"]
        task = self._backend.tasks.find(NAME, name)
        if task is None:
            raise KlingRefusal(1201, f"Task not found by id/external id: {name:.200}")
        return web.json_response(_envelope(0, "SUCCEED", self.describe(task)))

    async def _list(self, request: web.Request, _fault: Fault | None) -> web.StreamResponse:
        """List a page of the account's tasks, the newest first."""
        self._check_answered("list")
        page = _whole_number(request, "pageNum", default=1, most=PAGES)
        size = _whole_number(request, "pageSize", default=SIZE, most=SIZES)
        newest = self._backend.tasks.of(NAME)[::-1][(page - 1) * size : page * size]
        return web.json_response(_envelope(0, "SUCCEED", [self.describe(task) for task in newest]))

    async def _tasks(self, request: web.Request, _fault: Fault | None) -> web.StreamResponse:
        """Answer what there is of the tasks asked about; whatever is not there is left out."""
        self._check_answered("tasks")
        if not self._keys.is_api_key(request.headers.get(hdrs.AUTHORIZATION)):
            raise KlingRefusal(1002, kling_tasks.API_KEYS_ONLY)
        try:
            ids, external = kling_tasks.read_ids(request)
        except kling_tasks.TooManyIds as exc:
            raise KlingRefusal(1201, str(exc)) from exc
        found = kling_tasks.find(self._backend, NAME, ids, external=external)
        return web.json_response(
            _envelope(0, "SUCCEED", [kling_tasks.describe(task, self.describe(task)) for task in found])
        )

    async def _costs(self, request: web.Request, _fault: Fault | None) -> web.StreamResponse:
        """Tell of the account's packs what is left."""
        kling_account.read_span(request.query)
        spent = sum((task.cost for task in self._backend.tasks.of(NAME)), Decimal(0)) / UNIT
        packs = kling_account.named(self._packs, request)
        told = kling_account.describe(packs, spent, opened_at=self._opened_at, now=self._backend.clock())
        return web.json_response(_envelope(0, "SUCCEED", told))

    def _check_answered(self, question: str) -> None:
        if question in self._withheld:
            raise KlingRefusal(1202)

    async def _unknown(self, _request: web.Request, _fault: Fault | None) -> web.StreamResponse:
        raise KlingRefusal(1202)

    def _authorise(self, request: web.Request) -> None:
        code, words = self._keys.refusal(request.headers.get(hdrs.AUTHORIZATION))
        if code:
            raise KlingRefusal(code, words)

    def _check_parallel(self, model: str) -> None:
        """Count the account's tasks of this model from submit to end."""
        under_way = [task for task in self._backend.tasks.of(NAME) if not task.state.final]
        if sum(task.parameters.video.model == model for task in under_way) >= self._parallel:
            raise KlingRefusal(1303)


def _fault_answer(fault: Fault) -> KlingRefusal | None:
    if fault.kind == "http_500":
        return KlingRefusal(int(fault.options.get("code", 5000)))
    if fault.kind == "http_429":
        wait = str(fault.options.get("retry_after", 1))
        return KlingRefusal(int(fault.options.get("code", 1302)), retry_after=wait)
    return None


def _invalid(exc: BrokenBody | InvalidField) -> KlingRefusal:
    return KlingRefusal(1201 if isinstance(exc, InvalidField) else 1200, str(exc))


def _envelope(code: int, message: str, data: Any = None) -> dict[str, Any]:
    told = {"code": code, "message": message, "request_id": str(uuid.uuid4())}
    return told if data is None else told | {"data": data}


def _failure_to_come(fault: Fault | None) -> Failure | None:
    """Say how the task will fail, if the fault says so: a code of the table for its words, other text for itself."""
    if fault is None or fault.kind != "task_failed":
        return None
    code = str(fault.options.get("code", 1301))
    words = CODES[int(code)][1] if code.isdecimal() and int(code) in CODES else code
    return Failure(code, str(fault.options.get("message", words)))


def _whole_number(request: web.Request, name: str, *, default: int, most: int) -> int:
    text = request.query.get(name, str(default))
    if not (DIGITS.fullmatch(text) and 1 <= int(text) <= most):
        raise InvalidField(name, f"a whole number from 1 to {most} is expected")
    return int(text)
