"""Shows what people keep: their videos to page through and search, and the stars they give."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from bot.domain import Job, Member, ResultAction
from bot.service.jobs.access import Access
from bot.service.member.gallery import Gallery
from bot.store.jobs.queries import JobQueryStore
from bot.store.member.library import LibraryQuery, LibraryStore
from bot.values import dataclass

PAGE: Final = 5  # videos


@dataclass(frozen=True, kw_only=True, slots=True)
class LibraryPage:
    """Some of somebody's videos; `number` counts pages from 0, `more` says whether there is a next one."""

    jobs: tuple[Job, ...]
    starred: frozenset[str]
    number: int
    more: bool


class Library:
    """The use cases around finished videos. Every method may raise `StoreUnavailable`."""

    def __init__(
        self, *, library_store: LibraryStore, lookup: JobQueryStore, gallery: Gallery, clock: Callable[[], datetime]
    ) -> None:
        self._library_store, self._access, self._gallery, self._clock = library_store, Access(lookup), gallery, clock

    async def favourite(self, job_id: str, member: Member) -> tuple[bool, int]:
        """Star a video that one may see, or take the star back: whether it is starred now, and how many stars it has.

        Raises:
            ResultForgotten, ResultDeleted: see `Access.video`.
        """
        job = await self.video(job_id, member)
        starred, count = await self._library_store.toggle(job_id, user_id=member.user_id, now=self._clock())
        if starred:
            await self._gallery.consider(job, stars=count)
        return starred, count

    async def stars(self, job_id: str) -> int:
        """Count how many people have starred a video."""
        return await self._library_store.stars(job_id)

    async def video(self, job_id: str, member: Member, action: ResultAction = ResultAction.READ) -> Job:
        """Find a video that somebody may see, or do something with, where they are.

        Raises:
            ResultForgotten, ResultDeleted, ResultLost: see `Access.video`.
        """
        return await self._access.video(job_id, member, action)

    async def page(
        self, member: Member, *, text: str = "", model: str | None = None, favourites: bool = False, number: int = 0
    ) -> LibraryPage:
        """List a page of a person's videos, the newest first; the first page where there is none of that number.

        Those with a text in the prompt, of a model, starred; nothing said is all. Of others' starred videos those that
        they may see where they are.
        """
        query = LibraryQuery(text=text, model=model, favourites=favourites)
        jobs = await self._library_store.videos(
            query, user_id=member.user_id, guild_id=member.guild_id, skip=number * PAGE, most=PAGE + 1
        )
        if not jobs and number > 0:
            return await self.page(member, text=text, model=model, favourites=favourites)
        shown = tuple(jobs[:PAGE])
        starred = await self._library_store.starred([job.id for job in shown], user_id=member.user_id)
        return LibraryPage(jobs=shown, starred=starred, number=number, more=len(jobs) > PAGE)

    async def recent(self, user_id: int, *, text: str = "", most: int) -> list[Job]:
        """List a person's latest posted videos, those with a text in the prompt."""
        return await self._library_store.videos(
            LibraryQuery(text=text.strip()), user_id=user_id, guild_id=None, skip=0, most=most
        )
