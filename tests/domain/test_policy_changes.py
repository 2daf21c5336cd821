"""What admins change: each thing by itself, and nothing that was not meant."""

from typing import Any

import pytest
from pydantic import ValidationError

from bot.domain import Allowance, AllowDeny, ChannelGate, ModerationPolicy, Period, Policy, Who
from bot.domain.policy import GuildLimits, Pool, RoleGate, Tier
from bot.domain.policy_changes import (
    missing_ids,
    shuts_out,
    typed_allowance,
    with_channels,
    with_limits,
    with_pool,
    with_role_allowance,
    with_roles,
    with_tier,
    without_deleted,
    without_pool,
    without_tier,
)

NONE = frozenset[int]()


def ids(*numbers: int) -> frozenset[int]:
    return frozenset(numbers)


def test_a_channel_is_on_one_side_only() -> None:
    allowed = with_channels(Policy(), AllowDeny(allow=1))
    denied = with_channels(allowed, AllowDeny(deny=1))
    assert allowed.channels == ChannelGate(allowed=ids(1))
    assert denied.channels == ChannelGate(denied=ids(1))
    assert with_channels(denied, AllowDeny(forget=1)).channels == ChannelGate()
    both = with_channels(allowed, AllowDeny(allow=2, deny=3))
    assert both.channels == ChannelGate(allowed=ids(1, 2), denied=ids(3))


def test_spoilers_are_decided_beside_what_is_allowed() -> None:
    covered = with_channels(with_channels(Policy(), AllowDeny(allow=1)), AllowDeny(), cover=4)
    assert (covered.channels, covered.spoiler_channels) == (ChannelGate(allowed=ids(1)), ids(4))
    assert with_channels(covered, AllowDeny(), uncover=4).spoiler_channels == NONE


def test_a_role_is_let_in_or_shut_out() -> None:
    policy = with_roles(with_roles(Policy(), AllowDeny(allow=1)), AllowDeny(deny=2))
    assert policy.roles == RoleGate(allowed=ids(1), denied=ids(2))
    assert with_roles(policy, AllowDeny(allow=2)).roles == RoleGate(allowed=ids(1, 2))


def test_a_tier_keeps_what_is_not_said() -> None:
    made = with_tier(Policy(), 5, credits_=10, period=Period.WEEK, priority=3, spoiler=True)
    assert with_tier(made, 5, credits_=20).tiers == (
        Tier(role_id=5, allowance=Allowance(credits=20, period=Period.WEEK), priority=3, spoiler=True),
    )
    assert with_tier(made, 5, period=Period.DAY).tiers[0].allowance == Allowance(credits=10)
    assert with_tier(made, 5, spoiler=False, priority=0).tiers == (
        Tier(role_id=5, allowance=Allowance(credits=10, period=Period.WEEK)),
    )
    assert without_tier(made, 5).tiers == ()


def test_a_period_without_credits_makes_no_allowance() -> None:
    assert with_tier(Policy(), 5, period=Period.WEEK) == Policy()
    assert typed_allowance(None, Period.WEEK) is None
    assert typed_allowance(0, Period.WEEK) == Allowance(credits=0, period=Period.WEEK)


def test_a_roles_credits_are_taken_back_without_its_place_in_the_queue() -> None:
    made = with_tier(Policy(), 5, credits_=10, priority=3)
    assert with_role_allowance(made, 5, None).tiers == (Tier(role_id=5, priority=3),)
    assert with_role_allowance(Policy(), 5, None) == Policy()


@pytest.mark.parametrize(
    ("changes", "limits"),
    [
        ({"longest": 8}, GuildLimits(longest=8)),
        ({"longest": 0, "running": 0}, GuildLimits()),
        ({"running": 3}, GuildLimits(running=3)),
        ({"pro": Who.ROLES, "pro_role": 4}, GuildLimits(pro=Who.ROLES, pro_roles=ids(4))),
        ({"sound": False, "watermark": True}, GuildLimits(sound=False, watermark=True)),
        ({"model": "kling-v1"}, GuildLimits(models=frozenset({"kling-v1"}))),
    ],
)
def test_limits_are_set_one_by_one(changes: dict[str, Any], limits: GuildLimits) -> None:
    assert with_limits(Policy(), **changes).limits == limits


def test_limits_that_are_not_named_stay() -> None:
    policy = with_limits(Policy(), longest=8, pro=Who.NOBODY, sound=False, model="a", pro_role=4, running=2)
    changed = with_limits(policy, watermark=True, not_model="a", not_pro_role=4)
    assert changed.limits == GuildLimits(longest=8, pro=Who.NOBODY, sound=False, watermark=True, running=2)
    assert with_limits(changed, longest=0).limits.longest is None


