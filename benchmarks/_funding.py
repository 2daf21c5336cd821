"""Who pays for the jobs of the benchmarks: what a member of a guild without a policy has."""

from bot.domain.funding import Defaults, funding_of
from bot.domain.guild import MemberState
from bot.domain.job import Job
from bot.domain.member import Member
from bot.domain.policy import Policy
from bot.domain.quota import Allowance, Funding


def funding(job: Job) -> Funding:
    """All the accounts that the bot itself would charge."""
    return funding_of(
        Member(user_id=job.user_id, guild_id=job.destination.guild_id),
        policy=Policy(),
        state=MemberState(),
        defaults=Defaults(allowance=Allowance(credits=10_000)),
        now=job.created_at,
    )
