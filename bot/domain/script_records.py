"""Finds the shots in tables and in JSON, as chat assistants and spreadsheets write them."""

import contextlib
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from bot.domain.script_lines import (
    ABOUT,
    COUNT,
    WORD,
    Found,
    Part,
    joined,
    read_line,
    read_lines,
    read_part,
    texts,
    unquoted,
    without_marks,
)
from bot.domain.script_times import CLOSE, OPEN, only_time, split_time
from bot.domain.storyboard import tidy

_NUMBER_ALONE: Final = re.compile(rf"\s*(?:{WORD}\s*)?#?{OPEN}?{COUNT}{CLOSE}?\s*[.、]?\s*", re.IGNORECASE)
_TIME_NAME: Final = re.compile(
    r"duration|length|seconds?|secs?|s|time|timing|timecode|时长|时间|秒数?|持续时间", re.IGNORECASE
)
_DIVIDER: Final = re.compile(r"\s*\|?\s*:?-{2,}:?\s*(?:\|\s*:?-{2,}:?\s*)*\|?\s*")
_ENDING: Final = re.compile(r"[\]}],?\s*$")
_TRIES: Final = 8  # ends of what may be JSON
_NUMBER_NAME: Final = re.compile(r"#|no\.?|id|index|number|镜号|序号|编号", re.IGNORECASE)


def find_in_table(lines: Sequence[str]) -> Found | None:
    """Find shots in the rows of a table, whose cells are parted by bars or tabs; None where there is none."""
    mark = next((each for each in ("|", "\t") if _is_table(lines, each)), None)
    if mark is None:
        return None
    divider = next((number for number, line in enumerate(lines) if "|" in line and _DIVIDER.fullmatch(line)), None)
    rows = [number for number, line in enumerate(lines) if mark in line.strip() and number != divider]
    if divider is not None:
        rows = [number for number in rows if number >= divider - 1]
    header = _cells(lines[rows[0]], mark) if rows and _has_header(lines, rows, divider, mark) else []
    body = rows[1:] if header else rows
    if not body:
        return None
    parts = [_row(_named(header, _cells(lines[number], mark))) for number in body]
    used = {*rows, divider}
    beside = texts(line for number, line in enumerate(read_lines(lines)) if number not in used)
    unused = [name for name in header if _says_something(name) and not any(name in part.prompt for part in parts)]
    return Found(parts=tuple(part for part in parts if part != Part(None, "")), beside=(*beside, *unused))


def _says_something(name: str) -> bool:
    """Say whether the name of a column is more than what every script has."""
    return not (_TIME_NAME.fullmatch(name) or _NUMBER_NAME.fullmatch(name) or _is_about(name))


def _is_table(lines: Sequence[str], mark: str) -> bool:
    if mark == "|" and any("|" in line and _DIVIDER.fullmatch(line) for line in lines[1:]):
        return True
    written = [line.strip() for line in lines if line.strip()]
    return len(written) > 1 and all(mark in line for line in written)


def _has_header(lines: Sequence[str], rows: Sequence[int], divider: int | None, mark: str) -> bool:
    """Say whether the first row names the columns: over a divider, or because it names the one of the time."""
    if divider is not None:
        return rows[0] == divider - 1
    return any(_TIME_NAME.fullmatch(cell) for cell in _cells(lines[rows[0]], mark))


def _cells(line: str, mark: str) -> list[str]:
    line = line.strip()
    if mark == "|":
        line = line.removeprefix("|").removesuffix("|")
    cells = re.split(rf"(?<!\\){re.escape(mark)}", line)
    return [" ".join(without_marks(cell.replace("<br>", " ")).split()) for cell in cells]


def _named(header: Sequence[str], cells: Sequence[str]) -> list[tuple[str, str]]:
    """Pair cells with the names of their columns; those without a name are what is seen."""
    names = [*header, *[""] * len(cells)]
    return list(zip(names, cells, strict=False))


