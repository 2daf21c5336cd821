"""Puts together what looks after the bot's memory: privacy, what is forgotten in time, guilds that were left."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from bot.service.jobs.copies import Courier
from bot.service.jobs.delivery import Delivery
from bot.service.member.feedback import Feedback
from bot.service.ports.staff import Staff
from bot.service.upkeep.left_guilds import Departures
from bot.service.upkeep.privacy import Keeping, Privacy
from bot.service.upkeep.retention import Retention
from bot.service.upkeep.scheduler import Chore
from bot.settings import Settings
from bot.store.database import Database
from bot.store.member.drafts import Drafts
from bot.store.member.feedback import FeedbackStore
from bot.store.privacy.deletion import DeletionStore
from bot.store.privacy.export import PrivacyStore
from bot.store.privacy.left_guilds import DepartureStore
from bot.store.privacy.retention import RetentionStore
from bot.store.privacy.traces import Traces


@dataclass(frozen=True, kw_only=True, slots=True)
class Housekeeping:
    """The services, and what they have to do regularly."""

    privacy: Privacy
    retention: Retention
    departures: Departures
    feedback: Feedback
    traces: Traces

    @classmethod
    def of(
        cls,
        settings: Settings,
        *,
        database: Database,
        purge: Callable[[], Awaitable[bool]],
        courier: Courier,
        staff: Staff,
        delivery: Delivery,
        clock: Callable[[], datetime],
        moment: Callable[[], datetime],
        wake_worker: Callable[[], None],
    ) -> Self:
        """Build all of it."""
        keeping = _keeping(settings)
        departures = Departures(store=DepartureStore(database), clock=clock, wake=wake_worker)
        return cls(
            privacy=Privacy(
                store=PrivacyStore(database),
                deletions=DeletionStore(database),
                courier=courier,
                delivery=delivery,
                keeping=keeping,
                policy_file=settings.privacy_file,
                clock=clock,
                wake=wake_worker,
            ),
            retention=Retention(
                store=RetentionStore(database),
                drafts=Drafts(database),
                departures=departures,
                delivery=delivery,
                keeping=keeping,
                clock=clock,
                wake=wake_worker,
            ),
            departures=departures,
            feedback=Feedback(
                store=FeedbackStore(database),
                staff=staff,
                clock=clock,
                moment=moment,
            ),
            traces=Traces(database, purge=purge),
        )

    def chores(self) -> list[Chore]:
        """What the steward has to see to."""
        return [
            Chore(name="deletions", every=timedelta(minutes=1), work=self.privacy.work, prompt=True),
            Chore(name="departures", every=timedelta(minutes=10), work=self.departures.work, prompt=True),
            Chore(name="feedback", every=timedelta(minutes=10), work=self.feedback.work, prompt=True),
            Chore(name="retention", every=timedelta(days=1), work=self.retention.work),
            Chore(name="traces", every=timedelta(minutes=1), work=self.traces.overwrite, prompt=True),
        ]


def _keeping(settings: Settings) -> Keeping:
    return Keeping(
        texts=_days(settings.keep_prompts_days),
        files=_days(settings.keep_files_days),
        guilds=timedelta(days=settings.left_guild_days),
    )


def _days(number: int) -> timedelta | None:
    """A setting of days; 0 is for ever."""
    return timedelta(days=number) if number else None
