"""When to ask: questions a job and seconds late, against the least that can be had for as many, and the rule before.

Simulated and seeded: no clock, no provider. Each job's history are the jobs before it, as they were noticed.
"""

import random
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from math import exp, floor
from statistics import fmean, median
from typing import Final

from benchmarks._figures import Figure, Measured
from benchmarks._optimum import GUESS_ERROR, SIGMAS, Cost, Durations, least_late, log_normal
from bot.domain.polling import Spread, next_poll
from bot.settings import Settings

MEANS: Final = (60.0, 240.0, 600.0)
CVS: Final = (0.05, 0.1, 0.25, 0.5)
PAST: Final = 20  # jobs that the history goes back
APART: Final = 5  # jobs whose histories differ enough for both to tell something
LEAST: Final[float] = Settings.model_fields["poll_seconds_min"].default
MOST: Final[float] = Settings.model_fields["poll_seconds_max"].default
STEPS: Final = {"exact": 0.0, "in steps of 1 %": 0.01, "in steps of 10 %": 0.1}
PASTS: Final = (0, 1, 2, 3, 6)
_BEST: Final = "the best times for as many questions"
_DURATIONS: Final = tuple(
    Figure(name=f"late, jobs of {mean:.0f} s with cv {cv}", floor=_BEST, at_most=1.15) for mean in MEANS for cv in CVS
)
_SHORT: Final = tuple(
    Figure(name=f"late, jobs of 240 s after {past} others", floor=f"{_BEST} that know as much", at_most=1.15)
    for past in PASTS
)
_BOUNDS: Final = {"in steps of 1 %": (5.0, 1.0)}  # questions, and seconds late
_PROGRESS: Final = tuple(
    Figure(
        name=f"{what}, jobs of {mean:.0f} s with progress {name}",
        unit=unit,
        at_most=_BOUNDS.get(name, (None, None))[number],
    )
    for mean in MEANS
    for name in STEPS
    for number, (what, unit) in enumerate((("questions a job", "questions"), ("late, the middle", "s")))
)
FIGURES: Final = (*_DURATIONS, *_SHORT, *_PROGRESS)


@dataclass(frozen=True, slots=True)
class History:
    """What is known when a job begins."""

    spread: Spread
    usual: float


Rule = Callable[[float, History, tuple[float | None, float | None]], float]  # the wait after a question


def measure() -> list[Measured]:
    """Compare ours to the optimum, without progress and with it, and while history is short."""
    found = [*_of_durations(), *_of_short_history(), *_of_progress()]
    return [figure.found(value, floor=floor) for figure, (value, floor) in zip(FIGURES, found, strict=True)]


def _of_durations() -> Iterator[tuple[float, str]]:
    for mean in MEANS:
        for cv in CVS:
            before, now = average(mean, cv, rule=rule_before, jobs=500), average(mean, cv, jobs=3000)
            as_before = f"{before.questions:.1f} questions, {before.late:.1f} s, {ratio(mean, cv, before):.2f} ×"
            floor = f"ours {now.questions:.1f} questions, {now.late:.1f} s late; the rule before {as_before}"
            yield ratio(mean, cv, now), floor


def _of_short_history() -> Iterator[tuple[float, str]]:
    for past in PASTS:
        found, best = short_history(240, past, worlds=30)
        yield found.late / best, f"ours {found.questions:.1f} questions, {found.late:.1f} s late"


def _of_progress() -> Iterator[tuple[float, str]]:
    for mean in MEANS:
        for step in STEPS.values():
            jobs = list(play(mean, 0.25, jobs=600, step=step))
            yield fmean(job.questions for job in jobs), ""
            yield median(job.late for job in jobs), ""


def ratio(mean: float, cv: float, found: Cost) -> float:
    """Tell how many times as late some times to ask are as the best ones with as many questions."""
    return found.late / least_late([Durations.of(mean, cv)], found.questions, least=LEAST)


