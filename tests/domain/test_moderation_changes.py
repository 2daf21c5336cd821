"""What admins change in a guild's moderation."""

from typing import Any

import pytest

from bot.domain import Approval, Policy, Rule, RuleAction, RuleKind
from bot.domain.policy_changes import with_checks, with_rule, without_checks, without_rule

HOLD = Rule(pattern="gore", action=RuleAction.HOLD)
NEEDS = "moderators' channel"


def test_a_rule_takes_the_place_of_one_that_looks_for_the_same() -> None:
    policy = with_rule(with_rule(Policy(), Rule(pattern="Kraken")), Rule(pattern="krakén", action=RuleAction.WARN))
    assert policy.moderation.rules == (Rule(pattern="krakén", action=RuleAction.WARN),)
    policy = with_rule(policy, Rule(kind=RuleKind.REGEX, pattern="krakén"))
    assert len(policy.moderation.rules) == 2
    assert without_rule(policy, "krakén").moderation.rules == ()
    assert without_rule(policy, "elsewhere") == policy


def test_of_a_long_rule_the_beginning_will_do_unless_it_could_be_another() -> None:
    long, alike = (Rule(kind=RuleKind.REGEX, pattern="x" * 100 + end) for end in ("yes", "no"))
    short = Rule(pattern="cat")
    policy = with_rule(with_rule(Policy(), long), short)
    assert without_rule(policy, "x" * 100).moderation.rules == (short,)
    assert without_rule(policy, "c") == policy
    both = with_rule(policy, alike)
    assert without_rule(both, "x" * 100) == both
    assert without_rule(both, alike.pattern) == policy


@pytest.mark.parametrize(
    "chosen", [{"approval": "requests"}, {"scan_prompts": True}, {"scan_results": True}, {"rules": (HOLD,)}]
)
def test_what_moderators_decide_needs_a_channel_to_ask_them_in(chosen: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=NEEDS):
        with_checks(Policy(), **chosen)
    assert with_checks(Policy(), channel_id=5, **chosen).moderation.channel_id == 5


def test_turned_off_nothing_waits_and_rules_stay() -> None:
    policy = with_checks(Policy(), channel_id=5, approval="both", scan_results=True, rules=(Rule(pattern="gore"),))
    off = without_checks(policy).moderation
    assert (off.channel_id, off.approval, off.scan_results) == (None, Approval.OFF, False)
    assert off.rules == policy.moderation.rules
    held = with_rule(policy, HOLD)
    with pytest.raises(ValueError, match=NEEDS):
        without_checks(held)
