"""The root of every error, what a provider's trouble can be, and settings that describe no bot."""

import dataclasses
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any


class FaultClass(StrEnum):
    """What kind of trouble a provider's error is, which decides what happens next."""

    TRANSIENT = "transient"  # the same call may succeed later
    PERMANENT = "permanent"  # the same call never succeeds
    CONTENT = "content"  # the person has to change what they ask for
    OPERATOR = "operator"  # whoever runs the bot has to act
    AMBIGUOUS = "ambiguous"  # nobody knows whether it happened: ask before doing it again


class ShotcallerError(Exception):
    """The root: everything this project raises on purpose."""


class SettingsInvalid(ShotcallerError):
    """The settings do not describe a bot that can run; `problems` are lines (name, what was expected)."""

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(f"{name}: {expected}" for name, expected in self.problems))


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One reason why a request cannot be: a rule that it breaks.

    `code` picks the words, `field` is the option a person would change, `values` fill the words' gaps.
    """

    code: str
    field: str
    values: Mapping[str, Any] = dataclasses.field(default_factory=dict)


class Refused(ShotcallerError):
    """A person's request that is answered "no" before any money moves."""

    def values(self) -> Mapping[str, Any]:
        """The data of the refusal, by the names its words use."""
        return dict(vars(self))
