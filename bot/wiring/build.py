"""Puts every service together, once, from the settings and from what reaches the world outside."""

import asyncio
from datetime import timedelta

from bot import __version__
from bot.domain import Allowance, Defaults, to_micros
from bot.service.admin.balances import Balances
from bot.service.admin.credits import Credits
from bot.service.admin.doctor import Doctor
from bot.service.admin.jobs import GuildJobs
from bot.service.admin.overview import Overview
from bot.service.admin.page_access import PageAccess, PageOffer
from bot.service.admin.policies import GuildPolicies
from bot.service.admin.usage import Usage
from bot.service.jobs.copies_elsewhere import CopiesElsewhere
from bot.service.member.about import About, Facts
from bot.service.member.defaults import RememberedDefaults
from bot.service.member.drafts import Drafts
from bot.service.member.feedback import Feedback
from bot.service.member.library import Library
from bot.service.member.presets import Presets
from bot.service.member.storyboards import Storyboards
from bot.service.moderation.cases import Cases
from bot.service.outbox import OutboxPoster
from bot.service.services import Services
from bot.service.upkeep.figures import RecentFigures
from bot.service.upkeep.gateway import Gateways
from bot.service.upkeep.left_guilds import LeftGuilds
from bot.service.upkeep.privacy import Privacy, RetentionPeriods
from bot.service.upkeep.retention import Retention
from bot.service.upkeep.scheduler import PeriodicTask, Scheduler
from bot.settings import Settings
from bot.store.community.page_sessions import PageSessionStore
from bot.store.community.reports import ReportStore
from bot.store.figures import FigureStore
from bot.store.gateway import GatewayStore
from bot.store.jobs.dead_letters import DeadLetterStore
from bot.store.jobs.guild_jobs import GuildJobStore
from bot.store.jobs.standing import StandingStore
from bot.store.money.grants import GrantStore
from bot.store.money.statements import StatementStore
from bot.store.money.usage import UsageStore
from bot.store.periodic_tasks import PeriodicTaskStore
from bot.store.privacy.deleted_traces import TraceStore
from bot.store.privacy.deletion import DeletionStore
from bot.store.privacy.export import PrivacyStore
from bot.store.privacy.left_guilds import LeftGuildStore
from bot.store.privacy.retention import RetentionStore
from bot.values import dataclass
from bot.wiring.jobs import JobParts, build_jobs, job_deadline
from bot.wiring.posting import build_posting
from bot.wiring.stores import Stores
from bot.wiring.waking import Waking
from bot.wiring.world import Sizes, World


@dataclass(frozen=True, kw_only=True, slots=True)
class Bot(JobParts):
    """What the cogs may call, and what has to run.

    That is `worker`, `callbacks`, `watcher`, `outbox`, `copies_elsewhere` and `scheduler`.

    The others are parts of these, which tests look at.
    """

    services: Services
    outbox: OutboxPoster
    copies_elsewhere: CopiesElsewhere
    scheduler: Scheduler
    retention: Retention
    woken: asyncio.Event  # set when the worker has to look again


