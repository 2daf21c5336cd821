"""Brings tasks from accepted to done over time, renders their videos, and calls clients back."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager

from sandbox.providers.tasks import Failure, State, Task
from sandbox.rendering.video_cache import VideoCache

log = logging.getLogger(__name__)

QUEUE_SHARE = 0.2  # of the generation's time, spent waiting in the queue


class Generation:
    """Owns one background task for each task under way.

    Args:
        video_cache: where videos are rendered.
        seconds: from accepted to done; rendering may make it longer.
        clock: unix seconds.
        published: called when a task is done, to give its videos addresses.
        changed: called after every change of a task's state.
    """

    def __init__(
        self,
        *,
        video_cache: VideoCache,
        seconds: float,
        clock: Callable[[], float],
        published: Callable[[Task], None],
        changed: Callable[[Task], Awaitable[None]],
    ) -> None:
        self._video_cache = video_cache
        self._seconds = seconds
        self._clock = clock
        self._published = published
        self._changed = changed
        self._background: set[asyncio.Task[None]] = set()
        self._let_go = asyncio.Event()
        self._let_go.set()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let no task end meanwhile, however long its end is due."""
        self._let_go.clear()
        try:
            yield
        finally:
            self._let_go.set()

    def start(self, task: Task) -> None:
        """Begin to generate an accepted task."""
        self._spawn(self._run(task), name=f"generate {task.id}")

    def progress(self, task: Task) -> float:
        """Tell the share of a task that is done, 0 to 1."""
        if task.state is State.DONE:
            return 1.0
        if task.working_at is None:
            return 0.0
        worked = (task.finished_at or self._clock()) - task.working_at
        return round(min(0.99, worked / max(self._seconds * (1 - QUEUE_SHARE), 0.001)), 2)

    async def close(self) -> None:
        """Abandon everything under way."""
        for background in self._background:
            background.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)

    def _spawn(self, work: Coroutine[None, None, None], *, name: str) -> None:
        background = asyncio.create_task(work, name=name)
        self._background.add(background)
        background.add_done_callback(self._background.discard)

    async def _run(self, task: Task) -> None:
        dark = task.failure_to_come is not None or task.stuck
        rendering = None if dark else asyncio.ensure_future(self._video_cache.file_of(task.parameters.video))
        try:
            await asyncio.sleep(self._seconds * QUEUE_SHARE)
            self._move(task, State.WORKING)
            if task.stuck:
                return
            await asyncio.sleep(self._seconds * (1 - QUEUE_SHARE))
            if rendering is not None:
                await rendering
            await self._let_go.wait()
        except Exception:
            log.exception("a video could not be rendered")
            task.failure_to_come = Failure("render", "the sandbox could not render the video")
        finally:
            if rendering is not None:
                rendering.cancel()
        task.failure = task.failure_to_come
        if task.failure is None:
            self._published(task)
        self._move(task, State.FAILED if task.failure else State.DONE)

    def _move(self, task: Task, state: State) -> None:
        task.move(state, now=self._clock())
        self._spawn(self._tell(task), name=f"call back for {task.id}")

    async def _tell(self, task: Task) -> None:
        await self._changed(task)
