"""Puts what counts around the video services, the database and the event loop; they do what they did."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeVar

from bot.domain import Unit, VideoRequest
from bot.domain.pack import Pack
from bot.errors import ProviderError, StoreError
from bot.provider.base import AnswersMany, Asked, Task, TellsPacks, VideoProvider
from bot.provider.transport import CIRCUIT_OPEN
from bot.service.measures import Measures
from bot.store.database import Reading, Transaction
from bot.store.money.ledger import LedgerLine, written
from bot.wiring.database import OpenDatabase

T = TypeVar("T")

EVERY: Final = 0.5  # seconds between two looks at how late the event loop is

Seconds = Callable[[], float]


class MeasuredProvider:
    """A video service of whose calls the measures hear."""

    def __init__(self, provider: VideoProvider, *, measures: Measures, seconds: Seconds = time.monotonic) -> None:
        self._provider, self._measures, self._seconds = provider, measures, seconds
        self.id, self.find_is_authoritative = provider.id, provider.find_is_authoritative
        self.longest_create: timedelta = provider.longest_create

    async def submit(
        self, request: VideoRequest, *, external_id: str, may_send: Callable[[], bool] = lambda: True
    ) -> Task:
        """Ask for a video."""
        asked = self._provider.submit(request, external_id=external_id, may_send=may_send)
        return await self._measured("submit", asked)

    async def fetch(self, task_id: str) -> Task:
        """Ask how a task stands."""
        return await self._measured("fetch", self._provider.fetch(task_id))

    async def find(self, external_id: str) -> Task | None:
        """Find the task submitted with this external id."""
        return await self._measured("find", self._provider.find(external_id))

    async def check(self) -> None:
        """Ask something harmless."""
        await self._measured("check", self._provider.check())

    async def _measured(self, call: str, answer: Awaitable[T]) -> T:
        began, outcome = self._seconds(), "cancelled"
        try:
            result = await answer
            outcome = "ok"
        except ProviderError as exc:
            outcome = CIRCUIT_OPEN if exc.code == CIRCUIT_OPEN else type(exc).__name__
            raise
        except Exception:
            outcome = "unexpected"
            raise
        finally:
            self.find_is_authoritative = self._provider.find_is_authoritative  # an answer may have shown that it is not
            self._measures.provider_called(self.id, call, seconds=self._seconds() - began, outcome=outcome)
        return result


class MeasuredMany(MeasuredProvider):
    """The same of a video service that answers questions about many tasks."""

    def __init__(self, provider: VideoProvider, many: AnswersMany, *, measures: Measures) -> None:
        super().__init__(provider, measures=measures)
        self._many = many

    async def fetch_many(self, wanted: Sequence[Asked]) -> Mapping[str, Task | None]:
        """Ask once, about many tasks."""
        return await self._measured("fetch_many", self._many.fetch_many(wanted))


class MeasuredTelling(MeasuredMany):
    """The same of one whose account tells what is left, too."""

    def __init__(self, provider: VideoProvider, many: AnswersMany, telling: TellsPacks, *, measures: Measures) -> None:
        super().__init__(provider, many, measures=measures)
        self._telling = telling

    async def packs(self, now: datetime) -> Sequence[Pack]:
        """List the packs that are in use."""
        return await self._measured("packs", self._telling.packs(now))


def measured_provider(provider: VideoProvider, measures: Measures) -> VideoProvider:
    """Have the measures hear of a video service's calls."""
    if isinstance(provider, AnswersMany) and isinstance(provider, TellsPacks):
        return MeasuredTelling(provider, provider, provider, measures=measures)
    if isinstance(provider, AnswersMany):
        return MeasuredMany(provider, provider, measures=measures)
    return MeasuredProvider(provider, measures=measures)


class MeasuredDatabase:
    """A database of whose transactions the measures hear."""

    def __init__(self, database: OpenDatabase, *, measures: Measures, seconds: Seconds = time.monotonic) -> None:
        self._database, self._measures, self._seconds = database, measures, seconds
        self.skip_locked = database.skip_locked
        self.schema, self.purge = database.schema, database.purge

    async def transact(self, work: Callable[[Transaction], Awaitable[T]], *, snapshot: bool = False) -> T:
        """Run `work` as one transaction."""
        began, outcome, lines = self._seconds(), "cancelled", list[LedgerLine]()

        async def noting(tx: Transaction) -> T:
            lines.clear()  # of an earlier try
            return await work(_Noting(tx, lines))

        only_reads = snapshot or isinstance(work, Reading)
        try:
            result = await self._database.transact(work if only_reads else noting, snapshot=snapshot)
            outcome = "ok"
        except StoreError as exc:
            outcome = type(exc).__name__
            raise
        except Exception:  # of the work
            outcome = "rolled_back"
            raise
        finally:
            self._measures.transaction_ended(seconds=self._seconds() - began, outcome=outcome)
        _tell_of(lines, self._measures)
        return result


class _Noting:
    """A transaction that notes the lines which are written into the ledger."""

    def __init__(self, tx: Transaction, lines: list[LedgerLine]) -> None:
        self._tx, self._lines = tx, lines
        self.all, self.one, self.alone = tx.all, tx.one, tx.alone

    async def execute(self, sql: str, *values: object) -> int:
        changed = await self._tx.execute(sql, *values)
        if changed and (lines := written(sql, values)):
            self._lines += lines
        return changed


def _tell_of(lines: Sequence[LedgerLine], measures: Measures) -> None:
    """Tell what lines of the ledger come to: credits by who pays, and of each job what one of its budgets counts."""
    told: set[tuple[str | None, str]] = set()
    for line in lines:
        spent = {"hold": line.held, "settle": line.settled, "release": -line.held}.get(line.kind, line.granted)
        if line.unit is Unit.USD and (line.job_id, line.kind) not in told:
            told.add((line.job_id, line.kind))
            measures.booked(line.kind, micros=spent)
            if line.kind == "release":
                measures.booked("lost", micros=line.settled)
        elif line.unit is not Unit.USD and not line.owner.startswith("guild:"):  # which counts what others have paid
            amount = -line.held if line.kind == "settle" else spent
            measures.booked(line.kind, credits_=max(0, amount))


class LoopWatch:
    """Has the measures hear, twice a second, how late the event loop is, until its `with` ends."""

    def __init__(self, *, measures: Measures) -> None:
        self._measures, self._loop = measures, asyncio.get_running_loop()

    def __enter__(self) -> None:
        self._plan()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def _plan(self) -> None:
        due = self._loop.time() + EVERY
        self._timer = self._loop.call_at(due, self._look, due)

    def _look(self, due: float) -> None:
        self._measures.loop_was_late(seconds=max(0.0, self._loop.time() - due))
        self._plan()
