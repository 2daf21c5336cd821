"""Reads every answer of Discord before discord.py does: the time there, whether it can be read, whom it is for."""

import json
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

import aiohttp

from bot.clock import utc_now
from bot.service.measures import Measures

AHEAD: Final = timedelta(days=1)  # by which our clock may be wrong, while Discord has not told us the time

WAITING: Final = 1000  # interactions at the most of whose answer is waited

_JSON: Final = "application/json"  # discord.py compares it literally, and so do we
_SWITCHING: Final = 101
_CALLBACK: Final = re.compile(r"/interactions/([0-9]+)/[^/]+/callback$")  # the address of a first answer


class UnreadableAnswer(aiohttp.ClientPayloadError):
    """An answer of Discord's that is not what it says it is: whether the request was carried out is unknown."""


class DiscordClock:
    """Tells the present by Discord's own clock, or a moment before; never after, wherever our own clock stands.

    Every answer says when it was written. What has passed since then is measured, not read from a clock.
    """

    def __init__(self, *, passed: Callable[[], float] = time.monotonic, ours: Callable[[], datetime] = utc_now) -> None:
        self._passed, self._ours = passed, ours
        self._adjusted: tuple[datetime, float] | None = None

    def __call__(self) -> datetime:
        """Tell the present."""
        if self._adjusted is None:
            return self._ours() - AHEAD
        told, at = self._adjusted
        return told + timedelta(seconds=self._passed() - at)

    def adjust(self, date: str) -> None:
        """Take the time from a header `Date`; one that cannot be read says nothing."""
        try:
            told = parsedate_to_datetime(date)
        except ValueError:
            return
        self._adjusted = (told if told.tzinfo else told.replace(tzinfo=UTC), self._passed())


class Acknowledgements:
    """Measures how long interactions wait for their first answer: from their arrival until Discord has taken it."""

    def __init__(self, *, measures: Measures, seconds: Callable[[], float] = time.monotonic) -> None:
        self._measures, self._seconds = measures, seconds
        self._waiting: dict[str, float] = {}

    def arrived(self, interaction_id: int) -> None:
        """Note that an interaction has just arrived."""
        if len(self._waiting) >= WAITING:  # who is never answered: the oldest is forgotten
            del self._waiting[next(iter(self._waiting))]
        self._waiting[str(interaction_id)] = self._seconds()

    def watch(self, trace: aiohttp.TraceConfig) -> None:
        """Have every request of a session looked at that is a first answer."""

        async def look(_: aiohttp.ClientSession, __: Any, ended: aiohttp.TraceRequestEndParams) -> None:
            path = _CALLBACK.search(ended.url.path)
            if path is None or not ended.response.ok:
                return
            if (since := self._waiting.pop(path[1], None)) is not None:
                self._measures.acknowledged(seconds=self._seconds() - since)

        trace.on_request_end.append(look)


def trace_answers(clock: DiscordClock, *, api: str) -> aiohttp.TraceConfig:
    """Make a session set the clock by every answer, and raise `UnreadableAnswer` for garbled ones of the API."""

    async def look(_: aiohttp.ClientSession, __: Any, ended: aiohttp.TraceRequestEndParams) -> None:
        answer = ended.response
        if not str(ended.url).startswith(api):
            return
        if (date := answer.headers.get("Date")) is not None:
            clock.adjust(date)
        if answer.status != _SWITCHING:
            _check(await answer.read(), kind=answer.headers.get("Content-Type", ""), good=answer.ok)

    trace = aiohttp.TraceConfig()
    trace.on_request_end.append(look)
    return trace


def _check(body: bytes, *, kind: str, good: bool) -> None:
    """Raise `UnreadableAnswer` for what only says that it is JSON, and for words where something was carried out."""
    if kind == _JSON:
        try:
            json.loads(body)
        except ValueError as exc:
            raise UnreadableAnswer("Discord's answer is no JSON") from exc
    elif good and body:
        raise UnreadableAnswer("Discord's answer is no JSON")
