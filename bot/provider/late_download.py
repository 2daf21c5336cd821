"""Downloads finished videos with a `Downloader` that the first of them opens: httpx is slow to import."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from bot.errors import ResultUnavailable
from bot.provider.closeable import Closeable

if TYPE_CHECKING:
    from bot.provider.download import Downloader


class LateDownloader(Closeable):
    """Fetches results; use it as an async context manager. See `Downloader`."""

    def __init__(self, *, trusted_hosts: frozenset[tuple[str, int]] = frozenset()) -> None:
        self._trusted, self._opening = trusted_hosts, asyncio.Lock()
        self._downloader: Downloader | None = None

    async def close(self) -> None:
        """Close every connection."""
        if self._downloader is not None:
            await self._downloader.close()

    async def download(self, url: str, path: Path, *, cap: int) -> int:
        """Write the file at `url` to `path`, whole or not at all, and return its size. See `Downloader.download`."""
        async with self._opening:
            if self._downloader is None:
                try:
                    self._downloader = await asyncio.to_thread(_open, self._trusted)
                except OSError as exc:  # the certificates cannot be read
                    raise ResultUnavailable("unreachable") from exc
        return await self._downloader.download(url, path, cap=cap)


def _open(trusted_hosts: frozenset[tuple[str, int]]) -> "Downloader":
    from bot.provider.download import Downloader  # noqa: PLC0415 - httpx is slow to import

    return Downloader(trusted_hosts=trusted_hosts)
