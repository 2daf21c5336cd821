"""Makes the gateway's two moderation calls: risky words in a text, and what a video shows.

Source: the `kirin` document, "Moderation endpoints". Nothing is guessed in favour of what is scanned: an answer that
does not say clearly that there is nothing to find is no answer.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from bot.errors import ProviderError, ProviderUnavailable
from bot.provider.reading import AnswerModel, number, string, strip_bom, word
from bot.provider.refusal import Complaint
from bot.provider.transport import Transport
from bot.values import dataclass

TEXT_PATH: Final = "/model/v1/text/scan"
VIDEO_PATH: Final = "/model/v1/image/scan"
RISKS: Final = ("POLITY", "EROTIC", "VIOLENT", "CHILD")
CLEAN: Final = 0
WORST: Final = 6  # of the levels of a video
OTHER: Final = "OTHER"  # a risk whose kind the service does not name

_FINE: Final = frozenset({"", "0", "200"})
_KINDS: Final = 20  # of risk, kept of one answer
_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What a scan has found: kinds of risk, and of a video its level from 0 (clean) to 6."""

    risks: tuple[str, ...] = ()
    level: int = CLEAN


class Scanner:
    """Asks the gateway about texts and videos. A call that fails is never a verdict."""

    def __init__(self, *, transport: Transport, text_path: str = TEXT_PATH, video_path: str = VIDEO_PATH) -> None:
        self._transport, self._text_path, self._video_path = transport, text_path, video_path

    async def text(self, text: str) -> Verdict:
        """Look for risky words in a text.

        Raises:
            ProviderError: there is no verdict.
        """
        body = {"text": text, "scene": "prompt", "area_types": [0], "way": 0}
        return await self._ask(self._text_path, body, _read_text)

    async def video(self, url: str, *, seconds: int) -> Verdict:
        """Look at the video at an address that the gateway can reach.

        Raises:
            ProviderError: there is no verdict.
        """
        body = {"uri": url, "risk_types": list(RISKS), "detected_age": 0, "is_video": 1, "duration": seconds}
        return await self._ask(self._video_path, body, _read_video)

    async def _ask(self, path: str, body: Mapping[str, Any], read: Callable[[bytes], _T]) -> _T:
        try:
            return await self._transport.create(path, body=body, read=read, explain=_explain)
        except ProviderError as exc:  # whatever became of the call, it has changed nothing
            raise ProviderUnavailable(provider=exc.provider, code=exc.code, detail=exc.detail) from exc


def _explain(_status: int, _body: bytes) -> Complaint:
    return Complaint()


class _Text(AnswerModel):
    data: dict[str, Any]
    status: Any = None


class _Video(AnswerModel):
    ok: Any = None
    error: Any = None
    nsfw_level: Any = None
    risk_types: Any = None


def _read_text(body: bytes) -> Verdict:
    answer = _Text.model_validate_json(strip_bom(body))
    if isinstance(answer.status, dict) and string(answer.status.get("code")) not in _FINE:
        raise ValueError("a status of trouble")
    if "sensitive_words" not in answer.data:
        raise ValueError("no list of words")
    found = answer.data["sensitive_words"]
    if found is None:
        return Verdict()
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise ValueError("no list of words")
    return Verdict(risks=_kinds([each.get("risk_type_code") for each in found]))


def _read_video(body: bytes) -> Verdict:
    answer = _Video.model_validate_json(strip_bom(body))
    level = number(answer.nsfw_level)
    if answer.ok is not True or answer.error or level is None or not CLEAN <= level <= WORST:
        raise ValueError("no verdict")
    if answer.risk_types is None:
        return Verdict(level=int(level))
    if not isinstance(answer.risk_types, list):
        raise ValueError("no list of risks")  # noqa: TRY004 (the boundary knows what a ValueError is)
    return Verdict(risks=_kinds(answer.risk_types), level=int(level))


def _kinds(values: list[Any]) -> tuple[str, ...]:
    """List the kinds of risk in words fit to be shown, each once; what can't be read is a risk all the same."""
    return tuple(sorted({word(value) or OTHER for value in values[:_KINDS]}))
