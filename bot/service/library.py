"""What people keep: their videos to page through and search, the stars they give, a fresh copy where they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.domain.wanted import Wanted
from bot.errors import ResultForgotten

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.domain.job import Job
    from bot.service.gallery import Gallery
    from bot.store.library import Shelf
    from bot.store.lookup import Lookup

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

    def __init__(self, *, shelf: Shelf, lookup: Lookup, gallery: Gallery, clock: Callable[[], datetime]) -> None:
        self._shelf, self._lookup, self._gallery, self._clock = shelf, lookup, gallery, clock

    async def favourite(self, job_id: str, user_id: int) -> tuple[bool, int]:
        """Star a video that one may see, or take the star back: whether it is starred now, and how many stars it has.

        Raises:
            ResultForgotten: there is no such video, or it is somebody else's private one.
        """
        job = await self.video(job_id, user_id=user_id)
        starred, count = await self._shelf.toggle(job_id, user_id=user_id, now=self._clock())
        if starred:
            await self._gallery.consider(job, stars=count)
        return starred, count

    async def stars(self, job_id: str) -> int:
        """How many people have starred a video."""
        return await self._shelf.stars(job_id)

    async def video(self, job_id: str, *, user_id: int) -> Job:
        """A video that one may see.

        Raises:
            ResultForgotten: there is no such video, or it is somebody else's private one.
        """
        job = await self._lookup.job(job_id)
        if job is None or not job.visible_to(user_id):
            raise ResultForgotten
        return job

    async def page(self, wanted: Wanted, *, user_id: int, number: int = 0) -> LibraryPage:
        """A page of a person's videos, the newest first; the first page where there is none of that number."""
        jobs = await self._shelf.videos(wanted, user_id=user_id, skip=number * PAGE, most=PAGE + 1)
        if not jobs and number > 0:
            return await self.page(wanted, user_id=user_id)
        shown = tuple(jobs[:PAGE])
        starred = await self._shelf.starred([job.id for job in shown], user_id=user_id)
        return LibraryPage(jobs=shown, starred=starred, number=number, more=len(jobs) > PAGE)

    async def recent(self, user_id: int, *, text: str = "", most: int) -> list[Job]:
        """A person's latest posted videos, those with a text in the prompt."""
        return await self._shelf.videos(Wanted(text=text.strip()), user_id=user_id, skip=0, most=most)