def build(settings: Settings, world: World, *, sizes: Sizes | None = None) -> Bot:
    """Build each service after those that it needs."""
    sizes, database, clock, moment = sizes or Sizes(), world.database, world.clock, world.moment
    defaults, periods = _defaults(settings), _retention_periods(settings)
    stores, waking = Stores.of(database, me=world.processes.me), Waking.by(world.signals)
    made = build_jobs(settings, world, stores=stores, waking=waking, defaults=defaults, sizes=sizes)
    posting = build_posting(world, stores=stores, waking=waking, made=made, sizes=sizes)
    doctor = Doctor(health=made.health, guilds=stores.guilds, operator_channel_id=settings.operator_channel_id)

    # What looks after the bot's memory.
    deletions, left_store = DeletionStore(database), LeftGuildStore(database)
    left_guilds = LeftGuilds(
        store=left_store,
        clock=clock,
        wake=waking.wake_worker,
        wake_outbox=waking.wake_outbox,
        welcomes=settings.welcome_message,
    )
    privacy = Privacy(
        store=PrivacyStore(database),
        deletions=deletions,
        result_poster=world.result_poster,
        files=made.files,
        retention_periods=periods,
        policy_file=settings.privacy_file,
        clock=clock,
        wake=waking.wake_worker,
    )
    retention = Retention(
        store=RetentionStore(database),
        drafts=stores.drafts,
        left_guilds=left_guilds,
        files=made.files,
        retention_periods=periods,
        clock=clock,
        wake=waking.wake_worker,
    )

    services = Services(
        now=clock,
        copies=posting.copies,
        names=world.names,
        videos=made.videos,
        drafts=Drafts(store=stores.drafts, clock=clock),
        defaults=RememberedDefaults(preferences=stores.preferences, models=world.models),
        library=Library(library_store=stores.library, lookup=stores.lookup, gallery=posting.gallery, clock=clock),
        gallery=posting.gallery,
        presets=Presets(
            store=stores.presets, lookup=stores.lookup, preferences=stores.preferences, videos=made.videos, clock=clock
        ),
        storyboards=Storyboards(drafts=stores.drafts, presets=stores.presets, models=world.models, clock=clock),
        results=posting.results,
        cases=Cases(
            store=stores.cases,
            reports=ReportStore(database),
            decisions=stores.decisions,
            guilds=stores.guilds,
            lookup=stores.lookup,
            results=posting.results,
            files=made.files,
            cards=made.cards,
            outbox=posting.outbox,
            deadline=job_deadline(settings),
            can_scan=made.request_screening.can_scan,
            clock=clock,
            wake=waking.wake_all,
        ),
        guilds=GuildPolicies(
            store=stores.guilds,
            drafts=stores.drafts,
            audit=stores.audit,
            lookup=stores.lookup,
            usual=defaults.allowance,
            clock=clock,
            wake=waking.wake_posters,
        ),
        about=About(
            facts=Facts(version=__version__, source=settings.source_url),
            health=made.health,
            clock=clock,
        ),
        privacy=privacy,
        left_guilds=left_guilds,
        gateways=Gateways(store=GatewayStore(database), processes=world.processes, clock=clock, sleep=world.sleep),
        feedback=Feedback(store=stores.feedback, outbox=posting.outbox, clock=clock),
        doctor=doctor,
        balances=Balances(world.providers, operator_alerts=made.operator_alerts, clock=clock),
        page_access=PageAccess(
            store=PageSessionStore(database),
            staff=world.staff,
            offer=_page_offer(settings),
            key=settings.discord_token.get_secret_value().encode(),
            clock=clock,
        ),
        overview=Overview(
            store=StandingStore(database),
            guilds=stores.guilds,
            lookup=stores.lookup,
            audit=stores.audit,
            doctor=doctor,
            defaults=defaults,
            figures=RecentFigures(store=FigureStore(database), clock=clock).read,
            settings=settings.shown(),
            clock=clock,
        ),
        guild_jobs=GuildJobs(
            store=GuildJobStore(database),
            dead_letters=DeadLetterStore(database),
            lookup=stores.lookup,
            forecaster=made.forecaster,
            files=made.files,
            deadline=job_deadline(settings),
            wake=waking.wake_all,
        ),
        usage=Usage(store=UsageStore(database), guilds=stores.guilds, lookup=stores.lookup, clock=clock),
        credits=Credits(
            grants=GrantStore(database),
            statements=StatementStore(database),
            cases=stores.cases,
            guilds=stores.guilds,
            operator_alerts=made.operator_alerts,
            defaults=defaults,
            clock=clock,
            wake=waking.wake_posters,
        ),
    )
    periodic_tasks = [
        PeriodicTask(name="deletions", every=timedelta(minutes=1), work=privacy.work, prompt=True),
        PeriodicTask(name="departures", every=timedelta(minutes=10), work=left_guilds.work, prompt=True),
        PeriodicTask(name="models", every=timedelta(minutes=1), work=made.given_up.recall, each=True),
        PeriodicTask(name="files", every=timedelta(days=1), work=made.files.tidy, each=True),
        PeriodicTask(
            name="unfinished_files",
            every=timedelta(minutes=1),
            work=made.files.remove_unfinished,
            prompt=True,
            each=True,
        ),
        PeriodicTask(name="retention", every=timedelta(days=1), work=retention.work),
        PeriodicTask(
            name="answers", every=timedelta(minutes=5), work=lambda: stores.private_answers.forget(now=moment())
        ),
        PeriodicTask(name="balances", every=timedelta(hours=6), work=services.balances.warn),
        PeriodicTask(name="page", every=timedelta(hours=1), work=services.page_access.forget),
        PeriodicTask(
            name="traces",
            every=timedelta(minutes=1),
            work=TraceStore(database, purge=world.purge, seconds=world.seconds).overwrite,
            prompt=True,
        ),
    ]
    world.processes.on_change(waking.scheduler.set)
    return Bot(
        **{each: getattr(made, each) for each in JobParts.__slots__},
        services=services,
        outbox=posting.outbox,
        copies_elsewhere=posting.copies_elsewhere,
        scheduler=Scheduler(
            periodic_tasks=periodic_tasks,
            store=PeriodicTaskStore(database),
            clock=clock,
            rand=world.rand,
            woken=waking.scheduler,
        ),
        retention=retention,
        woken=waking.worker,
    )


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
