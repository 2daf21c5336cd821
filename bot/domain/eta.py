"""When a job will be ready, from past jobs, and when to ask the provider next."""

from __future__ import annotations

from datetime import timedelta
from statistics import median
from typing import TYPE_CHECKING, Final

from bot.domain.request import Mode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.domain.request import VideoRequest

# First guesses until there is history: seconds of work, and seconds of work a second of video.
_START: Final = 30.0
_PER_SECOND: Final = {Mode.STD: 12.0, Mode.PRO: 20.0}
_SOUND: Final = 1.3
_FIRST_PROGRESS: Final = 0.01  # less than that says nothing about when it ends
_ENOUGH: Final = 3  # past jobs before history is believed


def likeness(request: VideoRequest) -> str:
    """What requests have in common that take about the same time."""
    return f"{request.model}/{request.mode}/{request.duration}/{'sound' if request.sound else 'silent'}"


def expected(request: VideoRequest, history: Sequence[float]) -> timedelta:
    """How long the provider will work on it: the median of like jobs (seconds each), or a first guess."""
    if len(history) >= _ENOUGH:
        return timedelta(seconds=median(history))
    guess = _START + _PER_SECOND[request.mode] * request.duration * (_SOUND if request.sound else 1.0)
    return timedelta(seconds=guess)


def next_poll(
    *, elapsed: timedelta, expect: timedelta, progress: float | None, least: timedelta, most: timedelta
) -> timedelta:
    """The wait before the next poll: a third of what seems left, but between `least` and `most`.

    What the provider reports as `progress` (0-1) outweighs the expectation. An overdue job is asked ever more
    seldom, an eighth of its age at a time.
    """
    left = expect - elapsed
    if progress is not None and _FIRST_PROGRESS <= progress <= 1:
        left = elapsed * (1 / progress - 1)
    wait = left / 3 if left > timedelta(0) else elapsed / 8
    return max(least, min(wait, most))
