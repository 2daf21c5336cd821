"""Has the files of finished videos on disk: fetches, fits and marks them, and keeps them until nobody needs them."""

import asyncio
import logging
import math
import re
import time
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path
from secrets import token_hex
from typing import Any, Final, Protocol

from bot.domain import Job
from bot.errors import ProviderError, ResultUnavailable, ResultUnusable, SettingsInvalid
from bot.provider.base import VideoProvider
from bot.service.media.service import Media
from bot.service.ports import Result
from bot.service.processes import Processes
from bot.store.jobs.queries import JobQueryStore

log = logging.getLogger(__name__)

UNTOUCHED: Final = timedelta(days=1)  # before a file that no job needs counts as left behind
UNFINISHED: Final = timedelta(minutes=1)  # before one that a process was writing does, of which nobody knows any more

# A job's whole file, the one that fits, and what a process is still writing, or lends, behind its id.
_OWN_FILE: Final = re.compile(r"(?P<job>[0-9A-Za-z-]+)(?P<fitted>\.fit)?\.mp4(?P<private>\.(?P<process>[^.]*).*)?")


class Fetcher(Protocol):
    """Brings a file from an untrusted URL to disk, whole or not at all."""

    async def download(self, url: str, path: Path, *, cap: int) -> int:
        """Stream at most `cap` bytes to `path`; how many there were."""
        ...


