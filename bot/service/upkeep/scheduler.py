"""Runs what has to be done from time to time, whoever asks for nothing: one loop for all of it."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from bot.domain import backoff
from bot.errors import StoreError
from bot.store.periodic_tasks import PeriodicTaskStore
from bot.values import dataclass

log = logging.getLogger(__name__)

LOOK: Final = timedelta(seconds=30)  # the longest sleep
RETRY: Final = timedelta(minutes=5)  # before a task that failed is tried again, unless it comes round sooner


@dataclass(frozen=True, kw_only=True, slots=True)
class PeriodicTask:
    """Something to do every so often, with `prompt` also whenever the scheduler is woken; twice must be harmless.

    One of all the processes does it, unless it is about what `each` of them has for itself.
    """

    name: str
    every: timedelta
    work: Callable[[], Awaitable[object]]
    prompt: bool = False
    each: bool = False


class Scheduler:
    """Does the periodic tasks. `wake` may be called from anywhere in the event loop."""

    def __init__(
        self,
        *,
        periodic_tasks: Sequence[PeriodicTask],
        store: PeriodicTaskStore,
        clock: Callable[[], datetime],
        rand: Callable[[], float],
        woken: asyncio.Event,
    ) -> None:
        self._tasks, self._store, self._clock, self._rand = tuple(periodic_tasks), store, clock, rand
        self._woken = woken
        self._due: dict[str, datetime] = {}  # of the tasks that each process does
        self._cut_short: set[str] = set()  # the tasks that a database which refused has cut short

    def wake(self) -> None:
        """Something has come up: do the prompt tasks now."""
        self._woken.set()

    async def run(self) -> None:
        """Do what is due until cancelled. What is cut short is done again."""
        outage = backoff.Outage(rand=self._rand)
        while True:
            woken = self._woken.is_set()
            self._woken.clear()
            refused = False
            for task in self._tasks:
                at_once = (woken and task.prompt) or task.name in self._cut_short
                refused |= not await self._run_if_due(task, at_once=at_once)
            pause = outage.note_refusal() if refused else LOOK
            if not refused:
                outage.end()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause.total_seconds()):
                    await self._woken.wait()

    async def _run_if_due(self, task: PeriodicTask, *, at_once: bool) -> bool:
        """Do a task, where it is due or wanted at once; False where the database refuses."""
        refused = False
        try:
            if not (await self._take(task) or at_once):
                return True
            self._cut_short.add(task.name)
            await task.work()
        except StoreError as exc:
            refused = True
            log.warning("the database refuses", extra={"task": task.name, "detail": str(exc)})
        except Exception:
            log.exception("a periodic task failed", extra={"task": task.name})
            self._cut_short.discard(task.name)
        else:
            self._cut_short.discard(task.name)
            return True
        with contextlib.suppress(StoreError):
            await self._put_off(task)
        return not refused

    async def _take(self, task: PeriodicTask) -> bool:
        """Say whether a task is due and this process's to do."""
        now = self._clock()
        if not task.each:
            return await self._store.take(task.name, now=now, every=task.every)
        if (due := self._due.get(task.name)) is not None and now < due <= now + task.every:
            return False
        self._due[task.name] = now + task.every
        return True

    async def _put_off(self, task: PeriodicTask) -> None:
        """Have a task that went wrong tried again."""
        at = self._clock() + min(RETRY, task.every)
        if task.each:
            self._due[task.name] = at
        else:
            await self._store.again(task.name, at=at)
