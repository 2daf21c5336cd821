"""Prints the demo: the channel as it changes, and one line that moves while the work goes on."""

import re
import shutil
import textwrap
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final, TextIO

_SPINNER: Final = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_TIMESTAMP: Final = re.compile(r"<t:(\d+):(\w)>")
_UNITS: Final[Sequence[tuple[str, int]]] = (("days", 86_400), ("hours", 3600), ("minutes", 60), ("seconds", 1))
_MENTION: Final = re.compile(r"<@\d+>")


class Screen:
    """Prints each piece of news once. On a terminal, with colour and a live line; in a file, plainly."""

    def __init__(self, output: TextIO) -> None:
        self._output, self._live = output, output.isatty()
        self._shown: set[str] = set()
        self._phase, self._since, self._turn, self._dirty = "", time.monotonic(), 0, False

    def say(self, text: str) -> None:
        """Print a line of the demo's own."""
        self._line(text)

    def typed(self, who: str, text: str) -> None:
        """Print what somebody types."""
        self._line("")
        self._block(f"\x1b[1m{who}\x1b[0m types", text)

    def done(self, who: str, what: str, text: str = "") -> None:
        """Print what somebody does: a press, or a form with what was entered."""
        self._line("")
        self._block(f"\x1b[1m{who}\x1b[0m {what}", text)

    def message(self, who: str, text: str, files: Sequence[Mapping[str, Any]] = ()) -> None:
        """Print a message, unless it has been shown already."""
        lines = [text, *(f"📎 {file['filename']} · alt text: {file.get('description')}" for file in files)]
        if text and self._new(f"{who}{text}"):
            self._block(f"\x1b[1;34m{who}\x1b[0m", "\n".join(lines))

    def card(self, embed: Mapping[str, Any]) -> None:
        """Print a job's card: whole when it is new, else what has changed."""
        self._phase = embed["title"]
        news = embed["description"].strip().splitlines()[-1]
        if self._new(f"{embed['title']}{news}"):
            footer = embed.get("footer", {}).get("text", "")
            self._block(f"\x1b[1;34mShotcaller\x1b[0m · card · {embed['title']}", f"{news}\n{footer}")

    def progress(self, text: str) -> None:
        """Show how far the work is on the live line; a file leaves it out, where each change would be a line."""
        self._phase = text
        self.tick()

    def tick(self) -> None:
        """Move the live line."""
        if not self._live:
            return
        self._turn += 1
        spent = time.monotonic() - self._since
        figure = _SPINNER[self._turn % len(_SPINNER)]
        self._output.write(f"\r\x1b[2K  {figure} {self._phase or 'waiting for the answer'} · {spent:.1f} s")
        self._output.flush()
        self._dirty = True

    def _new(self, key: str) -> bool:
        if key in self._shown:
            return False
        self._shown.add(key)
        return True

    def _block(self, head: str, body: str) -> None:
        width = min(shutil.get_terminal_size((100, 24)).columns, 110) - 4
        self._line(head)
        for line in _readable(body).splitlines():
            for part in textwrap.wrap(line, width) or [""]:
                self._line(f"  │ {part}")

    def _line(self, text: str) -> None:
        if self._dirty:
            self._output.write("\r\x1b[2K")
            self._dirty = False
        self._output.write((text if self._live else re.sub(r"\x1b\[[\d;]*m", "", text)) + "\n")
        self._output.flush()


def _readable(text: str) -> str:
    """Show Discord's marks as its clients do: times relative to now, the mention as a name."""

    def relative(found: re.Match[str]) -> str:
        if found[2] != "R":
            return time.strftime("%H:%M", time.localtime(int(found[1])))
        seconds = int(found[1]) - int(time.time())
        if abs(seconds) <= 1:
            return "now"
        unit, size = next(each for each in _UNITS if abs(seconds) >= 2 * each[1] or each[1] == 1)
        span = f"{abs(seconds) // size} {unit}"
        return f"in {span}" if seconds > 0 else f"{span} ago"

    return _MENTION.sub("@Ana", _TIMESTAMP.sub(relative, text)).replace("-# ", "")
