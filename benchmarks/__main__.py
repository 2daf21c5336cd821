"""Runs the benchmarks: `python -m benchmarks` all of them, `python -m benchmarks store` those named.

A benchmark is a module of this folder with `FIGURES`, what it measures, and `measure() -> list[Measured]`, what it has
found of them, in their order. Each runs in a process of its own, pinned to one core where the system can. With
`--write` what was found goes into `docs/performance.md` too, which keeps the sections of those that did not run.
"""

import argparse
import os
import pkgutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

from benchmarks import _page


def names() -> list[str]:
    """The benchmarks there are."""
    found = (module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]))
    return sorted(name for name in found if not name.startswith("_"))


def here(name: str, *, write: bool) -> None:
    """Measure one in this process, pinned to one core where the system can.

    Raises:
        RuntimeError: it has not found just what it promises.
    """
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    module = import_module(f"benchmarks.{name}")
    measured = module.measure()
    if [each.figure for each in measured] != list(module.FIGURES):
        raise RuntimeError(f"{name} has found other figures than it promises")
    print(name)
    for each in measured:
        print(f"  {each.line}")
    if write:
        _write(name, _page.section((module.__doc__ or "").splitlines()[0], measured))


def _write(name: str, section: str) -> None:
    text = _page.PAGE.read_text(encoding="utf-8") if _page.PAGE.exists() else ""
    there = set(names())
    kept = {each: body for each, body in _page.sections(text).items() if each in there}
    _page.PAGE.write_text(_page.page({**kept, name: section}), encoding="utf-8")


def main() -> None:
    """Run what is named, or everything, each in a process of its own."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure what the bot costs.")
    parser.add_argument("name", nargs="*", choices=[*names(), []], help=f"one of: {', '.join(names())}")
    parser.add_argument("--write", action="store_true", help="write what was found into docs/performance.md")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    for name in arguments.name or names():
        if arguments.here:
            here(name, write=arguments.write)
        else:
            way = ["--here", *(["--write"] if arguments.write else [])]
            subprocess.run([sys.executable, "-m", "benchmarks", *way, name], check=True)  # noqa: S603 (ourselves)


if __name__ == "__main__":
    main()
