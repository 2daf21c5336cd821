"""The services that keep and delete data, with a Discord that a test can script."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from bot.domain import DeadLetter, Job
from bot.store.member.feedback import FeedbackStore
from bot.store.privacy.deletion import DeletionStore
from tests.service.scripted import Scripted
from tests.service.services import Services

DAY = timedelta(days=1).total_seconds()
PLACES = [(5, 41), (5, 42), (5, 43), (9, 44)]  # of a card, a result, a shared copy and one in a gallery


class Discord(Scripted):
    """Discord for deletions; without a script every message is deleted."""

    async def take_away(self, job: Job, *, channel_id: int, message_id: int) -> None:
        assert job.id
        await self.play("delete", (channel_id, message_id))


@dataclass
class UpkeepServices:
    """The services that keep and delete data."""

    services: Services
    settings: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        services = self.services
        services.result_poster = self.discord = Discord()
        bot, self.staff = services.restart(**self.settings), services.staff
        self.privacy, self.left_guilds, self.feedback = (
            bot.services.privacy,
            bot.services.left_guilds,
            bot.services.feedback,
        )
        self.retention, self.outbox = bot.retention, bot.outbox
        self.deletions, self.feedback_store = DeletionStore(services.database), FeedbackStore(services.database)

    async def posted(self, **changes: Any) -> Job:
        """Make a closed job whose video was posted, shared, and copied to a gallery."""
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
        """Make a job whose video nobody could be given, with its file."""
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
