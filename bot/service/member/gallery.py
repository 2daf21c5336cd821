"""Fills a guild's gallery: decides when a video has stars enough, and posts its copy once, whatever crashes."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Final

from bot.domain import Job, OutboxItem, OutboxKind
from bot.errors import ResultTooLarge, StoreUnavailable
from bot.service.jobs.copies import Copies, Copy, CopyKind, ResultPoster
from bot.service.outbox import OutboxHandler, find_message
from bot.store.jobs.queries import JobQueryStore
from bot.store.member.library import LibraryStore
from bot.store.member.preferences import PreferenceStore, of_guild
from bot.store.outbox import OutboxStore
from bot.values import dataclass

log = logging.getLogger(__name__)

CHANNEL: Final = "gallery_channel"  # the guild's preferences
STARS: Final = "gallery_stars"
TRIES: Final = 20  # of one copy, until the next star: about an hour and a half
SMALLEST: Final = 10 * 1024 * 1024  # bytes a file that Discord takes everywhere


@dataclass(frozen=True, kw_only=True, slots=True)
class GalleryRule:
    """A guild's rule: which channel gets a copy of what has so many stars."""

    channel_id: int
    stars: int


class Gallery:
    """Decides what is copied. Every method may raise `StoreUnavailable` but `consider`."""

    def __init__(
        self,
        *,
        outbox: OutboxStore,
        preferences: PreferenceStore,
        clock: Callable[[], datetime],
        wake: Callable[[], None],
    ) -> None:
        self._outbox, self._preferences, self._clock, self._wake = outbox, preferences, clock, wake

    async def rule(self, guild_id: int) -> GalleryRule | None:
        """Read a guild's rule; None where it has no gallery."""
        chosen = await self._preferences.read([of_guild(guild_id)])
        if chosen.get(CHANNEL) is None:
            return None
        return GalleryRule(channel_id=int(chosen[CHANNEL]), stars=int(chosen.get(STARS, 1)))

    async def set_rule(self, guild_id: int, rule: GalleryRule | None) -> None:
        """Give a guild a gallery, or take it away."""
        changes = {CHANNEL: rule and rule.channel_id, STARS: rule and rule.stars}
        await self._preferences.change(of_guild(guild_id), changes, now=self._clock())

    async def consider(self, job: Job, *, stars: int) -> None:
        """Copy a video that has so many stars now, where its guild wants that. The star counts even if this fails."""
        guild_id = job.destination.guild_id
        if guild_id is None or not presentable(job):
            return
        try:
            rule = await self.rule(guild_id)
            if rule is None or stars < rule.stars:
                return
            place = {"guild_id": guild_id, "channel_id": rule.channel_id}
            if await self._outbox.announce_once(OutboxKind.GALLERY, job.id, **place, now=self._clock()):
                log.info("for the gallery", extra={"job": job.id, "stars": stars})
                self._wake()
        except StoreUnavailable as exc:
            log.warning("not for the gallery yet", extra={"job": job.id, "detail": str(exc)})


class GalleryPoster(OutboxHandler):
    """Posts the copies that are meant for galleries. `moment` is the present by Discord's clock."""

    kind = OutboxKind.GALLERY
    tries = TRIES

    def __init__(
        self,
        *,
        outbox: OutboxStore,
        library_store: LibraryStore,
        lookup: JobQueryStore,
        copies: Copies,
        result_poster: ResultPoster,
        clock: Callable[[], datetime],
        moment: Callable[[], datetime],
    ) -> None:
        self._outbox, self._library_store, self._lookup = outbox, library_store, lookup
        self._copies, self._result_poster = copies, result_poster
        self._clock, self._moment = clock, moment

    async def handle(self, item: OutboxItem) -> int | None:
        """Post the copy, unless it is there; of a video that was forgotten meanwhile nothing stays."""
        job = await self._lookup.job(item.subject_id)
        if job is None or not presentable(job):
            return None
        place, others = item.channel_id or 0, (job.message_id, job.shared_message_id)  # maybe in the same channel
        message_id = await find_message(
            item,
            lambda since: self._result_poster.find_copy(
                job, channel_id=place, guild_id=item.guild_id, since=since, besides=others
            ),
        )
        message_id = message_id or await self._post(job, item)
        if message_id is None or await self._outbox.posted(item, message_id=message_id, now=self._clock()):
            return message_id
        await self._result_poster.take_away(job, channel_id=place, message_id=message_id)
        return None

    async def _post(self, job: Job, item: OutboxItem) -> int | None:
        try:
            return await self._post_within(job.destination.upload_limit, job, item)
        except ResultTooLarge:
            return await self._post_within(SMALLEST, job, item)

    async def _post_within(self, limit: int, job: Job, item: OutboxItem) -> int | None:
        """Post the copy as a file of at most `limit` bytes; None where the video was forgotten meanwhile."""
        channel_id = item.channel_id or 0
        copy = Copy(
            kind=CopyKind.GALLERY,
            user_id=job.user_id,
            locale=job.public_locale,
            nonce=f"gallery-{job.id}",
            limit=limit,
            guild_id=job.destination.guild_id,
            channel_id=channel_id,
        )
        async with self._copies.video(job, limit=limit) as video:
            stars = await self._library_store.stars(job.id)
            if not await self._outbox.begin_posting(item, channel_id=channel_id, at=self._moment()):
                return None
            return (await self._result_poster.post_copy(video, copy, stars=stars)).message_id


def presentable(job: Job) -> bool:
    """Say whether everybody in its guild may see a video: posted in the open, and not deleted."""
    shown = not job.destination.private or job.shared_at is not None
    return job.destination.guild_id is not None and job.delivered_at is not None and job.removed_at is None and shown
