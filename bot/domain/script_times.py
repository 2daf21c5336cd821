"""Finds how long a shot of a script lasts: "4s", "(3 seconds)", "（四秒）", "0:00-0:03", before or after its text."""

import re
from typing import Final, NamedTuple

_HAN: Final = {each: number for number, each in enumerate("零一二三四五六七八九十")} | {"两": 2}
HAN: Final = "[一二两三四五六七八九十]{1,3}"
OPEN, CLOSE = r"[(（\[【{]", r"[)）\]】}]"
SEPARATORS: Final = r"[\s:：.．、,，|·–—\-]*"  # noqa: RUF001 (either kind of every mark)

_NUMBER: Final = r"\d{1,4}(?:[.,]\d{1,3})?"
_UNIT: Final = r"(?:-?\s*(?:seconds?|secs?|s)(?![a-z])|\s*秒钟?|\s*″)"
_TO: Final = r"\s*(?:-|–|—|−|~|～|→|至|到|to)\s*"  # noqa: RUF001 (whatever people put between)
_CLOCK: Final = r"(?:\d{1,2}[:：])?\d{1,2}[:：]\d{2}(?:[.,]\d{1,3})?"
_NAME: Final = r"(?:(?:duration|length|time(?:code)?|timing|时长|时间|持续(?:时间)?)\s*[:：]?\s*)?"


def _time(kind: str) -> str:
    """Write the pattern of a time; its groups are called `kind` and what they hold."""
    return (
        rf"{_NAME}(?:(?P<{kind}_from>{_CLOCK}){_TO}(?P<{kind}_until>{_CLOCK})(?:{_UNIT})?"
        rf"|(?P<{kind}_first>{_NUMBER})(?:{_UNIT})?{_TO}(?P<{kind}_last>{_NUMBER}){_UNIT}"
        rf"|(?:about|around|approx\.?|ca\.|~|≈|约|大约)?\s*(?P<{kind}_length>{_NUMBER}|{HAN}){_UNIT})"
    )


_BEFORE: Final = re.compile(
    rf"\s*(?:{OPEN}\s*{_time('closed')}\s*{CLOSE}|{_time('open')}(?![\w%]))(?:\s*[–—·|-](?=\s)|[:：,，、])?",
    re.IGNORECASE,
)
# A time after the text is in brackets, or behind a dash: "It runs for 3 seconds" says how it runs.
_AFTER: Final = re.compile(
    rf"\s*(?:{OPEN}\s*{_time('closed')}\s*{CLOSE}|(?<=\s)[-–—|]\s*{_time('open')})[\s.。]*$",
    re.IGNORECASE,
)
_WITHIN: Final = re.compile(rf"\s*{OPEN}\s*{_time('closed')}\s*{CLOSE}\s*(?:[:：]|[-–—]\s)\s*", re.IGNORECASE)
_ALONE: Final = re.compile(rf"\s*{OPEN}?\s*{_time('alone')}\s*{CLOSE}?\s*[.。]?\s*", re.IGNORECASE)
_STAMP: Final = re.compile(rf"\s*{OPEN}?(?P<stamp>{_CLOCK}){CLOSE}?(?![\w%]){SEPARATORS}")


class Timed(NamedTuple):
    """A text and the seconds that stood before or after it; None where it says none."""

    seconds: float | None
    text: str


def split_time(text: str) -> Timed:
    """Take the time away from the beginning of a text, else from its end, else from behind its title."""
    if (found := _BEFORE.match(text)) and (seconds := _seconds(found)):
        return Timed(seconds, text[found.end() :].lstrip())
    if (found := _AFTER.search(text)) and (seconds := _seconds(found)):
        return Timed(seconds, text[: found.start()].rstrip())
    if (found := _WITHIN.search(text)) and (seconds := _seconds(found)):
        return Timed(seconds, f"{text[: found.start()]}: {text[found.end() :]}")
    return Timed(None, text)


def time_before(text: str) -> bool:
    """Say whether a text begins with a time."""
    found = _BEFORE.match(text)
    return found is not None and _seconds(found) is not None


def only_time(text: str) -> float | None:
    """Read a text that is nothing but a time."""
    found = _ALONE.fullmatch(text)
    return _seconds(found) if found else None


def split_stamp(text: str) -> tuple[float, str] | None:
    """Take the moment away at which a shot begins: "0:03 It runs"."""
    found = _STAMP.match(text)
    return (_clock(found["stamp"]), text[found.end() :]) if found else None


def number(text: str) -> float:
    """Read a number in digits or in Chinese characters up to 99."""
    if text[:1] not in _HAN:
        return float(text.replace(",", "."))
    tens, ten, ones = text.rpartition("十")
    return (_HAN.get(tens, 1 if ten else 0)) * 10 * bool(ten) + _HAN.get(ones[-1:], 0)


def _seconds(found: re.Match[str]) -> float | None:
    """Read the seconds of a time; None where it ends before it begins."""
    said = {name.partition("_")[2]: text for name, text in found.groupdict().items() if text is not None}
    if "length" in said:
        return number(said["length"]) or None
    if "until" in said:
        seconds = _clock(said["until"]) - _clock(said["from"])
    else:
        seconds = number(said["last"]) - number(said["first"])
    return seconds if seconds > 0 else None


def _clock(text: str) -> float:
    """Read "1:05" as 65 seconds."""
    seconds = 0.0
    for part in re.split("[:：]", text):
        seconds = seconds * 60 + number(part)
    return seconds