def _row(named: Iterable[tuple[str, str]]) -> Part:
    """Read a shot of named values: a time, a number, what is seen, and more about it."""
    seconds, prompt, more = None, "", ""
    for name, value in named:
        if _is_number(name, value):
            continue
        time = only_time(value) if seconds is None else None
        if time is None and seconds is None and _TIME_NAME.fullmatch(name):
            time = only_time(f"{value}s")
        if time is not None:
            seconds = time
        elif _is_about(name):
            prompt = joined(prompt, unquoted(value), apart=True)
        elif value:
            more = joined(more, f"{name}: {value}", apart=True)
    if seconds is None:
        seconds, prompt = split_time(prompt)
    return Part(seconds, tidy(joined(prompt, more, apart=True)))


def _is_number(name: str, value: str) -> bool:
    """Say whether a value only counts the shots."""
    if _NUMBER_ALONE.fullmatch(value) is None or only_time(value) is not None:
        return False
    return not name or _NUMBER_NAME.fullmatch(name) is not None or re.fullmatch(WORD, name, re.IGNORECASE) is not None


def _is_about(name: str) -> bool:
    """Say whether a name is that of what is seen."""
    return not name or ABOUT.fullmatch(f"{name}:") is not None or re.fullmatch(WORD, name, re.IGNORECASE) is not None


class _Record(list[tuple[str, Any]]):
    """An object of JSON with its names in order, also those that come twice."""


def find_in_json(lines: Sequence[str]) -> Found | None:
    """Find shots in JSON, fenced or not, with whatever is said around it; None where there is none."""
    starts = [number for number, line in enumerate(lines) if line.lstrip()[:1] in ("[", "{")]
    if not starts:
        return None
    start = starts[0]
    ends = [number for number in range(len(lines), start, -1) if _ENDING.search(lines[number - 1])]
    for end in ends[:_TRIES]:
        found = _read_json("\n".join(lines[start:end]))
        if found is not None:
            around = texts([*read_lines(lines[:start]), *read_lines(lines[end:])])
            return Found(parts=found.parts, beside=(*around, *found.beside))
    return None


def _read_json(text: str) -> Found | None:
    for written in (text, f"[{text.rstrip().rstrip(',')}]", f"[{','.join(text.splitlines())}]"):
        with contextlib.suppress(ValueError, RecursionError):  # what is nested too deep is no script
            return _of_value(json.loads(written, object_pairs_hook=_Record))
    return None


def _of_value(value: object) -> Found | None:
    """Find the list of shots in a value of JSON; what stands around the list is beside."""
    if isinstance(value, _Record):
        return _of_record(value)
    if not isinstance(value, list) or not value or not all(isinstance(each, str | _Record) for each in value):
        return None
    inner = _of_value(value[0]) if len(value) == 1 and isinstance(value[0], _Record) else None
    return inner or Found(parts=tuple(_of_item(each) for each in value))


def _of_record(record: _Record) -> Found | None:
    """Find the list of shots in an object, or shots under names; else it is a shot itself."""
    for name, value in record:
        found = _of_value(value) if isinstance(value, list) else None
        if found is not None and not (isinstance(value, _Record) and len(record) > 1):
            rest = [tidy(f"{other}: {_flat(each)}") for other, each in record if other != name or each is not value]
            return Found(parts=found.parts, beside=(*rest, *found.beside))
    if not record:
        return None
    shots = [value for _, value in record if isinstance(value, _Record)]
    return Found(parts=tuple(map(_of_item, shots if len(shots) == len(record) else [record])))


def _of_item(item: object) -> Part:
    if isinstance(item, _Record):
        return _row(_with_length([(name, _flat(value)) for name, value in item]))
    return read_part([read_line(str(item))])


def _with_length(named: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Put a beginning and an end together to a time."""
    found = {name.casefold().removesuffix("_time"): value for name, value in named}
    if not {"start", "end"} <= found.keys():
        return named
    time = f"{found['start'].rstrip('s')}-{found['end'].rstrip('s')}"
    time = time if ":" in time else f"{time}s"
    rest = [(name, value) for name, value in named if name.casefold().removesuffix("_time") not in {"start", "end"}]
    return [("time", time), *rest] if only_time(time) is not None else named


def _flat(value: object) -> str:
    """Write a value of JSON as people would."""
    if isinstance(value, _Record):
        return ", ".join(f"{name}: {_flat(each)}" for name, each in value)
    if isinstance(value, list):
        return ", ".join(map(_flat, value))
    return "" if value is None else " ".join(str(value).split())
