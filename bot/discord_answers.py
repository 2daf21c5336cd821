"""Reads every answer of Discord before discord.py does: what time it is there, and whether it can be read."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

import aiohttp

from bot.clock import utc_now

AHEAD: Final = timedelta(days=1)  # by which our clock may be wrong, while Discord has not told us the time

_JSON: Final = "application/json"  # discord.py compares it literally, and so do we
_SWITCHING: Final = 101


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
