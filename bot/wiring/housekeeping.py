"""Puts together what looks after the bot's memory: privacy, what is forgotten in time, guilds that were left."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from bot.service.jobs.copies import ResultPoster
from bot.service.jobs.delivery import Delivery
from bot.service.member.feedback import Feedback
from bot.service.outbox import OutboxPoster
from bot.service.upkeep.left_guilds import LeftGuilds
from bot.service.upkeep.privacy import Privacy, RetentionPeriods
from bot.service.upkeep.retention import Retention
from bot.service.upkeep.scheduler import PeriodicTask
from bot.settings import Settings
from bot.store.database import Database
from bot.store.member.drafts import DraftStore
from bot.store.member.feedback import FeedbackStore
from bot.store.privacy.deleted_traces import TraceStore
from bot.store.privacy.deletion import DeletionStore
from bot.store.privacy.export import PrivacyStore
from bot.store.privacy.left_guilds import LeftGuildStore
from bot.store.privacy.retention import RetentionStore


@dataclass(frozen=True, kw_only=True, slots=True)
class Housekeeping:
    """The services, and what they have to do regularly."""

    privacy: Privacy
    retention: Retention
    left_guilds: LeftGuilds
    feedback: Feedback
    traces: TraceStore

    @classmethod
    def of(
        cls,
        settings: Settings,
        *,
        database: Database,
        purge: Callable[[], Awaitable[bool]],
        result_poster: ResultPoster,
        outbox: OutboxPoster,
        delivery: Delivery,
        clock: Callable[[], datetime],
        wake_worker: Callable[[], None],
    ) -> Self:
        """Build all of it."""
        retention_periods = _retention_periods(settings)
        left_guilds = LeftGuilds(store=LeftGuildStore(database), clock=clock, wake=wake_worker)
        return cls(
            privacy=Privacy(
                store=PrivacyStore(database),
                deletions=DeletionStore(database),
                result_poster=result_poster,
                delivery=delivery,
                retention_periods=retention_periods,
                policy_file=settings.privacy_file,
                clock=clock,
                wake=wake_worker,
            ),
            retention=Retention(
                store=RetentionStore(database),
                drafts=DraftStore(database),
                left_guilds=left_guilds,
                delivery=delivery,
                retention_periods=retention_periods,
                clock=clock,
                wake=wake_worker,
            ),
            left_guilds=left_guilds,
            feedback=Feedback(store=FeedbackStore(database), outbox=outbox, clock=clock),
            traces=TraceStore(database, purge=purge),
        )

    def periodic_tasks(self) -> list[PeriodicTask]:
        """What the scheduler has to see to."""
        return [
            PeriodicTask(name="deletions", every=timedelta(minutes=1), work=self.privacy.work, prompt=True),
            PeriodicTask(name="departures", every=timedelta(minutes=10), work=self.left_guilds.work, prompt=True),
            PeriodicTask(name="retention", every=timedelta(days=1), work=self.retention.work),
            PeriodicTask(name="traces", every=timedelta(minutes=1), work=self.traces.overwrite, prompt=True),
        ]


def _retention_periods(settings: Settings) -> RetentionPeriods:
    return RetentionPeriods(
        texts=_days(settings.keep_prompts_days),
        files=_days(settings.keep_files_days),
        guilds=timedelta(days=settings.left_guild_days),
    )


def _days(number: int) -> timedelta | None:
    """A setting of days; 0 is for ever."""
    return timedelta(days=number) if number else None
