"""Puts the services together, each once, from the settings and from what reaches the world outside."""

import random
from functools import cached_property

from bot import __version__
from bot.domain import Allowance, Defaults, to_micros
from bot.service.jobs.admission import Admission
from bot.service.jobs.offered_models import GivenUpModels
from bot.service.jobs.removal import RemovalHandler, Removals
from bot.service.jobs.reposts import RepostFinder, Reposts
from bot.service.jobs.results import Results
from bot.service.jobs.types import JobLimits
from bot.service.jobs.videos import Videos
from bot.service.jobs.worker import Worker
from bot.service.member.about import About, Facts
from bot.service.member.defaults import RememberedDefaults
from bot.service.member.feedback import FeedbackPoster
from bot.service.member.gallery import Gallery, GalleryPoster
from bot.service.member.library import Library
from bot.service.member.presets import Presets
from bot.service.member.storyboards import Storyboards
from bot.service.outbox import OutboxPoster
from bot.service.services import Services
from bot.service.upkeep.scheduler import Scheduler
from bot.settings import Settings
from bot.store.community.guilds import GuildStore
from bot.store.jobs.messages import MessageStore
from bot.store.jobs.results import ResultStore
from bot.store.member.drafts import DraftStore
from bot.store.member.feedback import FeedbackStore
from bot.store.member.library import LibraryStore
from bot.store.member.preferences import PreferenceStore
from bot.store.member.presets import PresetStore
from bot.store.money.budget_alerts import BudgetStore
from bot.store.outbox import OutboxStore
from bot.store.periodic_tasks import PeriodicTaskStore
from bot.wiring.administration import Administration
from bot.wiring.engine import Engine
from bot.wiring.housekeeping import Housekeeping
from bot.wiring.world import World

__all__ = ["Wiring", "World"]


class Wiring:
    """Every service, built when it is first asked for. The caller runs `worker`, `scheduler` and `outbox`."""

    def __init__(self, settings: Settings, world: World) -> None:
        self._settings, self._world = settings, world
        self._engine = Engine(settings, world, wake=self._wake_all)
        self._drafts, self._preferences = DraftStore(world.database), PreferenceStore(world.database)
        self._library_store, self._preset_store = LibraryStore(world.database), PresetStore(world.database)
        self._outbox_store, self._messages = OutboxStore(world.database), MessageStore(world.database)

    @cached_property
    def services(self) -> Services:
        """What the cogs may call."""
        engine, administration = self._engine, self._administration
        return Services(
            videos=self._videos,
            drafts=self._drafts,
            preferences=self._preferences,
            choices=RememberedDefaults(preferences=self._preferences, models=self._videos.models),
            library=Library(
                library_store=self._library_store, lookup=engine.lookup, gallery=self._gallery, clock=self._world.clock
            ),
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
                outbox=self.outbox,
                deadline=engine.deadline,
            ),
            doctor=administration.doctor,
            guilds=administration.guilds,
            guild_jobs=administration.guild_jobs,
            usage=administration.usage,
            credits=administration.credits,
            about=About(
                facts=Facts(version=__version__, source=self._settings.source_url, started_at=self._world.clock()),
                health=engine.health,
                clock=self._world.clock,
            ),
            privacy=self._housekeeping.privacy,
            left_guilds=self._housekeeping.left_guilds,
            feedback=self._housekeeping.feedback,
        )

    @property
    def given_up(self) -> GivenUpModels:
        """Knows the models that their service has given up."""
        return self._engine.given_up

    @property
    def worker(self) -> Worker:
        """Moves every job."""
        return self._engine.worker

    @cached_property
    def scheduler(self) -> Scheduler:
        """Does what has to be done from time to time."""
        periodic_tasks = [
            *self._housekeeping.periodic_tasks(),
            *self._administration.periodic_tasks(),
        ]
        return Scheduler(
            periodic_tasks=periodic_tasks, store=PeriodicTaskStore(self._world.database), clock=self._world.clock
        )

    @cached_property
    def outbox(self) -> OutboxPoster:
        """Posts, and takes away, whatever is announced."""
        return OutboxPoster(
            store=self._outbox_store,
            handlers=(
                self._engine.moderating.case_poster(copies=self._engine.copies, moment=self._world.moment),
                FeedbackPoster(
                    store=FeedbackStore(self._world.database),
                    outbox=self._outbox_store,
                    staff=self._world.staff,
                    moment=self._world.moment,
                ),
                GalleryPoster(
                    outbox=self._outbox_store,
                    library_store=self._library_store,
                    lookup=self._engine.lookup,
                    copies=self._engine.copies,
                    result_poster=self._world.result_poster,
                    clock=self._world.clock,
                    moment=self._world.moment,
                ),
                RemovalHandler(
                    messages=self._messages, lookup=self._engine.lookup, result_poster=self._world.result_poster
                ),
                RepostFinder(
                    messages=self._messages, lookup=self._engine.lookup, result_poster=self._world.result_poster
                ),
            ),
            clock=self._world.clock,
            rand=random.random,
        )

    @cached_property
    def _videos(self) -> Videos:
        engine = self._engine
        return Videos(
            jobs=engine.jobs,
            lookup=engine.lookup,
            cards=engine.cards,
            forecaster=engine.forecaster,
            health=engine.health,
            operator_alerts=engine.operator_alerts,
            models=self._world.models,
            admission=self._admission,
            limits=JobLimits(jobs_per_user=self._settings.max_jobs_per_user, deadline=engine.deadline),
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
            result_poster=self._world.result_poster,
            delivery=self._engine.delivery,
            removals=self._removals,
            reposts=self._reposts,
            messages=self._messages,
            clock=self._world.clock,
            moment=self._world.moment,
            wake=self.worker.wake,
        )

    @cached_property
    def _removals(self) -> Removals:
        return Removals(
            results=ResultStore(self._world.database),
            messages=self._messages,
            outbox=self.outbox,
            clock=self._world.clock,
        )

    @cached_property
    def _reposts(self) -> Reposts:
        return Reposts(
            messages=self._messages,
            outbox=self._outbox_store,
            result_poster=self._world.result_poster,
            clock=self._world.clock,
            moment=self._world.moment,
        )

    @cached_property
    def _gallery(self) -> Gallery:
        return Gallery(
            outbox=self._outbox_store,
            preferences=self._preferences,
            clock=self._world.clock,
            wake=self.outbox.wake,
        )

    @cached_property
    def _administration(self) -> Administration:
        return Administration(
            self._world,
            self._engine,
            defaults=self._defaults,
            wake=self._wake_all,
            wake_scheduler=self._wake_scheduler,
        )

    @cached_property
    def _housekeeping(self) -> Housekeeping:
        return Housekeeping.of(
            self._settings,
            database=self._world.database,
            purge=self._world.purge,
            result_poster=self._world.result_poster,
            outbox=self.outbox,
            delivery=self._engine.delivery,
            clock=self._world.clock,
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

    def _wake_scheduler(self) -> None:
        # Not before they are needed: what wakes them may be among what they do.
        self.scheduler.wake()
        self.outbox.wake()

    def _wake_all(self) -> None:
        self.worker.wake()
        self._wake_scheduler()
