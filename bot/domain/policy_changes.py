"""Changes a policy as admins ask, each change a function of the present policy; what is left out stays as it is."""

from collections.abc import Collection
from typing import Any, Final, TypeVar

from bot.domain.policy import (
    Approval,
    ChannelGate,
    GuildLimits,
    ModerationPolicy,
    Policy,
    Pool,
    RoleGate,
    Rule,
    RuleKind,
    Tier,
    Who,
)
from bot.domain.quota import Allowance, Period
from bot.domain.wordlist import fold
from bot.values import dataclass

LONG: Final = 80  # characters by which a rule is known; some take more than can be chosen from a list

_CHECKS: Final = tuple(ModerationPolicy.model_fields)

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class AllowDeny:
    """A channel, a category or a role to allow, to deny, or to decide no more about; each by its id."""

    allow: int | None = None
    deny: int | None = None
    forget: int | None = None

    def apply_to(self, allowed: frozenset[int], denied: frozenset[int]) -> dict[str, frozenset[int]]:
        """Change the two sides: nothing is on both."""
        decided = {each for each in (self.allow, self.deny, self.forget) if each is not None}
        return {
            "allowed": (allowed - decided) | ({self.allow} if self.allow else set()),
            "denied": (denied - decided) | ({self.deny} if self.deny else set()),
        }


def with_channels(
    policy: Policy, allow_deny: AllowDeny, *, cover: int | None = None, uncover: int | None = None
) -> Policy:
    """Change where videos are made, and where they are covered as spoilers."""
    spoilers = _change_set(policy.spoiler_channels, cover, uncover)
    channels = ChannelGate(**allow_deny.apply_to(policy.channels.allowed, policy.channels.denied))
    return policy.changed(channels=channels, spoiler_channels=spoilers)


def with_roles(policy: Policy, allow_deny: AllowDeny) -> Policy:
    """Change which roles may ask for videos."""
    return policy.changed(roles=RoleGate(**allow_deny.apply_to(policy.roles.allowed, policy.roles.denied)))


def with_tier(
    policy: Policy,
    role_id: int,
    *,
    credits_: int | None = None,
    period: Period | None = None,
    priority: int | None = None,
    spoiler: bool | None = None,
) -> Policy:
    """Change what a role brings. A period alone changes that of its credits."""
    present = next((tier for tier in policy.tiers if tier.role_id == role_id), Tier(role_id=role_id))
    return policy.with_tier(
        Tier(
            role_id=role_id,
            allowance=_allowance(present.allowance, credits_, period),
            priority=present.priority if priority is None else priority,
            spoiler=present.spoiler if spoiler is None else spoiler,
        )
    )


def without_tier(policy: Policy, role_id: int) -> Policy:
    """Let a role bring nothing any more."""
    return policy.with_tier(Tier(role_id=role_id))


def with_role_allowance(policy: Policy, role_id: int, allowance: Allowance | None) -> Policy:
    """Change the credits that a role brings; its place in the queue and its spoilers stay."""
    present = next((tier for tier in policy.tiers if tier.role_id == role_id), Tier(role_id=role_id))
    return policy.with_tier(present.model_copy(update={"allowance": allowance}))


def with_limits(
    policy: Policy,
    *,
    longest: int | None = None,
    running: int | None = None,
    pro: Who | None = None,
    pro_role: int | None = None,
    not_pro_role: int | None = None,
    sound: bool | None = None,
    watermark: bool | None = None,
    model: str | None = None,
    not_model: str | None = None,
) -> Policy:
    """Change what members may ask for. A `longest` or `running` of 0 is no limit."""
    limits = policy.limits
    changed = {
        "longest": limits.longest if longest is None else longest or None,
        "running": limits.running if running is None else running or None,
        "pro": limits.pro if pro is None else pro,
        "pro_roles": _change_set(limits.pro_roles, pro_role, not_pro_role),
        "sound": limits.sound if sound is None else sound,
        "watermark": limits.watermark if watermark is None else watermark,
        "models": _change_set(limits.models, model, not_model),
    }
    return policy.changed(limits=GuildLimits.model_validate(changed))


def with_pool(policy: Policy, name: str, *, role_id: int | None, credits_: int | None, period: Period | None) -> Policy:
    """Make or change a pool. A new one needs a role and credits.

    Raises:
        LookupError: there is no such pool yet, and too little was said to make one.
    """
    present = next((pool for pool in policy.pools if pool.name == name), None)
    role = role_id or (present.role_id if present else None)
    allowance = _allowance(present.allowance if present else None, credits_, period)
    if role is None or allowance is None:
        raise LookupError(name)
    pool = Pool(name=name, role_id=role, allowance=allowance)
    return policy.changed(pools=(*(each for each in policy.pools if each.name != name), pool))


def without_pool(policy: Policy, name: str) -> Policy:
    """End a pool."""
    return policy.changed(pools=tuple(each for each in policy.pools if each.name != name))


def with_checks(policy: Policy, **chosen: Any) -> Policy:
    """Change what is checked, by the fields of `ModerationPolicy`.

    Raises:
        ValueError: moderators would have to decide, and there is no channel to ask them in.
    """
    asked = policy.moderation
    return policy.changed(
        moderation=ModerationPolicy.model_validate({**{name: getattr(asked, name) for name in _CHECKS}, **chosen})
    )


