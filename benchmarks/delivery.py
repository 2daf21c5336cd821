"""Memory while a 60 MB video is fetched, examined and posted, in the real bot.

What counts is the highest memory until the video is in the channel, over what it was before. A second bot, which also
reads each file whole and forgets it at once, shows that the measurement would see that.
"""

import asyncio
import contextlib
import tempfile
from contextlib import AsyncExitStack
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import aiohttp
import av

from benchmarks._figures import Figure, Measured
from benchmarks._processes import People, bot_settings, children, forget_peak, memory, process, sandbox

MEGABYTE: Final = 2**20
SIZE: Final = 60 * MEGABYTE
SECONDS: Final = 3
FPS: Final = 12
_MOST: Final = f"memory that a video of {SIZE // MEGABYTE} MB takes at the most"
_GROWTH: Final = Figure(name=_MOST, unit="MB", floor="a small video", at_most=8)
_WHOLE: Final = Figure(
    name=f"{_MOST}, where its file is read whole", unit="MB", floor="a small video", at_least=SIZE / MEGABYTE
)
_EXAMINER: Final = Figure(
    name="memory of the process that examines it, at its highest", unit="MB", floor="a small video"
)
FIGURES: Final = (_GROWTH, _WHOLE, _EXAMINER)


def measure() -> list[Measured]:
    """The highest memory during the delivery of a small and of a large video, over what it was before."""
    (small, few), (large, many) = asyncio.run(_measure("-m", "bot", "run"))
    (whole_small, _), (whole, _) = asyncio.run(_measure("-m", "benchmarks._whole_files_bot"))
    return [
        _GROWTH.found(large / MEGABYTE, floor=f"{small / MEGABYTE:.1f} MB"),
        _WHOLE.found(whole / MEGABYTE, floor=f"{whole_small / MEGABYTE:.1f} MB"),
        _EXAMINER.found(many / MEGABYTE, floor=f"{few / MEGABYTE:.1f} MB"),
    ]


async def _measure(*bot_program: str) -> list[tuple[int, int]]:
    """What a small and a large video take in a bot, and in the process that examines them."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        described = await stack.enter_async_context(sandbox())
        people = People(session, described)
        await people.post("settings", {"premium_tier": 3})
        video = folder / "file.mp4"
        _video(video, size=0)
        provider = await stack.enter_async_context(process("-m", "benchmarks._provider", str(video)))
        if provider.stdout is None:
            raise RuntimeError("no output")
        base = f"http://127.0.0.1:{int(await provider.stdout.readline())}"
        settings = {**bot_settings(described, str(folder)), "KIRIN_BASE_URL": base}
        bot = await stack.enter_async_context(process(*bot_program, env=settings))
        await people.until_connected()
        small = [await _taken(people, bot.pid, posted) for posted in (1, 2, 3)][-1]  # the first loads what it needs
        _video(video, size=SIZE)
        large = await _taken(people, bot.pid, 4)
        sizes = [size for each in await people.get("messages?channel=general") for size in _sizes(each)]
        if len([size for size in sizes if size >= SIZE]) != 1:
            raise RuntimeError(f"posted were videos of {sizes} bytes")
    return [small, large]


async def _taken(people: People, pid: int, posted: int) -> tuple[int, int]:
    """How far above the present the memory rises until the `posted`-th video is there, and how far its examiner's."""
    await asyncio.sleep(1)
    forget_peak(pid)
    before, examiner = memory(pid, "VmRSS"), 0
    await people.types("video create", prompt="a fox", duration=SECONDS)
    while True:
        for _ in range(10):
            for child in children(pid):
                with contextlib.suppress(OSError, RuntimeError):  # it has just ended
                    examiner = max(examiner, memory(child, "VmHWM"))
            await asyncio.sleep(0.01)
        messages = await people.get("messages?channel=general")
        if sum(bool(_sizes(each)) for each in messages) >= posted:
            return memory(pid, "VmHWM") - before, examiner


def _sizes(message: Any) -> list[int]:
    return [each["size"] for each in message["attachments"] if each["filename"].endswith(".mp4")]


def _video(path: Path, *, size: int) -> None:
    """A playable video of at least `size` bytes; what the picture does not need the encoder fills up."""
    rate = size * 8 // SECONDS // 1000 * 11 // 10  # kbit a second
    filled = f"nal-hrd=cbr:filler=1:bitrate={rate}:vbv-maxrate={rate}:vbv-bufsize={rate}"
    options = {"x264-params": filled} if size else {}
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=FPS, options=options)
        stream.width, stream.height, stream.pix_fmt = 320, 320, "yuv420p"
        for number in range(SECONDS * FPS):
            frame = av.VideoFrame.from_bytes(bytes((number * 5, 80, 120, 255)) * 320 * 320, 320, 320, "rgba")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
