"""Opens what the processes of one bot have together: who of them lives, what they tell each other, and one clock."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from typing import Any, Final

from bot import __version__
from bot.clock import DatabaseClock, SteadyClock
from bot.domain.sharing import Process, Role, parse_shards
from bot.errors import StoreError
from bot.service.jobs.clock_watch import Clock
from bot.service.processes import Processes, ProcessWatch
from bot.service.signals import SharedSignals, Signals
from bot.settings import WITHOUT_GATEWAY, Settings
from bot.store.database import Database
from bot.store.processes import ProcessStore
from bot.values import dataclass

LEAST_SILENCE: Final = 3.0  # seconds that a busy process may say nothing, and is not taken for one that has stopped

log = logging.getLogger(__name__)


async def _stay() -> None:
    """Do nothing: who is alone claims nothing from others."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Together:
    """What the processes have together; `loops` see to it, and end only where the process has to.

    `leave` gives back what this process has claimed, once it claims nothing more.
    """

    processes: Processes
    signals: Signals
    clock: Clock
    loops: Sequence[asyncio.Task[Any]] = ()
    leave: Callable[[], Awaitable[None]] = _stay

    async def run(self) -> None:
        """See to it until cancelled.

        Raises:
            LockTaken, ShardsDiffer: another process does what this one does.
        """
        await asyncio.gather(*self.loops)


@asynccontextmanager
async def open_together(
    settings: Settings, database: Database, *, process_id: str, wall: Callable[[], datetime]
) -> AsyncIterator[Together]:
    """Show the others that this process lives; at the end give back what it has claimed.

    Raises:
        LockTaken, ShardsDiffer: another process does what this one does.
        StoreUnavailable: the database refuses.
    """
    if settings.database_path is not None:
        processes = Processes(_this_process(settings, process_id, now=wall()))
        yield Together(processes=processes, signals=Signals(), clock=SteadyClock(wall=wall))
        return
    from bot.store.postgres_session import SILENCE, PostgresSession  # noqa: PLC0415 - its driver is loaded where it is used

    silence = max(LEAST_SILENCE, min(SILENCE, settings.lease_seconds / 3))
    async with PostgresSession(settings.database_url, silence=silence) as session:
        clock = DatabaseClock(session.now, wall=wall)
        await clock.measure()
        processes = Processes(_this_process(settings, process_id, now=clock()), shared=True)
        signals = SharedSignals(session, me=processes.me)
        watch = ProcessWatch(processes, store=ProcessStore(database), session=session, clock=clock)
        loops = [asyncio.create_task(session.run(), name="session")]
        try:
            await watch.enter()
            rest = {"processes": watch.run(), "clock": clock.run(), "signals": signals.run()}
            loops += [asyncio.create_task(work, name=name) for name, work in rest.items()]
            leave = partial(_leave, watch)
            yield Together(processes=processes, signals=signals, clock=clock, loops=loops, leave=leave)
        finally:
            for each in loops:
                each.cancel()
            await asyncio.gather(*loops, return_exceptions=True)
            await _leave(watch)


def _this_process(settings: Settings, process_id: str, *, now: datetime) -> Process:
    """Make up the process that the settings describe."""
    if settings.shards is None:
        return Process(id=process_id, role=Role.WHOLE, version=__version__, started_at=now)
    if settings.shards == WITHOUT_GATEWAY:
        return Process(id=process_id, role=Role.WORKER, version=__version__, started_at=now)
    shards = parse_shards(settings.shards)
    return Process(
        id=process_id,
        role=Role.GATEWAY,
        shards=shards.numbers,
        shard_count=shards.count,
        version=__version__,
        started_at=now,
    )


async def _leave(watch: ProcessWatch) -> None:
    try:
        await watch.leave()
    except StoreError as exc:
        log.warning("the others will notice that this process has ended", extra={"detail": str(exc)})
