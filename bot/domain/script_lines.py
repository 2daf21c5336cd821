"""Finds the shots in lines and paragraphs as people and chat assistants write them, and reads a shot of such lines.

What belongs to no shot, such as a title, is kept apart: nothing that was written is lost.
"""

import itertools
import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from bot.domain.script_times import CLOSE, HAN, OPEN, SEPARATORS, only_time, split_stamp, split_time, time_before
from bot.domain.storyboard import tidy
from bot.values import dataclass

COUNT: Final = rf"(?:\d{{1,2}}|{HAN})"
WORD: Final = r"(?:shot|scene|clip|part|beat|frame|panel|cut|segment|镜头|分镜|场景|画面|片段)"
_AFTER_NUMBER: Final = "[.．)）、:：]"  # noqa: RUF001 (either kind of full stop)
_SPOKEN: Final = "(?:one|two|three|four|five|six|seven|eight|nine|ten)"
_OF: Final = r"(?:\s*(?:/|of)\s*\d{1,2})?"
# "Shot 1:", "镜头一", "第一镜"; bare words ("镜头一转", "part 2 of it") are none.
_NAMED: Final = re.compile(
    rf"\s*{OPEN}?(?:(?:(?:shot|scene|镜头|分镜)\s*#?{COUNT}|第\s*{COUNT}\s*(?:个?(?:镜头?|分镜|场景|画面|片段)|幕|场))"
    rf"{_OF}(?=\s|{OPEN}|{CLOSE}|[–—\-:：.．、,，|]|$)"  # noqa: RUF001
    rf"|{WORD}\s*(?:{COUNT}|{_SPOKEN}){_OF}(?=\s*(?:{OPEN}|{CLOSE}|[–—\-:：.．、|]|$)))"  # noqa: RUF001
    rf"{CLOSE}?{SEPARATORS}",
    re.IGNORECASE,
)
# "1." and "一、", but neither "3.5" nor "12:30".
_NUMBERED: Final = re.compile(
    rf"\s*(?:{OPEN}?{COUNT}\s*{_AFTER_NUMBER}(?!\d)|\d{{1,2}}\s+[–—-]\s|[①-⑳]){SEPARATORS}",
    re.IGNORECASE,
)
# Where shots begin that stand on one line.
_NAMED_INSIDE: Final = re.compile(rf"(?<!\S)(?:\*\*)?{WORD}\s*#?{COUNT}\s*(?:{OPEN}|[–—\-:：.．、|])", re.IGNORECASE)  # noqa: RUF001
_TIMED_INSIDE: Final = re.compile(rf"(?<!\S)\d{{1,2}}[.．)）、]\s*{OPEN}?\s*\d{{1,4}}\s*(?:s|秒)", re.IGNORECASE)  # noqa: RUF001
_SPAN_INSIDE: Final = re.compile(rf"(?<!\S){OPEN}?\d{{1,2}}:\d\d\s*[-–—~]\s*\d{{1,2}}:\d\d", re.IGNORECASE)
_CROWDED: Final = re.compile(r"\s*(?P<number>\d{1,2})[.．、](?P<rest>\d{1,4}\s*(?:s|秒).*)", re.IGNORECASE)  # noqa: RUF001
_BULLET: Final = re.compile(r"\s*(?:[-*+•·▪◦‣●○■–—]\s+(?:\[[ xX]?\]\s+)?)")
_QUOTED, _HEADING = re.compile(r"\s*(?:>\s?)+"), re.compile(r"\s*#{1,6}\s+")
_RULE: Final = re.compile(
    r"\s*(?:[-*_=–—]\s*){3,}|\s*(?:```|~~~)\s*(?:json\w?|text|txt|markdown|md|csv|yaml|plaintext)?\s*"
)
_BOLD: Final = re.compile(r"\*\*|__|`")
_LEANING: Final = re.compile(r"(?<![\w*])([*_])(?=[^\s*_])([^*_]+?)(?<=[^\s*_])\1(?![\w*])")
ABOUT: Final = re.compile(
    r"(?:visuals?|prompt|description|画面(?:描述|内容)?|镜头描述|描述|内容|提示词)\s*[:：]\s*",
    re.IGNORECASE,
)
_QUOTES: Final = (("“", "”"), ("「", "」"), ("『", "』"), ("«", "»"), ('"', '"'), ("‘", "’"))  # noqa: RUF001


class Part(NamedTuple):
    """A shot as it is written: its seconds, where it says any, and its prompt."""

    seconds: float | None
    prompt: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """The shots of a text, and what belongs to none of them."""

    parts: tuple[Part, ...] = ()
    beside: tuple[str, ...] = ()


