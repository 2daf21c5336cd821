"""What is looked at before money moves, and what becomes of what is found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from bot.domain.case import Case, CaseKind
from bot.domain.job import Review
from bot.domain.policy import Approval
from bot.errors import ReviewImpossible

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.domain.member import Member
    from bot.domain.policy import Policy
    from bot.domain.request import VideoRequest

REVIEW_TIME: Final = timedelta(hours=24)  # so long a request or a result waits for a moderator


@dataclass(frozen=True, kw_only=True, slots=True)
class Screened:
    """What was found in a request that is not refused; with `review` REQUEST there is the `case` to open."""

    review: Review | None = None
    case: Case | None = None
    warned: bool = False


class Moderation:
    """Decides what may be made at once, and what a moderator has to see."""

    def __init__(self, *, clock: Callable[[], datetime]) -> None:
        self._clock = clock

    async def screen(self, wish: VideoRequest, member: Member, *, policy: Policy, key: str, job_id: str) -> Screened:
        """Look at a request; `key` lets the same one count once.

        Raises:
            PromptRefused: a rule of the guild refuses it; it has been counted against its author.
            ReviewImpossible: a moderator would have to decide, and there is no channel to ask in.
        """
        approval = policy.moderation.approval
        if member.guild_id is None or approval is Approval.OFF:
            return Screened()
        if approval is Approval.RESULTS:
            return Screened(review=Review.RESULT)
        if policy.moderation.channel_id is None:
            raise ReviewImpossible
        case = Case(
            id=f"request-{job_id}",
            kind=CaseKind.REQUEST,
            guild_id=member.guild_id,
            channel_id=policy.moderation.channel_id,
            user_id=member.user_id,
            job_id=job_id,
            body={"then_result": approval is Approval.BOTH},
            created_at=self._clock(),
        )
        return Screened(review=Review.REQUEST, case=case)
