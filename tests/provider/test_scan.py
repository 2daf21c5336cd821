"""The gateway's scans: asked as documented, and believed only when they say clearly that there is nothing to find."""

import json
from typing import Any

import httpx
import pytest

from bot.errors import ProviderUnavailable
from bot.provider.scan import RISKS, Scanner, Verdict
from tests.provider.conftest import Reach

FINE: dict[str, Any] = {"code": 200, "msg": "success", "request_id": "r1"}
CLEAN: dict[str, Any] = {"ok": True, "nsfw_level": 0, "label_items": [], "risk_types": [], "error": ""}


class Gateway:
    """Answers every scan alike and keeps what it was sent."""

    def __init__(self, answer: Any, *, status: int = 200) -> None:
        self.answer, self.status, self.requests = answer, status, list[httpx.Request]()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if isinstance(self.answer, bytes):
            return httpx.Response(self.status, content=self.answer)
        return httpx.Response(self.status, json=self.answer)


def hit(risk: Any = "VIOLENT") -> dict[str, Any]:
    return {"word": "gore", "start_index": 2, "end_index": 6, "risk_type_code": risk}


async def test_a_text_is_sent_as_documented(reach: Reach) -> None:
    gateway = Gateway({"data": {"sensitive_words": []}, "status": FINE, "usage": {"cost": "0"}})
    assert await Scanner(transport=reach(gateway)).text("a fox") == Verdict()
    (request,) = gateway.requests
    assert str(request.url) == "https://api.example/model/v1/text/scan"
    assert json.loads(request.content) == {"text": "a fox", "scene": "prompt", "area_types": [0], "way": 0}
    assert request.headers["Authorization"].startswith("Bearer ")


async def test_a_video_is_sent_as_documented(reach: Reach) -> None:
    gateway = Gateway(CLEAN)
    scanner = Scanner(transport=reach(gateway), video_path="/v2/look")
    assert await scanner.video("https://v.example/1.mp4", seconds=5) == Verdict()
    (request,) = gateway.requests
    assert str(request.url) == "https://api.example/v2/look"
    assert json.loads(request.content) == {
        "uri": "https://v.example/1.mp4",
        "risk_types": list(RISKS),
        "detected_age": 0,
        "is_video": 1,
        "duration": 5,
    }


@pytest.mark.parametrize(
    ("words", "risks"),
    [
        ([hit(), hit("EROTIC"), hit()], ("EROTIC", "VIOLENT")),
        ([hit(None)], ("OTHER",)),
        ([{}], ("OTHER",)),
        ([hit(7)], ("7",)),
        (None, ()),
    ],
)
async def test_every_word_that_is_found_counts(reach: Reach, words: Any, risks: tuple[str, ...]) -> None:
    gateway = Gateway({"data": {"sensitive_words": words}, "status": FINE})
    assert (await Scanner(transport=reach(gateway)).text("a fox")).risks == risks


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ({**CLEAN, "nsfw_level": 4}, Verdict(level=4)),
        ({**CLEAN, "nsfw_level": "6", "risk_types": ["EROTIC"]}, Verdict(level=6, risks=("EROTIC",))),
        ({**CLEAN, "risk_types": None}, Verdict()),
        ({**CLEAN, "risk_types": ["CHILD\n", "CHILD", {}]}, Verdict(risks=("CHILD", "OTHER"))),
    ],
)
async def test_a_video_has_a_level_and_kinds_of_risk(reach: Reach, answer: Any, verdict: Verdict) -> None:
    assert await Scanner(transport=reach(Gateway(answer))).video("https://v.example/1.mp4", seconds=5) == verdict


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"<html>",
        b"[]",
        b"[" * 100_000,
        {},
        {"data": None, "status": FINE},
        {"data": {}, "status": FINE},
        {"data": {"sensitive_words": "gore"}},
        {"data": {"sensitive_words": ["gore"]}},
        {"data": {"sensitive_words": []}, "status": {"code": 500, "msg": "busy"}},
        {"data": {"sensitive_words": []}, "status": {"code": "006001094"}},
    ],
)
async def test_an_unclear_answer_about_a_text_is_no_verdict(reach: Reach, answer: Any) -> None:
    with pytest.raises(ProviderUnavailable):
        await Scanner(transport=reach(Gateway(answer))).text("a fox")


@pytest.mark.parametrize(
    "answer",
    [
        b"null",
        {},
        {**CLEAN, "ok": False},
        {**CLEAN, "ok": 1},
        {**CLEAN, "error": "the uri cannot be fetched"},
        {**CLEAN, "nsfw_level": None},
        {**CLEAN, "nsfw_level": 7},
        {**CLEAN, "nsfw_level": -1},
        {**CLEAN, "nsfw_level": True},
        {**CLEAN, "risk_types": "EROTIC"},
    ],
)
async def test_an_unclear_answer_about_a_video_is_no_verdict(reach: Reach, answer: Any) -> None:
    with pytest.raises(ProviderUnavailable):
        await Scanner(transport=reach(Gateway(answer))).video("https://v.example/1.mp4", seconds=5)


@pytest.mark.parametrize("status", [302, 400, 401, 404, 429, 500])
async def test_a_refused_scan_is_no_verdict_and_is_not_repeated(reach: Reach, status: int) -> None:
    gateway = Gateway({"data": {"sensitive_words": []}, "status": FINE}, status=status)
    with pytest.raises(ProviderUnavailable):
        await Scanner(transport=reach(gateway)).text("a fox")
    assert len(gateway.requests) == 1
