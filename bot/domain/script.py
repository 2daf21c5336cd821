"""Writes storyboards as text and reads them: "1. 4s A fox wakes …" a shot, or paragraphs that share the seconds."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from bot.domain.request import MAX_SHOTS, Shot
from bot.domain.storyboard import LONGEST, SHORTEST, share, tidy
from bot.values import dataclass

_AFTER_NUMBER: Final = "[.．)）、:：]"  # noqa: RUF001 (either kind of full stop)
_AFTER_LENGTH: Final = "[:：,，、]?"
_OPEN, _CLOSE = r"[(（\[【]", r"[)）\]】]"
_NUMBER: Final = r"(?:\d{1,2}|[一二三四五六七八九十]{1,2})"
_UNIT: Final = r"\s*(?:seconds?|secs?|s|秒钟?)(?![a-z])"
_LENGTH: Final = (
    rf"(?:(?P<seconds>\d{{1,4}}){_UNIT}|{_OPEN}\s*(?P<bracketed>\d{{1,4}}){_UNIT}\s*{_CLOSE}){_AFTER_LENGTH}"
)
# "Shot 1:", "镜头一", "第一镜"; "1." and "一、", but neither "3.5" nor "12:30" unless a length follows, as in "1.4秒".
_NAMED: Final = rf"(?:(?:shot|scene|镜头|分镜)\s*{_NUMBER}|第\s*{_NUMBER}\s*(?:个?镜头?|幕|场))"
_HEAD: Final = re.compile(
    rf"\s*(?:{_NAMED}(?:\s*{_AFTER_NUMBER}|(?=\s|{_OPEN}|$))|{_NUMBER}\s*{_AFTER_NUMBER}(?:(?!\d)|(?=\d{{1,4}}{_UNIT})))"
    rf"\s*(?:{_LENGTH})?\s*(?P<prompt>.*)",
    re.IGNORECASE,
)
_TIMED: Final = re.compile(rf"\s*{_LENGTH}\s*(?P<prompt>.*)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, kw_only=True, slots=True)
class Script:
    """What a text describes: its shots (none where it is blank), the whole's seconds, how many shots did not fit."""

    shots: tuple[Shot, ...]
    total: int
    left_out: int = 0


def write(shots: Sequence[Shot]) -> str:
    """Write the shots as a text that `read` understands, a line each."""
    return "\n".join(f"{n}. {shot.seconds}s {shot.prompt}".rstrip() for n, shot in enumerate(shots, start=1))


def read(text: str, *, total: int) -> Script:
    """Read the shots that a text describes, in any way that people write them, leaving out a title over the first.

    Shots without seconds share what the others leave of `total`. Where every shot has its seconds, they decide how
    long the whole is, as far as there are such videos.
    """
    found = list(_shots(text))
    kept = found[:MAX_SHOTS]
    untimed = [number for number, (seconds, _) in enumerate(kept) if seconds is None]
    given = sum(seconds for seconds, _ in kept if seconds is not None)
    shares = dict(zip(untimed, share(total - given, len(untimed)), strict=True)) if untimed else {}
    shots = tuple(
        Shot(prompt=prompt, seconds=shares[number] if seconds is None else seconds)
        for number, (seconds, prompt) in enumerate(kept)
    )
    whole = sum(shot.seconds for shot in shots)
    fits = SHORTEST <= whole <= LONGEST and (not untimed or whole > total)
    return Script(shots=shots, total=whole if fits else total, left_out=len(found) - len(kept))


def _shots(text: str) -> Iterator[tuple[int | None, str]]:
    """Find the seconds, where they are said, and the prompt of each shot."""
    lines = text.splitlines()
    heads = [number for number, line in enumerate(lines) if _HEAD.match(line)]
    first = next((number for number, line in enumerate(lines) if line.strip()), None)
    if heads and (len(heads) > 1 or heads[0] == first):
        for start, end in zip(heads, [*heads[1:], len(lines)], strict=True):
            yield _parts(_HEAD.match(lines[start]), lines[start], rest=lines[start + 1 : end])
        return
    for paragraph in _paragraphs(lines):
        yield _parts(_TIMED.match(paragraph), paragraph)


def _paragraphs(lines: Sequence[str]) -> list[str]:
    """Split a text at empty lines; where there is none, at every line."""
    blocks = [block for block in re.split(r"\n\s*\n", "\n".join(lines)) if block.strip()]
    return [line for line in lines if line.strip()] if len(blocks) == 1 else blocks


def _parts(match: re.Match[str] | None, text: str, *, rest: Sequence[str] = ()) -> tuple[int | None, str]:
    if match is None:
        return None, tidy(text)
    seconds = match["seconds"] or match["bracketed"]
    prompt = tidy(" ".join([match["prompt"], *rest]))
    return (None if seconds is None else min(max(int(seconds), 1), LONGEST)), prompt