class ResultFiles:
    """Keeps the files of finished videos in one folder. `label` is the operator's own way to say that AI made them.

    Other processes may share the folder, on this machine or another. A file is there whole or not at all: it is written
    under a name that is its process's own. Where they don't share it, what another has fetched is fetched again.
    """

    def __init__(
        self,
        *,
        lookup: JobQueryStore,
        processes: Processes,
        providers: Mapping[str, VideoProvider],
        fetcher: Fetcher,
        media: Media,
        folder: Path,
        cap: int,
        label: str = "",
    ) -> None:
        self._lookup, self._providers, self._fetcher, self._media = lookup, providers, fetcher, media
        self._processes, self._folder, self._cap, self._label = processes, folder, cap, label
        self._repeatable: set[asyncio.Task[Any]] = set()
        self._stopping = False

    def stop(self) -> None:
        """Cut short what the next process begins again at no loss: downloads and media work."""
        self._stopping = True
        for task in self._repeatable:
            task.cancel()

    async def prepare(self, job: Job, *, limit: int) -> Result:
        """Have a job's video on disk, in at most `limit` bytes; what an earlier try has left there is used again.

        Raises:
            ResultUnusable, ResultTooLarge, ResultUnavailable: see `fit` and `download`.
        """
        whole, fitted = self._paths(job)
        try:
            with self._until_stopped():
                if not 0 < await _size(fitted) <= limit and not await _size(whole):
                    await self.download(await self._url(job), whole)
                return await self.fit(job, whole, fitted, limit=limit)
        except ResultUnusable:
            await self.discard(job)
            raise

    async def download(self, url: str, whole: Path) -> None:
        """Fetch a file.

        Raises:
            ResultTooLarge, ResultUnavailable: it is larger than any video may be, or is not to be had.
        """
        await asyncio.to_thread(_make_folder, whole.parent)  # somebody may have tidied up
        async with self._whole_or_not(whole) as private:
            await self._fetcher.download(url, private, cap=self._cap)

    async def fit(self, job: Job, whole: Path, fitted: Path, *, limit: int) -> Result:
        """Check and mark a job's file, and where it has more than `limit` bytes, make it fit.

        Raises:
            ResultUnusable: it is no playable video.
            ResultTooLarge: it cannot be made to fit.
            ResultUnavailable: it cannot be looked at here.
        """
        if 0 < await _size(fitted) <= limit:
            file, info = fitted, await self._media.probe(fitted)
        else:
            # What the file says of itself, in its `comment` tag; never anything that a person typed.
            comment = f"AI-generated video. Model: {job.request.model}. Id: {job.id}."
            async with self._whole_or_not(fitted) as private:
                file, info = await self._media.fit(whole, limit=limit, into=private, comment=comment)
            file = fitted if file == private else file
        return Result(job=job, file=file, media=info, label=self._label)

    async def kept(self, job: Job) -> Path | None:
        """Find the whole file of a job, where it is on disk."""
        whole, _ = self._paths(job)
        return whole if await _size(whole) else None

    async def keep_whole(self, job: Job) -> None:
        """Keep only the whole file of a job, where it is there: whoever fetches it has a limit of their own."""
        if await self.kept(job):
            await asyncio.to_thread(_remove, self._paths(job)[1:])

    async def discard(self, job: Job) -> None:
        """Remove a job's files. What cannot be removed is tried again at the next start."""
        if not await asyncio.to_thread(_remove, self._paths(job)):
            log.warning("a file could not be removed", extra={"job": job.id})

    @asynccontextmanager
    async def scratch(self, job: Job) -> AsyncIterator[tuple[Path, Path]]:
        """Lend paths for a copy of a job's file, whole and fitted, which are gone when the block ends."""
        whole, fitted = map(self._private, self._paths(job))
        try:
            yield whole, fitted
        finally:
            await asyncio.shield(asyncio.to_thread(_remove, (whole, fitted)))

    async def tidy(self) -> None:
        """Remove what was left behind in the folder. Each process does so for the folder that it has."""
        try:
            await self.sweep(untouched=UNTOUCHED)
        except SettingsInvalid as exc:
            log.warning("the folder of results cannot be tidied", extra={"detail": str(exc)})

    async def remove_unfinished(self) -> None:
        """Remove what other processes were writing when they died.

        What has been written to just now may be of one that has begun just now.
        """
        living = {self._processes.me, *self._processes.living()}
        try:
            await asyncio.to_thread(_remove_unfinished, self._folder, living)
        except OSError as exc:
            log.warning("the folder of results cannot be tidied", extra={"detail": exc.strerror})

    async def fresh_url(self, job: Job) -> str | None:
        """Ask the provider for the result's address anew: signed ones run out; None where it doesn't say."""
        provider = self._providers.get(job.provider)
        if provider is None or job.task_id is None:
            return None
        try:
            task = await provider.fetch(job.task_id)
        except ProviderError as exc:
            log.info("no fresh URL", extra={"job": job.id, "code": exc.code})
            return None
        return task.result.url_for(watermark=job.request.watermark) if task.result is not None else None

    async def sweep(self, *, untouched: timedelta = timedelta(0)) -> None:
        """Make the folder, and remove the files of ours that nobody needs any more.

        While work is under way, only those that nobody has touched for some time. Nothing goes that a process which
        lives is writing.

        Raises:
            SettingsInvalid: the folder cannot be written.
            StoreUnavailable: the database refuses.
        """
        try:
            for file in await asyncio.to_thread(_files_in, self._folder, untouched):
                if not await self._is_needed(file.name):
                    await asyncio.to_thread(file.unlink, missing_ok=True)
        except OSError as exc:
            raise SettingsInvalid([("DATA_DIR", f"expected a folder that can be written ({exc.strerror})")]) from exc

    async def _url(self, job: Job) -> str:
        """The result's address, a fresh one when the first did not serve."""
        url = (await self.fresh_url(job) if job.tries else None) or job.result_url
        if url is None:
            raise ResultUnavailable("no_url")
        return url

    async def _is_needed(self, name: str) -> bool:
        """Whether a file in the folder is nobody's business, or still to be posted."""
        known = _OWN_FILE.fullmatch(name)
        if known is None:
            return True
        if known["private"] is not None:
            return known["process"] in {self._processes.me, *self._processes.living()}
        job = await self._lookup.job(known["job"])
        if job is None:
            return False
        return not job.finished or (job.dead_letter is not None and known["fitted"] is None)

    def _paths(self, job: Job) -> tuple[Path, Path]:
        """Where a job's whole file is, and the one that fits."""
        return self._folder / f"{job.id}.mp4", self._folder / f"{job.id}.fit.mp4"

    def _private(self, path: Path) -> Path:
        """Make up a name for a file that only this process uses, and that the others know to be its."""
        return path.with_name(f"{path.name}.{self._processes.me}.{token_hex(4)}")

    @asynccontextmanager
    async def _whole_or_not(self, path: Path) -> AsyncIterator[Path]:
        """Lend a private name to write a file under, which becomes `path` when the block ends well.

        Raises:
            ResultUnavailable: it cannot.
        """
        private = self._private(path)
        try:
            yield private
            await asyncio.to_thread(_rename, private, path)
        finally:
            await asyncio.shield(asyncio.to_thread(_remove, (private,)))

    @contextmanager
    def _until_stopped(self) -> Iterator[None]:
        """Work in the block that `stop` cuts short, or does not let begin."""
        task = asyncio.current_task()
        if task is None or self._stopping:
            raise asyncio.CancelledError
        self._repeatable.add(task)
        try:
            yield
        finally:
            self._repeatable.discard(task)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise ResultUnavailable("disk") from exc


def _rename(private: Path, path: Path) -> None:
    """Give a file its name, if it was made."""
    try:
        if private.exists():
            private.replace(path)
    except OSError as exc:
        raise ResultUnavailable("disk") from exc


async def _size(file: Path) -> int:
    """The bytes of a file; 0 where there is none."""
    return await asyncio.to_thread(lambda: file.stat().st_size if file.exists() else 0)


def _remove(files: Iterable[Path]) -> bool:
    """Remove files, where they are; whether that could be done."""
    try:
        for file in files:
            file.unlink(missing_ok=True)
    except OSError:
        return False
    return True


def _remove_unfinished(folder: Path, living: Collection[str]) -> None:
    for file in _files_in(folder, UNFINISHED):
        known = _OWN_FILE.fullmatch(file.name)
        if known is not None and known["private"] is not None and known["process"] not in living:
            file.unlink(missing_ok=True)


def _files_in(folder: Path, untouched: timedelta) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    latest = time.time() - untouched.total_seconds() if untouched else math.inf
    return [file for file in folder.iterdir() if file.is_file() and file.stat().st_mtime < latest]
