"""The worker's loop at work, and waiting for what it writes down."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from bot.service.jobs.worker import Worker
from tests.service.services import Services


@asynccontextmanager
async def at_work(services: Services) -> AsyncIterator[Worker]:
    """A worker's loop for as long as the context lasts; it has to end by itself."""
    worker = services.restart().worker
    running = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        worker.stop()
        async with asyncio.timeout(60):
            await running


async def eventually(condition: Callable[[], Awaitable[bool]]) -> None:
    """Give the others their turns until the database says so."""
    async with asyncio.timeout(60):
        while not await condition():  # noqa: ASYNC110 (nothing sets an event when a row changes)
            await asyncio.sleep(0.002)
