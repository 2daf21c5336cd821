"""Puts together what a job meets on its way: from the queue to its provider, and with the video into its channel."""

import random
from collections.abc import Callable
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Final

from bot.domain import RunningLimits, backoff
from bot.service.jobs.ai_mark import AiMark
from bot.service.jobs.cards import Cards
from bot.service.jobs.clock_watch import ClockWatch
from bot.service.jobs.copies import Copies
from bot.service.jobs.delivery import Delivery
from bot.service.jobs.eta import Forecaster
from bot.service.jobs.offered_models import GivenUpModels
from bot.service.jobs.provider_health import ProviderHealth
from bot.service.jobs.submission import Pace, Submission
from bot.service.jobs.worker import Capacity, Worker
from bot.service.media.service import Media
from bot.service.ports.operator_alerts import OperatorAlerts
from bot.service.screening.requests import REVIEW_TIME
from bot.settings import Settings
from bot.store.heartbeat import HeartbeatStore
from bot.store.jobs.claims import ClaimStore
from bot.store.jobs.jobs import JobStore
from bot.store.jobs.models import ModelStore
from bot.store.jobs.queries import JobQueryStore
from bot.wiring.moderating import Moderating
from bot.wiring.world import World

STEPS: Final = 16  # job steps at once; open requests, not waiting jobs, are what takes memory
MEGABYTE: Final = 1024 * 1024


class Engine:
    """The worker and all that it works with, built when it is first asked for. `wake` has everybody look again."""

    def __init__(self, settings: Settings, world: World, *, wake: Callable[[], None]) -> None:
        self._settings, self._world = settings, world
        self.jobs, self.lookup = JobStore(world.database), JobQueryStore(world.database)
        self.operator_alerts = OperatorAlerts(world.notifier, clock=world.clock)
        self.health = {
            name: ProviderHealth(each, operator_alerts=self.operator_alerts, clock=world.clock)
            for name, each in world.providers.items()
        }
        self.forecaster = Forecaster(lookup=self.lookup, limits=self._running, clock=world.clock)
        self.moderating = Moderating(
            world.database,
            scanner=world.scanner,
            staff=world.staff,
            operator_alerts=self.operator_alerts,
            clock=world.clock,
            wake=wake,
        )
        self.given_up = GivenUpModels(
            models=world.models,
            store=ModelStore(world.database),
            operator_alerts=self.operator_alerts,
            clock=world.clock,
        )
        self._media, self._ai_mark = Media(), AiMark(label=settings.ai_label or "")

    @cached_property
    def worker(self) -> Worker:
        """Moves every job."""
        return Worker(
            claims=ClaimStore(self._world.database),
            jobs=self.jobs,
            submission=self._submission,
            delivery=self.delivery,
            decisions=self.moderating.decisions,
            cards=self.cards,
            clock_watch=self._clock_watch,
            providers=self._world.providers,
            capacity=Capacity(steps=STEPS, running=self._running, lease=self._lease),
            clock=self._world.clock,
            rand=random.random,
        )

    @cached_property
    def cards(self) -> Cards:
        """Shows jobs to people."""
        return Cards(
            notifier=self._world.notifier,
            jobs=self.jobs,
            lookup=self.lookup,
            forecaster=self.forecaster,
            clock=self._world.clock,
            moment=self._world.moment,
        )

    @cached_property
    def delivery(self) -> Delivery:
        """Brings finished videos to their people."""
        return Delivery(
            jobs=self.jobs,
            lookup=self.lookup,
            providers=self._world.providers,
            fetcher=self._world.fetcher,
            media=self._media,
            ai_mark=self._ai_mark,
            notifier=self._world.notifier,
            operator_alerts=self.operator_alerts,
            result_screening=self.moderating.results,
            folder=self._folder,
            cap=self._cap,
            clock=self._world.clock,
            moment=self._world.moment,
            rand=random.random,
        )

    @cached_property
    def copies(self) -> Copies:
        """Fetches finished videos once more."""
        return Copies(
            providers=self._world.providers,
            fetcher=self._world.fetcher,
            media=self._media,
            ai_mark=self._ai_mark,
            result_poster=self._world.result_poster,
            folder=self._folder,
            cap=self._cap,
        )

    @property
    def deadline(self) -> timedelta:
        """How long a job may take."""
        return timedelta(minutes=self._settings.job_deadline_minutes)

    @property
    def _clock_watch(self) -> ClockWatch:
        longest = max(timedelta(seconds=backoff.RETRY_AFTER_CAP), self._lease, self._pace.most)
        return ClockWatch(
            heartbeats=HeartbeatStore(self._world.database),
            clock=self._world.clock,
            longest=longest,
            review=REVIEW_TIME,
        )

    @property
    def _lease(self) -> timedelta:
        return timedelta(seconds=self._settings.lease_seconds)

    @property
    def _pace(self) -> Pace:
        return Pace(
            least=timedelta(seconds=self._settings.poll_seconds_min),
            most=timedelta(seconds=self._settings.poll_seconds_max),
        )

    @cached_property
    def _submission(self) -> Submission:
        return Submission(
            providers=self._world.providers,
            health=self.health,
            jobs=self.jobs,
            forecaster=self.forecaster,
            operator_alerts=self.operator_alerts,
            given_up=self.given_up,
            pace=self._pace,
            clock=self._world.clock,
            rand=random.random,
        )

    @property
    def _running(self) -> RunningLimits:
        settings = self._settings
        return RunningLimits(
            per_provider=settings.running_per_provider,
            per_user=settings.running_per_user,
            per_guild=settings.running_per_guild,
            total=settings.running_total,
        )

    @property
    def _folder(self) -> Path:
        return self._settings.results_dir

    @property
    def _cap(self) -> int:
        return self._settings.max_result_megabytes * MEGABYTE
