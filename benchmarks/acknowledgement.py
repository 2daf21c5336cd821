"""From an interaction's arrival to its acknowledgement, against a bare discord.py handler that only defers."""

import asyncio
import tempfile
from contextlib import AsyncExitStack
from statistics import median
from typing import Final

import aiohttp

from benchmarks._figures import Figure, Measured
from benchmarks._processes import People, bot_settings, process, sandbox

ROUNDS: Final = 60
WARM_UP: Final = 10
_FLOOR: Final = "a handler of discord.py alone that only defers"
FIGURES: Final = (
    Figure(name="`/quota` until acknowledged", floor=_FLOOR, at_most=1.5),
    Figure(name="`/video create` until acknowledged", floor=_FLOOR, at_most=1.5),
)


def measure() -> list[Measured]:
    """The medians of interleaved rounds."""
    return asyncio.run(_measure())


async def _measure() -> list[Measured]:
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        session = await stack.enter_async_context(aiohttp.ClientSession())
        people: dict[str, People] = {}
        for name, module in (("ours", ("bot", "run")), ("bare", ("benchmarks._bare_bot",))):
            described = await stack.enter_async_context(sandbox())
            await stack.enter_async_context(process("-m", *module, env=bot_settings(described, folder)))
            people[name] = People(session, described)
            await people[name].until_connected()
        times: tuple[list[float], ...] = ([], [], [])
        for turn in range(WARM_UP + ROUNDS):
            took = (
                await _acknowledged(people["ours"], "quota"),
                # Refused after the acknowledgement, so that rounds are alike.
                await _acknowledged(people["ours"], "video create", prompt="a fox", duration=99),
                await _acknowledged(people["bare"], "quota"),
            )
            if turn >= WARM_UP:
                for each, seconds in zip(times, took, strict=True):
                    each.append(seconds)
    *ours, floor = map(median, times)
    return [
        figure.found(seconds / floor, floor=f"{floor * 1000:.2f} ms, ours {seconds * 1000:.2f} ms")
        for figure, seconds in zip(FIGURES, ours, strict=True)
    ]


async def _acknowledged(people: People, name: str, **options: object) -> float:
    interaction = await people.types(name, **options)
    while True:
        seen = await people.get(f"interactions/{interaction}")
        if seen["acknowledged"] is not None:
            await asyncio.sleep(0.02)  # let what follows the acknowledgement end, so that rounds do not overlap
            return float(seen["acknowledged"])
        await asyncio.sleep(0.005)
