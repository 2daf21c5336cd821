"""A guild's rules find what they should, in time, and patterns that cannot are not taken."""

import time
from collections.abc import Iterator

import pytest

from bot.domain import Rule, RuleAction, RuleKind, Shot, VideoRequest
from bot.errors import RuleInvalid
from bot.service.screening.rules import IN_ALL, RuleMatch, check_rule, search, texts_of

ENDLESS = Rule(kind=RuleKind.REGEX, pattern="(a|aa)+$")


def word(pattern: str, action: RuleAction = RuleAction.REFUSE) -> Rule:
    return Rule(pattern=pattern, action=action)


def pattern(text: str) -> Rule:
    return Rule(kind=RuleKind.REGEX, pattern=text)


def test_every_text_of_a_request_is_looked_at() -> None:
    shots = (Shot(prompt="one", seconds=2), Shot(prompt="two", seconds=3))
    board = VideoRequest(model="m", prompt="", negative_prompt="rain", duration=5, shots=shots)
    assert texts_of(board) == ("rain", "one", "two")
    assert texts_of(VideoRequest(model="m", prompt="a fox")) == ("a fox",)


async def test_each_rule_that_finds_something_is_named_once() -> None:
    rules = [word("fox"), word("wolf"), pattern(r"f[o0]x(es)?\b"), pattern("^rain$")]
    found = await search(rules, ("the Fóx", "rain", "fox fox"))
    assert found == tuple(RuleMatch(rule=rule) for rule in (rules[0], *rules[2:]))


async def test_a_pattern_sees_a_text_as_typed_and_without_its_disguise() -> None:
    assert await search([pattern("café")], ("CAFÉ noir",))
    assert await search([pattern("k(ra|ro)ken")], ("kr\u00e1\u200bken",))


async def test_a_search_that_never_ends_is_given_up_and_counts_as_doubtful() -> None:
    found = await search([ENDLESS, word("fox")], ("a" * 2000 + "!", "a fox"))
    assert found == (RuleMatch(rule=ENDLESS, doubtful=True), RuleMatch(rule=word("fox")))


async def test_many_such_searches_end_together() -> None:
    rules = [pattern(f"(a|aa)+{number}$") for number in range(100)]
    assert len(rules) * 0.1 > 5 * IN_ALL
    found = await search(rules, ("a" * 2000 + "!",))
    assert {each.doubtful for each in found} == {True}
    assert len(found) > len(rules) / 2  # whatever was not searched any more may be there


class Delayed(tuple[Rule, ...]):
    """Rules that come late, as on a machine that has other things to do."""

    __slots__ = ()

    def __iter__(self) -> Iterator[Rule]:
        for each in super().__iter__():
            time.sleep(1.1 * IN_ALL)
            yield each


async def test_a_busy_machine_makes_no_pattern_doubtful() -> None:
    rules = Delayed([pattern("f[o0]x")])
    assert await search(rules, ("a fox",)) == (RuleMatch(rule=rules[0]),)


async def test_a_pattern_that_cannot_be_used_is_doubtful_and_not_passed_over() -> None:
    (found,) = await search([pattern("(unclosed")], ("a fox",))
    assert found.doubtful


@pytest.mark.parametrize(
    "text", ["gore", r"\bkill(ing|ed)?\b", "血腥|暴力", r"(?:na+h+){2,5}", r"https?://\S+", "a{2000}"]
)
async def test_a_pattern_of_use_is_taken(text: str) -> None:
    await check_rule(pattern(text))


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        (word("\u200b \u00ad"), "empty"),
        (pattern("(unclosed"), "malformed"),
        (pattern(r"\p{Foo}"), "malformed"),
        (pattern(" *"), "everything"),
        (pattern(".*"), "everything"),
        (pattern("."), "everything"),
        (pattern("gore|"), "everything"),
        (ENDLESS, "slow"),
        (pattern("((((a{60000}){60000}){60000}))b"), "slow"),
        (pattern("(?R)x"), "slow"),
    ],
)
async def test_a_rule_that_would_not_do_is_not_taken(rule: Rule, problem: str) -> None:
    with pytest.raises(RuleInvalid) as refused:
        await check_rule(rule)
    assert refused.value.problem == problem
