"""Forecasts when a job will be ready, from past jobs."""

from collections.abc import Sequence
from datetime import timedelta
from math import ceil, floor
from typing import Final

from bot.domain.request import Mode, VideoRequest
from bot.values import dataclass

ENOUGH: Final = 6  # past jobs before the first guess has no say any more

# First guesses until there is history: seconds of work, and seconds of work a second of video.
_START: Final = 30.0
_PER_SECOND: Final = {Mode.STD: 12.0, Mode.PRO: 20.0, Mode.FOUR_K: 45.0}
_SOUND: Final = 1.3
_SLOW: Final = 2.0  # how many times the usual one in ten takes


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecast:
    """How long the provider will work: half of like requests take at most `usual`, nine in ten at most `late`."""

    usual: timedelta
    late: timedelta


def similarity_key(request: VideoRequest) -> str:
    """Name what requests have in common that take about the same time."""
    return f"{request.model}/{request.mode}/{request.duration}/{'sound' if request.sound else 'silent'}"


def first_guess(request: VideoRequest) -> float:
    """Guess how many seconds the provider will work on a request, where there is no history."""
    return _START + _PER_SECOND[request.mode] * request.duration * (_SOUND if request.sound else 1.0)


def forecast(request: VideoRequest, history: Sequence[float]) -> Forecast:
    """Forecast how long the provider will work on a request: median and 90th percentile of like jobs (seconds each).

    Little history is mixed with a first guess, whose share shrinks with each job, so that nothing jumps.
    """
    guess = first_guess(request)
    if not history:
        return Forecast(usual=timedelta(seconds=guess), late=timedelta(seconds=_SLOW * guess))
    trust = min(1.0, len(history) / ENOUGH)
    usual, late = (
        trust * percentile(history, share) + (1 - trust) * guessed
        for share, guessed in ((0.5, guess), (0.9, _SLOW * guess))
    )
    return Forecast(usual=timedelta(seconds=usual), late=timedelta(seconds=max(usual, late)))


def percentile(values: Sequence[float], share: float) -> float:
    """Find the value below which this share (0-1) of the values lies, between two neighbours in proportion."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below, above = ordered[floor(place)], ordered[ceil(place)]
    return min(above, below + (above - below) * (place - floor(place)))
