"""Speaks the Kling v1 text2video API, direct or through a relay.

Sources: the `kling` document, whose sections are named below, and `kling_models`, which says what each model takes.
"""

import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final, TypeVar
from urllib.parse import quote

from bot import errors
from bot.domain import VideoRequest
from bot.domain.pack import Pack
from bot.provider import kling_codes, kling_packs
from bot.provider.base import (
    MANY_NOT_OFFERED,
    Asked,
    Task,
    TaskFailure,
    TaskResult,
    TaskStatus,
    VideoProvider,
)
from bot.provider.kling_answer import KlingAnswer, TaskReport
from bot.provider.kling_many import LIST, TASKS, Question, Questions, asked_in, ids_of
from bot.provider.refusal import EXCERPT, NO_VIDEO, PLAIN, Complaint
from bot.provider.transport import ATTEMPTS, Transport

PATH: Final = "/v1/videos/text2video"
TASKS_PATH: Final = "/tasks"
DUPLICATE: Final = "duplicate_external_id"  # our own code for that kind of 1201: `find` the task, it is ours
DISCONTINUED: Final = "model_discontinued"  # our own code: the service has given the model up
NO_LIST: Final = "list_not_offered"  # our own code: a relay has no list

_NO_TASK: Final = "shotcaller-check"  # an id that no task has
_OK: Final = 200
_STATUS: Final = {
    **dict.fromkeys(("submitted", "queued", "not_start"), TaskStatus.WAITING),
    **dict.fromkeys(("processing", "in_progress"), TaskStatus.WORKING),
    **dict.fromkeys(("succeed", "succeeded", "success", "completed"), TaskStatus.SUCCEEDED),
    **dict.fromkeys(("failed", "failure"), TaskStatus.FAILED),
}
_NOT_OFFERED: Final = (errors.TaskUnknown, errors.ProviderRejected, errors.ContentRefused)
_NOT_IMPLEMENTED: Final = "http_501"
_T = TypeVar("_T")


