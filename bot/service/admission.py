"""Whether a request may become a job: what is decided before any money moves, and who is to pay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.domain.funding import funding_of
from bot.domain.house_rules import check_member, within_limits
from bot.errors import ConfirmationNeeded, CopyUnreviewed

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.domain.capability import Capability
    from bot.domain.case import Case
    from bot.domain.funding import Defaults
    from bot.domain.guild import GuildState, MemberState
    from bot.domain.job import Job, Review
    from bot.domain.member import Member
    from bot.domain.policy import Policy
    from bot.domain.price import Price
    from bot.domain.quota import Funding
    from bot.domain.request import VideoRequest
    from bot.service.moderation import Moderation
    from bot.store.guilds import GuildStore


@dataclass(frozen=True, kw_only=True, slots=True)
class Admitted:
    """A request that may be made, as the guild makes it: what it costs, who pays, whose turn it takes.

    `review` is what a moderator has to approve, with the case that asks for it; `warned` is whether a rule found
    something that its author should know of.
    """

    wish: VideoRequest
    price: Price
    funding: Funding
    priority: int
    spoiler: bool
    review: Review | None = None
    case: Case | None = None
    warned: bool = False


class Admission:
    """Asks everything that may refuse a request. Every method may raise `StoreUnavailable`: then nothing is let in."""

    def __init__(
        self, *, guilds: GuildStore, moderation: Moderation, defaults: Defaults, clock: Callable[[], datetime]
    ) -> None:
        self._guilds, self._moderation, self._defaults, self._clock = guilds, moderation, defaults, clock

    async def admit(
        self,
        wish: VideoRequest,
        member: Member,
        *,
        model: Capability,
        channel_id: int,
        key: str,
        job_id: str,
        confirmed: bool,
    ) -> Admitted:
        """Look at who asks, where, and for what; `key` is the idempotency key, `job_id` the job that would come of it.

        Raises:
            Refused: in many kinds; a refused prompt is counted against its author, and nothing else has moved.
        """
        guild, state = await self._let_in(member, channel_id=channel_id)
        policy = guild.policy
        wish = within_limits(wish, member, policy.limits)
        cost = model.price(wish)
        screened = await self._moderation.screen(wish, member, policy=policy, key=key, job_id=job_id)
        _confirm(cost, policy, confirmed=confirmed)
        tiers = policy.tiers_of(member.role_ids)
        return Admitted(
            wish=wish,
            price=cost,
            funding=self._funding(member, guild, state),
            priority=max((tier.priority for tier in tiers), default=0),
            spoiler=bool(policy.spoiler_channels & member.places) or any(tier.spoiler for tier in tiers),
            review=screened.review,
            case=screened.case,
            warned=screened.warned,
        )

    async def may_show(self, job: Job, member: Member, *, channel_id: int) -> bool:
        """Let a person have a finished video posted once more where they are; whether it has to be covered there.

        Raises:
            Paused, Blocked, PlaceClosed, RoleNeeded: they might not ask for one there either.
            CopyUnreviewed: it was asked for where that guild's rules do not hold.
        """
        guild, _ = await self._let_in(member, channel_id=channel_id)
        if guild.policy.moderation.keeps_out and job.destination.guild_id != member.guild_id:
            raise CopyUnreviewed
        return bool(guild.policy.spoiler_channels & member.places)

    async def _let_in(self, member: Member, *, channel_id: int) -> tuple[GuildState, MemberState]:
        everywhere, guild, state = await self._guilds.standing(guild_id=member.guild_id, user_id=member.user_id)
        check_member(
            member,
            channel_id=channel_id,
            everywhere=everywhere,
            guild=guild,
            state=state,
            direct=self._defaults.direct is None or self._defaults.direct.credits > 0,
            now=self._clock(),
        )
        return guild, state

    async def funding(self, member: Member) -> Funding:
        """Who would pay for a request of this member now."""
        _, guild, state = await self._guilds.standing(guild_id=member.guild_id, user_id=member.user_id)
        return self._funding(member, guild, state)

    def _funding(self, member: Member, guild: GuildState, state: MemberState) -> Funding:
        return funding_of(member, policy=guild.policy, state=state, defaults=self._defaults, now=self._clock())


def _confirm(cost: Price, policy: Policy, *, confirmed: bool) -> None:
    threshold = policy.confirm_usd_micros
    if threshold is not None and cost.usd_micros > threshold and not confirmed:
        raise ConfirmationNeeded(price=cost.credits, usd_micros=cost.usd_micros)
