"""What admins change in a guild's moderation, each as a function of the present policy."""

from typing import Any, Final

from bot.domain.policy import Approval, ModerationPolicy, Policy, Rule, RuleKind
from bot.domain.wordlist import fold

LONG: Final = 80  # characters by which a rule is known; some take more than can be chosen from a list

_FIELDS: Final = tuple(ModerationPolicy.model_fields)


def with_checks(policy: Policy, **chosen: Any) -> Policy:
    """What is looked at, by the fields of `Moderation`.

    Raises:
        ValueError: moderators would have to decide, and there is no channel to ask them in.
    """
    asked = policy.moderation
    return policy.changed(
        moderation=ModerationPolicy.model_validate({**{name: getattr(asked, name) for name in _FIELDS}, **chosen})
    )


def without_checks(policy: Policy) -> Policy:
    """Nothing waits for a moderator, and there is no channel for it any more. Rules stay.

    Raises:
        ValueError: a rule holds requests for moderators.
    """
    return with_checks(policy, channel_id=None, approval=Approval.OFF, scan_prompts=False, scan_results=False)


def with_rule(policy: Policy, rule: Rule) -> Policy:
    """With this rule, in place of one that looks for the same.

    Raises:
        ValueError: there are too many, or moderators would have to decide and there is no channel to ask them in.
    """
    rules = policy.moderation.rules
    others = tuple(each for each in rules if not _same(each, rule))
    return with_checks(policy, rules=(*others, rule))


def without_rule(policy: Policy, pattern: str) -> Policy:
    """Without the rules of that pattern; of a long one its beginning will do, if no other begins so."""
    rules = policy.moderation.rules
    matching = [each for each in rules if each.pattern == pattern]
    if not matching and len(pattern) >= LONG:
        found = [each for each in rules if each.pattern.startswith(pattern)]
        matching = found if len(found) == 1 else []
    return with_checks(policy, rules=tuple(each for each in rules if each not in matching))


def _same(rule: Rule, other: Rule) -> bool:
    if rule.kind is not other.kind:
        return False
    if rule.kind is RuleKind.WORD:
        return fold(rule.pattern) == fold(other.pattern)
    return rule.pattern == other.pattern
