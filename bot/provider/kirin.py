"""Speaks the gateway's generation API, model `kirin_v3_t2v`. Source: the `kirin` document; sections are named below."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final, Literal, TypeVar
from urllib.parse import quote

from bot import errors
from bot.domain import VideoRequest
from bot.provider.base import Task, TaskFailure, TaskResult, TaskStatus, VideoProvider
from bot.provider.kirin_answer import KirinAnswer, TaskError
from bot.provider.refusal import EXCERPT, NO_VIDEO, PLAIN, Complaint, is_moderation
from bot.provider.transport import Transport

CREATE_PATH: Final = "/model/v1/generation"
QUERY_PATH: Final = "/model/v1/generation/task/{id}"

_NO_TASK: Final = "shotcaller-check"  # an id that no task has
_STATUS: Final = {
    "in_queue": TaskStatus.WAITING,
    "pending": TaskStatus.WAITING,
    "in_progress": TaskStatus.WORKING,
    "processing": TaskStatus.WORKING,
    "completed": TaskStatus.SUCCEEDED,
    "failed": TaskStatus.FAILED,
}
# "Errors". A create refused with one of the first two was certainly not carried out, whatever the HTTP status.
CODES: Final[dict[str, errors.FaultClass]] = {
    "006001094": errors.FaultClass.TRANSIENT,  # no free resources: wait and submit again, within the deadline
    "006001095": errors.FaultClass.TRANSIENT,  # task response error: worth one more attempt
    "006001099": errors.FaultClass.PERMANENT,  # task creation error
}
_RESUBMITS: Final = {"006001094": None, "006001095": 1}
_DIGITS: Final = 9  # of such a code
_REFUSALS: Final[dict[errors.FaultClass, type[errors.ProviderError]]] = {
    errors.FaultClass.TRANSIENT: errors.ProviderBusy,
    errors.FaultClass.CONTENT: errors.ContentRefused,
    errors.FaultClass.PERMANENT: errors.ProviderRejected,
}
# In the body of a 200, HTTP's own numbers mean what they mean as a status.
_NUMBERS: Final[dict[str, type[errors.ProviderError]]] = {
    **dict.fromkeys(("401", "402", "403"), errors.OperatorFault),
    "429": errors.ProviderBusy,
}
_SERVER_ERROR: Final = 500
_T = TypeVar("_T")


class Kirin(VideoProvider):
    """Makes videos through the gateway, as the provider `kirin`.

    The paths are settings since the document leaves them open; the query path has `{id}` where an id goes.
    `body_form` picks between the two bodies that servers are known to take. `callback_url` gives the address at which
    the service calls back for an external id. That no task is found by an external id proves nothing unless the
    operator knows that it does (`find_is_authoritative`): the document promises the lookup but not its path.
    """

    id: str = "kirin"

    def __init__(
        self,
        *,
        transport: Transport,
        find_is_authoritative: bool = False,
        create_path: str = CREATE_PATH,
        query_path: str = QUERY_PATH,
        body_form: Literal["params", "flat"] = "params",
        callback_url: Callable[[str], str] | None = None,
    ) -> None:
        self.find_is_authoritative = find_is_authoritative
        self._transport, self.longest_create = transport, transport.longest_create
        self._create_path, self._query_path = create_path, query_path
        self._body_form, self._callback_url = body_form, callback_url

    async def submit(
        self, request: VideoRequest, *, external_id: str, may_send: Callable[[], bool] = lambda: True
    ) -> Task:
        """Ask for a video ("Wire", create); the task may be finished at once. Never repeated inside.

        Raises:
            OutcomeUnknown: the call may or may not have been carried out.
            ProviderError: every other class but `TaskUnknown`: certainly no task was made.
        """
        params = {**_params(request), "external_task_id": external_id}
        if self._callback_url:
            params["callback_url"] = self._callback_url(external_id)
        body = {"model": request.model, "input": [{"params": params}]}
        if self._body_form == "flat":
            body = {"model": request.model, **params}
        read = partial(self._created, external_id)
        return await self._transport.create(
            self._create_path, body=body, read=read, explain=_explain_create, may_send=may_send
        )

    async def fetch(self, task_id: str) -> Task:
        """Ask how a task stands ("Wire", query).

        Raises:
            TaskUnknown: there is no such task.
        """
        return await self._query(task_id, partial(self._fetched, task_id))

    async def find(self, external_id: str) -> Task | None:
        """Find the task with this external id, on the query path; None when the service answers 404."""
        try:
            return await self._query(external_id, partial(self._found, external_id))
        except errors.TaskUnknown:
            return None

    async def check(self) -> None:
        """Query a task that can't be: to be told so means that the service answers and takes our key.

        Raises:
            OperatorFault: it does not take our key or account.
            ProviderUnavailable: it does not answer, or the circuit breaker is open.
        """
        try:
            await self._query(_NO_TASK, lambda _body: None)
        except (errors.TaskUnknown, errors.ProviderRejected):
            return

    async def _query(self, an_id: str, read: Callable[[bytes], _T]) -> _T:
        path = self._query_path.replace("{id}", quote(an_id, safe=""))
        return await self._transport.query(path, read=read, explain=_explain_query)

    def _created(self, external_id: str, body: bytes) -> Task:
        answer = KirinAnswer.read(body)
        if answer.id:
            return self._task(answer, task_id=answer.id, external_id=external_id)
        if answer.error:
            raise self._refusal(answer, _NUMBERS.get(answer.error.code, _REFUSALS[_fault(answer.error)]))
        raise ValueError("neither an id nor an error")

    def _fetched(self, task_id: str, body: bytes) -> Task:
        answer = KirinAnswer.read(body)
        if answer.id not in {"", task_id}:
            raise ValueError("the answer is about another task")
        if not answer.id and not answer.status:
            raise self._no_task(answer)
        return self._task(answer, task_id=task_id, external_id=answer.external_task_id or None)

    def _found(self, external_id: str, body: bytes) -> Task:
        answer = KirinAnswer.read(body)
        if answer.external_task_id not in {"", external_id}:
            raise ValueError("the answer is about another task")
        if not answer.id:
            raise self._no_task(answer)
        return self._task(answer, task_id=answer.id, external_id=external_id)

    def _no_task(self, answer: KirinAnswer) -> Exception:
        """Say what a 200 without a task means of a query: never that the task failed, for that has a status."""
        if not answer.error:
            return ValueError("neither a task nor an error")
        kind = (
            errors.TaskUnknown
            if answer.error.code == "404"
            else _NUMBERS.get(answer.error.code, errors.ProviderUnavailable)
        )
        return self._refusal(answer, kind)

    def _refusal(self, answer: KirinAnswer, kind: type[errors.ProviderError]) -> errors.ProviderError:
        detail = self._transport.redact(answer.error.detail)
        return kind(provider=self.id, code=self._transport.redact(answer.error.code), detail=detail)

    def _task(self, answer: KirinAnswer, *, task_id: str, external_id: str | None) -> Task:
        status = _STATUS.get(answer.status.lower(), TaskStatus.WORKING)
        result, failure = None, None
        if status is TaskStatus.SUCCEEDED:
            result = _result(answer)
            if result is None:
                status = TaskStatus.FAILED
                failure = TaskFailure(code=NO_VIDEO, detail="", fault=errors.FaultClass.PERMANENT)
        elif status is TaskStatus.FAILED:
            failure = self._failure(answer.error)
        return Task(
            id=task_id,
            status=status,
            external_id=external_id,
            progress=answer.progress,
            result=result,
            failure=failure,
            cost_usd=answer.usage.cost,
        )

    def _failure(self, error: TaskError) -> TaskFailure:
        return TaskFailure(
            code=self._transport.redact(error.code),
            detail=self._transport.redact(error.detail),
            fault=_fault(error),
            resubmits=_RESUBMITS.get(error.code.zfill(_DIGITS), 1),
        )


def _params(request: VideoRequest) -> dict[str, Any]:
    """Build the fields of a create ("Fields"). Shots are numbered from 1: the document says only that they are."""
    params: dict[str, Any] = {
        "multi_shot": bool(request.shots),
        "mode": str(request.mode),
        "aspect_ratio": str(request.aspect_ratio),
        "duration": str(request.duration),
        "sound": "on" if request.sound else "off",
        "watermark_info": {"enabled": request.watermark},
    }
    if request.shots:
        params["shot_type"] = "customize"
        params["multi_prompt"] = [
            {"index": number, "prompt": shot.prompt, "duration": str(shot.seconds)}
            for number, shot in enumerate(request.shots, start=1)
        ]
    else:
        params["prompt"] = request.prompt
    if request.negative_prompt:
        params["negative_prompt"] = request.negative_prompt
    return params


def _result(answer: KirinAnswer) -> TaskResult | None:
    """Find the video of a finished task; of two, the second is the watermarked one that is "also" returned."""
    videos = answer.videos()
    if not videos:
        return None
    watermarked = videos[1].url if len(videos) > 1 else None
    return TaskResult(url=videos[0].url, seconds=videos[0].duration, watermark_url=watermarked)


def _known(error: TaskError) -> errors.FaultClass | None:
    """Look up the class of a documented code; one that came as a number has lost its zeros in front."""
    return CODES.get(error.code.zfill(_DIGITS))


def _fault(error: TaskError) -> errors.FaultClass:
    known = _known(error)
    if known is errors.FaultClass.TRANSIENT:
        return known
    moderated = is_moderation(f"{error.code} {error.detail}")
    return errors.FaultClass.CONTENT if moderated else errors.FaultClass.PERMANENT


def _parse(body: bytes) -> TaskError:
    """Find the complaint in an error answer's body, in whichever of its places and forms."""
    try:
        answer = KirinAnswer.read(body)
    except ValueError:
        return TaskError(message=body[:EXCERPT].decode(errors="replace"))
    return answer.error or TaskError(code=answer.code, message=answer.message)


def _explain_query(_status: int, body: bytes) -> Complaint:
    error = _parse(body)
    return Complaint(code=error.code, detail=error.detail)


def _explain_create(status: int, body: bytes) -> Complaint:
    """Explain a failed create: a documented code is a clear refusal even beside a 500, else the words decide."""
    error = _parse(body)
    clear = _known(error) is not None and (status in PLAIN or status >= _SERVER_ERROR)
    moderated = _fault(error) is errors.FaultClass.CONTENT and status in PLAIN
    kind = _REFUSALS[_fault(error)] if clear or moderated else None
    return Complaint(code=error.code, detail=error.detail, error=kind)
