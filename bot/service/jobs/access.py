"""Finds videos for people who may see them: every job id that comes from outside goes through here."""

from collections.abc import Iterable

from bot.domain import Job, Member, ResultAction, is_possible_id
from bot.domain.access import check
from bot.errors import Refused, ResultForgotten
from bot.store.jobs.queries import JobQueryStore


class Access:
    """Answers who may do what with a video. Every method may raise `StoreUnavailable`."""

    def __init__(self, lookup: JobQueryStore) -> None:
        self._lookup = lookup

    async def video(self, job_id: str, member: Member, action: ResultAction) -> Job:
        """Find the job of an id for somebody who may do that with its video where they are.

        Raises:
            ResultForgotten, ResultDeleted, ResultLost, NotYours: see `bot.domain.access.check`.
        """
        if not is_possible_id(job_id):
            raise ResultForgotten
        return check(await self._lookup.job(job_id), member, action, shown_in=await self._lookup.shown_in(job_id))

    async def readable(self, jobs: Iterable[Job], member: Member) -> frozenset[str]:
        """Pick the ids of those jobs that a person may look into."""
        return frozenset([job.id for job in jobs if await self._may_read(job, member)])

    async def _may_read(self, job: Job, member: Member) -> bool:
        try:
            check(job, member, ResultAction.READ, shown_in=await self._lookup.shown_in(job.id))
        except Refused:
            return False
        return True
