"""Decides whether a request may become a job, before any money moves, and who is to pay for it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from bot import domain, errors
from bot.domain.funding import funding_of
from bot.domain.policy_check import check_member, limit_refusals, with_forced_watermark
from bot.domain.terms import allowed_models
from bot.service.screening.screening import RequestScreening
from bot.store.community.guilds import GuildStore
from bot.store.jobs.queries import JobQueryStore
from bot.store.money.budget_alerts import BudgetStore
from bot.values import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Admitted:
    """A request that may be made, as the guild makes it: what it costs, who pays, whose turn it takes.

    `review` is what a moderator has to approve, with the case that asks for it; `warned` is whether a rule found
    something that its author should know of; `language` is what is posted in for everybody, where that is decided.
    """

    request: domain.VideoRequest
    price: domain.Price
    funding: domain.Funding
    priority: int
    spoiler: bool
    review: domain.Review | None = None
    case: domain.Case | None = None
    warned: bool = False
    language: str | None = None


class Admission:
    """Asks everything that may refuse a request. Every method may raise `StoreUnavailable`: then nothing is let in."""

    def __init__(
        self,
        *,
        guilds: GuildStore,
        lookup: JobQueryStore,
        budgets: BudgetStore,
        moderation: RequestScreening,
        defaults: domain.Defaults,
        models: Mapping[str, domain.Capability],
        jobs_per_user: int,
        clock: Callable[[], datetime],
    ) -> None:
        self._models, self._jobs_per_user = models, jobs_per_user
        self._guilds, self._lookup, self._budgets = guilds, lookup, budgets
        self._moderation, self._defaults, self._clock = moderation, defaults, clock

    async def admit(
        self,
        request: domain.VideoRequest,
        member: domain.Member,
        *,
        model: domain.Capability,
        channel_id: int,
        key: str,
        job_id: str,
        confirmed: bool,
    ) -> Admitted:
        """Look at who asks, where, and for what; `key` is the idempotency key, `job_id` the job that would come of it.

        Raises:
            Refused: in many kinds; a refused prompt is counted against its author, and nothing else has moved.
        """
        guild, state = await self._check_member(member, channel_id=channel_id)
        policy = guild.policy
        funding = self._funding(member, guild, state)
        await self._check_everything(request, member, model=model, policy=policy, funding=funding)
        request = with_forced_watermark(request, policy.limits)
        cost = model.price(request)
        screened = await self._moderation.screen(request, member, policy=policy, key=key, job_id=job_id)
        _confirm(cost, policy, confirmed=confirmed)
        tiers = policy.tiers_of(member.role_ids)
        return Admitted(
            request=request,
            price=cost,
            funding=funding,
            priority=max((tier.priority for tier in tiers), default=0),
            spoiler=bool(policy.spoiler_channels & member.channel_ids) or any(tier.spoiler for tier in tiers),
            review=screened.review,
            case=screened.case,
            warned=screened.warned,
            language=policy.language,
        )

    async def _check_everything(
        self,
        request: domain.VideoRequest,
        member: domain.Member,
        *,
        model: domain.Capability,
        policy: domain.Policy,
        funding: domain.Funding,
    ) -> None:
        """Refuse what can't be, by all that is in the way: model, limits, credits and budgets, what is under way.

        What it costs is known only of what the model can do. The hold decides in the end; this tells before anybody
        is asked for a yes, or a moderator for a look.
        """
        reasons: list[errors.Refused] = []
        if problems := model.clashes(request):
            reasons.append(errors.ImpossibleRequest(problems))
        reasons += limit_refusals(request, member, policy.limits, offered=list(self._models))
        if not problems:
            accounts = await self._lookup.accounts((*funding.sources, *funding.caps))
            reasons += funding.shortfalls(model.price(request), accounts)
        if await self._lookup.unfinished(member.user_id) >= self._jobs_per_user:
            reasons.append(errors.TooManyJobs(limit=self._jobs_per_user))
        for reason in reasons:
            if isinstance(reason, errors.BudgetExceeded):
                await self._budgets.note_refusal(reason, now=self._clock())
        if reasons:
            raise reasons[0] if len(reasons) == 1 else errors.SeveralReasons(reasons)

    async def terms(self, member: domain.Member) -> domain.Terms:
        """Tell what a member may have here and now."""
        _, guild, state = await self._guilds.states(guild_id=member.guild_id, user_id=member.user_id)
        funding = self._funding(member, guild, state)
        accounts = await self._lookup.accounts((*funding.sources, *funding.caps))
        own, caps = accounts[: len(funding.sources)], accounts[len(funding.sources) :]
        room = {
            unit: min((cap.balance for cap in caps if cap.unit is unit), default=domain.UNLIMITED)
            for unit in domain.Unit
        }
        return domain.Terms(
            models=allowed_models(list(self._models.values()), member, guild.policy.limits),
            credits=min(room[domain.Unit.CREDITS], sum(account.balance for account in own)),
            usd_micros=room[domain.Unit.USD],
        )

    async def models(self, member: domain.Member) -> Sequence[domain.Capability]:
        """List the models as far as a guild lets a member use them; all of them where it lets them use none."""
        models = list(self._models.values())
        return allowed_models(models, member, (await self._guilds.state(member.guild_id)).policy.limits) or models

    async def may_show(self, job: domain.Job, member: domain.Member, *, channel_id: int) -> bool:
        """Let a person have a finished video posted once more where they are; whether it has to be covered there.

        Raises:
            Paused, Blocked, PlaceClosed, RoleNeeded: they might not ask for one there either.
            CopyUnreviewed: it was asked for where that guild's rules do not hold.
        """
        guild, _ = await self._check_member(member, channel_id=channel_id)
        if guild.policy.moderation.may_withhold and job.destination.guild_id != member.guild_id:
            raise errors.CopyUnreviewed
        return bool(guild.policy.spoiler_channels & member.channel_ids)

    async def _check_member(
        self, member: domain.Member, *, channel_id: int
    ) -> tuple[domain.GuildState, domain.MemberState]:
        everywhere, guild, state = await self._guilds.states(guild_id=member.guild_id, user_id=member.user_id)
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

    async def funding(self, member: domain.Member) -> domain.Funding:
        """Tell who would pay for a request of this member now."""
        _, guild, state = await self._guilds.states(guild_id=member.guild_id, user_id=member.user_id)
        return self._funding(member, guild, state)

    def _funding(self, member: domain.Member, guild: domain.GuildState, state: domain.MemberState) -> domain.Funding:
        return funding_of(member, policy=guild.policy, state=state, defaults=self._defaults, now=self._clock())


def _confirm(cost: domain.Price, policy: domain.Policy, *, confirmed: bool) -> None:
    threshold = policy.confirm_usd_micros
    if threshold is not None and cost.usd_micros > threshold and not confirmed:
        raise errors.ConfirmationNeeded(price=cost.credits, usd_micros=cost.usd_micros)
