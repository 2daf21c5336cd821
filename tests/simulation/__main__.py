"""Plays the days of many seeds: `make simulate ARGS="--seeds 10000"`; `--seed 7` plays one and tells all of it.

A seed whose day breaks a rule is printed with what was wrong; then the exit code is 1. `--write` writes the line of
`docs/reliability.md`.
"""

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from tests.simulation.simulation import Day, Outcome, simulate
from tests.torture.reliability_page import write_simulated


def main(argv: Sequence[str] | None = None) -> int:
    """Carry it out; the exit code."""
    arguments = _parser().parse_args(argv)
    day = Day(hours=arguments.hours, requests=arguments.requests)
    if arguments.seed is not None:
        return _tell(simulate(arguments.seed, day, tell=_say), day)
    began, counted, failed = time.monotonic(), Counter[str](), 0
    for outcome in _outcomes(range(arguments.first, arguments.first + arguments.seeds), day, arguments.processes):
        counted += outcome.counted
        failed += _tell(outcome, day)
    said = f"{arguments.seeds} days of {day.hours:g} hours: {figures(counted)}"
    _say(f"{said}. {failed} of them went wrong; {time.monotonic() - began:.0f} s")
    if arguments.write and not failed:
        write_simulated(said)
    return min(failed, 1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="how many days (default: %(default)s)")
    parser.add_argument("--first", type=int, default=1, help="the first of their seeds (default: %(default)s)")
    parser.add_argument("--seed", type=int, help="play this one, and tell all that happens")
    parser.add_argument("--hours", type=float, default=Day.hours, help="how long a day is (default: %(default)s)")
    parser.add_argument("--requests", type=int, default=Day.requests, help="how many come in it (default: %(default)s)")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="how many play at the same time")
    parser.add_argument("--write", action="store_true", help="write the line of docs/reliability.md")
    return parser


def _outcomes(seeds: Sequence[int], day: Day, processes: int) -> Iterator[Outcome]:
    play = partial(simulate, day=day)
    if processes == 1:
        yield from map(play, seeds)
        return
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(play, seeds, chunksize=5)


def _tell(outcome: Outcome, day: Day) -> int:
    """Tell what was wrong with a day; 1 if anything was."""
    for what in outcome.wrong:
        _say(f"seed {outcome.seed}: {what}")
    if outcome.wrong:
        again = f"--seed {outcome.seed} --hours {day.hours:g} --requests {day.requests}"
        _say(f"The same once more: make simulate ARGS='{again}' (digest {outcome.digest})")
    return min(len(outcome.wrong), 1)


def figures(counted: Counter[str]) -> str:
    """Say what happened, and how often."""
    return ", ".join(f"{number:,} {name}" for name, number in sorted(counted.items()))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
