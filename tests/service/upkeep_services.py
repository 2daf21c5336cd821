"""What looks after a house's memory, with a Discord that a test can script."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

from bot.domain import DeadLetter, Job
from bot.service.jobs.copies import ResultPoster
from bot.service.member.feedback import Feedback, FeedbackPoster
from bot.service.upkeep.left_guilds import LeftGuilds
from bot.service.upkeep.privacy import Privacy, RetentionPeriods
from bot.service.upkeep.retention import Retention
from bot.store.member.drafts import DraftStore
from bot.store.member.feedback import FeedbackStore
from bot.store.outbox import OutboxStore
from bot.store.privacy.deletion import DeletionStore
from bot.store.privacy.export import PrivacyStore
from bot.store.privacy.left_guilds import LeftGuildStore
from bot.store.privacy.retention import RetentionStore
from tests.service.moderation_services import Staff
from tests.service.scripted import Scripted
from tests.service.services import Services

DAY = timedelta(days=1).total_seconds()
PLACES = [(5, 41), (5, 42), (5, 43), (9, 44)]  # of a card, a result, a shared copy and one in a gallery
KEEPING = RetentionPeriods(texts=timedelta(days=90), files=timedelta(days=10), guilds=timedelta(days=30))


class Discord(Scripted):
    """Discord for deletions; without a script every message is deleted."""

    async def take_away(self, job: Job, *, channel_id: int, message_id: int) -> None:
        assert job.id
        await self.play("delete", (channel_id, message_id))


@dataclass
class UpkeepServices:
    """What looks after a house's memory."""

    services: Services
    policy_file: Path | None = None
    retention_periods: RetentionPeriods = KEEPING

    def __post_init__(self) -> None:
        services, self.discord, self.staff = self.services, Discord(), Staff()
        self.deletions = DeletionStore(services.database)
        self.privacy = Privacy(
            store=PrivacyStore(services.database),
            deletions=self.deletions,
            result_poster=cast("ResultPoster", self.discord),
            delivery=services.delivery,
            retention_periods=self.retention_periods,
            policy_file=self.policy_file,
            clock=services.clock,
            wake=services.wake,
        )
        self.left_guilds = LeftGuilds(store=LeftGuildStore(services.database), clock=services.clock, wake=services.wake)
        self.retention = Retention(
            store=RetentionStore(services.database),
            drafts=DraftStore(services.database),
            left_guilds=self.left_guilds,
            delivery=services.delivery,
            retention_periods=self.retention_periods,
            clock=services.clock,
            wake=services.wake,
        )
        self.feedback_store = FeedbackStore(services.database)
        feedback_poster = FeedbackPoster(
            store=self.feedback_store,
            outbox=OutboxStore(services.database),
            staff=self.staff,
            moment=services.moment,
        )
        self.outbox = services.outbox(feedback_poster)
        self.feedback = Feedback(store=self.feedback_store, outbox=self.outbox, clock=services.clock)

    async def posted(self, **changes: Any) -> Job:
        """A job whose video was posted, shared and hung, and that is closed."""
        job = await self.services.succeeded(**changes)
        job = await self.services.jobs.delivered(job, channel_id=5, message_id=42, now=self.services.clock())
        await self._run(
            "UPDATE jobs SET card_channel_id = 5, card_message_id = 41, shared_message_id = 43, due_at = NULL", job
        )
        await self.services.database.transact(
            lambda tx: tx.execute(
                "INSERT INTO outbox (kind, subject_id, job_id, channel_id, created_at, message_id) "
                "VALUES ('gallery', $1, $1, 9, 0, 44)",
                job.id,
            )
        )
        return await self.services.job(job)

    async def kept(self) -> Job:
        """A job whose video nobody could be given, with its file."""
        job = await self.services.succeeded()
        kept = await self.services.jobs.mark_dead_letter(
            job, reason=DeadLetter.UNDELIVERABLE, now=self.services.clock()
        )
        (self.services.folder / f"{job.id}.mp4").write_bytes(b"film")
        return kept

    async def close(self, job: Job) -> None:
        """Let the card of an ended job be closed, as a worker does."""
        await self._run("UPDATE jobs SET due_at = NULL", job)

    async def _run(self, sql: str, job: Job) -> None:
        await self.services.database.transact(lambda tx: tx.execute(f"{sql} WHERE id = $1", job.id))

    async def days(self, number: int) -> None:
        """Let days pass, with a look at what is old on each."""
        for _ in range(number):
            self.services.clock.tick(DAY)
            await self.retention.work()
