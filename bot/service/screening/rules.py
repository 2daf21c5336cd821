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

# Both are seconds of work: on a machine that has other things to do, a pattern is no worse for waiting.
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
    folded, allowed, found = [fold(text) for text in texts], _Allowance(), []
    for rule in rules:
        try:
            if _finds(rule, texts, folded, allowed=allowed):
                found.append(RuleMatch(rule=rule))
        except (TimeoutError, *_UNUSABLE):
            found.append(RuleMatch(rule=rule, doubtful=True))
    return tuple(found)


def _finds(rule: Rule, texts: Sequence[str], folded: Sequence[str], *, allowed: "_Allowance") -> bool:
    if rule.kind is RuleKind.WORD:
        words = fold(rule.pattern)
        return any(occurs(words, text) for text in folded)
    pattern = _compile(rule.pattern)
    return any(allowed.matches(pattern, text) for text in dict.fromkeys((*texts, *folded)))


class _Allowance:
    """Searches with patterns until all of them together have worked for as long as they may."""

    def __init__(self) -> None:
        self._left = IN_ALL

    def matches(self, pattern: "regex.Pattern[str]", text: str) -> bool:
        """Say whether a pattern finds something in a text.

        Raises:
            TimeoutError: it takes too long to say.
        """
        if self._left <= 0:
            raise TimeoutError
        begun = time.thread_time()
        try:
            return pattern.search(text, timeout=min(LONGEST, self._left), concurrent=True) is not None
        finally:
            self._left -= time.thread_time() - begun


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
    allowed = _Allowance()
    try:
        if allowed.matches(pattern, "") or all(allowed.matches(pattern, text) for text in _UNLIKE):
            return "everything"
        for text in _LABYRINTHS:
            allowed.matches(pattern, text)
    except TimeoutError:
        return "slow"
    return None
