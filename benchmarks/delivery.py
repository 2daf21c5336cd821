"""Memory while a 60 MB video is fetched, examined and posted, in the real bot."""

import asyncio
import tempfile
from contextlib import AsyncExitStack
from fractions import Fraction
from pathlib import Path
from typing import Final

import aiohttp
import av

from benchmarks._figures import Figure, Measured
from benchmarks._processes import People, bot_settings, forget_peak, memory, process, sandbox

MEGABYTE: Final = 2**20
SIZE: Final = 60 * MEGABYTE
SECONDS: Final = 3
FPS: Final = 12
_GROWTH: Final = Figure(
    name=f"memory that a video of {SIZE // MEGABYTE} MB takes at the most", unit="MB", floor="a small video", at_most=8
)
FIGURES: Final = (_GROWTH,)


def measure() -> list[Measured]:
    """The highest memory during the delivery of a small and of a large video, over what it was before."""
    return asyncio.run(_measure())


async def _measure() -> list[Measured]:
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
        bot = await stack.enter_async_context(process("-m", "bot", "run", env=settings))
        await people.until_connected()
        small = [await _growth(people, bot.pid, posted) for posted in (1, 2, 3)][-1]
        _video(video, size=SIZE)
        large = await _growth(people, bot.pid, 4)
    return [_GROWTH.found(large / MEGABYTE, floor=f"{small / MEGABYTE:.1f} MB")]


async def _growth(people: People, pid: int, posted: int) -> int:
    """How far above the present the memory rises until the `posted`-th video is in the channel."""
    await asyncio.sleep(1)
    forget_peak(pid)
    before = memory(pid, "VmRSS")
    await people.types("video create", prompt="a fox", duration=SECONDS)
    while True:
        messages = await people.get("messages?channel=general")
        if sum(any(f["filename"].endswith(".mp4") for f in each["attachments"]) for each in messages) >= posted:
            return memory(pid, "VmHWM") - before
        await asyncio.sleep(0.1)


def _video(path: Path, *, size: int) -> None:
    """A playable video; up to `size` bytes are made up with an empty `free` box at its end."""
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = 320, 320, "yuv420p"
        for number in range(SECONDS * FPS):
            frame = av.VideoFrame.from_bytes(bytes((number * 5, 80, 120, 255)) * 320 * 320, 320, 320, "rgba")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    missing = size - path.stat().st_size
    if missing > 0:
        with path.open("ab") as file:
            file.write(missing.to_bytes(4, "big") + b"free")
            file.truncate(size)
