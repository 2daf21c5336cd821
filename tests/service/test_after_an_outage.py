"""After an outage of the database everybody is back within five seconds, however long it was: in simulated time."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bot.domain import backoff
from bot.errors import StoreUnavailable
from bot.provider.base import Asked, Task
from bot.service.signals import SharedSignals, Topic
from bot.store.database import Transaction
from bot.store.postgres_session import PostgresSession
from tests.service.party import Party
from tests.service.scripted import Provider
from tests.service.services import Services
from tests.simulation.loop import SimulatedLoop

OUTAGE = 3600.0  # seconds
BACK = 5.0  # seconds after it
AT_START = 60.0  # seconds from which on nobody's waits grow any more


@dataclass
class Gone:
    """A database that refuses, and notes when it is asked."""

    skip_locked: str = ""
    asked_at: list[float] = field(default_factory=list)

    def refuse(self) -> StoreUnavailable:
        self.asked_at.append(asyncio.get_running_loop().time())
        return StoreUnavailable("gone")

    async def transact(self, work: Callable[[Transaction], Awaitable[Any]], *, snapshot: bool = False) -> Any:
        _ = work, snapshot
        raise self.refuse()


class Cut(Party):
    """A wire that carries nothing."""

    def __init__(self, gone: Gone) -> None:
        super().__init__()
        self.gone = gone

    async def notify(self, payload: str) -> None:
        _ = payload
        raise self.gone.refuse()


class Lost(PostgresSession):
    """A session whose connection has broken, and whose server takes no other."""

    def __init__(self, gone: Gone) -> None:
        super().__init__("postgresql://nowhere", rand=longest)
        self.gone = gone
        self._broken.set()

    async def _connect(self) -> Any:
        raise self.gone.refuse()


def longest() -> float:
    return 1.0


class Listing(Provider):
    """A video service that answers about many at once."""

    async def fetch_many(self, wanted: Sequence[Asked]) -> Mapping[str, Task | None]:
        return {each.task_id: None for each in wanted}


def services(gone: Gone, folder: Path) -> Any:
    database: Any = gone
    parts = {"rand": longest, "providers": {"kling": Listing("kling")}}
    return Services(database=database, folder=folder / "results").build(parts=parts)


async def sent(gone: Gone) -> None:
    signals = SharedSignals(Cut(gone), me="one", rand=longest)
    signals.send(Topic.JOBS)
    await signals.run()


async def called_back(gone: Gone, folder: Path) -> None:
    callbacks = services(gone, folder).callbacks
    callbacks.receive("kling", "0000000000000001", b"{}")
    await callbacks.run()


LOOPS: dict[str, Callable[[Gone, Path], Coroutine[Any, Any, None]]] = {
    "worker": lambda gone, folder: services(gone, folder).worker.run(),
    "outbox": lambda gone, folder: services(gone, folder).outbox.run(),
    "callbacks": called_back,
    "watcher": lambda gone, folder: services(gone, folder).watcher.run(),
    "scheduler": lambda gone, folder: services(gone, folder).scheduler.run(),
    "signals": lambda gone, _: sent(gone),
    "session": lambda gone, _: Lost(gone).run(),
}


@pytest.mark.parametrize("name", LOOPS)
def test_whoever_needs_the_database_asks_at_least_every_five_seconds(name: str, tmp_path: Path) -> None:
    gone = Gone()

    async def outage() -> None:
        task = asyncio.create_task(LOOPS[name](gone, tmp_path))
        await asyncio.sleep(OUTAGE)
        assert not task.done()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    with closing(SimulatedLoop(Random(1))) as loop:  # noqa: S311 (a world that is the same each time)
        loop.run_until_complete(outage())
    waits = [after - before for before, after in itertools.pairwise([*gone.asked_at, OUTAGE])]
    assert max(waits) <= BACK
    late = [after - before for before, after in itertools.pairwise(gone.asked_at) if before > AT_START]
    assert sum(late) / len(late) > BACK / 20  # nor is it asked all the time


def test_waits_grow_until_the_database_answers() -> None:
    outage = backoff.Outage(rand=longest)
    assert [outage.note_refusal().total_seconds() for _ in range(5)] == [1, 2, 4, 5, 5]
    outage.end()
    assert (outage.tries, outage.note_refusal().total_seconds()) == (0, 1)