class Line(NamedTuple):
    """A line without its markup; how far it stands to the right, and whether it is an item of a list or a heading."""

    text: str
    indent: int = 0
    item: bool = False
    heading: bool = False


def read_line(raw: str) -> Line:
    """Read a line without its markup."""
    text = _QUOTED.sub("", raw, count=1) if _QUOTED.match(raw) else raw
    indent = len(text) - len(text.lstrip())
    heading = _HEADING.match(text)
    text = text[heading.end() :] if heading else text
    bullet = _BULLET.match(text)
    text = text[bullet.end() :] if bullet else text
    whole_bold = text.strip().startswith("**") and text.strip().endswith("**")
    return Line(" ".join(without_marks(text).split()), indent, bullet is not None, heading is not None or whole_bold)


def without_marks(text: str) -> str:
    """Take bold, leaning and code marks away."""
    return _LEANING.sub(r"\2", _BOLD.sub("", text))


def read_lines(raw: Iterable[str]) -> list[Line]:
    """Read lines without their markup; rules and fences are empty lines."""
    return [read_line(each) if not _RULE.fullmatch(each) else Line("") for each in raw]


def find_listed(raw: Sequence[str]) -> Found | None:
    """Find shots that begin with a name, a number, a time of their own line, or a bullet; None where none do."""
    lines = read_lines(_uncrowded(raw))
    heads = _heads(lines)
    if not heads:
        return None
    blocks = [lines[start:end] for start, end in zip(heads, [*heads[1:], len(lines)], strict=True)]
    last, after = _ending(blocks)
    parts = [read_part(block) for block in [*blocks[:-1], last]]
    beside = [*texts(lines[: heads[0]]), *texts(after)]
    return Found(parts=tuple(_stamped(parts, [lines[head].text for head in heads])), beside=tuple(beside))


def unfold(lines: Sequence[str]) -> list[str]:
    """Begin every shot on a line of its own where all stand on one, as in the option of a command."""
    written = [line for line in lines if line.strip()]
    if len(written) != 1:
        return list(lines)
    for mark in (_NAMED_INSIDE, _TIMED_INSIDE, _SPAN_INSIDE):
        starts = [found.start() for found in mark.finditer(written[0])]
        if len(starts) > 1:
            ends = [*starts[1:], len(written[0])]
            return [written[0][: starts[0]], *(written[0][a:b] for a, b in zip(starts, ends, strict=True))]
    return list(lines)


def _uncrowded(raw: Sequence[str]) -> list[str]:
    """Write "1.4s" as "1. 4s" where such lines are counted from one, so that they are no fractions of seconds."""
    crowded = [_CROWDED.fullmatch(line) for line in raw]
    if [int(each["number"]) for each in crowded if each] != list(range(1, sum(map(bool, crowded)) + 1)):
        return list(raw)
    return [f"{each['number']}. {each['rest']}" if each else line for each, line in zip(crowded, raw, strict=True)]


def _heads(lines: Sequence[Line]) -> list[int]:
    """Find the lines with which shots begin, of the clearest kind that there is."""
    first = next((number for number, line in enumerate(lines) if line.text), None)
    for begins in (_NAMED.match, _numbered):
        heads = [number for number, line in enumerate(lines) if begins(line.text)]
        if len(heads) > 1 or (heads and heads[0] == first):
            return heads
    timed = [number for number, line in enumerate(lines) if time_before(line.text)]
    if len(timed) > 1 and any(not split_time(lines[number].text).text for number in timed):
        return timed
    return _stamps(lines) or _items(lines)


def _numbered(text: str) -> re.Match[str] | None:
    return None if time_before(text) else _NUMBERED.match(text)


def _stamps(lines: Sequence[Line]) -> list[int]:
    """Find lines that say when they begin, from the first second on: "0:00 …", "0:03 …"."""
    at = {number: found[0] for number, line in enumerate(lines) if (found := split_stamp(line.text))}
    moments = list(at.values())
    rising = len(moments) > 1 and moments[0] == 0 and all(a < b for a, b in itertools.pairwise(moments))
    return list(at) if rising and not any(time_before(lines[number].text) for number in at) else []


def _items(lines: Sequence[Line]) -> list[int]:
    """Find the items of a list, where there is one list and hardly anything else."""
    items = [number for number, line in enumerate(lines) if line.item and line.text]
    if len(items) < 2:  # noqa: PLR2004 (a list has several)
        return []
    least = min(lines[number].indent for number in items)
    heads = [number for number in items if lines[number].indent == least]
    between = lines[heads[0] : heads[-1]]
    plain = any(line.text and not line.item and line.indent <= least for line in between)
    return heads if len(heads) > 1 and not plain else []


