"""Writes storyboards as text and reads them: "1. 4s A fox wakes …" a shot, or however else people write scripts."""

import re
from collections.abc import Sequence
from typing import Final

from bot.domain.capability import Capability
from bot.domain.request import MAX_SHOTS, Shot
from bot.domain.script_lines import Found, Part, find_listed, find_paragraphs, unfold
from bot.domain.script_records import find_in_json, find_in_table
from bot.domain.storyboard import LONGEST, SHORTEST, Storyboard, room_for, scale, share, tidy
from bot.values import dataclass

USUAL: Final = tuple(range(SHORTEST, LONGEST + 1))  # seconds of the videos that there are
_WRITTEN: Final = re.compile(r"(\d)\. (\d{1,4})s(?: (.*))?")  # by `write`
# No way of writing needs more blanks in a row, and those who look for shots would try each number of them.
_BLANKS: Final = re.compile(r"([^\S\n]{20})[^\S\n]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Script:
    """What a text describes: its shots (none where it is blank) and the whole's seconds.

    `left_out` are the shots for which there was no room, `beside` is what belongs to no shot, and `asked` how many
    seconds the text wants, where there are no such videos.
    """

    shots: tuple[Shot, ...]
    total: int
    left_out: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    asked: int | None = None


def write(shots: Sequence[Shot]) -> str:
    """Write the shots as a text that `read` understands, a line each."""
    return "\n".join(f"{n}. {shot.seconds}s {shot.prompt}".rstrip() for n, shot in enumerate(shots, start=1))


def read(text: str, *, total: int, lengths: Sequence[int] = USUAL, most: int = MAX_SHOTS) -> Script:
    """Read the shots that a text describes, in any way that people write them, of a video of one of these `lengths`.

    Shots without seconds share what the others leave of `total`. Where every shot has its seconds, they decide how
    long the whole is; they are stretched or shortened together where there is no such video.
    """
    found = _find_shots(text)
    kept = found.parts[:most]
    seconds, total, asked = _fit([part.seconds for part in kept], total, lengths)
    return Script(
        shots=tuple(Shot(prompt=part.prompt, seconds=each) for part, each in zip(kept, seconds, strict=True)),
        total=total,
        left_out=tuple(part.prompt for part in found.parts[most:]),
        beside=found.beside,
        asked=asked,
    )


def read_for(text: str, model: Capability, *, total: int) -> Script:
    """Read the shots that a text describes, as far as a model has room for them."""
    return read(text, total=total, lengths=model.durations, most=min(MAX_SHOTS, model.max_shots))


def with_script(story: Storyboard, text: str, model: Capability) -> Storyboard:
    """Replace a storyboard's shots by a script's; unchanged where the script has none."""
    found = read_for(text, model, total=story.total)
    return story.changed(shots=found.shots, total=found.total, script=text) if found.shots else story


def script_of(story: Storyboard, model: Capability) -> str:
    """Give a storyboard's script: as it was written by its author, while that still says the shots; empty for none."""
    if story.script and read_for(story.script, model, total=story.total).shots == story.shots:
        return story.script
    return "" if story.blank else write(story.shots)


def _fit(wanted: Sequence[float | None], total: int, lengths: Sequence[int]) -> tuple[list[int], int, int | None]:
    """Give every shot whole seconds, and say how long the whole is; and what was asked for, where that can't be."""
    if not wanted:
        return [], total, None
    given = [seconds for seconds in wanted if seconds is not None]
    untimed = len(wanted) - len(given)
    told = max(round(sum(given)), len(given))
    whole = told + untimed  # a second at least for each of the others
    total = total if untimed and whole <= total else room_for(whole, lengths)
    timed, shares = iter(scale(given, told)), iter(share(total - told, untimed) if untimed else ())
    seconds = [next(shares) if each is None else next(timed) for each in wanted]
    if sum(seconds) == total:
        return seconds, total, None
    return scale(seconds, total), total, whole


def _find_shots(text: str) -> Found:
    """Find the shots of a text in the first way of writing that fits."""
    plain = _BLANKS.sub(r"\1", text.replace("\r\n", "\n").replace("\r", "\n"))
    lines = unfold(plain.split("\n"))
    ways = (_find_written, find_in_json, find_in_table, find_listed, find_paragraphs)
    return next(found for way in ways if (found := way(lines)) is not None)


def _find_written(lines: Sequence[str]) -> Found | None:
    """Find shots as `write` writes them, to the letter: nothing in them is taken for markup."""
    matches = [_WRITTEN.fullmatch(line) for line in lines if line.strip()]
    found = [match for match in matches if match]
    if not found or len(found) < len(matches) or [int(each[1]) for each in found] != list(range(1, len(found) + 1)):
        return None
    return Found(parts=tuple(Part(int(each[2]), tidy(each[3] or "")) for each in found))
