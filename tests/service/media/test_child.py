"""The child process: its end, its silence, its limits; and the arithmetic of fitting."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import ResultTooLarge, ResultUnavailable, ResultUnusable
from bot.service.media.service import Media, MediaInfo
from bot.service.media.transcode import at_most_twice, plan

INFO: dict[str, Any] = {
    "width": 1920, "height": 1080, "seconds": 10.0, "fps": 24.0, "video_codec": "h264", "audio_codec": "aac",
    "size": 40_000_000, "container": "mp4", "pixel_format": "yuv420p", "faststart": True,
}  # fmt: skip
WRITE_PID = "import os, pathlib, time; pathlib.Path({0!r}, str(os.getpid())).touch(); "
HANG = "import time; time.sleep(600)"
patient = partial(Media, probe_seconds=600)  # the machine of the tests may have other things to do


def child(script: str) -> Sequence[str]:
    """A command that runs `script` in place of the worker."""
    return (sys.executable, "-c", script)


def pids(folder: Path) -> list[int]:
    return [int(path.name) for path in folder.iterdir()]


async def children(folder: Path, *, count: int) -> list[int]:
    """Wait until that many children have written their process ids as file names."""
    async with asyncio.timeout(60):
        while len(found := await asyncio.to_thread(pids, folder)) < count:  # noqa: ASYNC110 - another process does it
            await asyncio.sleep(0.01)
    return found


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_cancelled_call_leaves_no_process(tmp_path: Path) -> None:
    media = patient(command=child(WRITE_PID.format(str(tmp_path)) + HANG))
    call = asyncio.create_task(media.probe(tmp_path / "a.mp4"))
    (pid,) = await children(tmp_path, count=1)
    assert alive(pid)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert not alive(pid)


async def test_a_child_that_ends_by_itself_is_nobodys_unknown(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    media = patient(command=("sh", "-c", f"read request; echo '{json.dumps({'info': INFO})}'"), parallel=8)
    await asyncio.gather(*(media.probe(tmp_path / "a.mp4") for _ in range(100)))
    assert [record.getMessage() for record in caplog.records if record.name == "asyncio"] == []


async def test_a_look_that_takes_too_long_is_killed_and_called_absurd(tmp_path: Path) -> None:
    media = Media(command=child(WRITE_PID.format(str(tmp_path)) + HANG), probe_seconds=1)
    with pytest.raises(ResultUnusable, match="absurd"):
        await media.probe(tmp_path / "a.mp4")
    assert not any(alive(pid) for pid in pids(tmp_path))


async def test_a_fit_that_takes_too_long_cannot_fit_and_leaves_nothing(tmp_path: Path) -> None:
    script = """
import json, pathlib, time
request = json.loads(input())
if request["do"] == "pack":
    print(json.dumps({"encode": True}), flush=True)
else:
    pathlib.Path(request["target"]).touch()
time.sleep(600)
"""
    with pytest.raises(ResultTooLarge, match="cannot_fit"):
        await patient(command=child(script), fit_seconds=0.5).fit(tmp_path / "a", limit=10**7, into=tmp_path / "b")
    assert await asyncio.to_thread(os.listdir, tmp_path) == []


@pytest.mark.parametrize("name", ["SIGSEGV", "SIGABRT", "SIGFPE"])
async def test_a_file_that_crashes_the_child_is_no_video(tmp_path: Path, name: str) -> None:
    media = patient(command=child(f"import os, signal; os.kill(os.getpid(), signal.{name})"))
    with pytest.raises(ResultUnusable, match="not_a_video"):
        await media.probe(tmp_path / "a.mp4")


@pytest.mark.parametrize("line", ["nonsense", "{}", "[1]", '{"info": {"width": 1}}', '{"done": true}', "x" * 100_000])
async def test_an_answer_that_is_not_ours_is_no_video(tmp_path: Path, line: str) -> None:
    with pytest.raises(ResultUnusable, match="not_a_video"):
        await patient(command=child(f"print({line!r})")).probe(tmp_path / "a.mp4")


@pytest.mark.parametrize(
    "script",
    [
        "raise SystemExit(3)",
        "import nothing_of_that_name",
        "import os; os.kill(os.getpid(), 9)",
        "import os; os.close(1)",
    ],
)
async def test_a_child_that_cannot_work_says_nothing_of_the_file(tmp_path: Path, script: str) -> None:
    with pytest.raises(ResultUnavailable, match="machine"):
        await patient(command=child(script)).probe(tmp_path / "a.mp4")


async def test_a_child_that_cannot_start_says_nothing_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(ResultUnavailable, match="machine"):
        await patient(command=[str(tmp_path / "no such program")]).probe(tmp_path / "a.mp4")


async def test_the_child_knows_none_of_our_secrets(tmp_path: Path) -> None:
    script = "import json, os; print(json.dumps({'unusable': ' '.join(sorted(os.environ))}))"
    with pytest.raises(ResultUnusable) as caught:
        await patient(command=child(script)).probe(tmp_path / "a.mp4")
    assert set(caught.value.reason.split()) <= {"LC_CTYPE", "MALLOC_ARENA_MAX", "PYTHONPATH", "PYTHONUTF8"}


CONFINED = """
import json
from bot.service.media import child
request = json.loads(input())
child.confine(seconds={seconds}, file_bytes={file_bytes})
"""


async def test_a_file_that_takes_more_memory_than_any_video_is_absurd(tmp_path: Path) -> None:
    script = (
        CONFINED.format(seconds=30, file_bytes=0)
        + """
