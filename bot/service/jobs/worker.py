"""Claims due jobs and carries out the next step of each: the database says what is due when."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Final, TypeVar

from bot.domain import Job, JobStatus, RunningLimits, backoff, from_millis
from bot.domain.next_step import Step, next_step
from bot.errors import StoreError, StoreLost, StoreUnavailable, TransitionLost
from bot.log import log_about
from bot.service.jobs.agenda import Agenda
from bot.service.jobs.cards import Cards
from bot.service.jobs.clock_watch import ClockWatch
from bot.service.jobs.delivery_slots import DeliverySlots
from bot.service.jobs.files import ResultFiles
from bot.service.jobs.steps import Steps
from bot.service.jobs.watcher import Watcher
from bot.service.processes import Processes
from bot.service.signals import Signals, Topic
from bot.store.jobs.claims import ClaimStore
from bot.values import dataclass

log = logging.getLogger(__name__)

T = TypeVar("T")

IDLE: Final = timedelta(seconds=15)  # the longest sleep; queue positions and deadlines are looked at this often
ENDINGS: Final = 16  # cards that are closed at once
SOON: Final = timedelta(seconds=1)  # before deadlines are looked at again where there were too many
# Its submission has come to nothing, or nobody knows.
_TURNED_AWAY: Final = frozenset({JobStatus.QUEUED, JobStatus.SUBMITTING})
ALIVE: Final = timedelta(minutes=2)  # without a look at the database for so long, the worker counts as dead


@dataclass(frozen=True, kw_only=True, slots=True)
class Capacity:
    """How much is under way at once: `steps` and `deliveries` in this process, and what providers work on.

    A delivery takes minutes and is no step: however many videos are ready, the other jobs go on. Neither is closing a
    card, which may wait for a channel that hangs.
    """

    steps: int
    running: RunningLimits
    lease: timedelta
    submission: timedelta  # the lease of a job that is being submitted
    deliveries: int = 8
    deliveries_each: int = 3  # to one channel


class Worker:
    """Moves every job, in one loop. `wake` may be called from anywhere in the event loop."""

    def __init__(
        self,
        *,
        claims: ClaimStore,
        steps: Steps,
        files: ResultFiles,
        cards: Cards,
        clock_watch: ClockWatch,
        processes: Processes,
        signals: Signals,
        watcher: Watcher,
        providers: Iterable[str],
        capacity: Capacity,
        clock: Callable[[], datetime],
        rand: Callable[[], float],
        woken: asyncio.Event,
    ) -> None:
        self._claims, self._steps = claims, steps
        self._files, self._cards = files, cards
        self._clock_watch, self._watcher, self._processes = clock_watch, watcher, processes
        self._providers, self._capacity, self._clock = tuple(providers), capacity, clock
        self._woken, self._agenda = woken, Agenda(woken=woken, clock=clock)
        self._tasks: asyncio.TaskGroup | None = None
        self._under_way: dict[asyncio.Task[Job | None], Job] = {}
        self._stepping: set[asyncio.Task[Job | None]] = set()  # of those, the ones that take up room
        self._deliveries = DeliverySlots(most=capacity.deliveries, each=capacity.deliveries_each)
        endings = min(capacity.steps, ENDINGS)
        self._endings = DeliverySlots(most=endings, each=max(1, endings // 2))
        self._aside_tasks: dict[str, asyncio.Task[None]] = {}
        self._to_show: dict[str, Job | None] = {}  # None where another process asks for it
        self._unrecorded: list[Job] = []  # their steps met a database that refused
        self._renew_at: datetime | None = None
        self._periodic_at: datetime | None = None
        self._looked_at: datetime | None = None
        self._outage = backoff.Outage(rand=rand)
        self._stopping = False
        self._signals, self._awaited = signals, set[str]()  # jobs whose new cards other processes wait for
        signals.on(Topic.CARD, self._show_for_others)
        signals.on(Topic.NEW_CARD, partial(self._show_for_others, awaited=True))
        processes.on_change(self.wake)

    def wake(self) -> None:
        """Look again: something has changed."""
        self._woken.set()

    def stop(self) -> None:
        """Claim nothing more; `run` returns when the steps under way have ended, of which downloads end at once."""
        self._stopping = True
        self._files.stop()
        for aside in tuple(self._aside_tasks.values()):
            aside.cancel()
        self.wake()

    def alive(self) -> bool:
        """Tell whether the loop has looked for work lately, with a database that answered."""
        return self._looked_at is not None and self._clock() - self._looked_at < ALIVE

    def ready(self) -> bool:
        """Tell whether the loop takes on work: the database answered its last look, and nobody has told it to stop."""
        return self.alive() and not self._outage.tries and not self._stopping

    async def run(self) -> None:
        """Advance jobs until stopped. If cancelled, so are the steps under way; their leases run out.

        Raises:
            StoreLost: among others, in a group: the database keeps nothing any more.
        """
        outage = self._outage
        async with asyncio.TaskGroup() as self._tasks:
            while not self._stopping:
                self._agenda.begin()
                try:
                    await self._round()
                    pause = self._pause()
                    self._looked_at = self._clock()
                    outage.end()
                except StoreLost:
                    raise
                except StoreError as exc:
                    self._agenda.forget()
                    pause = outage.note_refusal()
                    log.warning("the database refuses", extra={"detail": str(exc), "tries": outage.tries})
                await self._agenda.sleep(pause)

    async def recover(self) -> None:
        """Take over, at start, what a dead process left unfinished.

        Raises:
            SettingsInvalid: the folder of the results cannot be written.
            StoreUnavailable: the database refuses.
        """
        away = await self._clock_watch.recover()
        await self._files.sweep()
        now = self._clock()
        recovered = await self._claims.recover(
            now=now, away=away, living=self._processes.living(), submitted_by=now + self._capacity.lease
        )
        log.info("recovered", extra={"jobs": recovered})

    async def _round(self) -> None:
        """Claim as much as there is room for, and start a step for each."""
        if await self._clock_watch.check():
            self._watcher.reload()
            self._agenda.forget()
            self._renew_at = self._periodic_at = None
        now = self._clock()
        lease_until = now + self._capacity.lease
        if self._renew_at is None or now >= self._renew_at:
            # Before anything is claimed, and again until it succeeds: we must not claim what we have under way.
            if self._under_way:
                await self._claims.renew(list(self._under_way.values()), lease_until=lease_until)
            self._renew_at = now + self._capacity.lease / 3
        if self._unrecorded:
            unrecorded = tuple(self._unrecorded)
            await self._claims.give_back(unrecorded, due_at=now + timedelta(seconds=backoff.DATABASE_CAP))
            del self._unrecorded[: len(unrecorded)]
        if not self._processes.works:
            return
        await self._take_what_is_due(now, lease_until)
        if self._agenda.queues:
            self._agenda.queues = False
            await self._take_from_queues()
        if self._periodic_at is None or now >= self._periodic_at:
            self._periodic_at = now + IDLE
            await self._do_periodic(now, lease_until)

    async def _take_what_is_due(self, now: datetime, lease_until: datetime) -> None:
        """Claim what has left the queues and is due, if anything is, and find out when more will be."""
        if not self._agenda.known:
            await self._plan()
        if (room := self._free_steps()) and self._agenda.is_due(now):
            share = self._processes.share
            for job in await self._claims.due(now=now, lease_until=lease_until, most=room, share=share):
                self._start(job, next_step(job, now=now))
            await self._plan()

    async def _plan(self) -> None:
        """Ask when the next job becomes due."""
        now = self._clock()
        self._agenda.plan(now + self._longest_sleep)
        try:
            upcoming = await self._claims.next_due(now=now, share=self._processes.share)
        except StoreError:
            self._agenda.forget()
            raise
        if upcoming.step is not None:
            self._agenda.note_due(upcoming.step)
        if upcoming.queue is not None:
            self._agenda.expire_by(upcoming.queue)

    async def _take_from_queues(self) -> None:
        """Claim what waits for submission, from every provider in turn."""
        open_ = list(self._providers)
        while open_ and self._free_steps():
            for provider in tuple(open_)[: self._free_steps()]:
                job = await self._claim_next(provider)
                if job is None:
                    open_.remove(provider)
                else:
                    # Its claim has written that this is under way, so whoever finds it later reconciles it.
                    self._start(job, Step.SUBMIT)

    async def _claim_next(self, provider: str) -> Job | None:
        """Claim what goes to a provider next; None where nothing waits, or where it takes no more just now."""
        now = self._clock()  # not the round's: a provider's rest, and the wait of the job that it refused, end as one
        lease_until = now + self._capacity.submission
        return await self._claims.waiting(provider, now=now, lease_until=lease_until, limits=self._capacity.running)

    async def _do_periodic(self, now: datetime, lease_until: datetime) -> None:
        """Look at what is looked at only every `IDLE`: deadlines in the queue, positions on cards."""
        late = await self._claims.overdue(now=now, lease_until=lease_until, most=self._capacity.steps)
        for job in late:
            self._start(job, next_step(job, now=now))
        if len(late) == self._capacity.steps:
            self._periodic_at = now + SOON
        for provider in self._providers:
            self._do_aside(f"refresh-{provider}", partial(self._cards.refresh, provider))

    def _pause(self) -> timedelta:
        """Tell how long there is nothing to do, unless somebody wakes us."""
        if not self._processes.works or not self._free_steps():
            return self._longest_sleep
        now = self._clock()
        most = self._longest_sleep if self._periodic_at is None else min(self._longest_sleep, self._periodic_at - now)
        return self._agenda.pause(now, most=most)

    @property
    def _longest_sleep(self) -> timedelta:
        return min(IDLE, self._capacity.lease / 3)

    def _free_steps(self) -> int:
        return max(0, self._capacity.steps - len(self._stepping))

    def _start(self, job: Job, step: Step) -> asyncio.Task[Job | None]:
        task = self._spawn(self._supervise(job, step), name=f"step-{job.id}")
        self._under_way[task] = job
        self._stepping.add(task)
        task.add_done_callback(self._forget_task)
        return task

    def _forget_task(self, task: asyncio.Task[Job | None]) -> None:
        crowded = not self._free_steps()
        self._stepping.discard(task)
        del self._under_way[task]
        after = None if task.cancelled() else task.result()
        if crowded or self._stopping:
            self.wake()
        elif after is None or after.status in _TURNED_AWAY:
            self._agenda.expire_by(self._clock())  # when it is due has to be asked, and its provider may rest
            self._agenda.note_room()
        elif after.due_at is not None:
            self._agenda.note_due(after.due_at)

    async def _supervise(self, job: Job, step: Step) -> Job | None:
        """Carry out one step after the other until one gives the job's lease back; the job as it is then.

        Whatever goes wrong in one is written down, and leaves the job to be claimed again: None.
        """
        log_about(job=job.id)
        try:
            job = await self._carry_out(job, step)
            while job.lease is not None and not self._stopping:
                job = await self._carry_out(job, next_step(job, now=self._clock()))
            self._show(job)
        except TransitionLost as exc:
            log.info("somebody else moved the job", extra={"job": job.id, "detail": str(exc)})
        except StoreError as exc:
            log.exception("a step could not be recorded", extra={"job": job.id})
            if isinstance(exc, StoreUnavailable):
                self._unrecorded.append(job)
        except Exception:
            log.exception("a step failed unexpectedly", extra={"job": job.id, "status": str(job.status)})
            with contextlib.suppress(StoreError):
                await self._steps.retry_after_crash(job)
        else:
            return job
        return None

    async def _carry_out(self, job: Job, step: Step) -> Job:
        """Carry out one step; one that waits for a channel, when it is the job's turn there."""
        if step.delivers:
            self._show(job)
            return await self._in_its_slot(self._deliveries, job, step)
        if step is Step.CLOSE:
            return await self._in_its_slot(self._endings, job, step)
        after = await self._steps.carry_out(job, step)
        if job.at_work and (not after.at_work or after.status is not job.status):
            self._agenda.note_room()
        return after

    async def _in_its_slot(self, slots: DeliverySlots, job: Job, step: Step) -> Job:
        """Carry out a step that waits for a channel, without taking up the room of a step."""
        if slots.crowded(job.place_id):
            return await self._steps.postpone(job)
        crowded = not self._free_steps()
        if (task := asyncio.current_task()) is not None:
            self._stepping.discard(task)
        if crowded:
            self.wake()
        async with slots.of(job.place_id):
            return job if self._stopping else await self._steps.carry_out(job, step)

    def _show(self, job: Job) -> None:
        """Have the news of a job shown on its card; only the last of several that wait."""
        if job.due_at is None or self._stopping:
            return
        self._to_show[job.id] = job
        self._do_aside(f"card-{job.id}", partial(self._show_all, job.id))

    def _show_for_others(self, subject: str, *, awaited: bool = False) -> None:
        """Show the card of a job that another process has moved, where its channel is ours, and see when it is due."""
        job_id, place_id, due_at = [*subject.split(" "), "", ""][:3]
        if self._tasks is None or self._stopping or not (place_id and self._processes.owns(int(place_id))):
            return
        self._to_show.setdefault(job_id, None)
        if awaited:
            self._awaited.add(job_id)
        self._do_aside(f"card-{job_id}", partial(self._show_all, job_id))
        self._agenda.note_due(from_millis(int(due_at)) if due_at else self._clock())

    async def _show_all(self, job_id: str) -> None:
        log_about(job=job_id)
        while job_id in self._to_show:
            job = self._to_show.pop(job_id)
            await (self._cards.show_for_others(job_id) if job is None else self._cards.show(job))
        if job_id in self._awaited:
            self._awaited.discard(job_id)
            self._signals.send(Topic.CARDED, job_id)

    def _do_aside(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Begin what nobody waits for and what must not stop the jobs, unless it is under way."""

        async def guarded() -> None:
            try:
                await work()
            except Exception:
                log.exception("something on the side failed", extra={"work": name})
            finally:
                del self._aside_tasks[name]

        if name not in self._aside_tasks:
            self._aside_tasks[name] = self._spawn(guarded(), name=name)

    def _spawn(self, work: Coroutine[None, None, T], *, name: str) -> asyncio.Task[T]:
        if self._tasks is None:
            raise RuntimeError("the worker does not run")
        return self._tasks.create_task(work, name=name)
