"""Searches prompts by a guild's rules, without anybody's pattern ever holding up the bot."""

import asyncio
import re
import time
from collections.abc import Sequence
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, Final

from bot.domain import Rule, RuleKind, VideoRequest
from bot.domain.wordlist import fold, occurs
from bot.errors import RuleInvalid
from bot.values import dataclass

if TYPE_CHECKING:  # slow to import, and few guilds have patterns
    import regex

LONGEST: Final = 0.1  # seconds that one pattern may search one text
IN_ALL: Final = 1.0  # seconds that all the patterns of a guild may search all the texts of a request
REPEATS: Final = 10_000  # all the counted repeats of a pattern multiplied: inside each other they take up memory

_UNUSABLE: Final = (ValueError, OverflowError, RecursionError)
# What no pattern of use finds all of, and what patterns that never end get lost in.
_REPEAT: Final = re.compile(r"\{\s*(\d*)\s*(?:,\s*(\d*)\s*)?\}")
_RECURSION: Final = re.compile(r"\(\?(?:R|&|P>|[+-]?\d)")
_UNLIKE: Final = ("a quiet lake at dawn", "0123456789", "\u96e8\u4e2d\u7684\u7eb8\u8239", "!?")
_LABYRINTHS: Final = tuple(each * 800 + "!" for each in ("a", "ab ", "1", " ", "x-"))


class _MalformedPattern(ValueError):
    """The pattern is none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleMatch:
    """A rule that finds something, or with `doubtful` one whose search had to be given up: it may find something."""

    rule: Rule
    doubtful: bool = False


def texts_of(request: VideoRequest) -> tuple[str, ...]:
    """List everything in a request that a person has written."""
    return tuple(filter(None, (request.prompt, request.negative_prompt, *(shot.prompt for shot in request.shots))))


async def search(rules: Sequence[Rule], texts: Sequence[str]) -> tuple[RuleMatch, ...]:
    """Find the rules that match any of the texts, each once. In a thread: the event loop never waits for it."""
    return await asyncio.to_thread(_search, rules, texts) if rules else ()


async def check_rule(rule: Rule) -> None:
    """Check whether prompts can be searched by a rule.

    Raises:
        RuleInvalid: they can't.
    """
    problem = await asyncio.to_thread(_problem, rule)
    if problem is not None:
        raise RuleInvalid(pattern=rule.pattern, problem=problem)


def _search(rules: Sequence[Rule], texts: Sequence[str]) -> tuple[RuleMatch, ...]:
    folded, give_up, found = [fold(text) for text in texts], time.monotonic() + IN_ALL, []
    for rule in rules:
        try:
            if _finds(rule, texts, folded, give_up=give_up):
                found.append(RuleMatch(rule=rule))
        except (TimeoutError, *_UNUSABLE):
            found.append(RuleMatch(rule=rule, doubtful=True))
    return tuple(found)


def _finds(rule: Rule, texts: Sequence[str], folded: Sequence[str], *, give_up: float) -> bool:
    if rule.kind is RuleKind.WORD:
        words = fold(rule.pattern)
        return any(occurs(words, text) for text in folded)
    pattern = _compile(rule.pattern)
    return any(_matches(pattern, text, give_up=give_up) for text in dict.fromkeys((*texts, *folded)))


def _matches(pattern: "regex.Pattern[str]", text: str, *, give_up: float) -> bool:
    """Say whether a pattern finds something in a text.

    Raises:
        TimeoutError: it takes too long to say.
    """
    left = min(LONGEST, give_up - time.monotonic())
    if left <= 0:
        raise TimeoutError
    return pattern.search(text, timeout=left, concurrent=True) is not None


@lru_cache(maxsize=1000)
def _compile(pattern: str) -> "regex.Pattern[str]":
    """Compile the pattern, ready for use.

    Raises:
        _MalformedPattern: it is none.
        ValueError: it would take up too much memory.
    """
    import regex  # noqa: PLC0415 - slow to import, and few guilds have patterns

    counts = [max(int(number or 1) for number in repeat.groups("1")) for repeat in _REPEAT.finditer(pattern)]
    if _RECURSION.search(pattern) or prod(max(1, count) for count in counts) > REPEATS:
        raise ValueError("too large")
    try:
        return regex.compile(pattern, regex.IGNORECASE)
    except regex.error as exc:
        raise _MalformedPattern(str(exc)) from exc


def _problem(rule: Rule) -> str | None:
    if rule.kind is RuleKind.WORD:
        return None if fold(rule.pattern) else "empty"
    try:
        pattern = _compile(rule.pattern)
    except _UNUSABLE as exc:
        return "malformed" if isinstance(exc, _MalformedPattern) else "slow"
    give_up = time.monotonic() + IN_ALL
    try:
        if _matches(pattern, "", give_up=give_up) or all(_matches(pattern, text, give_up=give_up) for text in _UNLIKE):
            return "everything"
        for text in _LABYRINTHS:
            _matches(pattern, text, give_up=give_up)
    except TimeoutError:
        return "slow"
    return None
