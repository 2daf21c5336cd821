"""Puts the services together, each once, from the settings and from what reaches the world outside."""

import random
from datetime import timedelta
from functools import cached_property
from typing import Final

from bot import __version__
from bot.domain.funding import Defaults
from bot.domain.price import to_micros
from bot.domain.quota import Allowance
from bot.service.jobs.admission import Admission
from bot.service.jobs.offered_models import GivenUp
from bot.service.jobs.removal import Removals
from bot.service.jobs.reposts import Repeats
from bot.service.jobs.results import Results
from bot.service.jobs.types import Limits
from bot.service.jobs.videos import Videos
from bot.service.jobs.worker import Worker
from bot.service.member.about import About, Facts
from bot.service.member.defaults import Choices
from bot.service.member.gallery import Curator, Gallery
from bot.service.member.library import Library
from bot.service.member.presets import Presets
from bot.service.member.storyboards import Storyboards
from bot.service.moderation.case_poster import Clerk
from bot.service.services import Services
from bot.service.upkeep.scheduler import Chore, Steward
from bot.settings import Settings
from bot.store.community.guilds import GuildStore
from bot.store.jobs.copies import CopyStore
from bot.store.jobs.removals import RemovalStore
from bot.store.jobs.results import ResultStore
from bot.store.member.drafts import Drafts
from bot.store.member.gallery import GalleryStore
from bot.store.member.library import Shelf
from bot.store.member.preferences import Preferences
from bot.store.member.presets import PresetStore
from bot.store.money.budget_alerts import BudgetStore
from bot.store.periodic_tasks import ChoreStore
from bot.wiring.administration import Administration
from bot.wiring.engine import Engine
from bot.wiring.housekeeping import Housekeeping
from bot.wiring.world import World

__all__ = ["Wiring", "World"]

CASES: Final = timedelta(seconds=30)  # between two looks for cases that are due, unless somebody wakes the clerk
HANGING: Final = 5  # leases that hanging a video in a gallery may take: it is fetched anew


