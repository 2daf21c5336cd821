"""A guild's gallery: when a video has stars enough, and how its copy gets there, once, whatever crashes in between."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bot.domain import backoff
from bot.domain.job import Job
from bot.errors import (
    DeliveryError,
    DestinationBusy,
    DestinationLost,
    ResultTooLarge,
    StoreError,
    StoreUnavailable,
)
from bot.service.jobs.copies import Copies, Copy, CopyKind, ResultPoster
from bot.service.ports.notifier import CannotTell, Posted
from bot.store.jobs.queries import JobQueryStore
from bot.store.member.gallery import GalleryCopy, GalleryStore
from bot.store.member.library import LibraryStore
from bot.store.member.preferences import PreferenceStore, of_guild

log = logging.getLogger(__name__)

CHANNEL: Final = "gallery_channel"  # the guild's preferences
STARS: Final = "gallery_stars"
TRIES: Final = 12  # of one copy, until the next star
WAIT_CAP: Final = 600.0  # seconds at the most between two tries
IDLE: Final = timedelta(minutes=1)  # between two looks, when nothing wakes us
SMALLEST: Final = 10 * 1024 * 1024  # bytes a file that Discord takes everywhere


@dataclass(frozen=True, kw_only=True, slots=True)
class GalleryRule:
    """Which channel gets a copy of what has so many stars."""

    channel_id: int
    stars: int


class Gallery:
    """Decides what is copied. Every method may raise `StoreUnavailable` but `consider`."""

    def __init__(
        self,
        *,
        store: GalleryStore,
        preferences: PreferenceStore,
        clock: Callable[[], datetime],
        wake: Callable[[], None],
    ) -> None:
        self._store, self._preferences, self._clock, self._wake = store, preferences, clock, wake

    async def rule(self, guild_id: int) -> GalleryRule | None:
        """A guild's rule; None where it has no gallery."""
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
            if await self._store.intend(job.id, channel_id=rule.channel_id, now=self._clock()):
                log.info("for the gallery", extra={"job": job.id, "stars": stars})
                self._wake()
        except StoreUnavailable as exc:
            log.warning("not for the gallery yet", extra={"job": job.id, "detail": str(exc)})


class GalleryPoster:
    """Posts what is meant for the galleries, one copy after the other.

    The intent is a row, a post that may have happened is looked for before it is repeated, and its nonce makes a
    repeat at once harmless. `lease` is how long a copy belongs to whoever has taken it up, `moment` the present by
    Discord's clock.
    """

    def __init__(
        self,
        *,
        store: GalleryStore,
        library_store: LibraryStore,
        lookup: JobQueryStore,
        copies: Copies,
        result_poster: ResultPoster,
        lease: timedelta,
        clock: Callable[[], datetime],
        moment: Callable[[], datetime],
        rand: Callable[[], float],
    ) -> None:
        self._store, self._library_store, self._lookup = store, library_store, lookup
        self._copies, self._result_poster = copies, result_poster
        self._lease, self._clock, self._moment, self._rand = lease, clock, moment, rand
        self._news = asyncio.Event()

    def wake(self) -> None:
        """There is something new to post."""
        self._news.set()

    async def run(self) -> None:
        """Post whatever is due, for ever; at first what a dead process had in hand."""
        trouble, recovered = 0, False
        while True:
            self._news.clear()
            try:
                if not recovered:
                    await self._store.recover(now=self._clock())
                    recovered = True
                await self.post_due()
                pause, trouble = await self._pause(), 0
            except StoreError as exc:
                trouble += 1
                pause = backoff.delay(trouble, rand=self._rand)
                log.warning("the database refuses", extra={"detail": str(exc), "tries": trouble})
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause.total_seconds()):
                    await self._news.wait()

    async def post_due(self) -> None:
        """Post everything that is due.

        Raises:
            StoreError: the database refuses.
        """
        while (intended := await self._claim()) is not None:
            job = await self._lookup.job(intended.job_id)
            if job is None or not presentable(job):
                await self._store.give_up(intended.job_id)
                continue
            try:
                posted = await self._find_copy(job, intended) or await self._post(job, intended)
            except DeliveryError as exc:
                await self._postpone(job, intended, exc)
            else:
                await self._store.posted(job.id, message_id=posted.message_id, now=self._clock())
                log.info("in the gallery", extra={"job": job.id, "posted": posted.message_id})
                if await self._lookup.job(job.id) is None:  # its author's things were deleted meanwhile
                    await self._take_back(job, posted)

    async def _take_back(self, job: Job, posted: Posted) -> None:
        try:
            await self._result_poster.take_away(job, channel_id=posted.channel_id, message_id=posted.message_id)
        except DeliveryError as exc:
            log.warning("a copy of a forgotten video stays", extra={"posted": posted.message_id, "reason": exc.reason})

    async def _claim(self) -> GalleryCopy | None:
        now = self._clock()
        return await self._store.claim(now=now, until=now + self._lease)

    async def _pause(self) -> timedelta:
        due = await self._store.next_due()
        return IDLE if due is None else min(IDLE, max(timedelta(), due - self._clock()))

    async def _find_copy(self, job: Job, intended: GalleryCopy) -> Posted | None:
        """The copy of an earlier try; the result itself may be in the same channel.

        Raises:
            DestinationBusy: it may be there, and that cannot be seen now.
        """
        if intended.posting_at is None:
            return None
        sighting = await self._result_poster.find_copy(
            job,
            channel_id=intended.channel_id,
            guild_id=job.destination.guild_id,
            since=intended.posting_at,
            besides=(job.message_id, job.shared_message_id),
        )
        if isinstance(sighting, CannotTell):
            raise DestinationBusy(sighting.reason)
        return sighting if isinstance(sighting, Posted) else None

    async def _post(self, job: Job, intended: GalleryCopy) -> Posted:
        try:
            return await self._post_within(job.destination.upload_limit, job, intended)
        except ResultTooLarge:
            return await self._post_within(SMALLEST, job, intended)

    async def _post_within(self, limit: int, job: Job, intended: GalleryCopy) -> Posted:
        copy = Copy(
            kind=CopyKind.GALLERY,
            user_id=job.user_id,
            locale=job.public_locale,
            nonce=f"gallery-{job.id}",
            limit=limit,
            guild_id=job.destination.guild_id,
            channel_id=intended.channel_id,
        )
        async with self._copies.video(job, limit=limit) as video:
            stars = await self._library_store.stars(job.id)
            await self._store.begin_posting(job.id, at=self._moment())
            return await self._result_poster.post_copy(video, copy, stars=stars)

    async def _postpone(self, job: Job, intended: GalleryCopy, exc: DeliveryError) -> None:
        fields = {
            "job": job.id,
            "channel": intended.channel_id,
            "guild": job.destination.guild_id,
            "reason": exc.reason,
        }
        if isinstance(exc, DestinationLost) or intended.tries >= TRIES:
            log.warning("the gallery does not get its copy: can the bot post in that channel?", extra=fields)
            await self._store.give_up(job.id)
            return
        log.info("the gallery waits for its copy", extra=fields)
        wait = backoff.delay(intended.tries, rand=self._rand, cap=WAIT_CAP)
        await self._store.later(job.id, due_at=self._clock() + wait)


def presentable(job: Job) -> bool:
    """Whether everybody in its guild may see a video: posted in the open, and not taken away."""
    shown = not job.destination.private or job.shared_at is not None
    return job.destination.guild_id is not None and job.delivered_at is not None and job.removed_at is None and shown
