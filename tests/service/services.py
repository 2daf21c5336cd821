"""Every service of the bot, without Discord, network and video: between a real database and scripted people."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final, cast

from pydantic import SecretStr

from bot.domain import AuditEntry, DeadLetter, Destination, Fund, Job, JobStatus, RunningLimits, VideoRequest
from bot.domain.next_step import next_step
from bot.domain.policy import GuildLimits
from bot.domain.quota import owner_of, period_of
from bot.service.jobs.offered_models import OfferedModels
from bot.settings import Settings
from bot.store.community.guilds import GuildStore
from bot.store.database import Database
from bot.store.jobs.claims import ClaimStore
from bot.store.jobs.jobs import JobStore
from bot.store.jobs.queries import JobQueryStore
from bot.store.jobs.review_decisions import ReviewDecisionStore
from bot.store.sqlite import SQLiteDatabase
from bot.wiring.build import Bot, build
from bot.wiring.world import Sizes, World
from tests.fresh_databases import migrated_file
from tests.funding import plain
from tests.models import CAPABILITIES
from tests.service.scripted import (
    Clock,
    Discord,
    Fetcher,
    Provider,
    ResultPoster,
    Scans,
    ScriptedMedia,
    Staff,
    Stubborn,
)

LEASE: Final = timedelta(seconds=30)
UNLIMITED: Final = RunningLimits(per_provider=1000, per_user=1000, per_guild=1000, total=1000, abreast=1000)
LIMIT: Final = 25 * 1024 * 1024
SIZES: Final = Sizes(steps=4, deliveries=2, card_patience=60, provider_patience=60, outbox_patience=60)
SETTINGS: Final = Settings(
    discord_token=SecretStr("token"),
    kirin_api_key=SecretStr("key"),
    monthly_budget_usd=None,
    keep_prompts_days=90,
    keep_files_days=10,
)


@dataclass
class Services:
    """Every service of the bot, between a real database and scripted people.

    `bot` is what a process of the bot consists of; `restart` ends it, and starts another with other settings.
    """

    database: Stubborn
    folder: Path
    clock: Clock = field(default_factory=Clock)
    ahead: timedelta = timedelta()  # by which our clock is ahead of Discord's
    discord: Discord = field(default_factory=Discord)
    staff: Any = field(default_factory=Staff)
    result_poster: Any = field(default_factory=ResultPoster)
    fetcher: Fetcher = field(default_factory=Fetcher)
    media: ScriptedMedia = field(default_factory=ScriptedMedia)
    sleeps: list[float] = field(default_factory=list)
    allowance: int = 60
    running_limits: RunningLimits = UNLIMITED
    sizes: Sizes = SIZES

    def __post_init__(self) -> None:
        self.jobs, self.lookup = JobStore(self.database), JobQueryStore(self.database)
        self.claims, self.decisions = ClaimStore(self.database), ReviewDecisionStore(self.database)
        self.kirin, self.kling, self.scans = Provider("kirin"), Provider("kling"), Scans()
        self.kling.find_is_authoritative = True
        self.providers: dict[str, Any] = {"kirin": self.kirin, "kling": self.kling}
        self.models = OfferedModels(list(CAPABILITIES.values()), clock=self.clock)
        self._numbers = count(1)
        self.restart()

    def restart(self, *, sizes: Sizes | None = None, **settings: Any) -> Bot:
        """Go on with a new process, of other sizes or with other settings."""
        self.bot = self.build(sizes=sizes, **settings)
        self.cards, self.submission = self.bot.cards, self.bot.submission
        self.health, self.forecaster = self.bot.health, self.bot.forecaster
        self.steps, self.files = self.bot.steps, self.bot.files
        return self.bot

    def build(
        self,
        *,
        sizes: Sizes | None = None,
        scanner: bool = True,
        parts: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> Bot:
        """Build another process beside this one, on the same database; some `parts` of its world may be its own."""
        limits = asdict(self.running_limits)
        limits = {f"running_{name}": limits[name] for name in ("per_provider", "per_user", "per_guild", "total")}
        credits_ = {"daily_credits": self.allowance, "direct_credits": self.allowance}
        world = World(
            database=self.database,
            purge=_purge,
            providers=self.providers,
            fetcher=self.fetcher,
            notifier=self.discord,
            result_poster=self.result_poster,
            staff=self.staff,
            clock=self.clock,
            models=self.models,
            moment=self.moment,
            scanner=cast("Any", self.scans) if scanner else None,
            media=cast("Any", self.media),
            rand=_middle,
            sleep=self._sleep,
        )
        world = replace(world, **parts or {})
        changed = SETTINGS.model_copy(update={"data_dir": self.folder.parent, **limits, **credits_, **settings})
        return build(changed, world, sizes=sizes or self.sizes)

    async def _sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        await asyncio.sleep(0)

    def moment(self) -> datetime:
        """Tell the present by Discord's clock."""
        return self.clock() - self.ahead

    @property
    def woken(self) -> bool:
        """Whether the worker has been called."""
        return self.bot.woken.is_set()

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
        """Make a job that was accepted just now."""
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

    async def step(self, job: Job) -> Job:
        """Carry out whatever comes next for a claimed job, as its worker does."""
        return await self.steps.carry_out(job, next_step(job, now=self.clock()))

    async def submitting(self, **changes: Any) -> Job:
        """Make a job that is claimed to be submitted."""
        queued = await self.queued(**changes)
        claimed = await self.claims.waiting(
            queued.provider, now=self.clock(), lease_until=self.clock() + LEASE, limits=UNLIMITED
        )
        assert claimed is not None
        assert claimed.id == queued.id
        return claimed

    async def refuse(self, provider: str, *, seconds: float) -> Job:
        """Have a provider take nothing for so long, as a job finds that waits for it now."""
        job, until = await self.submitting(provider=provider), self.clock() + timedelta(seconds=seconds)
        return await self.jobs.requeue(job, attempt=2, next_at=until, rests=True)

    async def running(self, **changes: Any) -> Job:
        """Make a claimed job in `RUNNING`."""
        job = await self.submitting(**changes)
        await self.jobs.record_task(job, task_id=f"task-{job.id}", next_at=self.clock(), now=self.clock())
        return await self.claimed(job)

    async def succeeded(self, **changes: Any) -> Job:
        """Make a claimed job in `SUCCEEDED`."""
        job = await self.running(**changes)
        return await self.jobs.succeed(job, result_url="https://v.example/1.mp4", cost_micros=None, now=self.clock())

    async def claimed(self, job: Job) -> Job:
        """Claim the job, once it is due, as a worker does."""
        present = await self.job(job)
        if present.due_at is not None:
            self.clock.now = max(self.clock.now, present.due_at)
        due = await self.claims.due(now=self.clock(), lease_until=self.clock() + LEASE, most=1000)
        (mine,) = [each for each in due if each.id == job.id]
        return mine

    async def job(self, job: Job) -> Job:
        found = await self.lookup.job(job.id)
        assert found is not None
        return found

    async def balance(self, job: Job) -> tuple[int, int]:
        """Read the credits held and settled on the account of a job."""
        account = await self.lookup.account(Fund(owner=job.owner, period=job.period, allowance=self.allowance))
        return account.held, account.settled

    async def dead(self) -> list[DeadLetter | None]:
        return [each.dead_letter for each in await self.lookup.dead_letters(most=100)]

    def alerts(self) -> list[str]:
        return [f"{alert.trouble} {alert.subject}" for alert in self.discord.asked("alert")]

    def file_names(self) -> list[str]:
        return sorted(file.name for file in self.folder.iterdir())


def _middle() -> float:
    return 0.5


async def _purge() -> bool:
    return True


@asynccontextmanager
async def open_services(folder: Path, *, database: Database | None = None, **changes: Any) -> AsyncIterator[Services]:
    """Open the services over a migrated database, of SQLite unless another is given, with other sizes."""
    async with AsyncExitStack() as stack:
        if database is None:
            file = await migrated_file(folder / "shotcaller.db")
            database = await stack.enter_async_context(SQLiteDatabase(file))
        results = folder / "results"
        results.mkdir(exist_ok=True)
        yield Services(database=Stubborn(database), folder=results, **changes)