def test_a_pool_is_made_changed_and_done_away_with() -> None:
    made = with_pool(Policy(), "film", role_id=5, credits_=10, period=None)
    assert made.pools == (Pool(name="film", role_id=5, allowance=Allowance(credits=10)),)
    changed = with_pool(made, "film", role_id=6, credits_=None, period=Period.MONTH)
    assert changed.pools == (Pool(name="film", role_id=6, allowance=Allowance(credits=10, period=Period.MONTH)),)
    assert without_pool(changed, "film") == Policy()


@pytest.mark.parametrize("said", [{"role_id": None, "credits_": 5}, {"role_id": 5, "credits_": None}])
def test_half_a_pool_is_none(said: dict[str, Any]) -> None:
    with pytest.raises(LookupError):
        with_pool(Policy(), "film", period=None, **said)


def test_a_pool_has_a_name_that_can_be_typed() -> None:
    with pytest.raises(ValidationError):
        with_pool(Policy(), "no spaces", role_id=5, credits_=1, period=None)


FULL = Policy(
    channels=ChannelGate(allowed=ids(1, 2), denied=ids(3)),
    roles=RoleGate(allowed=ids(11, 12), denied=ids(13)),
    tiers=(Tier(role_id=11, priority=1), Tier(role_id=14, priority=2)),
    pools=(Pool(name="film", role_id=14, allowance=Allowance(credits=1)),),
    limits=GuildLimits(pro=Who.ROLES, pro_roles=ids(11, 14)),
    moderation=ModerationPolicy(channel_id=4),
    spoiler_channels=ids(5),
    audit_channel_id=6,
)


def test_what_is_gone_is_named_wherever_it_stands() -> None:
    assert missing_ids(FULL, roles=(), channels=()) == (ids(11, 12, 13, 14), ids(1, 2, 3, 4, 5, 6))
    assert missing_ids(FULL, roles=(11, 12, 13, 14), channels=(1, 2, 3, 4, 5, 6)) == (NONE, NONE)


def test_tidying_takes_out_what_is_gone() -> None:
    assert without_deleted(FULL, roles=(11, 13), channels=(1, 3, 4)) == FULL.changed(
        channels=ChannelGate(allowed=ids(1), denied=ids(3)),
        roles=RoleGate(allowed=ids(11), denied=ids(13)),
        tiers=(Tier(role_id=11, priority=1),),
        pools=(),
        limits=GuildLimits(pro=Who.ROLES, pro_roles=ids(11)),
        spoiler_channels=NONE,
        audit_channel_id=None,
    )
    assert without_deleted(FULL, roles=range(20), channels=range(20)) == FULL


def test_tidying_lets_nobody_in() -> None:
    tidy = without_deleted(FULL, roles=(), channels=())
    assert not tidy.channels.open_to(ids(99))
    assert not tidy.roles.open_to(ids(99))
    assert tidy.limits.pro is Who.ROLES
    assert tidy.moderation.channel_id == 4


@pytest.mark.parametrize(
    ("changes", "by"),
    [
        ({}, ""),
        ({"channels": ChannelGate(allowed=ids(1, 9))}, ""),
        ({"channels": ChannelGate(allowed=ids(9))}, "channels"),
        ({"channels": ChannelGate(allowed=ids(1), denied=ids(1))}, "channels"),
        ({"roles": RoleGate(allowed=ids(11))}, ""),
        ({"roles": RoleGate(allowed=ids(19))}, "roles"),
        ({"roles": RoleGate(allowed=ids(11), denied=ids(11))}, "roles"),
        ({"limits": GuildLimits(models=frozenset({"kling-v1", "gone"}))}, ""),
        ({"limits": GuildLimits(models=frozenset({"gone"}))}, "models"),
        ({"budget_usd_micros": 0}, "budget"),
        ({"budget_usd_micros": 1}, ""),
        ({"allowance": Allowance(credits=0)}, "credits"),
        ({"allowance": Allowance(credits=0), "tiers": (Tier(role_id=11, allowance=Allowance(credits=5)),)}, ""),
        ({"guild_allowance": Allowance(credits=0)}, "credits"),
    ],
)
def test_it_is_known_by_what_a_policy_would_shut_everybody_out(changes: dict[str, Any], by: str) -> None:
    assert shuts_out(Policy().changed(**changes), roles=(11, 12), channels=(1, 2), models=("kling-v1",)) == by
