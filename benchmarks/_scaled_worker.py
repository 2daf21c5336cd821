"""A whole worker of several on one PostgreSQL, as a process of its own: its video service and Discord cost nothing.

It works from the first line that it reads to the second, and prints then what that took: the CPU, and each call to the
outside. Nothing waits for a slot to deliver in: how many there are at once is no question of what one costs.
"""

import asyncio
import json
import logging
import os
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr

from benchmarks._postgres_worker import postgres_worker
from bot.domain.sharing import Process, Role
from bot.service.processes import Processes
from bot.settings import Settings
from bot.wiring.world import Sizes
from tests.effortless import Discord, Files, Media, Service

POLLS: Final = 3  # of a job, the last of which finds it finished
MOST: Final = 100_000
DELIVERIES: Final = 64
AT_WORK: Final = 40  # videos at once, so that no more want to end together than there is room for


def _settings(folder: str) -> Settings:
    return Settings(
        discord_token=SecretStr("token"),
        kirin_api_key=SecretStr("key"),
        monthly_budget_usd=None,
        data_dir=Path(folder),
        poll_seconds_min=0.1,
        poll_seconds_max=1,
        submitting_per_provider=MOST,
        running_per_provider=MOST,
        running_per_user=MOST,
        running_per_guild=MOST,
        running_total=AT_WORK,
    )


async def _live(url: str, folder: str, number: int, processes: int) -> None:
    calls = Counter[str]()
    everybody = [Process(id=f"{each:016x}", role=Role.WORKER) for each in range(processes)]
    together = Processes(everybody[number], shared=True)
    together.note(everybody)
    costless: dict[str, Any] = {
        "provider": Service(calls, polls=POLLS),
        "discord": Discord(calls),
        "fetcher": Files(),
        "media": Media(),
    }
    async with postgres_worker(
        url, _settings(folder), processes=together, sizes=Sizes(deliveries=DELIVERIES), **costless
    ) as (bot, signals):
        lines = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(lines), os.fdopen(sys.stdin.fileno(), "rb")
        )
        await lines.readline()
        begin = time.process_time()
        running = [asyncio.create_task(bot.worker.run()), asyncio.create_task(signals.run())]
        await lines.readline()
        print(json.dumps({"cpu": time.process_time() - begin, "calls": calls}), flush=True)
        for each in running:
            each.cancel()
        await asyncio.gather(*running, return_exceptions=True)


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    asyncio.run(_live(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
