"""Puts the services together, each once, from the settings and from what reaches the world outside."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Final

from bot import __version__
from bot.clock import utc_now
from bot.domain.funding import Defaults
from bot.domain.price import to_micros
from bot.domain.quota import Allowance
from bot.domain.running import RunningLimits
from bot.housekeeping import Housekeeping
from bot.moderating import Moderating
from bot.providers import models_of
from bot.service.about import About, Facts
from bot.service.admission import Admission
from bot.service.budgets import BudgetWatch
from bot.service.cards import Cards
from bot.service.checkup import Checkup
from bot.service.choices import Choices
from bot.service.copies import Copies
from bot.service.delivery import Delivery
from bot.service.expectation import Expectation
from bot.service.gallery import Curator, Gallery
from bot.service.guild_jobs import GuildJobs
from bot.service.guilds import Guilds, Herald
from bot.service.health import ProviderHealth
from bot.service.library import Library
from bot.service.media import Media
from bot.service.operator import OperatorDesk
from bot.service.presets import Presets
from bot.service.quotas import Quotas
from bot.service.results import Results
from bot.service.services import Services
from bot.service.steward import Chore, Steward
from bot.service.storyboards import Storyboards
from bot.service.submission import Pace, Submission
from bot.service.usage import Usage
from bot.service.videos import Limits, Videos
from bot.service.worker import Capacity, Worker
from bot.store.audit import Audit
from bot.store.budgets import BudgetStore
from bot.store.cases import CaseStore
from bot.store.chores import ChoreStore
from bot.store.claims import Claims
from bot.store.dead_letters import DeadLetters
from bot.store.drafts import Drafts
from bot.store.gallery import GalleryStore
from bot.store.grants import Grants
from bot.store.guild_jobs import GuildJobStore
from bot.store.guilds import GuildStore
from bot.store.jobs import JobStore
from bot.store.library import Shelf
from bot.store.lookup import Lookup
from bot.store.preferences import Preferences
from bot.store.presets import PresetStore
from bot.store.results import ResultStore
from bot.store.statements import Statements
from bot.store.usage import UsageStore

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bot.provider.base import VideoProvider
    from bot.provider.scan import Scanner
    from bot.service.copies import Courier
    from bot.service.delivery import Fetcher
    from bot.service.notifier import Notifier
    from bot.service.staff import Staff
    from bot.settings import Settings
    from bot.store.database import Database

STEPS: Final = 16  # job steps at once; open requests, not waiting jobs, are what takes memory
MEGABYTE: Final = 1024 * 1024
AUDIT: Final = timedelta(minutes=1)  # before an audit channel that could not be told is tried again
BUDGETS: Final = timedelta(seconds=30)  # between two looks at what budgets have reached
HANGING: Final = 5  # leases that hanging a video in a gallery may take: it is fetched anew


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """What the services reach the outside by."""

    database: Database
    providers: Mapping[str, VideoProvider]
    fetcher: Fetcher
    notifier: Notifier
    courier: Courier
    staff: Staff
    scanner: Scanner | None = None


class Wiring:
    """Every service, built when it is first asked for. `worker` and `curator` have to be run by the caller."""

    def __init__(self, settings: Settings, world: World) -> None:
        self._settings, self._world = settings, world
        self._jobs, self._lookup, self._drafts = (
            JobStore(world.database),
            Lookup(world.database),
            Drafts(world.database),
        )
        self._preferences, self._shelf = Preferences(world.database), Shelf(world.database)
        self._guilds = GuildStore(world.database)
        self._preset_store, self._gallery_store = PresetStore(world.database), GalleryStore(world.database)
        self._media, self._desk = Media(), OperatorDesk(world.notifier, clock=utc_now)
        self._expectation = Expectation(lookup=self._lookup, limits=self._running, clock=utc_now)
        self._health = {
            name: ProviderHealth(each, desk=self._desk, clock=utc_now) for name, each in world.providers.items()
        }

    @cached_property
    def services(self) -> Services:
        """What the cogs may call."""
        return Services(
            videos=self._videos,
            drafts=self._drafts,
            preferences=self._preferences,
            choices=Choices(preferences=self._preferences, models=self._videos.models),
            library=Library(shelf=self._shelf, lookup=self._lookup, gallery=self._gallery, clock=utc_now),
            gallery=self._gallery,
            presets=Presets(
                store=self._preset_store,
                lookup=self._lookup,
                preferences=self._preferences,
                videos=self._videos,
                clock=utc_now,
            ),
            storyboards=Storyboards(
                drafts=self._drafts, presets=self._preset_store, models=self._videos.models, clock=utc_now
            ),
            results=self._results,
            cases=self._moderating.cases(
                results=self._results, delivery=self._delivery, cards=self._cards, deadline=self._deadline
            ),
            checkup=Checkup(health=self._health, guilds=self._guilds),
            guilds=Guilds(
                store=self._guilds,
                audit=Audit(self._world.database),
                lookup=self._lookup,
                clock=utc_now,
                wake=self.steward.wake,
            ),
            guild_jobs=GuildJobs(
                store=GuildJobStore(self._world.database),
                letters=DeadLetters(self._world.database),
                lookup=self._lookup,
                expectation=self._expectation,
                delivery=self._delivery,
                deadline=self._deadline,
                wake=self._wake_all,
            ),
            usage=Usage(
                store=UsageStore(self._world.database), guilds=self._guilds, lookup=self._lookup, clock=utc_now
            ),
            about=About(
                facts=Facts(version=__version__, source=self._settings.source_url, started_at=utc_now()),
                health=self._health,
                clock=utc_now,
            ),
            quotas=Quotas(
                grants=Grants(self._world.database),
                statements=Statements(self._world.database),
                cases=CaseStore(self._world.database),
                guilds=self._guilds,
                notifier=self._world.notifier,
                desk=self._desk,
                defaults=self._defaults,
                clock=utc_now,
                wake=self._wake_steward,
            ),
            privacy=self._housekeeping.privacy,
            departures=self._housekeeping.departures,
            feedback=self._housekeeping.feedback,
        )

    @cached_property
    def _results(self) -> Results:
        return Results(
            store=ResultStore(self._world.database),
            lookup=self._lookup,
            copies=self._copies,
            courier=self._world.courier,
            delivery=self._delivery,
            clock=utc_now,
            wake=self.worker.wake,
        )

    @cached_property
    def _moderating(self) -> Moderating:
        world = self._world
        return Moderating(world.database, scanner=world.scanner, desk=self._desk, wake=self._wake_all)

    @property
    def _deadline(self) -> timedelta:
        return timedelta(minutes=self._settings.job_deadline_minutes)

    def _wake_all(self) -> None:
        self.worker.wake()
        self.steward.wake()

    @cached_property
    def worker(self) -> Worker:
        """Moves every job."""
        settings = self._settings
        return Worker(
            claims=Claims(self._world.database),
            jobs=self._jobs,
            submission=self._submission,
            delivery=self._delivery,
            decisions=self._moderating.decisions,
            cards=self._cards,
            providers=self._world.providers,
            capacity=Capacity(
                steps=STEPS,
                running=self._running,
                lease=timedelta(seconds=settings.lease_seconds),
            ),
            clock=utc_now,
            rand=random.random,
        )

    @cached_property
    def steward(self) -> Steward:
        """Does what has to be done from time to time."""
        return Steward(chores=self._chores, store=ChoreStore(self._world.database), clock=utc_now)

    @property
    def _chores(self) -> list[Chore]:
        watch = BudgetWatch(
            store=BudgetStore(self._world.database),
            audit=Audit(self._world.database),
            notifier=self._world.notifier,
            clock=utc_now,
            wake=self._wake_steward,
        )
        return [
            *self._housekeeping.chores(),
            Chore(name="budget-alerts", every=BUDGETS, work=watch.tell, prompt=True),
            Chore(name="audit", every=AUDIT, work=self._herald.tell, prompt=True),
            self._moderating.chore(copies=self._copies, staff=self._world.staff),
        ]

    @property
    def _herald(self) -> Herald:
        database, staff = self._world.database, self._world.staff
        return Herald(store=self._guilds, audit=Audit(database), staff=staff, clock=utc_now)

    @cached_property
    def _housekeeping(self) -> Housekeeping:
        return Housekeeping.of(
            self._settings,
            database=self._world.database,
            courier=self._world.courier,
            notifier=self._world.notifier,
            delivery=self._delivery,
            clock=utc_now,
            wake_worker=self.worker.wake,
            wake_steward=self._wake_steward,
        )

    def _wake_steward(self) -> None:
        self.steward.wake()  # not before it is needed: what wakes it may be among its chores

    @cached_property
    def curator(self) -> Curator:
        """Hangs well-starred videos in galleries."""
        return Curator(
            store=self._gallery_store,
            shelf=self._shelf,
            lookup=self._lookup,
            copies=self._copies,
            courier=self._world.courier,
            lease=timedelta(seconds=HANGING * self._settings.lease_seconds),
            clock=utc_now,
            rand=random.random,
        )

    @cached_property
    def _videos(self) -> Videos:
        settings = self._settings
        return Videos(
            jobs=self._jobs,
            lookup=self._lookup,
            cards=self._cards,
            expectation=self._expectation,
            health=self._health,
            desk=self._desk,
            models=models_of(settings, self._world.providers),
            admission=self._admission,
            limits=Limits(
                jobs_per_user=settings.max_jobs_per_user,
                deadline=self._deadline,
            ),
            clock=utc_now,
            wake=self._wake_all,
        )

    @cached_property
    def _admission(self) -> Admission:
        return Admission(
            guilds=self._guilds,
            moderation=self._moderating.requests,
            defaults=self._defaults,
            clock=utc_now,
        )

    @property
    def _defaults(self) -> Defaults:
        budget, direct = self._settings.monthly_budget_usd, self._settings.direct_credits
        return Defaults(
            allowance=Allowance(credits=self._settings.daily_credits),
            direct=None if direct is None else Allowance(credits=direct),
            budget_usd_micros=None if budget is None else to_micros(budget),
        )

    @cached_property
    def _gallery(self) -> Gallery:
        return Gallery(store=self._gallery_store, preferences=self._preferences, clock=utc_now, wake=self.curator.wake)

    @cached_property
    def _cards(self) -> Cards:
        return Cards(
            notifier=self._world.notifier,
            jobs=self._jobs,
            lookup=self._lookup,
            expectation=self._expectation,
            clock=utc_now,
        )

    @cached_property
    def _submission(self) -> Submission:
        return Submission(
            providers=self._world.providers,
            health=self._health,
            jobs=self._jobs,
            expectation=self._expectation,
            desk=self._desk,
            pace=Pace(
                least=timedelta(seconds=self._settings.poll_seconds_min),
                most=timedelta(seconds=self._settings.poll_seconds_max),
            ),
            clock=utc_now,
            rand=random.random,
        )

    @cached_property
    def _delivery(self) -> Delivery:
        return Delivery(
            jobs=self._jobs,
            lookup=self._lookup,
            providers=self._world.providers,
            fetcher=self._world.fetcher,
            media=self._media,
            notifier=self._world.notifier,
            desk=self._desk,
            inspection=self._moderating.results,
            folder=self._folder,
            cap=self._cap,
            clock=utc_now,
            rand=random.random,
        )

    @cached_property
    def _copies(self) -> Copies:
        return Copies(
            providers=self._world.providers,
            fetcher=self._world.fetcher,
            media=self._media,
            courier=self._world.courier,
            folder=self._folder,
            cap=self._cap,
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
        return self._settings.data_dir / "results"

    @property
    def _cap(self) -> int:
        return self._settings.max_result_megabytes * MEGABYTE
