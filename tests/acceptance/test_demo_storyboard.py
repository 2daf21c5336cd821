"""The demo of the builder, as somebody runs it who has just downloaded the bot."""

from pathlib import Path

import pytest

from bot.__main__ import main


def test_the_demo_builds_a_storyboard_and_shows_each_of_its_shots(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("--duration", "4", "--aspect", "1:1", "--generate-seconds", "0.2", "--output", str(tmp_path))
    assert main(["demo", "--storyboard", *arguments]) == 0
    shown = capsys.readouterr().out
    assert "presses [✅ Make it · 4 credits]" in shown
    assert "shot 2 · 1-2 s · Neon signs glide past" in shown
    assert "none with a problem" in shown
    assert _saved(tmp_path) == (1, 4)


def _saved(folder: Path) -> tuple[int, int]:
    """How many videos there are, and how many different stills."""
    stills = {still.read_bytes() for still in folder.glob("*-shot-?.jpg")}
    return len(list(folder.glob("*.mp4"))), len(stills)
