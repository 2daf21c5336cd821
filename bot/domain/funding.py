"""Finds who pays for a member's request: the accounts to draw on, in their order, and the caps above them."""

from datetime import UTC, datetime, tzinfo

from bot.domain import quota
from bot.domain.guild import MemberState
from bot.domain.member import Member
from bot.domain.policy import Policy
from bot.values import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Defaults:
    """What holds where a guild has decided nothing.

    A member's `allowance`; the one in direct messages where that is another one (of nothing: no videos are made there);
    the whole bot's budget a month (UTC), None without a ceiling.
    """

    allowance: quota.Allowance
    direct: quota.Allowance | None = None
    budget_usd_micros: int | None = None


def funding_of(
    member: Member, *, policy: Policy, state: MemberState, defaults: Defaults, now: datetime
) -> quota.Funding:
    """Find the accounts that pay for a request of this member now.

    First the member's own allowance, then what they were given (what expires first before the rest), then their roles'
    pools, then what they were granted; all of it under the guild's credits, the guild's budget and, where it has a
    ceiling, the whole bot's: that account is every job's, so it is left alone where nobody has set one.
    """
    allowance = allowance_of(member, policy=policy, state=state, defaults=defaults)
    sources = [
        _fund(quota.owner_of(user_id=member.user_id, guild_id=member.guild_id), allowance, now=now, zone=policy.zone)
    ]
    caps = []
    if member.guild_id is not None:
        sources += _gifts(member.user_id, member.guild_id, now=now, zone=policy.zone)
        sources += [
            _fund(quota.pool_of(pool.name, guild_id=member.guild_id), pool.allowance, now=now, zone=policy.zone)
            for pool in policy.pools
            if pool.role_id in member.role_ids
        ]
        if policy.guild_allowance is not None:
            caps.append(_fund(quota.guild_of(member.guild_id), policy.guild_allowance, now=now, zone=policy.zone))
        caps.append(budget(member.guild_id, policy.budget_usd_micros, now=now, zone=policy.zone))
    if defaults.budget_usd_micros is not None:
        caps.append(budget(None, defaults.budget_usd_micros, now=now, zone=UTC))
    sources.append(quota.Fund(owner=quota.extra_of(user_id=member.user_id, guild_id=member.guild_id)))
    return quota.Funding(sources=tuple(sources), caps=tuple(caps))


def allowance_of(member: Member, *, policy: Policy, state: MemberState, defaults: Defaults) -> quota.Allowance:
    """Find a member's own allowance, else the best of their roles', else the usual one; in direct messages its own."""
    if member.guild_id is None:
        return defaults.direct or defaults.allowance
    if state.allowance is not None:
        return state.allowance
    roles = quota.best(tier.allowance for tier in policy.tiers_of(member.role_ids) if tier.allowance is not None)
    return roles or policy.allowance or defaults.allowance


def budget(guild_id: int | None, ceiling: int | None, *, now: datetime, zone: tzinfo) -> quota.Fund:
    """Name the account of what a guild (None: the whole bot) costs this month; without a ceiling it only counts."""
    return quota.Fund(
        owner=quota.budget_of(guild_id),
        period=quota.period_of(now, quota.Period.MONTH, zone),
        allowance=quota.UNLIMITED if ceiling is None else ceiling,
        renews_at=quota.renews_at(now, quota.Period.MONTH, zone),
        unit=quota.Unit.USD,
    )


def gift_sources(funding: quota.Funding) -> tuple[quota.Fund, ...]:
    """List what a member may give away, in the order of the funding: all but what they share with others."""
    return tuple(fund for fund in funding.sources if quota.pool_named(fund.owner) is None)


def _gifts(user_id: int, guild_id: int, *, now: datetime, zone: tzinfo) -> list[quota.Fund]:
    """List what a member may have been given in the periods that are running, in the order in which these end."""
    funds = [
        quota.Fund(
            owner=quota.extra_of(user_id=user_id, guild_id=guild_id),
            period=quota.period_of(now, period, zone),
            renews_at=quota.renews_at(now, period, zone),
        )
        for period in quota.Period
    ]
    return sorted(funds, key=lambda fund: fund.renews_at or now)


def _fund(owner: str, allowance: quota.Allowance, *, now: datetime, zone: tzinfo) -> quota.Fund:
    return quota.Fund(
        owner=owner,
        period=quota.period_of(now, allowance.period, zone),
        allowance=allowance.credits,
        renews_at=quota.renews_at(now, allowance.period, zone),
    )
