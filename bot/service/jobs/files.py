"""A finished video on disk: fetched where it is missing, made to fit, looked at."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Protocol

from bot.domain import Job
from bot.errors import ResultUnavailable
from bot.service.jobs.ai_mark import AiMark
from bot.service.media.service import Media
from bot.service.ports import Result


class Fetcher(Protocol):
    """Brings a file from an untrusted URL to disk, whole or not at all."""

    async def download(self, url: str, path: Path, *, cap: int) -> int:
        """Stream at most `cap` bytes to `path`; how many there were."""
        ...


async def prepare(
    job: Job,
    *,
    whole: Path,
    fitted: Path,
    limit: int,
    media: Media,
    ai_mark: AiMark,
    bring: Callable[[Path], Awaitable[object]],
) -> Result:
    """The job's checked and marked file of at most `limit` bytes; what is on disk is used, and `bring` gets the rest.

    Raises:
        ResultUnusable: it is no playable video.
        ResultTooLarge: it cannot be made to fit.
        ResultUnavailable: it cannot be had, or not be looked at here.
    """
    if 0 < await asyncio.to_thread(size, fitted) <= limit:
        file, info = fitted, await media.probe(fitted)
    else:
        if not await asyncio.to_thread(size, whole):
            await asyncio.to_thread(_make_folder, whole.parent)  # somebody may have tidied up
            await bring(whole)
        file, info = await media.fit(whole, limit=limit, into=fitted, comment=ai_mark.comment(job))
    return Result(job=job, file=file, media=info, label=ai_mark.label)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise ResultUnavailable("disk") from exc


def size(file: Path) -> int:
    """The bytes of a file; 0 where there is none."""
    return file.stat().st_size if file.exists() else 0


def remove(files: Iterable[Path]) -> bool:
    """Remove files, where they are; whether that could be done."""
    try:
        for file in files:
            file.unlink(missing_ok=True)
    except OSError:
        return False
    return True
