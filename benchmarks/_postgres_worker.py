"""A whole worker of several on one PostgreSQL, for programs that are such a worker and tell what they see."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from bot.clock import SteadyClock, utc_now
from bot.service.jobs.offered_models import OfferedModels
from bot.service.media.service import Media
from bot.service.processes import Processes
from bot.service.signals import SharedSignals
from bot.settings import Settings
from bot.store.postgres import PostgresDatabase
from bot.store.postgres_session import PostgresSession
from bot.wiring.build import Bot, build
from bot.wiring.world import Sizes, World


@asynccontextmanager
async def postgres_worker(
    url: str,
    settings: Settings,
    *,
    processes: Processes,
    provider: Any,
    discord: Any,
    fetcher: Any,
    media: Media | None = None,
    sizes: Sizes | None = None,
) -> AsyncIterator[tuple[Bot, SharedSignals]]:
    """Build a worker and its signals, neither of which runs yet, and say that it is ready."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(PostgresDatabase(url, process_id=processes.me))
        signals = SharedSignals(await stack.enter_async_context(PostgresSession(url)), me=processes.me)
        world = World(
            database=database,
            purge=database.purge,
            providers={provider.id: provider},
            fetcher=fetcher,
            notifier=discord,
            result_poster=discord,
            staff=discord,
            clock=SteadyClock(),
            models=OfferedModels([], clock=utc_now),
            moment=utc_now,
            media=media or Media(),
            signals=signals,
            processes=processes,
        )
        bot = build(settings, world, sizes=sizes)
        print("ready", flush=True)
        yield bot, signals