def without_checks(policy: Policy) -> Policy:
    """Let nothing wait for a moderator, and forget their channel. Rules stay.

    Raises:
        ValueError: a rule holds requests for moderators.
    """
    return with_checks(policy, channel_id=None, approval=Approval.OFF, scan_prompts=False, scan_results=False)


def with_rule(policy: Policy, rule: Rule) -> Policy:
    """Add this rule, in place of one that looks for the same.

    Raises:
        ValueError: there are too many, or moderators would have to decide and there is no channel to ask them in.
    """
    rules = policy.moderation.rules
    others = tuple(each for each in rules if not _same_rule(each, rule))
    return with_checks(policy, rules=(*others, rule))


def without_rule(policy: Policy, pattern: str) -> Policy:
    """Remove the rules of that pattern; of a long one its beginning will do, if no other begins so."""
    rules = policy.moderation.rules
    matching = [each for each in rules if each.pattern == pattern]
    if not matching and len(pattern) >= LONG:
        found = [each for each in rules if each.pattern.startswith(pattern)]
        matching = found if len(found) == 1 else []
    return with_checks(policy, rules=tuple(each for each in rules if each not in matching))


def without_deleted(policy: Policy, *, roles: Collection[int], channels: Collection[int]) -> Policy:
    """Leave out the roles and channels that Discord has no more, wherever nobody gets more by it.

    What only they were allowed stays closed, and the moderators' channel stays set, until an admin decides otherwise.
    """
    changes: dict[str, object] = {
        "channels": ChannelGate(
            allowed=_still_there(policy.channels.allowed, channels),
            denied=policy.channels.denied.intersection(channels),
        ),
        "roles": RoleGate(
            allowed=_still_there(policy.roles.allowed, roles), denied=policy.roles.denied.intersection(roles)
        ),
        "tiers": tuple(tier for tier in policy.tiers if tier.role_id in roles),
        "pools": tuple(pool for pool in policy.pools if pool.role_id in roles),
        "limits": policy.limits.model_copy(update={"pro_roles": policy.limits.pro_roles.intersection(roles)}),
        "spoiler_channels": policy.spoiler_channels.intersection(channels),
    }
    if policy.audit_channel_id not in channels:
        changes["audit_channel_id"] = None
    return policy.changed(**changes)


def missing_ids(
    policy: Policy, *, roles: Collection[int], channels: Collection[int]
) -> tuple[frozenset[int], frozenset[int]]:
    """Find the roles and the channels that a policy names and that are not among these."""
    named_roles = {
        *policy.roles.allowed,
        *policy.roles.denied,
        *policy.limits.pro_roles,
        *(tier.role_id for tier in policy.tiers),
        *(pool.role_id for pool in policy.pools),
    }
    named_channels = {
        *policy.channels.allowed,
        *policy.channels.denied,
        *policy.spoiler_channels,
        *filter(None, (policy.moderation.channel_id, policy.audit_channel_id)),
    }
    return frozenset(named_roles.difference(roles)), frozenset(named_channels.difference(channels))


def shuts_out(policy: Policy, *, roles: Collection[int], channels: Collection[int], models: Collection[str]) -> str:
    """Find by what a policy lets nobody make a video, of the roles, channels and models that there are; "" by nothing.

    `@everyone` is a role, too, of which nobody is without.
    """
    allowed, limits = policy.roles.allowed, policy.limits.models
    if policy.channels.allowed and not (policy.channels.allowed - policy.channels.denied).intersection(channels):
        return "channels"
    if allowed and not (allowed - policy.roles.denied).intersection(roles):
        return "roles"
    if limits and not limits.intersection(models):
        return "models"
    if policy.budget_usd_micros == 0:
        return "budget"
    return "credits" if _gives_nothing(policy) else ""


def _gives_nothing(policy: Policy) -> bool:
    """Say whether an allowance of nothing holds for everybody."""
    if policy.guild_allowance is not None and policy.guild_allowance.credits == 0:
        return True
    others = any(tier.allowance is not None and tier.allowance.credits for tier in policy.tiers) or policy.pools
    return policy.allowance is not None and policy.allowance.credits == 0 and not others


def typed_allowance(credits_: int | None, period: Period | None) -> Allowance | None:
    """Read an allowance as it was typed; None without credits."""
    return _allowance(None, credits_, period)


def _allowance(present: Allowance | None, credits_: int | None, period: Period | None) -> Allowance | None:
    if credits_ is None and present is None:
        return None
    old = present or Allowance(credits=0)
    return Allowance(credits=old.credits if credits_ is None else credits_, period=period or old.period)


def _change_set(values: frozenset[T], added: T | None, removed: T | None) -> frozenset[T]:
    return (values | ({added} if added is not None else set())) - ({removed} if removed is not None else set())


def _still_there(values: frozenset[int], there: Collection[int]) -> frozenset[int]:
    """Keep those that are there; all of them where none is, since an empty set would let everybody in."""
    return frozenset(values.intersection(there)) or values


def _same_rule(rule: Rule, other: Rule) -> bool:
    if rule.kind is not other.kind:
        return False
    if rule.kind is RuleKind.WORD:
        return fold(rule.pattern) == fold(other.pattern)
    return rule.pattern == other.pattern
