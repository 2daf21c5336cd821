"""The best times to ask whether a job is ready, by a small dynamic programme: what our own are measured by."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from math import erf, exp, inf, log, sqrt
from typing import Final, Self

CELLS: Final = 240
REACH: Final = 3.7  # standard deviations to either side of the middle
SIGMAS: Final = (0.05, 0.08, 0.12, 0.2, 0.3, 0.47)  # by which like jobs may differ, each as likely as the others
GUESS_ERROR: Final = 0.7  # by which a first guess is wrong usually, in logarithms


@dataclass(frozen=True, slots=True)
class Cost:
    """What some times to ask cost a job: how many questions, and how many seconds from ready to noticed."""

    questions: float
    late: float


@dataclass(frozen=True, slots=True)
class LogNormal:
    """A part of a distribution."""

    weight: float
    middle: float
    sigma: float

    def below(self, seconds: float) -> float:
        """Tell the share of all jobs that are of this part, and ready by then."""
        return self.weight * (1 + erf((log(seconds) - self.middle) / self.sigma / sqrt(2))) / 2


@dataclass(frozen=True)
class Durations:
    """How long jobs take: the share that is ready within each of some spans, whose ends are `edges`."""

    edges: Sequence[float]
    shares: Sequence[float]

    @classmethod
    def mixed(cls, parts: Iterable[LogNormal]) -> Self:
        """Cut a distribution into spans."""
        parts = list(parts)
        likely = [each for each in parts if each.weight > max(part.weight for part in parts) / 50]
        first = min(each.middle - REACH * each.sigma for each in likely)
        last = max(each.middle + REACH * each.sigma for each in likely)
        edges = [exp(first + (last - first) * number / CELLS) for number in range(CELLS + 1)]
        inner = [sum(part.below(edge) for part in parts) for edge in edges[1:-1]]
        return cls(edges, [upper - lower for lower, upper in pairwise([0.0, *inner, 1.0])])

    @classmethod
    def of(cls, mean: float, cv: float) -> Self:
        """Take jobs of this mean and coefficient of variation."""
        return cls.mixed([log_normal(mean, cv)])

    @classmethod
    def known(cls, history: Sequence[float], *, guess: float) -> Self:
        """Take all that can be known of the next job from past ones and a first guess."""
        return cls.mixed(_posterior([log(each) for each in history], log(guess)))

    @cached_property
    def middles(self) -> Sequence[float]:
        """The seconds at which the jobs of a span are ready on average."""
        return [(lower + upper) / 2 for lower, upper in pairwise(self.edges)]

    def cost(self, then: Callable[[float], float]) -> Cost:
        """Compute what it costs to ask at `then(0)`, and after each time to ask at `then` of it."""
        at, span, left, questions, late = 0.0, 0, 1.0, 0.0, 0.0
        while span < len(self.shares):
            at = then(at)
            questions += left
            while span < len(self.shares) and self.middles[span] <= at:
                late += self.shares[span] * (at - self.middles[span])
                left -= self.shares[span]
                span += 1
        return Cost(questions, late)

    def best(self, price: float, *, least: float) -> Cost:
        """Compute what the times cost of which none are cheaper, a question costing `price` seconds of waiting.

        Two questions are `least` seconds apart. `costs[i]` is the least that can be had after a question at `edges[i]`
        to which no job was ready, times the share of jobs which that concerns.
        """
        edges, count = self.edges, len(self.shares)
        ready = [0.0, *accumulate(self.shares)]
        sums = [0.0, *accumulate(share * middle for share, middle in zip(self.shares, self.middles, strict=True))]
        costs, next_ = [0.0] * (count + 1), [count] * (count + 1)

        def late(start: int, end: int) -> float:
            return edges[end] * (ready[end] - ready[start]) - (sums[end] - sums[start])

        for start in reversed(range(count)):
            cheapest = inf
            soonest = start + 1 if start == 0 else min(count, bisect_left(edges, edges[start] + least, lo=start + 1))
            for end in range(soonest, count + 1):
                waiting = late(start, end)
                if waiting > cheapest:
                    break
                if waiting + costs[end] < cheapest:
                    cheapest, next_[start] = waiting + costs[end], end
            costs[start] = cheapest + price * (1 - ready[start])
        chain = [0]
        while chain[-1] < count:
            chain.append(next_[chain[-1]])
        return Cost(
            sum(1 - ready[start] for start in chain[:-1]), sum(late(start, end) for start, end in pairwise(chain))
        )


def log_normal(mean: float, cv: float) -> LogNormal:
    """Find the distribution of this mean and coefficient of variation."""
    sigma = sqrt(log(1 + cv * cv))
    return LogNormal(1.0, log(mean) - sigma * sigma / 2, sigma)


def least_late(known: Sequence[Durations], questions: float, *, least: float) -> float:
    """Find how late the best times are on average, at one price and so many questions on average."""
    low, high = Cost(inf, 0.0), Cost(0.0, inf)  # asked about too often, and too seldom
    cheap, dear = 1e-3, 1e3
    while low.questions - high.questions > questions / 100 and dear / cheap > 1.01:
        price = sqrt(cheap * dear)
        each = [durations.best(price, least=least) for durations in known]
        found = Cost(sum(one.questions for one in each) / len(each), sum(one.late for one in each) / len(each))
        if found.questions > questions:
            low, cheap = found, price
        else:
            high, dear = found, price
    if low.questions == inf:
        return high.late
    share = (questions - high.questions) / (low.questions - high.questions)
    return high.late + share * (low.late - high.late)


def _posterior(logs: Sequence[float], guess: float) -> list[LogNormal]:
    """Weigh how much jobs may differ by what some of them took; each possibility has its own middle."""
    parts = []
    for sigma in SIGMAS:
        middle, precision, likely = guess, GUESS_ERROR**-2, 0.0
        for each in logs:
            variance = sigma**2 + 1 / precision
            likely -= (log(variance) + (each - middle) ** 2 / variance) / 2
            middle = (middle * precision + each / sigma**2) / (precision + sigma**-2)
            precision += sigma**-2
        parts.append(LogNormal(likely, middle, sqrt(sigma**2 + 1 / precision)))
    top = max(part.weight for part in parts)
    total = sum(exp(part.weight - top) for part in parts)
    return [LogNormal(exp(part.weight - top) / total, part.middle, part.sigma) for part in parts]
