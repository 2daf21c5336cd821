"""The bot, but it also reads whole every file that it has fetched, as no bot should: a benchmark has to see it."""

import asyncio
from dataclasses import replace
from pathlib import Path

from bot import app
from bot.service.jobs.files import Fetcher
from bot.settings import Settings
from bot.wiring.world import World


class _WholeFiles:
    """Fetches as another fetcher does, and reads the file."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher

    async def download(self, url: str, path: Path, *, cap: int) -> int:
        """Write the file at `url` to `path`, and forget what is in it."""
        size = await self._fetcher.download(url, path, cap=cap)
        await asyncio.to_thread(path.read_bytes)
        return size


def _substitute(world: World) -> World:
    return replace(world, fetcher=_WholeFiles(world.fetcher))


if __name__ == "__main__":
    asyncio.run(app.run(Settings.load(), substitute=_substitute))
