"""Puts every service together, once, from the settings and from what reaches the world outside."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

from bot import __version__
from bot.domain import Allowance, Defaults, RunningLimits, backoff, to_micros
from bot.provider.base import AnswersMany
from bot.service.admin.balances import Balances
from bot.service.admin.budget_alerts import BudgetAlerts
from bot.service.admin.credits import Credits, DecisionPoster
from bot.service.admin.doctor import Doctor
from bot.service.admin.jobs import GuildJobs
from bot.service.admin.overview import Overview
from bot.service.admin.page_access import PageAccess, PageOffer
from bot.service.admin.policies import AuditPoster, GuildPolicies
from bot.service.admin.usage import Usage
from bot.service.jobs.admission import Admission
from bot.service.jobs.callbacks import Callbacks
from bot.service.jobs.cards import Cards
from bot.service.jobs.clock_watch import ClockWatch
from bot.service.jobs.copies import Copies, RepostFinder, Reposts
from bot.service.jobs.copies_elsewhere import CopiesElsewhere
from bot.service.jobs.covering import CoverHandler
from bot.service.jobs.delivery import Delivery
from bot.service.jobs.eta import Forecaster
from bot.service.jobs.files import ResultFiles
from bot.service.jobs.offered_models import GivenUpModels
from bot.service.jobs.provider_health import ProviderHealth
from bot.service.jobs.removal import RemovalHandler, RemovalNotes, Removals
from bot.service.jobs.results import Results
from bot.service.jobs.steps import Steps
from bot.service.jobs.submission import Pace, Submission
from bot.service.jobs.types import JobLimits
from bot.service.jobs.videos import Videos
from bot.service.jobs.watcher import Watch, Watcher
from bot.service.jobs.worker import Capacity, Worker
from bot.service.member.about import About, Facts
from bot.service.member.defaults import RememberedDefaults
from bot.service.member.drafts import Drafts
from bot.service.member.feedback import Feedback, FeedbackPoster
from bot.service.member.gallery import Gallery, GalleryPoster
from bot.service.member.library import Library
from bot.service.member.presets import Presets
from bot.service.member.storyboards import Storyboards
from bot.service.moderation.case_poster import CasePoster
from bot.service.moderation.cases import Cases
from bot.service.operator_alerts import OperatorAlerts
from bot.service.outbox import OutboxPoster, UnrecordedPosts
from bot.service.screening.screening import REVIEW_TIME, RequestScreening, ResultScreening
from bot.service.services import Services
from bot.service.signals import Topic
from bot.service.upkeep.figures import RecentFigures
from bot.service.upkeep.gateway import Gateways
from bot.service.upkeep.left_guilds import LeftGuilds
from bot.service.upkeep.privacy import Privacy, RetentionPeriods
from bot.service.upkeep.retention import Retention
from bot.service.upkeep.scheduler import PeriodicTask, Scheduler
from bot.service.upkeep.welcome import WelcomePoster
from bot.settings import Settings
from bot.store.community.audit import AuditStore
from bot.store.community.cases import CaseStore
from bot.store.community.guilds import GuildStore
from bot.store.community.page_sessions import PageSessionStore
from bot.store.community.reports import ReportStore
from bot.store.community.strikes import StrikeStore
from bot.store.figures import FigureStore
from bot.store.gateway import GatewayStore
from bot.store.heartbeat import HeartbeatStore
from bot.store.jobs.claims import ClaimStore
from bot.store.jobs.dead_letters import DeadLetterStore
from bot.store.jobs.guild_jobs import GuildJobStore
from bot.store.jobs.jobs import JobStore
from bot.store.jobs.messages import MessageStore
from bot.store.jobs.models import ModelStore
from bot.store.jobs.provider_rests import ProviderRestStore
from bot.store.jobs.queries import JobQueryStore
from bot.store.jobs.results import ResultStore
from bot.store.jobs.review_decisions import ReviewDecisionStore
from bot.store.jobs.standing import StandingStore
from bot.store.member.drafts import DraftStore
from bot.store.member.feedback import FeedbackStore
from bot.store.member.library import LibraryStore
from bot.store.member.preferences import PreferenceStore
from bot.store.member.presets import PresetStore
from bot.store.member.private_answers import PrivateAnswerStore
from bot.store.money.budget_alerts import BudgetStore
from bot.store.money.grants import GrantStore
from bot.store.money.statements import StatementStore
from bot.store.money.usage import UsageStore
from bot.store.outbox import OutboxStore
from bot.store.periodic_tasks import PeriodicTaskStore
from bot.store.privacy.deleted_traces import TraceStore
from bot.store.privacy.deletion import DeletionStore
from bot.store.privacy.export import PrivacyStore
from bot.store.privacy.left_guilds import LeftGuildStore
from bot.store.privacy.retention import RetentionStore
from bot.store.told_troubles import ToldTroubleStore
from bot.values import dataclass
from bot.wiring.world import Sizes, World

MEGABYTE: Final = 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Bot:
    """What the cogs may call, and what has to run.

    That is `worker`, `callbacks`, `watcher`, `outbox`, `copies_elsewhere` and `scheduler`.

    The others are parts of these, which tests look at.
    """

    services: Services
    worker: Worker
    outbox: OutboxPoster
    scheduler: Scheduler
    woken: asyncio.Event  # set when the worker has to look again
    admission: Admission
    callbacks: Callbacks
    cards: Cards
    clock_watch: ClockWatch
    copies_elsewhere: CopiesElsewhere
    files: ResultFiles
    forecaster: Forecaster
    given_up: GivenUpModels
    health: Mapping[str, ProviderHealth]
    operator_alerts: OperatorAlerts
    request_screening: RequestScreening
    result_screening: ResultScreening
    retention: Retention
    steps: Steps
    submission: Submission
    watcher: Watcher


def build(settings: Settings, world: World, *, sizes: Sizes | None = None) -> Bot:
    """Build each service after those that it needs."""
    sizes, database, clock, moment, rand = sizes or Sizes(), world.database, world.clock, world.moment, world.rand
    running, defaults, periods = _running_limits(settings), _defaults(settings), _retention_periods(settings)
    deadline, (lease, submission_lease) = timedelta(minutes=settings.job_deadline_minutes), _leases(settings, world)
    pace = Pace(least=timedelta(seconds=settings.poll_seconds_min), most=timedelta(seconds=settings.poll_seconds_max))
    worker_woken, outbox_woken, scheduler_woken = asyncio.Event(), asyncio.Event(), asyncio.Event()
    signals = world.signals

    wake_worker, wake_outbox = signals.sender(Topic.JOBS), signals.sender(Topic.OUTBOX)
    wake_posters = signals.sender(Topic.OUTBOX, Topic.TASKS)
    wake = signals.sender(Topic.JOBS, Topic.OUTBOX, Topic.TASKS)
    signals.on(Topic.JOBS, lambda _: worker_woken.set())
    signals.on(Topic.OUTBOX, lambda _: outbox_woken.set())
    signals.on(Topic.TASKS, lambda _: scheduler_woken.set())

    jobs, lookup, decisions = JobStore(database), JobQueryStore(database), ReviewDecisionStore(database)
    guilds, cases, audit, budgets = (
        GuildStore(database),
        CaseStore(database),
        AuditStore(database),
        BudgetStore(database),
    )
    results_store, messages, me = ResultStore(database), MessageStore(database), world.processes.me
    claims, outbox_store = ClaimStore(database, me=me), OutboxStore(database, me=me)
    library_store, preset_store, private_answers = (
        LibraryStore(database),
        PresetStore(database),
        PrivateAnswerStore(database),
    )
    drafts, preferences, feedback_store = DraftStore(database), PreferenceStore(database), FeedbackStore(database)

    # What a job meets on its way.
    operator_alerts = OperatorAlerts(world.notifier, store=ToldTroubleStore(database), clock=clock)
    health = {
        name: ProviderHealth(
            each,
            rests=ProviderRestStore(database),
            operator_alerts=operator_alerts,
            clock=clock,
            patience=sizes.provider_patience,
        )
        for name, each in world.providers.items()
    }
    forecaster, doctor = Forecaster(lookup=lookup, limits=running, clock=clock), Doctor(health=health, guilds=guilds)
    given_up = GivenUpModels(
        models=world.models, store=ModelStore(database), operator_alerts=operator_alerts, clock=clock
    )
    cards = Cards(
        notifier=world.notifier,
        jobs=jobs,
        lookup=lookup,
        forecaster=forecaster,
        processes=world.processes,
        signals=signals,
        clock=clock,
        moment=moment,
        keeps=settings.keep_cards,
        patience=sizes.card_patience,
        others_patience=sizes.others_patience,
    )
    callbacks = Callbacks(claims=claims, pause=pace.least, clock=clock, rand=rand, signals=signals)
    watcher = _watcher(
        world,
        health=health,
        claims=claims,
        forecaster=forecaster,
        callbacks=callbacks,
        pace=pace,
        wake=wake_worker,
    )
    submission = Submission(
        providers=world.providers,
        health=health,
        jobs=jobs,
        forecaster=forecaster,
        callbacks=callbacks,
        watcher=watcher,
        operator_alerts=operator_alerts,
        given_up=given_up,
        pace=pace,
        lease=submission_lease,
        clock=clock,
        rand=rand,
        sleep=world.sleep,
    )
    request_screening = RequestScreening(
        strikes=StrikeStore(database), scanner=world.scanner, staff=world.staff, clock=clock
    )
    result_screening = ResultScreening(
        guilds=guilds, decisions=decisions, scanner=world.scanner, clock=clock, wake=wake
    )
    files = ResultFiles(
        lookup=lookup,
        processes=world.processes,
        providers=world.providers,
        fetcher=world.fetcher,
        media=world.media,
        folder=settings.results_dir,
        cap=settings.max_result_megabytes * MEGABYTE,
        label=settings.ai_label or "",
    )
    delivery = Delivery(
        jobs=jobs,
        lookup=lookup,
        files=files,
        notifier=world.notifier,
        operator_alerts=operator_alerts,
        result_screening=result_screening,
        clock=clock,
        moment=moment,
        rand=rand,
    )
    steps = Steps(
        jobs=jobs,
        submission=submission,
        delivery=delivery,
        files=files,
        decisions=decisions,
        cards=cards,
        measures=world.measures,
        traces=world.traces,
        clock=clock,
        rand=rand,
    )
    clock_watch = ClockWatch(
        heartbeats=HeartbeatStore(database),
        clock=clock,
        longest=max(timedelta(seconds=backoff.RETRY_AFTER_CAP), submission_lease, pace.most),
        review=REVIEW_TIME,
    )
    worker = Worker(
        claims=claims,
        steps=steps,
        files=files,
        cards=cards,
        clock_watch=clock_watch,
        processes=world.processes,
        signals=signals,
        watcher=watcher,
        providers=world.providers,
        capacity=Capacity(
            steps=sizes.steps,
            deliveries=sizes.deliveries,
            running=running,
            lease=lease,
            submission=submission_lease,
        ),
        clock=clock,
        rand=rand,
        woken=worker_woken,
    )
    admission = Admission(
        guilds=guilds,
        lookup=lookup,
        budgets=budgets,
        moderation=request_screening,
        defaults=defaults,
        models=world.models,
        jobs_per_user=settings.max_jobs_per_user,
        clock=clock,
    )
    videos = Videos(
        jobs=jobs,
        lookup=lookup,
        cards=cards,
        forecaster=forecaster,
        health=health,
        operator_alerts=operator_alerts,
        models=world.models,
        admission=admission,
        limits=JobLimits(jobs_per_user=settings.max_jobs_per_user, deadline=deadline),
        traces=world.traces,
        clock=clock,
        moment=moment,
        wake=wake,
    )

    # What becomes of a finished video.
    copies, posts = (
        Copies(files=files, result_poster=world.result_poster),
        UnrecordedPosts(store=outbox_store, moment=moment),
    )
    outbox = OutboxPoster(
        store=outbox_store,
        handlers=(
            AuditPoster(guilds=guilds, audit=audit, staff=world.staff, posts=posts),
            WelcomePoster(store=LeftGuildStore(database), staff=world.staff, posts=posts),
            BudgetAlerts(store=budgets, audit=audit, notifier=world.notifier, posts=posts),
            DecisionPoster(cases=cases, notifier=world.notifier, posts=posts),
            CasePoster(
                cases=cases,
                guilds=guilds,
                lookup=lookup,
                copies=copies,
                staff=world.staff,
                operator_alerts=operator_alerts,
                moment=moment,
            ),
            FeedbackPoster(store=feedback_store, outbox=outbox_store, staff=world.staff, moment=moment),
            GalleryPoster(
                outbox=outbox_store,
                library_store=library_store,
                lookup=lookup,
                copies=copies,
                result_poster=world.result_poster,
                clock=clock,
                moment=moment,
            ),
            CoverHandler(messages=messages, cases=cases, lookup=lookup, result_poster=world.result_poster, clock=clock),
            RemovalHandler(messages=messages, lookup=lookup, result_poster=world.result_poster),
            RemovalNotes(lookup=lookup, result_poster=world.result_poster, posts=posts),
            RepostFinder(messages=messages, lookup=lookup, result_poster=world.result_poster),
        ),
        clock=clock,
        rand=rand,
        processes=world.processes,
        signals=signals,
        measures=world.measures,
        woken=outbox_woken,
        patience=sizes.outbox_patience,
        others_patience=sizes.others_patience,
    )
    removals = Removals(results=results_store, messages=messages, outbox=outbox, clock=clock)
    reposts = Reposts(
        messages=messages, outbox=outbox_store, result_poster=world.result_poster, clock=clock, moment=moment
    )
    elsewhere = CopiesElsewhere(
        lookup=lookup,
        copies=copies,
        reposts=reposts,
        processes=world.processes,
        signals=signals,
        patience=sizes.outbox_patience,
    )
    results = Results(
        store=results_store,
        lookup=lookup,
        copies=copies,
        result_poster=world.result_poster,
        files=files,
        removals=removals,
        reposts=reposts,
        elsewhere=elsewhere,
        messages=messages,
        clock=clock,
        moment=moment,
        wake=wake_worker,
    )
    gallery = Gallery(outbox=outbox_store, preferences=preferences, clock=clock, wake=wake_outbox)

    # What looks after the bot's memory.
    deletions, left_store = DeletionStore(database), LeftGuildStore(database)
    left_guilds = LeftGuilds(
        store=left_store, clock=clock, wake=wake_worker, wake_outbox=wake_outbox, welcomes=settings.welcome_message
    )
    privacy = Privacy(
        store=PrivacyStore(database),
        deletions=deletions,
        result_poster=world.result_poster,
        files=files,
        retention_periods=periods,
        policy_file=settings.privacy_file,
        clock=clock,
        wake=wake_worker,
    )
    retention = Retention(
        store=RetentionStore(database),
        drafts=drafts,
        left_guilds=left_guilds,
        files=files,
        retention_periods=periods,
        clock=clock,
        wake=wake_worker,
    )

    services = Services(
        now=clock,
        copies=copies,
        names=world.names,
        videos=videos,
        drafts=Drafts(store=drafts, clock=clock),
        defaults=RememberedDefaults(preferences=preferences, models=world.models),
        library=Library(library_store=library_store, lookup=lookup, gallery=gallery, clock=clock),
        gallery=gallery,
        presets=Presets(store=preset_store, lookup=lookup, preferences=preferences, videos=videos, clock=clock),
        storyboards=Storyboards(drafts=drafts, presets=preset_store, models=world.models, clock=clock),
        results=results,
        cases=Cases(
            store=cases,
            reports=ReportStore(database),
            decisions=decisions,
            guilds=guilds,
            lookup=lookup,
            results=results,
            files=files,
            cards=cards,
            outbox=outbox,
            deadline=deadline,
            can_scan=request_screening.can_scan,
            clock=clock,
            wake=wake,
        ),
        guilds=GuildPolicies(
            store=guilds,
            drafts=drafts,
            audit=audit,
            lookup=lookup,
            usual=defaults.allowance,
            clock=clock,
            wake=wake_posters,
        ),
        about=About(
            facts=Facts(version=__version__, source=settings.source_url),
            health=health,
            clock=clock,
        ),
        privacy=privacy,
        left_guilds=left_guilds,
        gateways=Gateways(store=GatewayStore(database), processes=world.processes, clock=clock, sleep=world.sleep),
        feedback=Feedback(store=feedback_store, outbox=outbox, clock=clock),
        doctor=doctor,
        balances=Balances(world.providers, operator_alerts=operator_alerts, clock=clock),
        page_access=PageAccess(
            store=PageSessionStore(database),
            staff=world.staff,
            offer=_page_offer(settings),
            key=settings.discord_token.get_secret_value().encode(),
            clock=clock,
        ),
        overview=Overview(
            store=StandingStore(database),
            guilds=guilds,
            lookup=lookup,
            audit=audit,
            doctor=doctor,
            defaults=defaults,
            figures=RecentFigures(store=FigureStore(database), clock=clock).read,
            settings=settings.shown(),
            clock=clock,
        ),
        guild_jobs=GuildJobs(
            store=GuildJobStore(database),
            dead_letters=DeadLetterStore(database),
            lookup=lookup,
            forecaster=forecaster,
            files=files,
            deadline=deadline,
            wake=wake,
        ),
        usage=Usage(store=UsageStore(database), guilds=guilds, lookup=lookup, clock=clock),
        credits=Credits(
            grants=GrantStore(database),
            statements=StatementStore(database),
            cases=cases,
            guilds=guilds,
            operator_alerts=operator_alerts,
            defaults=defaults,
            clock=clock,
            wake=wake_posters,
        ),
    )
    periodic_tasks = [
        PeriodicTask(name="deletions", every=timedelta(minutes=1), work=privacy.work, prompt=True),
        PeriodicTask(name="departures", every=timedelta(minutes=10), work=left_guilds.work, prompt=True),
        PeriodicTask(name="models", every=timedelta(minutes=1), work=given_up.recall, each=True),
        PeriodicTask(name="files", every=timedelta(days=1), work=files.tidy, each=True),
        PeriodicTask(
            name="unfinished_files", every=timedelta(minutes=1), work=files.remove_unfinished, prompt=True, each=True
        ),
        PeriodicTask(name="retention", every=timedelta(days=1), work=retention.work),
        PeriodicTask(name="answers", every=timedelta(minutes=5), work=lambda: private_answers.forget(now=moment())),
        PeriodicTask(name="balances", every=timedelta(hours=6), work=services.balances.warn),
        PeriodicTask(name="page", every=timedelta(hours=1), work=services.page_access.forget),
        PeriodicTask(
            name="traces",
            every=timedelta(minutes=1),
            work=TraceStore(database, purge=world.purge, seconds=world.seconds).overwrite,
            prompt=True,
        ),
    ]
    world.processes.on_change(scheduler_woken.set)
    return Bot(
        services=services,
        worker=worker,
        outbox=outbox,
        scheduler=Scheduler(
            periodic_tasks=periodic_tasks,
            store=PeriodicTaskStore(database),
            clock=clock,
            rand=rand,
            woken=scheduler_woken,
        ),
        woken=worker_woken,
        admission=admission,
        callbacks=callbacks,
        cards=cards,
        clock_watch=clock_watch,
        copies_elsewhere=elsewhere,
        files=files,
        forecaster=forecaster,
        given_up=given_up,
        health=health,
        operator_alerts=operator_alerts,
        request_screening=request_screening,
        result_screening=result_screening,
        retention=retention,
        steps=steps,
        submission=submission,
        watcher=watcher,
    )


def _watcher(
    world: World,
    *,
    health: Mapping[str, ProviderHealth],
    claims: ClaimStore,
    forecaster: Forecaster,
    callbacks: Callbacks,
    pace: Pace,
    wake: Callable[[], None],
) -> Watcher:
    """Build what watches the jobs of the video services that answer questions about many."""
    watches = {
        name: Watch(
            name,
            each,
            health=health[name],
            claims=claims,
            forecaster=forecaster,
            callbacks=callbacks,
            owns=world.processes.owns,
            least=pace.least,
            most=pace.most,
            clock=world.clock,
            rand=world.rand,
            wake=wake,
        )
        for name, each in world.providers.items()
        if isinstance(each, AnswersMany)
    }
    watcher = Watcher(watches)
    world.processes.on_change(watcher.reload)
    return watcher


def _running_limits(settings: Settings) -> RunningLimits:
    return RunningLimits(
        per_provider=settings.running_per_provider,
        per_user=settings.running_per_user,
        per_guild=settings.running_per_guild,
        total=settings.running_total,
        abreast=settings.submitting_per_provider,
    )


def _leases(settings: Settings, world: World) -> tuple[timedelta, timedelta]:
    """Tell how long a job is leased, and one that is being submitted: that ends before its lease does."""
    lease = timedelta(seconds=settings.lease_seconds)
    return lease, lease + max((each.longest_create for each in world.providers.values()), default=timedelta())


def page_address(settings: Settings) -> str:
    """Say where the operator's page is reached: behind the web server that is in front, else on this machine."""
    return f"{settings.public_url or f'http://127.0.0.1:{settings.page_port}'}/page"


def _page_offer(settings: Settings) -> PageOffer:
    return PageOffer(
        address=page_address(settings) if settings.page_port else None, for_admins=settings.page_for_admins
    )


def _defaults(settings: Settings) -> Defaults:
    budget = settings.monthly_budget_usd
    return Defaults(
        allowance=Allowance(credits=settings.daily_credits),
        direct=Allowance(credits=settings.direct_credits),
        budget_usd_micros=None if budget is None else to_micros(budget),
    )


def _retention_periods(settings: Settings) -> RetentionPeriods:
    return RetentionPeriods(
        texts=_days(settings.keep_prompts_days),
        files=_days(settings.keep_files_days),
        guilds=timedelta(days=settings.left_guild_days),
    )


def _days(number: int) -> timedelta | None:
    """Read a setting of days; 0 is for ever."""
    return timedelta(days=number) if number else None
