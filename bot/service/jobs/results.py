"""Serves people with finished videos: their lineage, a copy, the inbox, sharing them, taking them away."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from weakref import WeakValueDictionary

from bot import errors
from bot.domain import Job, Member, RateLimit, Remover, ResultAction
from bot.domain.access import check_file, deleted_by_moderator
from bot.service.jobs.access import Access
from bot.service.jobs.copies import Copies, Copy, CopyKind, Reposts, ResultPoster
from bot.service.jobs.copies_elsewhere import CopiesElsewhere
from bot.service.jobs.files import ResultFiles
from bot.service.jobs.removal import Removals
from bot.service.ports import CannotTell, Posted, Result
from bot.store.jobs.messages import MessageStore
from bot.store.jobs.queries import JobQueryStore
from bot.store.jobs.results import ResultStore
from bot.values import dataclass

log = logging.getLogger(__name__)

GENERATIONS: Final = 5  # ancestors shown
PAGE: Final = 4  # videos on a page of the inbox: a row of buttons each, and one to turn the page
COPIES: Final = 5  # a person and minute: each is fetched, made to fit and sent anew
SHARE_LIMIT: Final = 10 * 1024 * 1024  # bytes a file that Discord takes in every channel


class RemovalOutcome(StrEnum):
    """What became of a message that was to be deleted."""

    NOW = "now"  # it is gone
    SOON = "soon"  # it will go as soon as Discord takes it
    BEFORE = "before"  # it was not there any more


@dataclass(frozen=True, kw_only=True, slots=True)
class Lineage:
    """Where a video comes from, the nearest first, and how many were made from it.

    `seen` are the ids of those ancestors that its reader may look into. `forgotten`: the last of the ancestors builds
    on a video whose records are gone, or on more than are shown.
    """

    ancestors: tuple[Job, ...]
    seen: frozenset[str]
    children: int
    forgotten: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class InboxPage:
    """Some of what waits for a person, and whether there is more after it."""

    jobs: tuple[Job, ...]
    skip: int
    more: bool


class Results:
    """Does what people ask of finished videos. Every method may also raise `StoreUnavailable`.

    `moment` is the present by Discord's clock.
    """

    def __init__(
        self,
        *,
        store: ResultStore,
        lookup: JobQueryStore,
        copies: Copies,
        result_poster: ResultPoster,
        files: ResultFiles,
        removals: Removals,
        reposts: Reposts,
        elsewhere: CopiesElsewhere,
        messages: MessageStore,
        clock: Callable[[], datetime],
        moment: Callable[[], datetime],
        wake: Callable[[], None],
    ) -> None:
        self._store, self._access, self._copies, self._result_poster = store, Access(lookup), copies, result_poster
        self._lookup, self._removals, self._reposts, self._messages = lookup, removals, reposts, messages
        self._elsewhere = elsewhere
        self._files, self._clock, self._moment, self._wake = files, clock, moment, wake
        self._limit = RateLimit(times=COPIES, span=timedelta(minutes=1), clock=clock)
        self._under_way: set[tuple[int, str]] = set()
        self._sharing: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def job(self, job_id: str, member: Member, action: ResultAction = ResultAction.READ) -> Job:
        """Find the job behind a result for somebody who may do that with it where they are.

        Raises:
            ResultForgotten, ResultDeleted, ResultLost, NotYours: see `Access.video`.
        """
        return await self._access.video(job_id, member, action)

    async def lineage(self, job: Job, member: Member) -> Lineage:
        """Tell where a video comes from and what came of it, as far as that is for somebody to see."""
        ancestors = await self._store.ancestors(job, most=GENERATIONS)
        last = ancestors[-1] if ancestors else job
        return Lineage(
            ancestors=tuple(ancestors),
            seen=await self._access.readable(ancestors, member),
            children=await self._store.children(job.id),
            forgotten=last.parent_id is not None,
        )

    async def resend(self, job: Job, copy: Copy) -> Posted:
        """Post a finished video once more, with a fresh file.

        Raises:
            ResultLost: the file is not to be had, or was taken away from where everybody saw it.
            DirectMessagesClosed, ChannelClosed: Discord does not let us.
            DiscordBusy: it may, later.
        """
        check_file(job, copy.user_id, shown=copy.kind is not CopyKind.DIRECT)
        if self._elsewhere.is_elsewhere(copy):
            return await self._resend_elsewhere(job, copy)
        async with self.video(job, limit=copy.limit, user_id=copy.user_id, channel_id=copy.channel_id) as video:
            return await self._reposts.post(video, copy)

    async def _resend_elsewhere(self, job: Job, copy: Copy) -> Posted:
        """Have a video posted once more by the process that owns the channel; see `resend`."""
        with self._limit_copies(job, copy.user_id), _as_refusals(copy.channel_id):
            posted = await self._elsewhere.post(job, copy)
        if job.delivered_at is None:
            await asyncio.shield(self._record_receipt(job))
        return posted

    @asynccontextmanager
    async def video(
        self, job: Job, *, limit: int, user_id: int, channel_id: int | None = None
    ) -> AsyncIterator[Result]:
        """Lend a finished video as a file, to be handed over in somebody's name while the block lasts.

        A block that ends well has brought a kept video to its author, whatever way it took: that is written down here
        and nowhere else.

        Raises:
            ResultLost: the file is not to be had; somebody else's is not, before its author has it.
            CopyUnderWay, TooOften: the person has to wait, so that nobody else does.
            DirectMessagesClosed, ChannelClosed, DiscordBusy: as `resend`.
        """
        check_file(job, user_id, shown=False)
        with self._limit_copies(job, user_id), _as_refusals(channel_id):
            async with self._copies.video(job, limit=limit) as video:
                present = await self._lookup.job(job.id)  # to fetch it took its time
                if present is None:
                    raise errors.ResultLost
                check_file(present, user_id, shown=channel_id is not None)
                yield video
        if job.delivered_at is None:
            await asyncio.shield(self._record_receipt(job))

    @contextmanager
    def _limit_copies(self, job: Job, user_id: int) -> Iterator[None]:
        """Let a person have one copy of a video at a time, and a few a minute.

        Raises:
            CopyUnderWay, TooOften: as `video`.
        """
        this = (user_id, job.id)
        if this in self._under_way:
            raise errors.CopyUnderWay
        self._limit.take(user_id)
        self._under_way.add(this)
        try:
            yield
        finally:
            self._under_way.discard(this)

    async def _record_receipt(self, job: Job) -> None:
        """Settle a kept video, once; its file is not needed any more.

        Killed before this, or where the database refuses, the video is still kept and its credits are held: it can be
        fetched again, and is charged when it is, or when nobody does in time.
        """
        try:
            await self._settle_kept(job)
        except errors.StoreUnavailable as exc:
            log.warning("fetched, but not written down", extra={"job": job.id, "detail": str(exc)})

    async def _settle_kept(self, job: Job) -> None:
        if await self._store.received(job.id, now=self._clock()):
            log.info("no longer kept", extra={"job": job.id})
            await self._files.discard(job)
            self._wake()

    async def dismiss(self, job_id: str, member: Member) -> Job:
        """Take a kept video out of its author's inbox, as if they had fetched it: it was made, so it is charged.

        Raises:
            ResultForgotten: there is no such video of theirs.
            ResultDeleted, ResultLost: see `Access.video`.
        """
        job = await self.job(job_id, member, ResultAction.HAVE)
        if job.user_id != member.user_id:
            raise errors.ResultForgotten
        if job.delivered_at is None:
            await self._settle_kept(job)
        return job

    async def inbox(self, user_id: int, *, skip: int = 0) -> InboxPage:
        """List the videos that wait for a person, the newest first."""
        jobs = await self._store.inbox(user_id, most=PAGE + 1, skip=max(0, skip))
        return InboxPage(jobs=tuple(jobs[:PAGE]), skip=max(0, skip), more=len(jobs) > PAGE)

    async def share(self, job_id: str, member: Member) -> Posted:
        """Post an author's own result in the channel where it was asked for, once.

        The intent is written before the post. A post that may have happened before a crash is looked for.

        Raises:
            ResultForgotten: there is no such result of theirs, or it was asked for in no channel.
            AlreadyShared: it is there.
            ResultLost, ChannelClosed, DiscordBusy: as `resend`.
        """
        async with self._lock_of(job_id):
            job = await self.job(job_id, member, ResultAction.SHOW)
            place = job.destination
            if job.user_id != member.user_id or place.guild_id is None:
                raise errors.ResultForgotten
            intended = await self._store.begin_sharing(job_id, user_id=member.user_id, at=self._moment())
            if intended is None or intended.sharing_at is None:
                raise errors.AlreadyShared
            posted = await self._find_or_post(intended, before=job.sharing_at)
            await self._store.shared(job_id, message_id=posted.message_id, now=self._clock())
            if await self._lookup.job(job_id) is None:  # its author's things were deleted meanwhile
                with _as_refusals(place.channel_id):
                    await self._result_poster.take_away(job, channel_id=posted.channel_id, message_id=posted.message_id)
                raise errors.ResultForgotten
            log.info("shared", extra={"job": job_id, "posted": posted.message_id})
            if job.delivered_at is None:
                await self._files.discard(job)
            self._wake()
            return posted

    async def _find_or_post(self, job: Job, *, before: datetime | None) -> Posted:
        """Find the post in the channel, or make it; `before` is when an earlier try meant to."""
        place = job.destination
        if before is not None:
            sighting = await self._result_poster.find_copy(
                job, channel_id=place.channel_id, guild_id=place.guild_id, since=before
            )
            if isinstance(sighting, Posted):
                return sighting
            if isinstance(sighting, CannotTell):
                raise errors.ChannelClosed(channel_id=place.channel_id) if sighting.closed else errors.DiscordBusy
        copy = Copy(
            kind=CopyKind.SHARED,
            user_id=job.user_id,
            locale=job.public_locale,
            nonce=f"share-{job.id}",
            limit=SHARE_LIMIT,
            guild_id=place.guild_id,
            channel_id=place.channel_id,
        )
        return await self.resend(job, copy)

    async def remove(self, job: Job, member: Member, *, channel_id: int, message_id: int) -> RemovalOutcome:
        """Take a result away for somebody who may (`ResultAction.DELETE`), who points at one of its messages.

        The author means that message; where it is the result itself, the video with its card and all that the bot has
        posted of it. A moderator means the video, or where it was made elsewhere, all copies here. The job stays; what
        goes is marked before anything is deleted.

        Raises:
            ChannelClosed: Discord does not let us delete a copy.
            DiscordBusy: it may, later.
        """
        by = Remover.AUTHOR if job.user_id == member.user_id else Remover.MODERATOR
        known = message_id in {job.message_id, job.shared_message_id}
        wholly = known if by is Remover.AUTHOR else member.guild_id == job.destination.guild_id
        known = known or (by is Remover.MODERATOR and await self._messages.has_repost(job.id, message_id=message_id))
        taken, there = True, job.removed_at is None or (by is Remover.MODERATOR and not deleted_by_moderator(job))
        if wholly:
            taken = await self._removals.remove(job, by=by)
        elif by is Remover.MODERATOR and member.guild_id is not None:
            taken = await self._removals.withdraw(job, guild_id=member.guild_id)
        if not known:
            with _as_refusals(channel_id):
                there = await self._result_poster.delete_result(job, channel_id=channel_id, message_id=message_id)
            await self._messages.deleted(job.id, message_id=message_id)
            log.info("a copy is removed", extra={"job": job.id, "posted": message_id})
        if not taken:
            return RemovalOutcome.SOON
        return RemovalOutcome.NOW if there else RemovalOutcome.BEFORE

    async def remove_copy(self, job_id: str, *, channel_id: int, message_id: int) -> RemovalOutcome:
        """Take a copy of a video out of somebody's own direct messages, whose channel that is, in their name.

        Raises:
            ChannelClosed: Discord does not let us delete it.
            DiscordBusy: it may, later.
        """
        with _as_refusals(channel_id):
            there = await self._result_poster.delete_copy(job_id, channel_id=channel_id, message_id=message_id)
        with suppress(errors.StoreUnavailable):  # what is kept of it then says where nothing is
            await self._messages.taken_out(job_id, message_id=message_id)
        return RemovalOutcome.NOW if there else RemovalOutcome.BEFORE

    def _lock_of(self, job_id: str) -> asyncio.Lock:
        turn = self._sharing.get(job_id)
        if turn is None:
            turn = self._sharing[job_id] = asyncio.Lock()
        return turn


@contextmanager
def _as_refusals(channel_id: int | None) -> Iterator[None]:
    """Turn troubles of delivery into refusals; `channel_id` None means direct messages."""
    try:
        yield
    except (errors.ResultUnusable, errors.ResultTooLarge, errors.ResultUnavailable) as exc:
        raise errors.ResultLost from exc
    except errors.DestinationBusy as exc:
        raise errors.DiscordBusy from exc
    except errors.DestinationLost as exc:
        raise (
            errors.DirectMessagesClosed() if channel_id is None else errors.ChannelClosed(channel_id=channel_id)
        ) from exc
