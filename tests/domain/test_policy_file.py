"""A policy as a file, what is wrong with one, and what differs between two policies."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import (
    Allowance,
    Approval,
    ChannelGate,
    Difference,
    ModerationPolicy,
    Period,
    Policy,
    Rule,
    RuleAction,
    Who,
)
from bot.domain.policy import GuildLimits, Pool, RoleGate, Tier
from bot.domain.policy_diff import differences, fields
from bot.domain.policy_file import FORMAT, LARGEST, read, write_policy
from bot.errors import PolicyInvalid

SNOWFLAKE = 1_234_567_890_123_456_789
IDS = st.frozensets(st.integers(min_value=1, max_value=2**63 - 1), max_size=4)
POLICIES = st.builds(
    Policy,
    timezone=st.sampled_from(["UTC", "Asia/Tokyo", "America/St_Johns"]),
    channels=st.builds(ChannelGate, allowed=IDS, denied=IDS),
    roles=st.builds(RoleGate, allowed=IDS, denied=IDS),
    tiers=IDS.map(lambda found: tuple(Tier(role_id=each, priority=each % 10) for each in found)),
    limits=st.builds(GuildLimits, longest=st.none() | st.integers(1, 60), pro=st.sampled_from(Who), pro_roles=IDS),
    allowance=st.none() | st.builds(Allowance, credits=st.integers(0, 10**6), period=st.sampled_from(Period)),
    gifts=st.booleans(),
    budget_usd_micros=st.none() | st.integers(0, 10**12),
    spoiler_channels=IDS,
)


@given(POLICIES)
def test_what_was_written_is_read_again(policy: Policy) -> None:
    assert read(write_policy(policy).encode()) == policy


def test_a_file_keeps_ids_exact_for_programs_that_round_large_numbers() -> None:
    text = write_policy(Policy(channels=ChannelGate(allowed=frozenset({SNOWFLAKE})), audit_channel_id=SNOWFLAKE))
    settings = json.loads(text)["settings"]
    assert settings["channels"]["allowed"] == [str(SNOWFLAKE)]
    assert settings["audit_channel_id"] == str(SNOWFLAKE)


def file(**settings: Any) -> bytes:
    return json.dumps({"format": FORMAT, "version": 1, "settings": settings}).encode()


def test_what_a_file_leaves_out_is_as_usual() -> None:
    assert read(file(gifts=True)) == Policy(gifts=True)
    assert read(b"\xef\xbb\xbf" + file(gifts=True)) == Policy(gifts=True)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", ("", "json", "")),
        (b"\xff\xfe", ("", "json", "")),
        (b"[" * 100_000, ("", "json", "")),
        (b"[]", ("", "format", FORMAT)),
        (b'{"format": "other"}', ("", "format", FORMAT)),
        (json.dumps({"format": FORMAT, "version": 2}).encode(), ("", "version", "1")),
        (b'{"version": 1, "settings": {"gifts": true, "gifts": false}}', ("gifts", "repeated", "")),
        (json.dumps({"format": FORMAT, "version": 1, "more": 1}).encode(), ("more", "unknown", "")),
        (json.dumps({"format": FORMAT, "version": 1}).encode(), ("", "kind", "")),
        (b" " * (LARGEST + 1), ("", "too_big", "256")),
        (file(nothing=1), ("nothing", "unknown", "")),
        (file(timezone="Mars/Olympus"), ("timezone", "zone", "")),
        (file(limits={"longest": 99}), ("limits.longest", "too_large", "60")),
        (file(limits={"longest": 0}), ("limits.longest", "too_small", "1")),
        (file(limits={"pro": "some"}), ("limits.pro", "choice", "'everyone', 'roles' or 'nobody'")),
        (file(tiers=[{}]), ("tiers.0.role_id", "missing", "")),
        (file(tiers=[{"role_id": n} for n in range(1, 60)]), ("tiers", "too_many", "50")),
        (file(tiers=[{"role_id": 1}, {"role_id": 1}]), ("", "twice", "")),
        (file(moderation={"approval": "both"}), ("moderation", "moderators", "")),
        (file(pools=[{"name": "film crew", "role_id": 1, "allowance": {"credits": 1}}]), ("pools.0.name", "name", "")),
        (file(budget_usd_micros="much"), ("budget_usd_micros", "kind", "")),
        (file(channels={"allowed": [-1]}), ("channels.allowed.0", "too_small", "0")),
    ],
)
def test_a_file_that_cannot_be_is_refused_with_the_reason(data: bytes, problem: tuple[str, str, str]) -> None:
    with pytest.raises(PolicyInvalid) as refused:
        read(data)
    assert refused.value.problems == (problem,)


def test_every_mistake_is_named_at_once_but_not_without_end() -> None:
    with pytest.raises(PolicyInvalid) as refused:
        read(file(gifts="perhaps", timezone="", limits={"longest": 99}))
    assert [field for field, _, _ in refused.value.problems] == ["timezone", "limits.longest", "gifts"]
    with pytest.raises(PolicyInvalid) as refused:
        read(file(**{f"x{number}": 1 for number in range(100)}))
    assert len(refused.value.problems) == 10


@given(
    st.binary(max_size=200)
    | st.recursive(st.none() | st.text() | st.integers(), st.lists, max_leaves=5).map(
        lambda value: json.dumps({"format": FORMAT, "version": 1, "settings": value}).encode()
    )
)
def test_no_file_does_more_than_be_refused(data: bytes) -> None:
    with pytest.raises(PolicyInvalid):
        read(data)


FULL = Policy(
    timezone="Asia/Tokyo",
    channels=ChannelGate(allowed=frozenset({1}), denied=frozenset({2})),
    tiers=(Tier(role_id=5, priority=1),),
    pools=(Pool(name="film", role_id=5, allowance=Allowance(credits=1)),),
    moderation=ModerationPolicy(
        channel_id=4, approval=Approval.BOTH, rules=(Rule(pattern="cat", action=RuleAction.WARN),)
    ),
)


def test_only_what_differs_is_a_difference() -> None:
    assert differences(FULL, FULL) == ()
    changed = FULL.changed(gifts=True, channels=ChannelGate(allowed=frozenset({1, 3}), denied=frozenset({2})))
    assert differences(FULL, changed) == (
        Difference(path="channels.allowed", before=[1], after=[1, 3]),
        Difference(path="gifts", before=False, after=True),
    )


def test_items_of_lists_are_told_apart_by_what_they_are_called() -> None:
    changed = FULL.changed(tiers=(Tier(role_id=5, priority=2), Tier(role_id=6, priority=1)), pools=())
    found = {(each.path, each.item): (each.before is None, each.after is None) for each in differences(FULL, changed)}
    assert found == {("tiers", "5"): (False, False), ("tiers", "6"): (True, False), ("pools", "film"): (False, True)}


@given(POLICIES, POLICIES)
def test_differences_say_all_there_is_to_say(before: Policy, after: Policy) -> None:
    changed = fields(before)
    for each in differences(before, after):
        assert changed.pop((each.path, each.item), None) == each.before
        if each.after is not None or not each.item:
            changed[each.path, each.item] = each.after
    assert changed == fields(after)
