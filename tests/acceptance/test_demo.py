"""The demo and the command line, as somebody runs them who has just downloaded the bot."""

import asyncio
from pathlib import Path

import pytest

from bot.__main__ import main

SMALL = ("--duration", "3", "--aspect", "1:1", "--generate-seconds", "0.2")


def test_the_demo_saves_the_video_and_tells_what_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", *SMALL, "--sound", "--output", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert len(list(tmp_path.glob("*.mp4"))) == 1
    for words in ("/video create", "On its way", "720×720, 3.0 s, h264, sound (aac)", "USD"):
        assert words in shown


def test_the_demo_of_what_cannot_be_done_ends_with_the_reasons(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["demo", "--duration", "99", "--output", str(tmp_path)]) == 1
    shown = capsys.readouterr().out
    assert "can't make 99-second videos" in shown
    assert "the request was refused" in shown
    assert list(tmp_path.iterdir()) == []


async def test_a_private_demo_ends_in_direct_messages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["demo", *SMALL, "--private", "--output", str(tmp_path)]
    assert await asyncio.to_thread(main, arguments) == 0
    assert "none with a problem" in capsys.readouterr().out