def _ending(blocks: Sequence[list[Line]]) -> tuple[list[Line], list[Line]]:
    """Part the last shot from what is said after the last one, where no other shot has an empty line within it."""
    last = blocks[-1]
    gap = next((number for number, line in enumerate(last) if not line.text and number), None)
    if gap is None or len(blocks) == 1 or not any(line.text for line in last[:gap]):
        return last, []
    if any(_has_gap(block) for block in blocks[:-1]):
        return last, []
    return last[:gap], last[gap:]


def _has_gap(block: Sequence[Line]) -> bool:
    """Say whether more is written after an empty line."""
    gaps = [number for number, line in enumerate(block) if not line.text]
    return any(line.text for line in block[gaps[0] :]) if gaps else False


def _stamped(parts: Sequence[Part], heads: Sequence[str]) -> list[Part]:
    """Give shots that only say when they begin their seconds, up to when the next one does."""
    stamps = [split_stamp(head) for head in heads]
    if any(stamp is None for stamp in stamps) or any(part.seconds for part in parts):
        return list(parts)
    moments = [stamp[0] for stamp in stamps if stamp]
    lengths = [later - at for at, later in itertools.pairwise(moments)]
    texts = [split_stamp(part.prompt) for part in parts]
    return [
        Part(length, text[1] if text else part.prompt)
        for part, length, text in zip(parts, [*lengths, None], texts, strict=True)
    ]


def read_part(block: Sequence[Line]) -> Part:
    """Read a shot of one or more lines, the first of which may name or number it."""
    seconds, said = None, ""
    for number, line in enumerate(block):
        text = line.text
        if not number:
            text = _after_head(text)
        alone = only_time(text)
        if alone is not None and seconds is None:
            seconds = alone
            continue
        found = split_time(text) if seconds is None else (None, text)
        seconds = seconds if found[0] is None else found[0]
        text = unquoted(ABOUT.sub("", found[1], count=1) if ABOUT.match(found[1]) else found[1])
        said = joined(said, text, apart=line.item or ABOUT.match(found[1]) is not None)
    return Part(seconds, tidy(said))


def _after_head(text: str) -> str:
    """Take the name or the number of a shot away, also from behind its time: "[0:00-0:03] Shot 1: …"."""
    time = ""
    if time_before(text):
        rest = split_time(text).text
        time, text = text[: len(text) - len(rest)], rest
    head = _NAMED.match(text) or (None if time else _NUMBERED.match(text))
    return f"{time} {text[head.end() :] if head else text}".strip()


def joined(said: str, text: str, *, apart: bool) -> str:
    """Put a text behind another one: as a new sentence where it stood `apart`."""
    if not said or not text:
        return said or text
    if apart and said[-1].isalnum():
        return f"{said}. {text}" if said[-1].isascii() else f"{said}。{text}"
    return f"{said} {text}"


def unquoted(text: str) -> str:
    """Take quotation marks away that are around the whole text."""
    for opening, closing in _QUOTES:
        inner = text[1:-1]
        if len(text) > 1 and text[0] == opening and text[-1] == closing and closing not in inner:
            return inner.strip() if opening not in inner else text
    return text


def texts(lines: Iterable[Line]) -> list[str]:
    """List what lines say, without the empty ones."""
    return [said for line in lines if (said := tidy(line.text))]


def find_paragraphs(raw: Sequence[str]) -> Found:
    """Take every paragraph for a shot; where there is but one, every line. A title over them is none."""
    blocks: list[list[Line]] = [[]]
    for line in read_lines(raw):
        if line.text:
            blocks[-1].append(line)
        elif blocks[-1]:
            blocks.append([])
    blocks = [block for block in blocks if block]
    title = blocks[0] if len(blocks) > 1 and len(blocks[0]) == 1 and _is_title(blocks[0][0]) else []
    blocks = blocks[1:] if title else blocks
    if len(blocks) == 1:
        blocks = [[line] for line in blocks[0]]
        if not title and len(blocks) > 1 and _is_title(blocks[0][0]):
            title, blocks = blocks[0], blocks[1:]
    return Found(parts=tuple(read_part(block) for block in blocks), beside=tuple(texts(title)))


def _is_title(line: Line) -> bool:
    """Say whether a line stands over others: a heading, or one that ends with a colon."""
    return (line.heading or line.text.endswith((":", "："))) and split_time(line.text).seconds is None
