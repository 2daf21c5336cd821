"""The page `docs/performance.md`: a section for each benchmark, with what was found of its figures."""

import os
import platform
import re
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from benchmarks._figures import Measured

PAGE: Final = Path(__file__).parents[1] / "docs" / "performance.md"
HEAD: Final = """# Performance

What the bot costs and how fast it is. Written by `make bench`, which runs everything in `benchmarks/` and takes about
ten minutes; `make bench ARGS="--write store"` writes one section anew. Not edited by hand.

Each benchmark runs in a process of its own that is pinned to one core. Machines differ, so most figures are ratios:
ours and a bare equivalent (the floor) are measured in the same run, in turn, and the best or the middle of several
rounds counts. *Before* is what the figure was when its bound was set; what has no bound is here to be known.
"""
COLUMNS: Final = ("figure", "measured", "wanted", "met", "against", "before")
_SECTION: Final = re.compile(r"^## `(\w+)`$", re.MULTILINE)


def sections(text: str) -> dict[str, str]:
    """Read the page's sections, by their benchmarks' names."""
    parts = _SECTION.split(text)[1:]
    return {name: body.strip() for name, body in zip(parts[::2], parts[1::2], strict=True)}


def page(found: Mapping[str, str]) -> str:
    """Write the page of these sections."""
    parts = [f"## `{name}`\n\n{body}\n" for name, body in sorted(found.items())]
    return "\n".join([HEAD, *parts])


def section(summary: str, measured: Sequence[Measured]) -> str:
    """Write a benchmark's section: its module's first line, where and when it was measured, its figures."""
    rows = [_row(COLUMNS), _row("---" for _ in COLUMNS)]
    rows += [
        _row((each.figure.name, each.text, each.figure.bound, each.met, each.against, each.figure.before))
        for each in measured
    ]
    return "\n".join([summary, "", f"Measured on {_where()}.", "", *rows])


def shown(body: str) -> list[tuple[str, str]]:
    """List the names and the bounds that a section shows."""
    rows = [line.strip("|").split("|") for line in body.splitlines() if line.startswith("|")][2:]
    return [(row[0].strip(), row[2].strip()) for row in rows]


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _where() -> str:
    """Describe the machine by what figures depend on, and the day."""
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {platform.machine()}, {platform.system()}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )
