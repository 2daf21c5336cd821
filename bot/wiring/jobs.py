"""Puts together what makes videos: what accepts requests, follows the jobs, and posts what comes of them."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

from bot.domain import Defaults, RunningLimits, backoff
from bot.provider.base import AnswersMany
from bot.service.jobs.admission import Admission
from bot.service.jobs.callbacks import Callbacks
from bot.service.jobs.cards import Cards
from bot.service.jobs.clock_watch import ClockWatch
from bot.service.jobs.delivery import Delivery
from bot.service.jobs.eta import Forecaster
from bot.service.jobs.files import ResultFiles
from bot.service.jobs.offered_models import GivenUpModels
from bot.service.jobs.provider_health import ProviderHealth
from bot.service.jobs.steps import Steps
from bot.service.jobs.submission import Pace, Submission
from bot.service.jobs.types import JobLimits
from bot.service.jobs.videos import Videos
from bot.service.jobs.watcher import Watch, Watcher
from bot.service.jobs.worker import Capacity, Worker
from bot.service.operator_alerts import OperatorAlerts
from bot.service.screening.screening import REVIEW_TIME, RequestScreening, ResultScreening
from bot.settings import Settings
from bot.store.community.strikes import StrikeStore
from bot.store.heartbeat import HeartbeatStore
from bot.store.jobs.claims import ClaimStore
from bot.store.jobs.models import ModelStore
from bot.store.jobs.provider_rests import ProviderRestStore
from bot.store.told_troubles import ToldTroubleStore
from bot.values import dataclass
from bot.wiring.stores import Stores
from bot.wiring.waking import Waking
from bot.wiring.world import Sizes, World

MEGABYTE: Final = 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class JobParts:
    """Everything that a video's way is made of, from the request to the post."""

    admission: Admission
    callbacks: Callbacks
    cards: Cards
    clock_watch: ClockWatch
    files: ResultFiles
    forecaster: Forecaster
    given_up: GivenUpModels
    health: Mapping[str, ProviderHealth]
    operator_alerts: OperatorAlerts
    request_screening: RequestScreening
    result_screening: ResultScreening
    steps: Steps
    submission: Submission
    videos: Videos
    watcher: Watcher
    worker: Worker


def build_jobs(
    settings: Settings, world: World, *, stores: Stores, waking: Waking, defaults: Defaults, sizes: Sizes
) -> JobParts:
    """Build what accepts requests, has the videos made and posts them, each part after those that it needs."""
    database, clock, moment, rand, signals = world.database, world.clock, world.moment, world.rand, world.signals
    running, (lease, submission_lease) = _running_limits(settings), _leases(settings, world)
    deadline = job_deadline(settings)
    pace = Pace(least=timedelta(seconds=settings.poll_seconds_min), most=timedelta(seconds=settings.poll_seconds_max))

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
    forecaster = Forecaster(lookup=stores.lookup, limits=running, clock=clock)
    given_up = GivenUpModels(
        models=world.models, store=ModelStore(database), operator_alerts=operator_alerts, clock=clock
    )
    cards = Cards(
        notifier=world.notifier,
        jobs=stores.jobs,
        lookup=stores.lookup,
        forecaster=forecaster,
        processes=world.processes,
        signals=signals,
        clock=clock,
        moment=moment,
        keeps=settings.keep_cards,
        patience=sizes.card_patience,
        others_patience=sizes.others_patience,
    )
    callbacks = Callbacks(claims=stores.claims, pause=pace.least, clock=clock, rand=rand, signals=signals)
    watcher = _watcher(
        world,
        health=health,
        claims=stores.claims,
        forecaster=forecaster,
        callbacks=callbacks,
        pace=pace,
        wake=waking.wake_worker,
    )
    submission = Submission(
        providers=world.providers,
        health=health,
        jobs=stores.jobs,
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
        guilds=stores.guilds, decisions=stores.decisions, scanner=world.scanner, clock=clock, wake=waking.wake_all
    )
    files = ResultFiles(
        lookup=stores.lookup,
        processes=world.processes,
        providers=world.providers,
        fetcher=world.fetcher,
        media=world.media,
        folder=settings.results_dir,
        cap=settings.max_result_megabytes * MEGABYTE,
        label=settings.ai_label or "",
    )
    delivery = Delivery(
        jobs=stores.jobs,
        lookup=stores.lookup,
        files=files,
        notifier=world.notifier,
        operator_alerts=operator_alerts,
        result_screening=result_screening,
        clock=clock,
        moment=moment,
        rand=rand,
    )
    steps = Steps(
        jobs=stores.jobs,
        submission=submission,
        delivery=delivery,
        files=files,
        decisions=stores.decisions,
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
        claims=stores.claims,
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
        woken=waking.worker,
    )
    admission = Admission(
        guilds=stores.guilds,
        lookup=stores.lookup,
        budgets=stores.budgets,
        moderation=request_screening,
        defaults=defaults,
        models=world.models,
        jobs_per_user=settings.max_jobs_per_user,
        clock=clock,
    )
    videos = Videos(
        jobs=stores.jobs,
        lookup=stores.lookup,
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
        wake=waking.wake_all,
    )
    return JobParts(
        admission=admission,
        callbacks=callbacks,
        cards=cards,
        clock_watch=clock_watch,
        files=files,
        forecaster=forecaster,
        given_up=given_up,
        health=health,
        operator_alerts=operator_alerts,
        request_screening=request_screening,
        result_screening=result_screening,
        steps=steps,
        submission=submission,
        videos=videos,
        watcher=watcher,
        worker=worker,
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


def job_deadline(settings: Settings) -> timedelta:
    """Say how long a job may take."""
    return timedelta(minutes=settings.job_deadline_minutes)
