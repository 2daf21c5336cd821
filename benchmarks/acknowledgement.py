"""From an interaction's arrival to its acknowledgement, against a bare discord.py handler that only defers."""

import asyncio
import tempfile
from contextlib import AsyncExitStack
from statistics import median
from typing import Final

import aiohttp

from benchmarks._processes import People, bot_settings, process, sandbox

ROUNDS: Final = 60
WARM_UP: Final = 10


def measure() -> list[str]:
    """The medians of interleaved rounds; the bound is 1.5 times the bare handler."""
    return asyncio.run(_measure())


async def _measure() -> list[str]:
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        session = await stack.enter_async_context(aiohttp.ClientSession())
        people: dict[str, People] = {}
        for name, module in (("ours", ("bot", "run")), ("bare", ("benchmarks._bare_bot",))):
            described = await stack.enter_async_context(sandbox())
            await stack.enter_async_context(process("-m", *module, env=bot_settings(described, folder)))
            people[name] = People(session, described)
            await people[name].until_connected()
        times: dict[str, list[float]] = {"ours: /quota": [], "ours: /video create": [], "bare: defer only": []}
        for turn in range(WARM_UP + ROUNDS):
            took = {
                "ours: /quota": await _acknowledged(people["ours"], "quota"),
                # Refused after the acknowledgement, so that rounds are alike.
                "ours: /video create": await _acknowledged(people["ours"], "video create", prompt="a fox", duration=99),
                "bare: defer only": await _acknowledged(people["bare"], "quota"),
            }
            if turn >= WARM_UP:
                for name, seconds in took.items():
                    times[name].append(seconds)
    floor = median(times["bare: defer only"])
    return [
        f"{name:<20} median {median(each) * 1000:5.2f} ms, ratio {median(each) / floor:.2f}"
        for name, each in times.items()
    ]


async def _acknowledged(people: People, name: str, **options: object) -> float:
    interaction = await people.types(name, **options)
    while True:
        seen = await people.get(f"interactions/{interaction}")
        if seen["acknowledged"] is not None:
            await asyncio.sleep(0.02)  # let what follows the acknowledgement end, so that rounds do not overlap
            return float(seen["acknowledged"])
        await asyncio.sleep(0.005)