def average(mean: float, cv: float, *, jobs: int, rule: Rule | None = None) -> Cost:
    """Compute what the times at which a rule asks cost, on average of many histories that came of it."""
    durations, rand, costs = Durations.of(mean, cv), random.Random(1), []  # noqa: S311 (no secret)
    rule = rule or rule_now(rand)
    for history, _ in islice(_histories(mean, cv, rule, rand, jobs=jobs), 0, None, APART):
        costs.append(_cost(durations, rule, history))
    return Cost(fmean(cost.questions for cost in costs), fmean(cost.late for cost in costs))


def play(mean: float, cv: float, *, jobs: int, step: float | None) -> Iterator[Cost]:
    """Ask about jobs that report their progress in steps, exactly where `step` is 0; None where they report none."""
    rand = random.Random(1)  # noqa: S311 (no secret)
    for _, cost in _histories(mean, cv, rule_now(rand), rand, jobs=jobs, step=step):
        yield cost


def short_history(mean: float, past: int, *, worlds: int) -> tuple[Cost, float]:
    """Compute what our times cost, and how late the best ones are with as many questions, after so few past jobs.

    Nobody knows how much jobs differ, nor how wrong the first guess is: the best ones know what can be known.
    """
    rand = random.Random(1)  # noqa: S311 (no secret)
    rule, costs, known = rule_now(rand), [], []
    for world in range(worlds):
        guess = mean * exp(rand.gauss(0, GUESS_ERROR))
        past_jobs = [mean * exp(rand.gauss(0, SIGMAS[world % len(SIGMAS)])) for _ in range(past)]
        known.append(Durations.known(past_jobs, guess=guess))
        history = History(Spread.of(past_jobs, guess=guess), mean)
        costs.append(_cost(known[-1], rule, history))
    found = Cost(fmean(cost.questions for cost in costs), fmean(cost.late for cost in costs))
    return found, least_late(known, found.questions, least=LEAST)


def rule_now(rand: random.Random) -> Rule:
    """Ask as the bot does, with its default settings."""

    def rule(at: float, history: History, progress: tuple[float | None, float | None]) -> float:
        wait = next_poll(
            elapsed=timedelta(seconds=at),
            spread=history.spread,
            progress=progress,
            least=timedelta(seconds=LEAST),
            most=timedelta(seconds=MOST),
            rand=rand.random,
        )
        return wait.total_seconds()

    return rule


def rule_before(at: float, history: History, _: tuple[float | None, float | None]) -> float:
    """Ask as before: after a third of what seemed left, 2 to 20 seconds; overdue, after an eighth of the age."""
    left = history.usual - at
    return max(2.0, min(left / 3 if left > 0 else at / 8, 20.0))


def _cost(durations: Durations, rule: Rule, history: History) -> Cost:
    return durations.cost(lambda at: at + rule(at, history, (None, None)))


def _histories(
    mean: float, cv: float, rule: Rule, rand: random.Random, *, jobs: int, step: float | None = None
) -> Iterator[tuple[History, Cost]]:
    """Play jobs one after the other; yield what was known of each, and what it cost, once history is full."""
    parts, past = log_normal(mean, cv), deque[float](maxlen=PAST)
    for number in range(jobs + PAST):
        history = History(Spread.of(past, guess=mean), median(past) if past else mean)
        took = exp(rand.gauss(parts.middle, parts.sigma))
        cost = _ask(took, history, rule, step=step)
        past.append(took + cost.late)
        if number >= PAST:
            yield history, cost


def _ask(took: float, history: History, rule: Rule, *, step: float | None) -> Cost:
    at, questions = 0.0, 0
    progress: tuple[float | None, float | None] = (None, None)
    while at < took:
        at += rule(at, history, progress)
        questions += 1
        progress = progress[1], None if step is None else floor(at / took / step + 1e-9) * step if step else at / took
    return Cost(questions, at - took)