class Kling(VideoProvider):
    """Makes videos through the Kling API, as the provider `kling`.

    `prefix` is a relay's path prefix. `renew` makes the transport's token be signed afresh. `callback_url` gives the
    address at which the service calls back for an external id. That no task is found by an external id proves that
    there is none (`find_is_authoritative`) until an answer shows that a relay speaks, which keeps those ids to itself.
    `models_without_mode` are sent no `mode`. `clock` tells monotonic seconds.
    """

    id: str = "kling"

    def __init__(
        self,
        *,
        transport: Transport,
        prefix: str = "",
        renew: Callable[[], None] | None = None,
        callback_url: Callable[[str], str] | None = None,
        models_without_mode: Collection[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._modeless = frozenset(models_without_mode)
        self.find_is_authoritative = True
        self.longest_create = transport.longest_create
        self._transport, self._prefix, self._path = transport, prefix.rstrip("/"), prefix.rstrip("/") + PATH
        self._renew, self._callback_url = renew, callback_url
        self._relayed = False
        self._questions = Questions(path=self._path, tasks_path=prefix.rstrip("/") + TASKS_PATH, clock=clock)

    async def submit(
        self, request: VideoRequest, *, external_id: str, may_send: Callable[[], bool] = lambda: True
    ) -> Task:
        """Ask for a video ("Wire", create). Repeated only when the signature had run out: that is certainly nothing.

        Raises:
            OutcomeUnknown: the call may or may not have been carried out.
            TaskExists: with the code `DUPLICATE` when the external id is taken.
            ProviderError: every other class but `TaskUnknown`: certainly no task was made.
        """
        body = {**_fields(request), "external_task_id": external_id}
        if request.model in self._modeless:
            del body["mode"]
        if self._callback_url:
            body["callback_url"] = self._callback_url(external_id)
        read, explain = partial(self._created, external_id), partial(self._explain, create=True)
        return await self._with_fresh_token(
            lambda: self._transport.create(self._path, body=body, read=read, explain=explain, may_send=may_send)
        )

    async def fetch(self, task_id: str) -> Task:
        """Ask how a task stands ("Wire", query).

        Raises:
            TaskUnknown: there is no such task.
        """
        return await self._query(f"{self._path}/{quote(task_id, safe='')}", partial(self._fetched, task_id))

    async def find(self, external_id: str) -> Task | None:
        """Find the task with this external id; None when there is none, or when a relay speaks, which can't tell."""
        if self._relayed:
            return None
        try:
            return await self._query(f"{self._path}/{quote(external_id, safe='')}", partial(self._found, external_id))
        except errors.TaskUnknown as exc:
            if exc.code not in kling_codes.NO_TASK:
                self.find_is_authoritative = False  # not the API's own words, so not about external ids
            return None

    async def list(self, *, page: int = 1, size: int = 30) -> Sequence[Task]:
        """List a page of the account's tasks ("Wire", list): pages from 1 to 1000, of 1 to 500 tasks.

        Raises:
            ProviderRejected: there is no such page; with the code `NO_LIST` when a relay speaks.
        """
        if not self._relayed:
            try:
                return await self._query(f"{self._path}?pageNum={page}&pageSize={size}", self._listed)
            except errors.TaskUnknown:
                pass
        raise errors.ProviderRejected(provider=self.id, code=NO_LIST)

    async def fetch_many(self, wanted: Sequence[Asked]) -> Mapping[str, Task | None]:
        """Ask about many tasks at once: by a page of the list, or by `/tasks` where that tells of more of them.

        Who answers neither is asked for them again in an hour. About a single task the usual question is as good.

        Raises:
            ProviderRejected: with the code `MANY_NOT_OFFERED` while neither is answered.
        """
        for question in self._questions.choose(wanted):
            if len(wanted) == 1:
                return await self._fetch_alone(wanted[0])
            answer = await self._ask(question, ids_of(wanted))
            if answer is not None:
                return self._believed(answer, wanted, question)
        raise errors.ProviderRejected(provider=self.id, code=MANY_NOT_OFFERED)

    async def _fetch_alone(self, asked: Asked) -> Mapping[str, Task | None]:
        try:
            return {asked.task_id: await self.fetch(asked.task_id)}
        except errors.TaskUnknown:
            return {asked.task_id: None}

    async def _ask(self, question: Question, of: frozenset[str]) -> KlingAnswer | None:
        """Ask a question about many tasks; None where it is not answered, at this address or for our key."""
        try:
            # A relay that passes on what it knows may refuse all else in its own words: they say nothing of the rest.
            answer: KlingAnswer | None = await self._query(
                question.path, partial(self._many, of), attempts=1, telling=False
            )
        except _NOT_OFFERED:
            answer = None
        except errors.OperatorFault as exc:  # a key may be good for everything but `/tasks`
            if question.name == LIST and exc.code in kling_codes.CODES:
                raise
            answer = None
        except errors.ProviderUnavailable as exc:
            if exc.code != _NOT_IMPLEMENTED:
                raise
            answer = None
        if answer is None or (question.name == TASKS and not of.intersection(answer.ids)):
            self._questions.close(question.name)  # it may also be that `/tasks` knows nothing of our kind of tasks
            return None
        if question.name == LIST:
            self._questions.note_list(question, answer.ids)
        else:
            self._questions.note_tasks()
        return answer

    def _many(self, of: Collection[str], body: bytes) -> KlingAnswer:
        """Read an answer about many tasks, as far as it is about these."""
        answer = self._answer(body, of=of)
        if not answer.listed:
            raise errors.ProviderRejected(provider=self.id, code=NO_LIST)
        return answer

    def _believed(self, answer: KlingAnswer, wanted: Sequence[Asked], question: Question) -> Mapping[str, Task | None]:
        """Read what an answer tells of tasks that are certainly ours; what is odd in one says nothing of others."""
        told: dict[str, Task | None] = dict.fromkeys(asked_in(question, wanted, answer.ids))
        ours = {each.task_id: each.external_id for each in wanted}
        for report in answer.reports:
            if not report.status or report.external_id not in {"", ours.get(report.id)}:
                continue
            task = self._task(report, task_id=report.id, external_id=report.external_id or None)
            if task.failure is None or task.failure.code != NO_VIDEO:
                told[report.id] = task
        return told

    async def check(self) -> None:
        """Query a task that can't be: to be told so means that the service answers and takes our key.

        Raises:
            OperatorFault: it does not take our key or account, or there is no such method below the path prefix.
            ProviderUnavailable: it does not answer, or the circuit breaker is open.
        """
        try:
            await self._query(f"{self._path}/{_NO_TASK}", self._answer)
        except errors.TaskUnknown:
            return
        except errors.ProviderRejected as exc:
            if exc.code == kling_codes.NO_METHOD:
                raise errors.OperatorFault(provider=self.id, code=exc.code, detail=exc.detail) from exc

    async def packs(self, now: datetime) -> Sequence[Pack]:
        """List the packs of units that are in use; none where a relay speaks, or the address or key is not told.

        Raises:
            ProviderError: the account cannot be asked just now.
        """
        if self._relayed:
            return ()
        path = self._prefix + kling_packs.question(now)
        try:
            return await self._query(path, self._packs, attempts=1, telling=False)
        except (*_NOT_OFFERED, errors.OperatorFault):
            return ()

    async def _query(
        self, path: str, read: Callable[[bytes], _T], *, attempts: int = ATTEMPTS, telling: bool = True
    ) -> _T:
        """Ask. Who speaks is learnt from the answer, unless it is not `telling`."""
        explain = partial(self._explain, create=False, telling=telling)
        return await self._with_fresh_token(
            lambda: self._transport.query(path, read=read, explain=explain, attempts=attempts)
        )

    async def _with_fresh_token(self, call: Callable[[], Awaitable[_T]]) -> _T:
        """Make the call, and once more with a fresh signature when the service says that the old one has run out."""
        try:
            return await call()
        except errors.OperatorFault as exc:
            if self._renew is None or exc.code != kling_codes.EXPIRED:
                raise
            self._renew()
        return await call()

    def _answer(self, body: bytes, *, create: bool = False, of: Collection[str] | None = None) -> KlingAnswer:
        """Read an answer that is about tasks, as a 2xx should be.

        Raises:
            ProviderError: it complains instead.
            ValueError: it is no answer at all.
        """
        answer = KlingAnswer.read(body, of=of)
        if of is None:
            self._learn_relay(answer)
        if answer.fine or answer.report:
            return answer
        said = self._complaint(answer, _OK, create=create)
        unclear = errors.ProviderRejected if create else errors.ProviderUnavailable
        code, detail = self._transport.redact(said.code), self._transport.redact(said.detail)
        raise (said.error or unclear)(provider=self.id, code=code, detail=detail)

    def _packs(self, body: bytes) -> Sequence[Pack]:
        self._answer(body, of=())
        return kling_packs.packs_in(body)

    def _created(self, external_id: str, body: bytes) -> Task:
        answer = self._answer(body, create=True)
        if not answer.report or not answer.report.id:
            raise ValueError("neither a task nor an error")
        return self._task(answer.report, task_id=answer.report.id, external_id=external_id, code=answer.code)

    def _fetched(self, task_id: str, body: bytes) -> Task:
        answer = self._answer(body)
        if not answer.report or answer.report.id not in {"", task_id}:
            raise ValueError("the answer is not about this task")
        external_id = answer.report.external_id or None
        return self._task(answer.report, task_id=task_id, external_id=external_id, code=answer.code)

    def _found(self, external_id: str, body: bytes) -> Task:
        answer = self._answer(body)
        if not answer.report or not answer.report.id or answer.report.external_id not in {"", external_id}:
            raise ValueError("the answer is not about this task")
        return self._task(answer.report, task_id=answer.report.id, external_id=external_id, code=answer.code)

    def _listed(self, body: bytes) -> Sequence[Task]:
        answer = self._answer(body)
        if not answer.listed:
            raise ValueError("the answer is not a list")
        return [
            self._task(report, task_id=report.id, external_id=report.external_id or None)
            for report in answer.reports
            if report.id
        ]

    def _learn_relay(self, answer: KlingAnswer) -> None:
        """Remember who speaks: from the first words of a relay on, it is one, and has no questions about many tasks."""
        if answer.relayed and not self._relayed:
            self._relayed, self.find_is_authoritative = True, False
            self._questions.close(LIST, TASKS)

    def _explain(self, status: int, body: bytes, *, create: bool, telling: bool = True) -> Complaint:
        try:
            answer = KlingAnswer.read(body)
            if telling:
                self._learn_relay(answer)
        except ValueError:
            answer = KlingAnswer.model_validate({"message": body[:EXCERPT].decode(errors="replace")})
        return self._complaint(answer, status, create=create)

    def _complaint(self, answer: KlingAnswer, status: int, *, create: bool) -> Complaint:
        """Find what an answer complains of. The code decides, beside a clear "no" also the words, else the status."""
        meaning = kling_codes.of_code(answer.code)
        if meaning is None and (status in PLAIN or status == _OK):
            meaning = kling_codes.of_words(answer.message)
        kind: type[errors.ProviderError] | None = None
        if meaning is not None:
            kind = meaning.create if create else meaning.query
        code = answer.code
        if create and kind is errors.ProviderRejected and kling_codes.is_duplicate(answer.message):
            code, kind = DUPLICATE, errors.OutcomeUnknown if self._relayed else errors.TaskExists
        if create and kling_codes.is_discontinued(answer.message):
            code, kind = DISCONTINUED, errors.ModelDiscontinued
        if not create and kind is errors.ProviderRejected and kling_codes.is_missing(answer.message):
            kind = errors.TaskUnknown
        return Complaint(code=code, detail=answer.message, error=kind)

    def _task(self, report: TaskReport, *, task_id: str, external_id: str | None, code: str = "") -> Task:
        status = _STATUS.get(report.status.lower(), TaskStatus.WORKING)
        result, failure = None, None
        if status is TaskStatus.SUCCEEDED and report.url:
            result = TaskResult(url=report.url, seconds=report.seconds, watermark_url=report.watermark_url or None)
        elif status is TaskStatus.SUCCEEDED:
            status = TaskStatus.FAILED
            failure = TaskFailure(code=NO_VIDEO, detail="", fault=errors.FaultClass.PERMANENT)
        elif status is TaskStatus.FAILED:
            failure = self._failure(report, code)
        return Task(
            id=task_id,
            status=status,
            external_id=external_id,
            progress=report.progress,
            result=result,
            failure=failure,
            cost_units=report.units,
            created_at=report.created_at,
        )

    def _failure(self, report: TaskReport, code: str) -> TaskFailure:
        meaning, code = kling_codes.of_failure(code, report.reason)
        detail = self._transport.redact(report.reason)
        return TaskFailure(code=code, detail=detail, fault=meaning.fault, resubmits=meaning.resubmits)


def _fields(request: VideoRequest) -> dict[str, Any]:
    """Build the fields of a create ("Fields", `kling_models`); what a person left to the model is left out.

    Shots are numbered from 1, as for the gateway.
    """
    fields: dict[str, Any] = {
        "model_name": request.model,
        "mode": str(request.mode),
        "aspect_ratio": str(request.aspect_ratio),
        "duration": str(request.duration),
    }
    if request.shots:
        fields |= {"multi_shot": True, "shot_type": "customize"}
        fields["multi_prompt"] = [
            {"index": number, "prompt": shot.prompt, "duration": str(shot.seconds)}
            for number, shot in enumerate(request.shots, start=1)
        ]
    else:
        fields["prompt"] = request.prompt
    if request.sound:
        fields["sound"] = "on"
    if request.watermark:
        fields["watermark_info"] = {"enabled": True}
    if request.negative_prompt:
        fields["negative_prompt"] = request.negative_prompt
    if request.cfg_scale is not None:
        fields["cfg_scale"] = request.cfg_scale
    if request.camera is not None:
        fields["camera_control"] = request.camera.model_dump(mode="json", exclude_none=True)
    return fields
