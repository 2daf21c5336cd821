"""Serves the gateway's two moderation calls: words in a text, and what a picture or a video shows.

Known from published clients only. The sandbox reads `start_index` and `end_index` as a half-open range of
characters, and `ok` as "the scan was made". A video of the sandbox is judged by the words of its prompts; any other
address is not fetched.
"""

import re
import uuid
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from sandbox.faults import Fault
from sandbox.providers.fields import Fields, json_body
from sandbox.providers.files import Files

RISKS = frozenset({"POLITY", "EROTIC", "VIOLENT", "CHILD"})
WORD = re.compile(r"\w+")
CLEAN, EXPLICIT = 0, 6  # the ends of `nsfw_level`


class Scans:
    """Answers the two calls; `sensitive` is word to kind of risk."""

    def __init__(self, *, videos: Files, sensitive: Mapping[str, str]) -> None:
        self._videos = videos
        self._sensitive: dict[str, str] = {}
        self.find(sensitive)

    def find(self, sensitive: Mapping[str, str]) -> None:
        """Find these words from now on, and no others; word to kind of risk.

        Raises:
            ValueError: something that is no single word, or no kind of risk that the API has.
        """
        for word, risk in sensitive.items():
            if not WORD.fullmatch(word) or risk not in RISKS:
                message = f"{word!r} is no word, or {risk!r} none of {sorted(RISKS)}"
                raise ValueError(message)
        self._sensitive = {word.casefold(): risk for word, risk in sensitive.items()}

    async def text(self, request: web.Request, _fault: Fault | None) -> web.StreamResponse:
        """Answer `text/scan`: the sensitive words of a text, with their places."""
        fields = Fields(await json_body(request))
        found = self._found(fields.text("text", required=True) or "")
        status = {"code": 200, "msg": "success", "request_id": str(uuid.uuid4())}
        return web.json_response({"data": {"sensitive_words": found}, "status": status, "usage": {"cost": "0"}})

    async def image(self, request: web.Request, _fault: Fault | None) -> web.StreamResponse:
        """Answer `image/scan`: how unsafe a video of ours is, and by which kinds of risk among those asked for."""
        fields = Fields(await json_body(request))
        _, root, rest = (fields.text("uri", required=True) or "").partition("/files/")
        video = self._videos.video_at(root + rest)
        asked = fields.value("risk_types")
        if not isinstance(asked, list) or not all(isinstance(risk, str) for risk in asked):
            fields.refuse("risk_types", "a list of strings is expected")
        if video is None:
            return web.json_response(_verdict(ok=False, found=[], error="the uri cannot be fetched"))
        found = [hit for shot in video.shots for hit in self._found(shot.prompt) if hit["risk_type_code"] in asked]
        return web.json_response(_verdict(ok=True, found=found, error=""))

    def _found(self, text: str) -> list[dict[str, Any]]:
        words = WORD.finditer(text)
        return [
            {
                "word": word.group(),
                "start_index": word.start(),
                "end_index": word.end(),
                "risk_type_code": self._sensitive[word.group().casefold()],
            }
            for word in words
            if word.group().casefold() in self._sensitive
        ]


def _verdict(*, ok: bool, found: list[dict[str, Any]], error: str) -> dict[str, Any]:
    risks = sorted({hit["risk_type_code"] for hit in found})
    return {
        "ok": ok,
        "nsfw_level": EXPLICIT if found else CLEAN,
        "label_items": [{"name": hit["word"], "risk_type": hit["risk_type_code"]} for hit in found],
        "risk_types": risks,
        "error": error,
    }
