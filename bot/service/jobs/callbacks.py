"""Wakes jobs whose providers call back, and says how seldom they have to be asked about meanwhile."""

import asyncio
import contextlib
import logging
from collections import Counter, OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from bot.domain import Job, Spread, backoff
from bot.domain.polling import net
from bot.errors import StoreError
from bot.provider.callback import may_be_an_end
from bot.service.signals import Signals, Topic
from bot.store.jobs.claims import ClaimStore, Woken
from bot.values import dataclass

log = logging.getLogger(__name__)

MOST: Final = 10_000  # submissions whose news wait, and as many that are remembered
AT_ONCE: Final = 100  # of them in one transaction
BUSY_BASE: Final = 0.2  # seconds before a job that somebody is moving is tried again; doubled each time
BUSY_TRIES: Final = 10  # of those: more than a submission takes
TRUST: Final = 6  # callbacks that earn a provider all the trust there is, and
MISSED: Final = 2  # how many of them an end takes away that nobody told of
IDLE: Final = 60.0  # seconds, the longest sleep


@dataclass(frozen=True, kw_only=True, slots=True)
class _News:
    """Something was said of a submission: its job is to be woken `at`, and has been tried so often."""

    at: datetime
    tries: int = 0


class Callbacks:
    """Takes the callbacks of providers. What they say is never believed: it only makes the job due, to be asked about.

    A job is woken at most once in `pause`, however often it is called for. Whichever process is called, all hear of it.
    """

    def __init__(
        self,
        *,
        claims: ClaimStore,
        pause: timedelta,
        clock: Callable[[], datetime],
        rand: Callable[[], float],
        signals: Signals,
    ) -> None:
        self._claims, self._pause, self._clock, self._rand, self._signals = claims, pause, clock, rand, signals
        self._news: dict[str, _News] = {}  # by external id
        self._woken_at: OrderedDict[str, datetime] = OrderedDict()  # by external id, the latest last
        self._trust: Counter[str] = Counter()  # by provider: what its callbacks have earned and not yet lost
        self._something = asyncio.Event()
        signals.on(Topic.CALLED, self._trust_more)

    def receive(self, provider: str, external_id: str, body: bytes) -> bool:
        """Take a callback that came to the address of a submission; False where too many wait to take one more.

        Takes no time: the database is asked later, by `run`.
        """
        if not may_be_an_end(body) or external_id in self._news:
            return True
        if len(self._news) >= MOST:
            return False
        now = self._clock()
        last = self._woken_at.get(external_id)
        self._news[external_id] = _News(at=now if last is None else max(now, last + self._pause))
        self._something.set()
        self._signals.send(Topic.CALLED, f"{provider} {external_id}")
        return True

    def _trust_more(self, subject: str) -> None:
        """Trust a provider's callbacks more since one has come, here or to another process."""
        provider, _, external_id = subject.partition(" ")
        if external_id:
            self._trust[provider] = min(TRUST, self._trust[provider] + 1)
            if external_id not in self._news:
                self._remember(external_id, self._clock())

    def note_end(self, job: Job) -> None:
        """Note that a query has found the end of a job's task: without a callback before it, they are trusted less.

        That there was one is also in the job's row, if the signal of it was lost.
        """
        heard = self._woken_at.pop(job.external_id, None) is not None or job.external_id in self._news
        if not heard and job.called_at is None:
            self._trust[job.provider] = max(0, self._trust[job.provider] - MISSED)

    def wait(self, job: Job, usual: timedelta, *, elapsed: timedelta, spread: Spread) -> timedelta:
        """Lengthen the usual wait before a job's next query to a net, where its provider's callbacks arrive.

        None is later than its deadline, which only a query ends it by.
        """
        if not self.trusted(job.provider):
            return usual
        return max(usual, min(net(elapsed=elapsed, spread=spread), job.deadline_at - self._clock()))

    def trusted(self, provider: str) -> bool:
        """Say whether a provider's callbacks arrive."""
        return self._trust[provider] > 0

    async def run(self) -> None:
        """Wake jobs until cancelled. What is forgotten when the process ends, the net finds."""
        outage = backoff.Outage(rand=self._rand)
        while True:
            self._something.clear()
            try:
                pause = await self.work()
                outage.end()
            except StoreError as exc:
                wait = outage.note_refusal()
                log.warning("the database refuses", extra={"detail": str(exc), "tries": outage.tries})
                await asyncio.sleep(wait.total_seconds())
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._something.wait()

    async def work(self) -> float:
        """Wake the jobs whose time has come; tell after how many seconds there is more to do.

        Raises:
            StoreUnavailable: the database refuses; nothing is forgotten.
        """
        now = self._clock()
        due = [name for name, news in self._news.items() if news.at <= now][:AT_ONCE]
        if due:
            await self._wake_jobs({name: self._news.pop(name) for name in due}, now=now)
        moments = [news.at for news in self._news.values()]
        return max(0.0, min([IDLE, *((at - self._clock()).total_seconds() for at in moments)]))

    async def _wake_jobs(self, taken: dict[str, _News], *, now: datetime) -> None:
        for external_id in taken:
            self._remember(external_id, now)  # before the database is asked: the task's end may be noted meanwhile
        try:
            outcomes = await self._claims.wake(list(taken), now=now)
        except StoreError:
            self._news = taken | self._news
            raise
        for external_id, outcome in outcomes.items():
            tries = taken[external_id].tries + 1
            if outcome is Woken.BUSY and tries < BUSY_TRIES:
                at = now + timedelta(seconds=BUSY_BASE * 2 ** (tries - 1))
                self._news.setdefault(external_id, _News(at=at, tries=tries))
        if Woken.YES in outcomes.values():
            self._signals.send(Topic.JOBS)

    def _remember(self, external_id: str, at: datetime) -> None:
        self._woken_at[external_id] = at
        self._woken_at.move_to_end(external_id)
        if len(self._woken_at) > MOST:
            self._woken_at.popitem(last=False)
