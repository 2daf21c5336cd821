"""Who pays for the jobs of the benchmarks: what a member of a guild without a policy has."""

from bot.domain import Allowance, Defaults, Funding, Job, Member, MemberState, Policy
from bot.domain.funding import funding_of


def funding(job: Job) -> Funding:
    """All the accounts that the bot itself would charge."""
    return funding_of(
        Member(user_id=job.user_id, guild_id=job.destination.guild_id),
        policy=Policy(),
        state=MemberState(),
        defaults=Defaults(allowance=Allowance(credits=10_000)),
        now=job.created_at,
    )
