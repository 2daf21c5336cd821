"""Discord's message markup as HTML, as far as the bot writes it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import Final

_INLINE: Final = re.compile(
    r"\\(?P<plain>[^a-zA-Z0-9\s])"
    r"|`(?P<code>[^`\n]+)`"
    r"|\*\*(?P<bold>(?:\\.|[^\\])+?)\*\*"
    r"|\*(?P<slanted>(?:\\.|[^\\*\s])(?:(?:\\.|[^\\*])*?(?:\\.|[^\\*\s]))?)\*"
    r"|\[(?P<label>[^\]]+)\]\((?P<target>https?://[^)\s]+)\)"
    r"|<t:(?P<moment>\d+)(?::(?P<style>[tTdDfFR]))?>"
    r"|<@!?(?P<person>\d+)>"
    r"|(?P<address>https?://[^\s<>]+)"
)
_BLOCK: Final = re.compile(r"```(?:\w+\n)?\n?(.*?)\n?```", re.DOTALL)
_MESSAGE_LINK: Final = re.compile(r"https://discord\.com/channels/\d+/(?P<channel>\d+)/\d+")
_LINES: Final = (("### ", "h3"), ("## ", "h2"), ("# ", "h1"), ("-# ", "small"), ("> ", "blockquote"), ("- ", "li"))
_STYLES: Final = {"t": "%H:%M", "T": "%H:%M:%S", "d": "%Y-%m-%d", "D": "%-d %B %Y", "F": "%A, %-d %B %Y %H:%M"}
_PLAIN: Final = "%-d %B %Y %H:%M"  # of a time without a style, and with "f"
_UNITS: Final = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Reader:
    """Who reads, and when: what turns ids and moments into words. `now` is in seconds since the epoch."""

    now: float
    people: Mapping[str, str]  # id → the name that is shown
    channels: Mapping[str, str]


def as_html(text: str, reader: Reader) -> str:
    """A message's text or an embed's description."""
    parts = _BLOCK.split(text)
    drawn = [_lines(part.strip("\n"), reader) for part in parts]
    drawn[1::2] = [f"<pre>{escape(part)}</pre>" for part in parts[1::2]]
    return "".join(drawn)


def ago(moment: float, now: float) -> str:
    """A moment as clients show `<t:…:R>`: "in 2 minutes", "12 seconds ago". Both are seconds since the epoch."""
    seconds = round(moment - now)
    size, unit = next((each for each in _UNITS if abs(seconds) >= each[0]), (1, "second"))
    count = round(abs(seconds) / size)
    amount = f"{count} {unit}{'' if count == 1 else 's'}"
    if seconds == 0:
        return "now"
    return f"in {amount}" if seconds > 0 else f"{amount} ago"


def _lines(text: str, reader: Reader) -> str:
    if not text:
        return ""
    return "".join(_line(line, reader) for line in text.split("\n"))


def _line(line: str, reader: Reader) -> str:
    for mark, tag in _LINES:
        if line.startswith(mark):
            return f"<{tag}>{_inline(line.removeprefix(mark), reader)}</{tag}>"
    return f"<div>{_inline(line, reader) or '&nbsp;'}</div>"


def _inline(text: str, reader: Reader) -> str:
    drawn, end = [], 0
    for found in _INLINE.finditer(text):
        drawn += [escape(text[end : found.start()]), _span(found, reader)]
        end = found.end()
    return "".join([*drawn, escape(text[end:])])


def _span(found: re.Match[str], reader: Reader) -> str:
    draw: dict[str, Callable[[str], str]] = {
        "plain": escape,
        "code": lambda code: f"<code>{escape(code)}</code>",
        "bold": lambda bold: f"<b>{_inline(bold, reader)}</b>",
        "target": lambda _: f"<a>{_inline(found['label'], reader)}</a>",
        "slanted": lambda text: f"<cite>{_inline(text, reader)}</cite>",
        "moment": lambda moment: f"<time>{_moment(int(moment), found['style'], reader)}</time>",
        "person": lambda person: f"<span class='mention'>@{escape(reader.people[person])}</span>",
        "address": lambda address: _link(address, reader),
    }
    kind = "moment" if found["moment"] else str(found.lastgroup)
    return draw[kind](found[kind])


def _moment(moment: int, style: str | None, reader: Reader) -> str:
    """A time as the mark's style wants it, in UTC like the messages' own."""
    if style == "R":
        return ago(moment, reader.now)
    return datetime.fromtimestamp(moment, UTC).strftime(_STYLES.get(style or "f", _PLAIN))


def _link(address: str, reader: Reader) -> str:
    """An address; one of a message is shown as the channel it is in."""
    if found := _MESSAGE_LINK.fullmatch(address):
        return f"<span class='mention'># {escape(reader.channels[found['channel']])} <i>&rsaquo;</i> 💬</span>"
    return f"<a>{escape(address)}</a>"
