"""Downloads finished videos with a `Downloader` that the first of them opens: httpx is slow to import."""

import asyncio
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from bot.errors import ResultUnavailable

if TYPE_CHECKING:
    from bot.provider.download import Downloader


class LateDownloader:
    """Fetches results; use it as an async context manager. See `Downloader`."""

    def __init__(self, *, trusted_hosts: frozenset[tuple[str, int]] = frozenset()) -> None:
        self._trusted, self._opening = trusted_hosts, asyncio.Lock()
        self._downloader: Downloader | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
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
