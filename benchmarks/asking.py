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

from benchmarks._optimum import GUESS_ERROR, SIGMAS, Cost, Durations, least_late, log_normal
from bot.domain.polling import Spread, next_poll
from bot.settings import Settings

MEANS: Final = (60.0, 240.0, 600.0)
CVS: Final = (0.05, 0.1, 0.25, 0.5)
PAST: Final = 20  # jobs that the history goes back
APART: Final = 5  # jobs whose histories differ enough for both to tell something
LEAST: Final[float] = Settings.model_fields["poll_seconds_min"].default
MOST: Final[float] = Settings.model_fields["poll_seconds_max"].default
STEPS: Final = {"exact": 0.0, "steps of 1 %": 0.01, "steps of 10 %": 0.1}


@dataclass(frozen=True, slots=True)
class History:
    """What is known when a job begins."""

    spread: Spread
    usual: float


Rule = Callable[[float, History, tuple[float | None, float | None]], float]  # the wait after a question


def measure() -> list[str]:
    """Print how ours stands to the optimum, without progress and with it, and while history is short."""
    return [*_lines_of_durations(), *_lines_of_short_history(), *_lines_of_progress()]


def _lines_of_durations() -> Iterator[str]:
    for mean in MEANS:
        for cv in CVS:
            before, now = average(mean, cv, rule=rule_before, jobs=500), average(mean, cv, jobs=3000)
            yield (
                f"{mean:.0f} s, cv {cv}: {now.questions:.1f} questions, {now.late:.1f} s late, "
                f"{ratio(mean, cv, now):.2f} of the optimum; before: {before.questions:.1f}, {before.late:.1f} s, "
                f"{ratio(mean, cv, before):.2f}"
            )


def _lines_of_short_history() -> Iterator[str]:
    for past in (0, 1, 2, 3, 6):
        found, best = short_history(240, past, worlds=30)
        yield (
            f"240 s, {past} past jobs: {found.questions:.1f} questions, {found.late:.1f} s late, "
            f"{found.late / best:.2f} of the optimum that knows as much"
        )


def _lines_of_progress() -> Iterator[str]:
    for mean in MEANS:
        for name, step in STEPS.items():
            jobs = list(play(mean, 0.25, jobs=600, step=step))
            questions, late = fmean(job.questions for job in jobs), median(job.late for job in jobs)
            yield f"{mean:.0f} s, cv 0.25, progress {name}: {questions:.1f} questions, median {late:.1f} s late"


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


def play(mean: float, cv: float, *, jobs: int, step: float) -> Iterator[Cost]:
    """Ask about jobs that report their progress in steps, exactly where `step` is 0."""
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
