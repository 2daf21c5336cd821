"""Screens finished videos before they are posted: what a guild wants scanned, or approved by a moderator."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from bot.domain import Approval, Case, CaseKind, Job, ModerationPolicy
from bot.errors import ProviderError
from bot.provider.scan import Scanner
from bot.service.screening.requests import REVIEW_TIME, ReviewReason
from bot.store.community.guilds import GuildStore
from bot.store.jobs.review_decisions import ReviewDecisionStore

log = logging.getLogger(__name__)


class ResultScreening:
    """Decides whether a video may be posted, by what its guild wants now. Whatever is in doubt is held back."""

    def __init__(
        self,
        *,
        guilds: GuildStore,
        decisions: ReviewDecisionStore,
        scanner: Scanner | None,
        clock: Callable[[], datetime],
        wake: Callable[[], None],
    ) -> None:
        self._guilds, self._decisions, self._scanner = guilds, decisions, scanner
        self._clock, self._wake = clock, wake

    async def find_objection(self, job: Job) -> Case | None:
        """Find the case that has to be decided before a video may be posted for the first time; None where it may be.

        Raises:
            StoreUnavailable: the database refuses.
        """
        guild_id = job.destination.guild_id
        if guild_id is None:
            return None
        asked = (await self._guilds.state(guild_id)).policy.moderation
        if asked.channel_id is None:
            return None
        body: dict[str, Any] = await self._scan(job, asked) if asked.scan_results else {}
        if asked.approval in {Approval.RESULTS, Approval.BOTH}:
            body.setdefault("why", {})[str(ReviewReason.APPROVAL)] = []
        if not body:
            return None
        return Case(
            id=f"result-{job.id}",
            kind=CaseKind.RESULT,
            guild_id=guild_id,
            channel_id=asked.channel_id,
            user_id=job.user_id,
            job_id=job.id,
            body=body,
            created_at=self._clock(),
        )

    async def hold(self, job: Job, case: Case) -> Job:
        """Keep the video back and ask for a decision.

        Raises:
            StoreError: it could not be written down, or the job is not the caller's any more.
        """
        held = await self._decisions.hold(job, case=case, until=case.created_at + REVIEW_TIME)
        log.info("held", extra={"job": job.id, "why": sorted(case.body["why"])})
        self._wake()
        return held

    async def _scan(self, job: Job, asked: ModerationPolicy) -> dict[str, Any]:
        """Scan a video, and say what is against it; that it can't be scanned is said against it too."""
        if self._scanner is None or job.result_url is None:
            return {"why": {str(ReviewReason.UNSCANNED): []}}
        try:
            verdict = await self._scanner.video(job.result_url, seconds=job.request.duration)
        except ProviderError as exc:
            log.warning("a video could not be scanned", extra={"job": job.id, "code": exc.code})
            return {"why": {str(ReviewReason.UNSCANNED): []}}
        if verdict.risks or verdict.level >= asked.scan_level:
            return {"why": {str(ReviewReason.RISK): list(verdict.risks)}, "level": verdict.level}
        return {}