class Wiring:
    """Every service, built when it is first asked for. The caller runs `worker`, `steward` and `curator`."""

    def __init__(self, settings: Settings, world: World) -> None:
        self._settings, self._world = settings, world
        self._engine = Engine(settings, world, wake=self._wake_all)
        self._drafts, self._preferences = Drafts(world.database), Preferences(world.database)
        self._shelf, self._preset_store = Shelf(world.database), PresetStore(world.database)
        self._gallery_store = GalleryStore(world.database)

    @cached_property
    def services(self) -> Services:
        """What the cogs may call."""
        engine, administration = self._engine, self._administration
        return Services(
            videos=self._videos,
            drafts=self._drafts,
            preferences=self._preferences,
            choices=Choices(preferences=self._preferences, models=self._videos.models),
            library=Library(shelf=self._shelf, lookup=engine.lookup, gallery=self._gallery, clock=self._world.clock),
            gallery=self._gallery,
            presets=Presets(
                store=self._preset_store,
                lookup=engine.lookup,
                preferences=self._preferences,
                videos=self._videos,
                clock=self._world.clock,
            ),
            storyboards=Storyboards(
                drafts=self._drafts, presets=self._preset_store, models=self._videos.models, clock=self._world.clock
            ),
            results=self._results,
            cases=engine.moderating.cases(
                results=self._results,
                delivery=engine.delivery,
                cards=engine.cards,
                clerk=self._clerk,
                deadline=engine.deadline,
            ),
            checkup=administration.checkup,
            guilds=administration.guilds,
            guild_jobs=administration.guild_jobs,
            usage=administration.usage,
            quotas=administration.quotas,
            about=About(
                facts=Facts(version=__version__, source=self._settings.source_url, started_at=self._world.clock()),
                health=engine.health,
                clock=self._world.clock,
            ),
            privacy=self._housekeeping.privacy,
            departures=self._housekeeping.departures,
            feedback=self._housekeeping.feedback,
        )

    @property
    def given_up(self) -> GivenUp:
        """Knows the models that their service has given up."""
        return self._engine.given_up

    @property
    def worker(self) -> Worker:
        """Moves every job."""
        return self._engine.worker

    @cached_property
    def steward(self) -> Steward:
        """Does what has to be done from time to time."""
        chores = [
            *self._housekeeping.chores(),
            *self._administration.chores(),
            Chore(name="cases", every=CASES, work=self._clerk.see_to_all, prompt=True),
            Chore(name="removals", every=timedelta(seconds=30), work=self._removals.work, prompt=True),
            Chore(name="copies", every=timedelta(minutes=5), work=self._repeats.work),
        ]
        return Steward(chores=chores, store=ChoreStore(self._world.database), clock=self._world.clock)

    @cached_property
    def curator(self) -> Curator:
        """Hangs well-starred videos in galleries."""
        return Curator(
            store=self._gallery_store,
            shelf=self._shelf,
            lookup=self._engine.lookup,
            copies=self._engine.copies,
            courier=self._world.courier,
            lease=timedelta(seconds=HANGING * self._settings.lease_seconds),
            clock=self._world.clock,
            moment=self._world.moment,
            rand=random.random,
        )

    @cached_property
    def _clerk(self) -> Clerk:
        return self._engine.moderating.clerk(copies=self._engine.copies, moment=self._world.moment)

    @cached_property
    def _videos(self) -> Videos:
        engine = self._engine
        return Videos(
            jobs=engine.jobs,
            lookup=engine.lookup,
            cards=engine.cards,
            expectation=engine.expectation,
            health=engine.health,
            desk=engine.desk,
            models=self._world.models,
            admission=self._admission,
            limits=Limits(jobs_per_user=self._settings.max_jobs_per_user, deadline=engine.deadline),
            clock=self._world.clock,
            moment=self._world.moment,
            wake=self._wake_all,
        )

    @property
    def _admission(self) -> Admission:
        return Admission(
            guilds=GuildStore(self._world.database),
            lookup=self._engine.lookup,
            budgets=BudgetStore(self._world.database),
            moderation=self._engine.moderating.requests,
            defaults=self._defaults,
            models=self._world.models,
            jobs_per_user=self._settings.max_jobs_per_user,
            clock=self._world.clock,
        )

    @cached_property
    def _results(self) -> Results:
        return Results(
            store=ResultStore(self._world.database),
            lookup=self._engine.lookup,
            copies=self._engine.copies,
            courier=self._world.courier,
            delivery=self._engine.delivery,
            removals=self._removals,
            repeats=self._repeats,
            posted=self._copies,
            clock=self._world.clock,
            moment=self._world.moment,
            wake=self.worker.wake,
        )

    @cached_property
    def _removals(self) -> Removals:
        return Removals(
            store=RemovalStore(self._world.database),
            results=ResultStore(self._world.database),
            copies=self._copies,
            lookup=self._engine.lookup,
            courier=self._world.courier,
            clock=self._world.clock,
            rand=random.random,
        )

    @cached_property
    def _repeats(self) -> Repeats:
        return Repeats(
            store=self._copies,
            lookup=self._engine.lookup,
            courier=self._world.courier,
            clock=self._world.clock,
            moment=self._world.moment,
        )

    @property
    def _copies(self) -> CopyStore:
        return CopyStore(self._world.database)

    @cached_property
    def _gallery(self) -> Gallery:
        return Gallery(
            store=self._gallery_store, preferences=self._preferences, clock=self._world.clock, wake=self.curator.wake
        )

    @cached_property
    def _administration(self) -> Administration:
        return Administration(
            self._world,
            self._engine,
            defaults=self._defaults,
            wake=self._wake_all,
            wake_steward=self._wake_steward,
        )

    @cached_property
    def _housekeeping(self) -> Housekeeping:
        return Housekeeping.of(
            self._settings,
            database=self._world.database,
            purge=self._world.purge,
            courier=self._world.courier,
            staff=self._world.staff,
            delivery=self._engine.delivery,
            clock=self._world.clock,
            moment=self._world.moment,
            wake_worker=self.worker.wake,
        )

    @property
    def _defaults(self) -> Defaults:
        budget = self._settings.monthly_budget_usd
        return Defaults(
            allowance=Allowance(credits=self._settings.daily_credits),
            direct=Allowance(credits=self._settings.direct_credits),
            budget_usd_micros=None if budget is None else to_micros(budget),
        )

    def _wake_steward(self) -> None:
        self.steward.wake()  # not before it is needed: what wakes it may be among its chores

    def _wake_all(self) -> None:
        self.worker.wake()
        self.steward.wake()
