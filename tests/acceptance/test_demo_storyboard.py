"""The demo of the builder, as somebody runs it who has just downloaded the bot."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


async def test_the_demo_builds_a_storyboard_and_shows_each_of_its_shots(tmp_path: Path) -> None:
    wishes = ("--duration", "4", "--aspect", "1:1", "--generate-seconds", "0.2", "--output", str(tmp_path))
    demo = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "demo", "--storyboard", *wishes), stdout=asyncio.subprocess.PIPE
    )
    try:
        output, _ = await demo.communicate()
    finally:
        if demo.returncode is None:
            demo.terminate()
            await demo.wait()
    shown = output.decode()
    assert demo.returncode == 0, shown
    assert "presses [✅ Make it · 4 credits]" in shown
    assert "shot 2 · 1-2 s · Neon signs glide past" in shown
    assert "none with a problem" in shown
    assert _saved(tmp_path) == (1, 4)


def _saved(folder: Path) -> tuple[int, int]:
    """How many films there are, and how many different stills."""
    stills = {still.read_bytes() for still in folder.glob("*-shot-?.jpg")}
    return len(list(folder.glob("*.mp4"))), len(stills)
