"""What people keep: their videos to page through and search, and the stars they give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.errors import JobUnknown

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.domain.job import Job
    from bot.store.library import Shelf
    from bot.store.lookup import Lookup

PAGE: Final = 5  # videos


class Library:
    """The use cases around finished videos. Every method may raise `StoreUnavailable`."""

    def __init__(self, *, shelf: Shelf, lookup: Lookup, clock: Callable[[], datetime]) -> None:
        self._shelf, self._lookup, self._clock = shelf, lookup, clock

    async def favourite(self, job_id: str, user_id: int) -> tuple[bool, int]:
        """Star a video that one may see, or take the star back: whether it is starred now, and how many stars it has.

        Raises:
            JobUnknown: there is no such video, or it is somebody else's private one.
        """
        await self._visible(job_id, user_id)
        return await self._shelf.toggle(job_id, user_id=user_id, now=self._clock())

    async def stars(self, job_id: str) -> int:
        """How many people have starred a video."""
        return await self._shelf.stars(job_id)

    async def _visible(self, job_id: str, user_id: int) -> Job:
        job = await self._lookup.job(job_id)
        if job is None or not job.visible_to(user_id):
            raise JobUnknown(job_id=job_id)
        return job
