"""Reads answers of the Kling API, whether it speaks itself or a new-api relay does; nothing is trusted.

Sources: the `kling` document, "Wire", and for `/tasks` the `kling_models` document, "`/tasks`". Whatever is odd in a
field leaves that field empty. Only what is no JSON object at all is refused.
"""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, ValidationInfo, model_validator

from bot.provider import reading

_FINE: Final = frozenset({"", "0", "200", "success"})  # codes that complain of nothing
_MILLISECONDS_FROM: Final = 1e11  # as seconds that is the year 5138, as milliseconds 1973
_LATEST: Final = 1e14
_PER_CENT: Final = 100


def moment(value: Any) -> datetime | None:
    """Read a unix time, in milliseconds as the document has it or in seconds as one relay does."""
    stamp = reading.number(value)
    if stamp is None or not 0 < stamp < _LATEST:
        return None
    return datetime.fromtimestamp(stamp / 1000 if stamp >= _MILLISECONDS_FROM else stamp, UTC)


def _share(value: Any) -> float | None:
    """Read a progress from 0 to 1, given as per cent: "30%", "30" or 30."""
    share = reading.number(value.strip().removesuffix("%") if isinstance(value, str) else value)
    return share / _PER_CENT if share is not None and 0 <= share <= _PER_CENT else None


def _units(value: Any) -> str | None:
    """Read a number of units, written out as the decimal that it is."""
    units = reading.amount(value)
    return None if units is None else f"{units.normalize():f}"


class TaskReport(reading.AnswerModel):
    """What an answer says of one task. `seconds` is the length of its video, `units` what was charged for it."""

    id: reading.Id = ""
    external_id: reading.Id = ""
    status: reading.Word = ""
    reason: reading.Detail = ""
    progress: Annotated[float | None, BeforeValidator(_share)] = None
    created_at: Annotated[datetime | None, BeforeValidator(moment)] = None
    url: reading.Url = ""
    watermark_url: reading.Url = ""
    seconds: reading.Seconds = None
    units: Annotated[str | None, BeforeValidator(_units)] = None

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, value: Any) -> Any:
        """Read the places of all flavours as one; a relay may carry the API's own task along, inside `data`.

        Of `/tasks` are `external_id`, `message`, `create_time`, `outputs` and `billing`.
        """
        inside = reading.object_of(value.get("data"))
        inside = reading.object_of(inside.get("data")) or inside
        results = reading.object_of(value.get("task_result")) or reading.object_of(inside.get("task_result"))
        videos = [*reading.objects(results.get("videos")), *_of(value, "outputs", type="video")]
        video: dict[str, Any] = next(iter(videos), {})
        billed: dict[str, Any] = next(iter(_of(value, "billing", charge_type="unit")), {})
        fail_reason = value.get("fail_reason")
        return {
            "id": _id_of(value),
            "external_id": reading.object_of(value.get("task_info")).get("external_task_id")
            or value.get("external_id"),
            "status": value.get("task_status") or value.get("status"),
            "reason": value.get("task_status_msg")
            or fail_reason
            or reading.object_of(value.get("error")).get("message")
            or value.get("message"),
            "progress": value.get("progress"),
            "created_at": value.get("created_at") or value.get("create_time"),
            # Relays of before `result_url` put it where the reason of a failure goes.
            "url": _first_url(
                value.get("result_url"), reading.object_of(value.get("metadata")), video.get("url"), fail_reason
            ),
            "watermark_url": video.get("watermark_url"),
            "seconds": video.get("duration"),
            "units": value.get("final_unit_deduction", inside.get("final_unit_deduction", billed.get("amount"))),
        }


class _Complaint(reading.AnswerModel):
    """What the API itself has said, where a relay passes it on as a text."""

    code: reading.Word = ""
    message: reading.Detail = ""


class KlingAnswer(reading.AnswerModel):
    """Any answer: to a create, a query or a list, or of an error.

    `relayed` is whether a new-api relay speaks: it gives words for codes, or answers a create with the bare task.
    `listed` is whether the tasks came as a list; `ids` are then those of all, in its order.
    """

    code: reading.Word = ""
    message: reading.Detail = ""
    relayed: bool = False
    listed: bool = False
    ids: tuple[str, ...] = ()
    reports: tuple[TaskReport, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, value: Any, info: ValidationInfo) -> Any:
        if not isinstance(value, dict):
            return value
        data, error = value.get("data"), value.get("error")
        code = reading.string(value.get("code")).strip()
        bare = not code and data is None and (value.get("object") == "video" or "task_id" in value)
        if not bare and error:
            code = code or reading.string(reading.object_of(error).get("code"))
        reports, ids = [value] if bare else reading.objects(data), list[str]()
        if isinstance(data, list):
            ids = list(map(_id_of, reports))
        if info.context is not None:
            reports = [report for name, report in zip(ids, reports, strict=False) if name in info.context]
        message = value.get("message") or reading.object_of(error).get("message") or error
        return {
            **_relayed_message(code, message),
            "relayed": bare or bool(code and not code.removeprefix("-").isdecimal()),
            "listed": isinstance(data, list),
            "ids": ids,
            "reports": reports,
        }

    @classmethod
    def read(cls, body: bytes, *, of: Collection[str] | None = None) -> "KlingAnswer":
        """Read an answer; of a list only the tasks with these ids, where they are given: the others cost nothing.

        Raises:
            ValueError: it is not a JSON object.
        """
        return cls.model_validate_json(reading.strip_bom(body), context=of)

    @property
    def fine(self) -> bool:
        """Say whether the answer complains of nothing."""
        return self.code.lower() in _FINE

    @property
    def report(self) -> TaskReport | None:
        """Read what the answer says of the one task it is about, if it is about one."""
        report = self.reports[0] if self.reports else TaskReport.model_construct()
        return report if report.status or (report.id and self.fine) else None


def _id_of(task: dict[str, Any]) -> str:
    return reading.identifier(task.get("task_id")) or reading.identifier(task.get("id"))


def _of(task: dict[str, Any], name: str, **kind: str) -> list[Any]:
    """List the parts of a task under this name that are of a kind."""
    return [part for part in reading.objects(task.get(name)) if kind.items() <= part.items()]


def _first_url(*places: Any) -> str:
    """Find the first URL among these places; one that is an object has it as its `url`."""
    urls = (reading.url(place.get("url") if isinstance(place, dict) else place) for place in places)
    return next(filter(None, urls), "")


def _relayed_message(code: str, message: Any) -> dict[str, Any]:
    """Read code and message, the API's own ones where the message is its whole answer as a text."""
    if isinstance(message, str) and message.lstrip().startswith("{"):
        try:
            inner = _Complaint.model_validate_json(message)
        except ValueError:
            pass
        else:
            if inner.code:
                return inner.model_dump()
    return {"code": code, "message": message}
