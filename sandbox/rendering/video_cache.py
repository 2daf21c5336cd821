"""Keeps rendered videos on disk, each rendered once, by worker threads, whoever asks for it."""

import asyncio
import functools
import secrets
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from sandbox.rendering.video import Video


class VideoCache:
    """Keeps a folder of rendered videos: hands out a video's file, and has it rendered where it is not there yet.

    Args:
        folder: where videos are kept by their digest, for the next start too; None is a temporary folder that
            goes with the cache.
        at_once: how many videos are rendered side by side.
        fps: frames a second that every video gets, where they are not to be looked at; None leaves it its own.
    """

    def __init__(self, *, folder: Path | None = None, at_once: int = 1, fps: int | None = None) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="videos-") if folder is None else None
        self._folder = Path(self._temporary.name) if self._temporary else Path(folder or "")
        self._workers = ThreadPoolExecutor(max_workers=at_once, thread_name_prefix="rendering")
        self._closing = threading.Event()
        self._fps = fps
        self._underway: dict[str, asyncio.Future[Path]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def file_of(self, video: Video) -> Path:
        """Hand out the file of a video, rendered first where need be; many may wait for the same video.

        Raises:
            RenderingStopped: the cache was closed meanwhile.
        """
        video = replace(video, fps=self._fps or video.fps)
        digest = video.digest()
        underway = self._underway.get(digest)
        if underway is None:
            loop = asyncio.get_running_loop()
            underway = loop.run_in_executor(self._workers, self._render_to, video, self._folder / f"{digest}.mp4")
            self._underway[digest] = underway
            underway.add_done_callback(functools.partial(self._done, digest))
        return await asyncio.shield(underway)

    async def close(self) -> None:
        """Stop what is being rendered and, when the folder is temporary, remove it."""
        self._closing.set()
        await asyncio.to_thread(self._workers.shutdown, wait=True)
        await asyncio.gather(*self._underway.values(), return_exceptions=True)
        if self._temporary is not None:
            await asyncio.to_thread(self._temporary.cleanup)

    def _done(self, digest: str, rendering: asyncio.Future[Path]) -> None:
        del self._underway[digest]
        if not rendering.cancelled():
            rendering.exception()  # whoever waits for the video hears of it; when nobody does, it is not news

    def _render_to(self, video: Video, path: Path) -> Path:
        """Render, in a worker, under a name of our own, then put the whole file in place at once."""
        from sandbox.rendering.render import render  # noqa: PLC0415 - PyAV and Pillow are heavy, and needed only here

        if path.is_file():
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.stem}-{secrets.token_hex(4)}.part")
        try:
            render(video, draft, wanted=lambda: not self._closing.is_set())
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
        return path