from bot.service.media.probe import untrusted
child.examine = lambda path: greedy()
def greedy():
    with untrusted():
        bytearray(2 << 30)
print(json.dumps(child.answer(request)))
"""
    )
    with pytest.raises(ResultUnusable, match="absurd"):
        await patient(command=child(script)).probe(tmp_path / "a.mp4")


async def test_a_file_that_takes_more_processor_time_than_any_video_is_absurd(tmp_path: Path) -> None:
    script = CONFINED.format(seconds=0.25, file_bytes=0) + "while True: pass"
    with pytest.raises(ResultUnusable, match="absurd"):
        await patient(command=child(script)).probe(tmp_path / "a.mp4")


def test_a_child_writes_no_more_than_a_file_that_fits(tmp_path: Path) -> None:
    script = f"""
from pathlib import Path
from bot.service.media import child
from tests.service.media.test_media import clip
source = clip(Path({str(tmp_path)!r}) / "a.mp4", seconds=10, size=(320, 240))
child.confine(seconds=30, file_bytes=20_000)
target = str(source.with_name("b.mp4"))
request = {{"do": "pack", "source": str(source), "target": target, "limit": 10**8, "comment": ""}}
print(child.answer(request))
"""
    done = subprocess.run(child(script), check=True, capture_output=True, text=True)  # noqa: S603 - our own Python
    assert done.stdout.strip() == str({"unusable": "absurd"})
    assert (tmp_path / "b.mp4").stat().st_size <= 20_000


async def test_only_so_many_children_run_at_once(tmp_path: Path) -> None:
    media = patient(command=child(WRITE_PID.format(str(tmp_path)) + HANG), parallel=2)
    calls = [asyncio.create_task(media.probe(tmp_path / "a.mp4")) for _ in range(4)]
    first = await children(tmp_path, count=2)
    for pid in first:
        os.kill(pid, signal.SIGSEGV)
    both = await children(tmp_path, count=4)
    assert not any(alive(pid) for pid in first)
    for pid in set(both) - set(first):
        os.kill(pid, signal.SIGSEGV)
    ends = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(end) for end in ends] == [ResultUnusable] * 4


def test_the_child_ends_when_its_parent_is_gone() -> None:
    script = """
import sys, threading, time
from bot.service.media.child import end_with_parent
threading.Thread(target=end_with_parent, args=(sys.stdin.buffer,), daemon=True).start()
time.sleep(600)
"""
    with subprocess.Popen(child(script), stdin=subprocess.PIPE) as process:  # noqa: S603 - our own Python
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(timeout=600) == 1


def test_importing_media_does_not_import_libav() -> None:
    script = "import sys, bot.service.media.service, bot.service.media.child; sys.exit('av' in sys.modules)"
    assert subprocess.run(child(script), check=False).returncode == 0  # noqa: S603 - our own Python


def test_a_picture_keeps_its_size_while_the_bits_carry_it() -> None:
    ample = plan(MediaInfo(**INFO), limit=10_000_000)
    assert (ample.width, ample.height) == (1920, 1080)
    scarce = plan(MediaInfo(**INFO), limit=2_500_000)
    assert (scarce.width, scarce.height) == (1280, 720)
    upright = plan(MediaInfo(**INFO | {"width": 1080, "height": 1920}), limit=1_000_000)
    assert (upright.width, upright.height) == (480, 854)


def test_a_silent_video_spends_nothing_on_sound() -> None:
    assert plan(MediaInfo(**INFO | {"audio_codec": None}), limit=5_000_000).audio_bps == 0


@settings(deadline=None)
@given(
    width=st.integers(2, 8192), height=st.integers(2, 8192), seconds=st.floats(0.05, 600), fps=st.floats(1, 120),
    limit=st.integers(1, 100_000_000), audio=st.sampled_from(["aac", None]),
)  # fmt: skip
def test_a_plan_never_spends_more_than_the_limit(
    *, width: int, height: int, seconds: float, fps: float, limit: int, audio: str | None
) -> None:
    sides = {"width": width, "height": height, "seconds": seconds, "fps": fps, "audio_codec": audio}
    try:
        made = plan(MediaInfo(**INFO | sides), limit=limit)
    except ResultTooLarge:
        return
    assert (made.video_bps + made.audio_bps) * seconds / 8 <= limit
    assert made.width % 2 == made.height % 2 == 0
    assert made.width <= width
    assert made.height <= height
    short = min(made.width, made.height)
    assert short <= 720 or short >= min(width - 1, height - 1, 2160)
    assert short <= 2160
    assert made.video_bps > 0


def test_a_try_that_comes_out_too_large_is_followed_by_one_lower() -> None:
    tried: list[float] = []

    def attempt(factor: float) -> int:
        tried.append(factor)
        return int(1200 * factor)

    at_most_twice(attempt, limit=1000)
    assert tried == [1.0, pytest.approx(0.75)]


def test_two_tries_too_large_cannot_fit() -> None:
    with pytest.raises(ResultTooLarge, match="cannot_fit"):
        at_most_twice(lambda factor: 2000 + int(factor), limit=1000)
