"""Says when to ask a provider about a job next: by how long like jobs took, and by the progress that it reports.

The best schedule asks at a rate that grows with the root of the hazard (how soon a job is ready that is not yet); see
`benchmarks/_optimum.py`, which measures what is here. A log-logistic distribution says how long jobs take: much as a
log-normal one in its middle, with a longer tail for those that hang, and its hazard is known without a table.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from math import exp, floor, log, pi, sqrt
from statistics import fmean, median
from typing import Final, Self

from bot.values import dataclass

PRICE: Final = 1.0  # seconds of a person's waiting that a question is worth, at the most
_PRICE_SHARE: Final = (
    1 / 6
)  # of the width, at the most: of jobs that differ little, too, not only the last is asked about
_LATENESS: Final = 0.92  # by which asking at that rate is late, in roots of price and width

_GUESS_ERROR: Final = 0.7  # by which the first guess is wrong usually, in logarithms
_USUAL_SIGMA: Final = 0.17  # by which like jobs differ, in logarithms, until there is history
_LEAST_SIGMA: Final = 0.05
_MANY: Final = 5  # past jobs from which on one may be an exception, being
_EXCEPTION: Final = 2.5  # times as far from the middle as four in five of them
_FOUR_IN_FIVE: Final = 0.8
_LOGISTIC: Final = pi / sqrt(3)  # the standard deviation of a logistic distribution

# In logits, the logarithms of the odds that a job is ready: moments that do not depend on how long jobs take.
_EARLIEST: Final = -5.3  # 1 in 200 is ready
OVERDUE: Final = 4.6  # 99 in 100 are
_CERTAIN: Final = 30.0  # all are
_STRIDE: Final = 0.5  # over which the rate is taken to be even

OVERDUE_SHARE: Final = 1 / 4  # of what a job is overdue, to wait until it is asked about again
OVERDUE_MOST: Final = 60.0  # seconds
_JITTER: Final = 0.2  # of a wait
NEARLY_ALL: Final = 2.9  # as a logit: 19 in 20 jobs are ready when one is asked about that others look after
NET: Final = timedelta(minutes=10)  # the longest wait until that

# The steps in which progress may come, each with the odds that it grows evenly: in great ones it is often made up.
_STEPS: Final = {0.1: 3.0, 0.05: 3.0, 0.01: 30.0}
_EXACT: Final = 99.0  # odds, where it comes in none of these
_LEAST_PROGRESS: Final = 0.01  # less says nothing about the end
_MARGIN: Final = 0.1  # seconds after the end that progress foretells, so as not to ask a moment too soon
_MOST_TRUST: Final = 0.998
_STUCK: Final = 0.003  # of its age, at the least, is waited until a job is asked about whose progress did not move
_LOOKS: Final = 8.0  # that a span in which the end is foretold is worth, at the least


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    """How long like jobs take: half of them at most `middle` seconds; they differ by `sigma`, in logarithms."""

    middle: float
    sigma: float

    @classmethod
    def of(cls, history: Sequence[float], *, guess: float) -> Self:
        """Estimate the spread from how many seconds each of some past jobs took until noticed, and a first guess.

        The guess is as good as a fraction of a past job, and `_USUAL_SIGMA` as good as one.
        """
        logs = _without_exceptions([log(max(each, 0.1)) for each in history])
        weight = (_USUAL_SIGMA / _GUESS_ERROR) ** 2
        middle = (weight * log(guess) + sum(logs)) / (weight + len(logs))
        squares = _USUAL_SIGMA**2 + sum((each - fmean(logs)) ** 2 for each in logs)
        variance = squares / max(1, len(logs)) * (1 + 1 / (weight + len(logs)))
        found = cls(middle=exp(middle), sigma=max(_LEAST_SIGMA, sqrt(variance)))
        if not logs:
            return found
        late = _LATENESS * sqrt(found.price * found.width)
        return cls(middle=max(found.middle - late, found.middle / 2), sigma=found.sigma)

    @property
    def width(self) -> float:
        """By how many seconds jobs differ."""
        return self.middle * self.sigma

    @property
    def price(self) -> float:
        """How many seconds of waiting a question is worth."""
        return min(PRICE, self.width * _PRICE_SHARE)

    @property
    def shape(self) -> float:
        """The exponent of the distribution: the greater, the less jobs differ."""
        return _LOGISTIC / self.sigma

    @property
    def earliest(self) -> float:
        """The second before which hardly any job is ready."""
        return self.moment(_EARLIEST)

    def moment(self, logit: float) -> float:
        """Tell the second at which a job is ready by these odds."""
        return self.middle * exp(logit / self.shape)

    def logit(self, seconds: float) -> float:
        """Tell the odds that a job is ready by a second after the earliest one."""
        return max(_EARLIEST, self.shape * log(max(seconds, self.earliest) / self.middle))


def next_poll(
    *,
    elapsed: timedelta,
    spread: Spread,
    progress: tuple[float | None, float | None],
    least: timedelta,
    most: timedelta,
    rand: Callable[[], float],
) -> timedelta:
    """Compute the wait until a job that is not ready is asked about again, between `least` and `most`.

    `progress` is what the provider reported (0-1) the last time and now. Little of the wait is chance (`rand`,
    0 ≤ x < 1), so that what was submitted together isn't asked about together.
    """
    at, pace = max(0.0, elapsed.total_seconds()), 1 + _JITTER * (rand() - 1 / 2)
    foretold = _foretold(at, *progress)
    trust = 0.0 if foretold is None else _trust(foretold, at, spread)
    look = _by_history(at, spread, pace=pace, share=1 - trust)
    if foretold is not None and trust > 1 / 2:
        soonest = max(least.total_seconds(), _STUCK * at if progress[0] == progress[1] else 0.0)
        look = min(look, max(at + soonest, _within(foretold, spread.price, pace=pace, least=soonest)))
    return max(least, timedelta(seconds=min(look - at, most.total_seconds())))


def net(*, elapsed: timedelta, spread: Spread) -> timedelta:
    """Compute the wait before a job is asked about whose end should be told of meanwhile.

    The first look is when nearly all like jobs are ready, the next after half its age each time.
    """
    by = timedelta(seconds=spread.moment(NEARLY_ALL))
    return min(by - elapsed if elapsed < by else elapsed / 2, NET)


def _without_exceptions(logs: list[float]) -> list[float]:
    """Move past jobs that are far off to where they begin to be: they say no more than that."""
    if len(logs) < _MANY:
        return logs
    middle = median(logs)
    usual = sorted(abs(each - middle) for each in logs)[int(_FOUR_IN_FIVE * len(logs))]
    far = max(_LEAST_SIGMA, _EXCEPTION * usual)
    return [min(max(each, middle - far), middle + far) for each in logs]


def _by_history(at: float, spread: Spread, *, pace: float, share: float) -> float:
    """Find the second at which one more question is due by the root of the hazard, of which `share` is left."""
    logit, due = spread.logit(at), pace
    scale = sqrt(share / (2 * spread.price * spread.shape))
    # The strides are the same ones from wherever one begins: a job that is asked about later is asked again later.
    stride = floor(logit / _STRIDE)
    while True:
        middle, end = (stride + 1 / 2) * _STRIDE, (stride + 1) * _STRIDE
        rate = scale * sqrt(spread.moment(middle) / (1 + exp(-middle)))  # questions a logit
        if rate * (end - logit) >= due:
            break
        logit, due, stride = end, due - rate * (end - logit), stride + 1
    overdue = at - spread.moment(OVERDUE)
    return max(spread.moment(logit + due / rate), at + pace * min(OVERDUE_SHARE * overdue, OVERDUE_MOST))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Foretold:
    """Between which seconds the job is ready if its progress grows evenly, as it does by these `odds`.

    `share` is how much is done.
    """

    first: float
    last: float
    share: float
    odds: float


def _foretold(at: float, before: float | None, now: float | None) -> _Foretold | None:
    """Read when a job will be ready from its progress, by the steps in which that seems to come."""
    if now is None or not _LEAST_PROGRESS <= now <= 1:
        return None
    seen = [now] if before is None or not 0 <= before <= 1 else [before, now]
    step = next((each for each in _STEPS if all(_is_multiple(value, each) for value in seen)), 0.0)
    odds = _STEPS.get(step, _EXACT)
    if before == now:
        step *= 2  # what did not move meanwhile moves in greater steps than it seems to, or not at all
    share = min(now, 1 - step / 2)
    if share < step:
        return None
    return _Foretold(first=max(at, at / min(1.0, share + step)), last=at / share, share=share, odds=odds)


def _is_multiple(value: float, step: float) -> bool:
    return abs(value / step - round(value / step)) < 1e-6  # noqa: PLR2004 (of rounding)


def _trust(foretold: _Foretold, at: float, spread: Spread) -> float:
    """Tell how likely it is that progress grows evenly, by what history says of the end that it foretells."""
    ready, by_now = (1 / (1 + exp(-min(spread.logit(each), _CERTAIN))) for each in (foretold.last, at))
    odds = foretold.odds * spread.shape * ready * (1 - ready) / (1 - by_now) / foretold.share
    return min(_MOST_TRUST, odds / (1 + odds))


def _within(foretold: _Foretold, price: float, *, pace: float, least: float) -> float:
    """Find the second to ask at where every one in a span is as likely: its last if that is soon."""
    span = foretold.last - foretold.first
    if span <= least:
        return foretold.last + _MARGIN
    left = max(0.0, sqrt(span) - pace * sqrt(min(price, 2 * span / _LOOKS**2) / 2)) ** 2
    return foretold.last + _MARGIN - max(left, least)
