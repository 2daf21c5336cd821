"""Looks at requests and finished videos by a guild's rules, by scans, and for what only a moderator decides."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from bot.domain import Approval, Case, CaseKind, Job, Member, ModerationPolicy, Policy, Review, RuleAction, VideoRequest
from bot.errors import PromptRefused, ProviderError, ReviewImpossible
from bot.provider.scan import Scanner
from bot.service.ports import Staff
from bot.service.screening.rules import RuleMatch, search, texts_of
from bot.store.community.guilds import GuildStore
from bot.store.community.strikes import StrikeStore
from bot.store.jobs.review_decisions import ReviewDecisionStore
from bot.values import dataclass

log = logging.getLogger(__name__)

REVIEW_TIME: Final = timedelta(hours=24)  # so long a request or a result waits for a moderator
NAMED: Final = 10  # rules at most that a case names


class ReviewReason(StrEnum):
    """Why a moderator has to decide."""

    APPROVAL = "approval"  # the guild wants everything approved
    RULE = "rule"  # a rule of the guild has found something
    DOUBT = "doubt"  # a rule could not be searched by to the end
    RISK = "risk"  # the scan has found something
    UNSCANNED = "unscanned"  # the scan that the guild wants could not be made


@dataclass(frozen=True, kw_only=True, slots=True)
class ScreeningOutcome:
    """What was found in a request that is not refused; with `review` REQUEST there is the `case` to open."""

    review: Review | None = None
    case: Case | None = None
    warned: bool = False


class RequestScreening:
    """Decides what may be made at once, and what a moderator has to see. Whatever is in doubt is not let through."""

    def __init__(
        self, *, strikes: StrikeStore, scanner: Scanner | None, staff: Staff, clock: Callable[[], datetime]
    ) -> None:
        self._strikes, self._scanner, self._staff, self._clock = strikes, scanner, staff, clock

    @property
    def can_scan(self) -> bool:
        """Say whether texts and videos can be scanned at all."""
        return self._scanner is not None

    async def screen(
        self, request: VideoRequest, member: Member, *, policy: Policy, key: str, job_id: str
    ) -> ScreeningOutcome:
        """Screen a request; `key` lets the same one count once.

        Raises:
            PromptRefused: a rule of the guild refuses it; it has been counted against its author.
            ReviewImpossible: a moderator would have to decide, and there is no channel to ask in, or not any more.
            StoreUnavailable: the database refuses.
        """
        if member.guild_id is None:
            return ScreeningOutcome()
        asked, texts = policy.moderation, texts_of(request)
        found = await search(asked.rules, texts)
        sure = {each.rule.action for each in found if not each.doubtful}
        if RuleAction.REFUSE in sure:
            raise await self._refusal(member.guild_id, member.user_id, policy, key=key)
        why: dict[ReviewReason, Sequence[str]] = {}
        if RuleAction.HOLD in sure:
            why[ReviewReason.RULE] = _named(found, doubtful=False)
        if doubtful := _named(found, doubtful=True):
            why[ReviewReason.DOUBT] = doubtful
        if asked.scan_prompts and not why:
            why |= await self._scan("\n".join(texts))
        if asked.approval in {Approval.REQUESTS, Approval.BOTH}:
            why[ReviewReason.APPROVAL] = ()
        warned = RuleAction.WARN in sure
        if not why:
            if asked.approval is not Approval.RESULTS:
                return ScreeningOutcome(warned=warned)
            self._case_channel(member.guild_id, policy)
            return ScreeningOutcome(review=Review.RESULT, warned=warned)
        case = self._case(member.guild_id, member.user_id, policy, why, job_id=job_id)
        return ScreeningOutcome(review=Review.REQUEST, case=case, warned=warned)

    async def _refusal(self, guild_id: int, user_id: int, policy: Policy, *, key: str) -> PromptRefused:
        """Refuse a prompt, and count it where strikes count."""
        rules = policy.moderation
        if not rules.strikes:
            return PromptRefused()
        struck = await self._strikes.strike(
            key=key, guild_id=guild_id, user_id=user_id, reason="rule", rules=rules, now=self._clock()
        )
        return PromptRefused(strikes=struck.count, most=rules.strikes, blocked_until=struck.blocked_until)

    async def _scan(self, text: str) -> dict[ReviewReason, Sequence[str]]:
        """Scan a text, and say what is against it; that it can't be scanned is said against it too."""
        if self._scanner is None:
            return {ReviewReason.UNSCANNED: ()}
        try:
            verdict = await self._scanner.text(text)
        except ProviderError as exc:
            log.warning("a prompt could not be scanned", extra={"code": exc.code})
            return {ReviewReason.UNSCANNED: ()}
        return {ReviewReason.RISK: verdict.risks} if verdict.risks else {}

    def _case_channel(self, guild_id: int, policy: Policy) -> int:
        """Find the channel where moderators are asked."""
        channel_id = policy.moderation.channel_id
        if channel_id is None or not self._staff.there(guild_id, channel_id):
            raise ReviewImpossible
        return channel_id

    def _case(
        self, guild_id: int, user_id: int, policy: Policy, why: dict[ReviewReason, Sequence[str]], *, job_id: str
    ) -> Case:
        return Case(
            id=f"request-{job_id}",
            kind=CaseKind.REQUEST,
            guild_id=guild_id,
            channel_id=self._case_channel(guild_id, policy),
            user_id=user_id,
            job_id=job_id,
            body={"why": {str(reason): list(named) for reason, named in why.items()}},
            created_at=self._clock(),
        )


def _named(found: Sequence[RuleMatch], *, doubtful: bool) -> list[str]:
    """List the patterns that a moderator wants to know of; of those that only refuse or warn, the doubtful ones."""
    named = (
        each.rule.pattern
        for each in found
        if each.doubtful is doubtful and (doubtful or each.rule.action is RuleAction.HOLD)
    )
    return list(named)[:NAMED]


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
