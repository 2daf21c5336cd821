"""What wakes the loops that look for work: made before everything else, so that nothing has to be made late."""

import asyncio
from collections.abc import Callable
from typing import Self

from bot.service.signals import Signals, Topic
from bot.values import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Waking:
    """The events that the loops of this process wait for, and what sets them, here and in other processes."""

    worker: asyncio.Event
    outbox: asyncio.Event
    scheduler: asyncio.Event
    wake_worker: Callable[[], None]
    wake_outbox: Callable[[], None]
    wake_posters: Callable[[], None]  # the outbox and the scheduler
    wake_all: Callable[[], None]

    @classmethod
    def by(cls, signals: Signals) -> Self:
        """Make the events, set by signals from now on."""
        worker, outbox, scheduler = asyncio.Event(), asyncio.Event(), asyncio.Event()
        signals.on(Topic.JOBS, lambda _: worker.set())
        signals.on(Topic.OUTBOX, lambda _: outbox.set())
        signals.on(Topic.TASKS, lambda _: scheduler.set())
        return cls(
            worker=worker,
            outbox=outbox,
            scheduler=scheduler,
            wake_worker=signals.sender(Topic.JOBS),
            wake_outbox=signals.sender(Topic.OUTBOX),
            wake_posters=signals.sender(Topic.OUTBOX, Topic.TASKS),
            wake_all=signals.sender(Topic.JOBS, Topic.OUTBOX, Topic.TASKS),
        )
