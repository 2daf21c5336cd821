"""A guild's policy: one value, checked as a whole, that survives JSON."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.domain import Allowance, Approval, ModerationPolicy, Period, Policy, Rule, RuleAction, RuleKind, Who
from bot.domain.policy import GuildLimits, Pool, Tier

ids = st.integers(1, 2**63 - 1)
allowances = st.builds(Allowance, credits=st.integers(0, 1000), period=st.sampled_from(Period))
tiers = st.builds(
    Tier, role_id=ids, allowance=st.none() | allowances, priority=st.integers(0, 9), spoiler=st.booleans()
)
policies = st.builds(
    Policy,
    timezone=st.sampled_from(["UTC", "Asia/Shanghai", "America/New_York"]),
    tiers=st.lists(tiers, max_size=4, unique_by=lambda tier: tier.role_id).map(tuple),
    limits=st.builds(
        GuildLimits,
        longest=st.none() | st.integers(1, 60),
        pro=st.sampled_from(Who),
        pro_roles=st.frozensets(ids, max_size=3),
        models=st.frozensets(st.sampled_from(["kirin_v3_t2v", "kling-v1"])),
    ),
    allowance=st.none() | allowances,
    guild_allowance=st.none() | allowances,
    gifts=st.booleans(),
    budget_usd_micros=st.none() | st.integers(0, 10**12),
    spoiler_channels=st.frozensets(ids, max_size=3),
    moderation=st.builds(
        ModerationPolicy, channel_id=ids, approval=st.sampled_from(Approval), scan_prompts=st.booleans()
    ),
)


@given(policies)
@settings(deadline=None, max_examples=50)
def test_a_policy_survives_json(policy: Policy) -> None:
    assert Policy.model_validate_json(policy.model_dump_json()) == policy


@pytest.mark.parametrize(
    "changes",
    [
        {"timezone": "Mars/Olympus"},
        {"tiers": [{"role_id": 1}, {"role_id": 1, "priority": 2}]},
        {"tiers": [{"role_id": 1, "priority": 10}]},
        {"pools": [{"name": "a b", "role_id": 1, "allowance": {"credits": 1}}]},
        {"pools": [{"name": "a", "role_id": role, "allowance": {"credits": 1}} for role in (1, 2)]},
        {"allowance": {"credits": -1}},
        {"allowance": {"credits": 1, "period": "year"}},
        {"budget_usd_micros": -1},
        {"audit_channel_id": 0},
        {"moderation": {"approval": "requests"}},
        {"moderation": {"scan_prompts": True}},
        {"moderation": {"rules": [{"pattern": "x", "action": "hold"}]}},
        {"moderation": {"channel_id": 1, "rules": [{"pattern": "x" * 201}]}},
        {"limits": {"longest": 0}},
        {"something": "else"},
    ],
)
def test_what_cannot_be_is_refused_whole(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Policy().changed(**changes)


def test_a_change_leaves_everything_else_as_it_was() -> None:
    pool = Pool(name="team", role_id=3, allowance=Allowance(credits=9))
    policy = Policy(timezone="Asia/Shanghai", pools=(pool,))
    assert policy.changed(gifts=True) == Policy(timezone="Asia/Shanghai", pools=(pool,), gifts=True)
    assert not policy.gifts


def test_a_role_has_one_tier_and_an_empty_one_is_none() -> None:
    first, second = Tier(role_id=3, priority=1), Tier(role_id=3, spoiler=True)
    policy = Policy().with_tier(first).with_tier(Tier(role_id=4, priority=2)).with_tier(second)
    assert set(policy.tiers) == {second, Tier(role_id=4, priority=2)}
    assert policy.tiers_of(frozenset({3, 5})) == (second,)
    assert policy.with_tier(Tier(role_id=3)).tiers == (Tier(role_id=4, priority=2),)


def test_a_rule_that_refuses_needs_no_moderators() -> None:
    moderation = ModerationPolicy(rules=(Rule(pattern="spam", kind=RuleKind.WORD, action=RuleAction.REFUSE),))
    assert moderation.channel_id is None
