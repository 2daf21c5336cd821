"""Describes what the doctor has to say of one thing."""

from enum import StrEnum

from bot.values import dataclass


class Mark(StrEnum):
    """How a thing stands that was checked."""

    GOOD = "✓"  # nothing to do
    BAD = "✗"  # something has to be fixed
    NOTE = "!"  # works, but its operator may want to know


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked: how it stands, its name, what was found, and what to do about it."""

    mark: Mark
    about: str
    text: str
    remedy: str = ""

    def __str__(self) -> str:
        line = f"{self.mark} {self.about}: {self.text}"
        return f"{line}\n    → {self.remedy}" if self.remedy else line


def good(about: str, text: str) -> Finding:
    """Report that there is nothing to do."""
    return Finding(Mark.GOOD, about, text)


def bad(about: str, text: str, remedy: str) -> Finding:
    """Report that something has to be fixed."""
    return Finding(Mark.BAD, about, text, remedy)


def note(about: str, text: str, remedy: str = "") -> Finding:
    """Report what works, but its operator may want to know."""
    return Finding(Mark.NOTE, about, text, remedy)
