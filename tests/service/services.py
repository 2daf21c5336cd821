"""A house without Discord, network and video: every service of the bot between a real database and scripted people."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final, cast

from bot.domain import (
    Allowance,
    AuditEntry,
    DeadLetter,
    Defaults,
    Destination,
    Fund,
    Job,
    JobStatus,
    RunningLimits,
    VideoRequest,
)
from bot.domain.next_step import next_step
from bot.domain.policy import GuildLimits
from bot.domain.quota import owner_of, period_of
from bot.service.jobs.admission import Admission
from bot.service.jobs.ai_mark import AiMark
from bot.service.jobs.cards import Cards
from bot.service.jobs.clock_watch import ClockWatch
from bot.service.jobs.copies import ResultPoster
from bot.service.jobs.delivery import Delivery
from bot.service.jobs.eta import Forecaster
from bot.service.jobs.offered_models import GivenUpModels, OfferedModels
from bot.service.jobs.provider_health import ProviderHealth
from bot.service.jobs.removal import RemovalHandler, Removals
from bot.service.jobs.reposts import RepostFinder, Reposts
from bot.service.jobs.steps import Steps
from bot.service.jobs.submission import Pace, Submission
from bot.service.jobs.types import JobLimits
from bot.service.jobs.videos import Videos
from bot.service.jobs.worker import Capacity, Worker
from bot.service.media.service import Media
from bot.service.outbox import OutboxHandler, OutboxPoster
from bot.service.ports.operator_alerts import OperatorAlerts
from bot.service.screening.requests import REVIEW_TIME, RequestScreening
from bot.service.screening.results import ResultScreening
from bot.store.community.guilds import GuildStore
from bot.store.community.strikes import StrikeStore
from bot.store.heartbeat import HeartbeatStore
from bot.store.jobs.claims import ClaimStore
from bot.store.jobs.jobs import JobStore
from bot.store.jobs.messages import MessageStore
from bot.store.jobs.models import ModelStore
from bot.store.jobs.queries import JobQueryStore
from bot.store.jobs.results import ResultStore
from bot.store.jobs.review_decisions import ReviewDecisionStore
from bot.store.migrate import migrate
from bot.store.money.budget_alerts import BudgetStore
from bot.store.outbox import OutboxStore
from bot.store.sqlite import SQLiteDatabase
from tests.funding import plain
from tests.models import CAPABILITIES
from tests.service.scripted import START, Clock, Discord, Fetcher, Provider, Scans, ScriptedMedia, Stubborn

LEASE: Final = timedelta(seconds=30)
UNLIMITED: Final = RunningLimits(per_provider=1000, per_user=1000, per_guild=1000, total=1000)
LIMIT: Final = 25 * 1024 * 1024


@dataclass
class Services:
    """Every service of the bot, between a real database and scripted people."""

    database: Stubborn
    folder: Path
    clock: Clock = field(default_factory=Clock)
    ahead: timedelta = timedelta()  # by which our clock is ahead of Discord's
    discord: Discord = field(default_factory=Discord)
    fetcher: Fetcher = field(default_factory=Fetcher)
    media: ScriptedMedia = field(default_factory=ScriptedMedia)
    sleeps: list[float] = field(default_factory=list)
    allowance: int = 60
    patience: float = 5.0
    steps_at_once: int = 4
    deliveries: int = 2
    running_limits: RunningLimits = UNLIMITED

    def __post_init__(self) -> None:
        self.jobs, self.claims, self.lookup = (
            JobStore(self.database),
            ClaimStore(self.database),
            JobQueryStore(self.database),
        )
        self.decisions, self.scans = ReviewDecisionStore(self.database), Scans()
        self.kirin, self.kling = Provider("kirin"), Provider("kling")
        self.kling.find_is_authoritative = True
        self.providers: dict[str, Any] = {"kirin": self.kirin, "kling": self.kling}
        self.operator_alerts = OperatorAlerts(self.discord, clock=self.clock)
        self.forecaster = Forecaster(lookup=self.lookup, limits=self.running_limits, clock=self.clock)
        self.cards = Cards(
            notifier=self.discord,
            jobs=self.jobs,
            lookup=self.lookup,
            forecaster=self.forecaster,
            clock=self.clock,
            moment=self.moment,
            patience=self.patience,
        )
        self.health = {
            name: ProviderHealth(each, operator_alerts=self.operator_alerts, clock=self.clock, patience=self.patience)
            for name, each in self.providers.items()
        }
        self.models = OfferedModels(list(CAPABILITIES.values()), clock=self.clock)
        self.given_up = GivenUpModels(
            models=self.models, store=ModelStore(self.database), operator_alerts=self.operator_alerts, clock=self.clock
        )
        self.submission = Submission(
            providers=self.providers,
            health=self.health,
            jobs=self.jobs,
            forecaster=self.forecaster,
            operator_alerts=self.operator_alerts,
            given_up=self.given_up,
            pace=Pace(least=timedelta(seconds=2), most=timedelta(seconds=20)),
            clock=self.clock,
            rand=_middle,
            sleep=self._sleep,
        )
        self.delivery = Delivery(
            jobs=self.jobs,
            lookup=self.lookup,
            providers=self.providers,
            fetcher=self.fetcher,
            media=cast("Media", self.media),
            ai_mark=AiMark(),
            notifier=self.discord,
            operator_alerts=self.operator_alerts,
            result_screening=ResultScreening(
                guilds=GuildStore(self.database),
                decisions=self.decisions,
                scanner=cast("Any", self.scans),
                clock=self.clock,
                wake=self.wake,
            ),
            folder=self.folder,
            cap=200 * 1024 * 1024,
            moment=self.moment,
            clock=self.clock,
            rand=_middle,
        )
        self.steps = Steps(
            jobs=self.jobs,
            submission=self.submission,
            delivery=self.delivery,
            decisions=self.decisions,
            cards=self.cards,
            clock=self.clock,
            rand=_middle,
        )
        self.woken = 0
        self._numbers = count(1)

    async def _sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        await asyncio.sleep(0)

    def clock_watch(self) -> ClockWatch:
        return ClockWatch(
            heartbeats=HeartbeatStore(self.database),
            clock=self.clock,
            longest=timedelta(minutes=15),
            review=REVIEW_TIME,
        )

    def moment(self) -> datetime:
        """The present by Discord's clock."""
        return self.clock() - self.ahead

    def worker(self) -> Worker:
        return Worker(
            claims=self.claims,
            jobs=self.jobs,
            submission=self.submission,
            delivery=self.delivery,
            decisions=self.decisions,
            cards=self.cards,
            clock_watch=self.clock_watch(),
            providers=self.providers,
            capacity=Capacity(
                steps=self.steps_at_once,
                deliveries=self.deliveries,
                running=self.running_limits,
                lease=LEASE,
            ),
            clock=self.clock,
            rand=_middle,
        )

    def outbox(self, *handlers: OutboxHandler, patience: float = 10.0) -> OutboxPoster:
        """The outbox with these handlers."""
        store = OutboxStore(self.database)
        return OutboxPoster(store=store, handlers=handlers, clock=self.clock, rand=_middle, patience=patience)

    def message_handlers(self, result_poster: ResultPoster) -> tuple[OutboxHandler, ...]:
        """Those that look after what was posted of videos."""
        others: dict[str, Any] = {"lookup": self.lookup, "result_poster": result_poster}
        messages = MessageStore(self.database)
        return RemovalHandler(messages=messages, **others), RepostFinder(messages=messages, **others)

    def removals(self, outbox: OutboxPoster) -> Removals:
        return Removals(
            results=ResultStore(self.database),
            messages=MessageStore(self.database),
            outbox=outbox,
            clock=self.clock,
        )

    def reposts(self, result_poster: ResultPoster) -> Reposts:
        return Reposts(
            messages=MessageStore(self.database),
            outbox=OutboxStore(self.database),
            result_poster=result_poster,
            clock=self.clock,
            moment=self.moment,
        )

    def wake(self) -> None:
        self.woken += 1

    def admission(self, *, most: int = 3) -> Admission:
        return Admission(
            guilds=GuildStore(self.database),
            lookup=self.lookup,
            budgets=BudgetStore(self.database),
            moderation=RequestScreening(
                strikes=StrikeStore(self.database),
                scanner=cast("Any", self.scans),
                staff=cast("Any", self.discord),
                clock=self.clock,
            ),
            defaults=Defaults(allowance=Allowance(credits=self.allowance)),
            models=self.models,
            jobs_per_user=most,
            clock=self.clock,
        )

    def videos(self, *, most: int = 3, wake: Callable[[], None] | None = None) -> Videos:
        return Videos(
            jobs=self.jobs,
            lookup=self.lookup,
            cards=self.cards,
            forecaster=self.forecaster,
            health=self.health,
            operator_alerts=self.operator_alerts,
            models=self.models,
            admission=self.admission(most=most),
            limits=JobLimits(jobs_per_user=most, deadline=timedelta(hours=1)),
            clock=self.clock,
            moment=self.moment,
            wake=wake or self.wake,
        )

    async def pause(self, *, guild_id: int, paused: bool = True) -> None:
        """Let nothing that waits in a guild begin (0: nothing at all), or go on."""
        await GuildStore(self.database).pause(self._entry(guild_id), paused=paused)

    async def limit(self, *, guild_id: int, running: int) -> None:
        """Let no more of a guild's videos be made at once."""
        limits = GuildLimits(running=running)
        await GuildStore(self.database).change(
            self._entry(guild_id), lambda policy: policy.model_copy(update={"limits": limits})
        )

    def _entry(self, guild_id: int) -> AuditEntry:
        number = next(self._numbers)
        return AuditEntry(id=f"entry-{number}", guild_id=guild_id, actor_id=1, action="test", at=self.clock())

    async def queued(
        self,
        *,
        provider: str = "kirin",
        private: bool = False,
        user_id: int = 1,
        guild_id: int | None = 7,
        channel_id: int = 5,
        limit: int = LIMIT,
        **fields: Any,
    ) -> Job:
        """A job that was accepted just now."""
        number, now = next(self._numbers), self.clock()
        model = {"kirin": "kirin_v3_t2v", "kling": "kling-v1"}[provider]
        job = Job(
            id=f"{number:016x}",
            idempotency_key=f"interaction-{number}",
            user_id=user_id,
            locale="en-US",
            destination=Destination(guild_id=guild_id, channel_id=channel_id, upload_limit=limit, private=private),
            provider=provider,
            request=VideoRequest(**{"model": model, "prompt": "a fox on the ice", **fields}),
            status=JobStatus.QUEUED,
            attempt=1,
            tries=0,
            owner=owner_of(user_id=user_id, guild_id=guild_id),
            period=period_of(now),
            credits=5,
            usd_micros=420_000,
            created_at=now + timedelta(milliseconds=number),
            deadline_at=now + timedelta(hours=1),
            due_at=now,
        )
        accepted, _ = await self.jobs.accept(job, funding=plain(job, 10_000_000), most=10_000, now=now)
        return accepted

    async def submitting(self, **changes: Any) -> Job:
        """The same, claimed to be submitted."""
        queued = await self.queued(**changes)
        claimed = await self.claims.waiting(
            queued.provider, now=self.clock(), lease_until=self.clock() + LEASE, limits=UNLIMITED
        )
        assert claimed is not None
        assert claimed.id == queued.id
        return claimed

    async def running(self, **changes: Any) -> Job:
        """A claimed job in `RUNNING`."""
        job = await self.submitting(**changes)
        await self.jobs.record_task(job, task_id=f"task-{job.id}", next_at=self.clock(), now=self.clock())
        return await self.claimed(job)

    async def succeeded(self, **changes: Any) -> Job:
        """A claimed job in `SUCCEEDED`."""
        job = await self.running(**changes)
        return await self.jobs.succeed(job, result_url="https://v.example/1.mp4", cost_micros=None, now=self.clock())

    async def claimed(self, job: Job) -> Job:
        """The job as whoever claims it once it is due gets it."""
        present = await self.job(job)
        if present.due_at is not None:
            self.clock.now = max(self.clock.now, present.due_at)
        due = await self.claims.due(now=self.clock(), lease_until=self.clock() + LEASE, most=1000)
        (mine,) = [each for each in due if each.id == job.id]
        return mine

    async def step(self, job: Job) -> Job:
        """Carry out whatever comes next for a claimed job, as its worker does."""
        return await self.steps.carry_out(job, next_step(job, now=self.clock()))

    async def job(self, job: Job) -> Job:
        found = await self.lookup.job(job.id)
        assert found is not None
        return found

    async def balance(self, job: Job) -> tuple[int, int]:
        """Credits held and settled on the account of a job."""
        account = await self.lookup.account(Fund(owner=job.owner, period=job.period, allowance=self.allowance))
        return account.held, account.settled

    async def dead(self) -> list[DeadLetter | None]:
        return [each.dead_letter for each in await self.lookup.dead_letters(most=100)]

    def alerts(self) -> list[str]:
        return [f"{alert.trouble} {alert.subject}" for alert in self.discord.asked("alert")]

    def files(self) -> list[str]:
        return sorted(file.name for file in self.folder.iterdir())


def _middle() -> float:
    return 0.5


@asynccontextmanager
async def open_services(folder: Path, **changes: Any) -> AsyncIterator[Services]:
    """The same with other sizes."""
    async with SQLiteDatabase(str(folder / "shotcaller.db")) as database:
        await migrate(database, now=START)
        results = folder / "results"
        results.mkdir(exist_ok=True)
        yield Services(database=Stubborn(database), folder=results, **changes)
