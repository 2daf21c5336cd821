"""Reads the answers of the `kirin` API: every variant its document lists, and nothing trusted.

Whatever is odd in a field leaves that field empty. Only what is no JSON object at all is refused.
"""

from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, model_validator

from bot.provider import reading

_FINE: Final = frozenset({0, *range(200, 300)})  # codes of an envelope that complains of nothing


def _progress(value: Any) -> float | None:
    share = reading.number(value)
    return share if share is not None and 0 <= share <= 1 else None


def _error(value: Any) -> Any:
    """Read an error as an object, whether it came as one, as a code or as words."""
    if isinstance(value, str) and not value.strip().isdigit():
        return {"message": value}
    return value if isinstance(value, dict) else {"code": value}


class TaskError(reading.AnswerModel):
    """What an answer complains of; false when it complains of nothing."""

    code: reading.Word = ""
    error_message: reading.Detail = ""
    message: reading.Detail = ""

    @property
    def detail(self) -> str:
        """Give the service's own words."""
        return self.error_message or self.message

    def __bool__(self) -> bool:
        return bool(self.code or self.detail)


class Content(reading.AnswerModel):
    """One file of a result."""

    type: reading.Word = ""
    url: reading.Url = ""
    duration: reading.Seconds = None


class Output(reading.AnswerModel):
    """One output of a task, of several files."""

    content: Annotated[tuple[Content, ...], BeforeValidator(reading.objects)] = ()


class Cost(reading.AnswerModel):
    """What the task cost. The `discount` is left alone: the document can't say what it means."""

    cost: reading.Amount = None


class KirinAnswer(reading.AnswerModel):
    """Any answer of the API, in its flat form: to a create, to a query, or of an error."""

    id: reading.Id = ""
    external_task_id: reading.Id = ""
    status: reading.Word = ""
    progress: Annotated[float | None, BeforeValidator(_progress)] = None
    output: Annotated[tuple[Output, ...], BeforeValidator(reading.objects)] = ()
    usage: Annotated[Cost, BeforeValidator(reading.object_of)] = Field(default_factory=Cost)
    error: Annotated[TaskError, BeforeValidator(_error)] = Field(default_factory=TaskError)
    code: reading.Word = ""
    message: reading.Detail = ""

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, value: Any) -> Any:
        """Flatten the answer: what `data` wraps is lifted out, and its envelope's complaint becomes the `error`."""
        if not isinstance(value, dict):
            return value
        data, envelope = reading.object_of(value.get("data")), value.get("status")
        flat = {**value, **data}
        if isinstance(envelope, dict):
            flat["status"] = data.get("status")
            flat["message"] = envelope.get("message") or envelope.get("msg")
            flat["error"] = flat.get("error") or _complaint(envelope)
        return flat

    @classmethod
    def read(cls, body: bytes) -> "KirinAnswer":
        """Read an answer.

        Raises:
            ValueError: it is not a JSON object.
        """
        return cls.model_validate_json(reading.strip_bom(body))

    def videos(self) -> list[Content]:
        """List the videos that can be fetched, in the order of the answer."""
        files = (file for output in self.output for file in output.content)
        return [file for file in files if file.url and file.type.lower() in {"video", ""}]


def _complaint(envelope: dict[str, Any]) -> Any:
    """Find what an envelope `{"code", "message" | "msg", "error_code"}` complains of; None when all is well."""
    status, code = reading.word(envelope.get("code")), reading.word(envelope.get("error_code"))
    if code or (status.isdecimal() and int(status) not in _FINE):
        return {"code": code or status, "message": envelope.get("message") or envelope.get("msg")}
    return None
