"""Runs the benchmarks: `python -m benchmarks` all of them, `python -m benchmarks store` those named.

A benchmark is a module of this folder with `measure() -> list[str]`: one line a figure, as a ratio against a bare
equivalent measured in the same run. Each runs in a process of its own, pinned to one core where the system can.
"""

import argparse
import os
import pkgutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path


def names() -> list[str]:
    """The benchmarks there are."""
    found = (module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]))
    return sorted(name for name in found if not name.startswith("_"))


def here(name: str) -> None:
    """Measure one in this process, pinned to one core where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    lines: list[str] = import_module(f"benchmarks.{name}").measure()
    print(name)
    for line in lines:
        print(f"  {line}")


def main() -> None:
    """Run what is named, or everything, each in a process of its own."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure what the bot costs.")
    parser.add_argument("name", nargs="*", choices=[*names(), []], help=f"one of: {', '.join(names())}")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    for name in arguments.name or names():
        if arguments.here:
            here(name)
        else:
            subprocess.run([sys.executable, "-m", "benchmarks", "--here", name], check=True)  # noqa: S603 (ourselves)


if __name__ == "__main__":
    main()
