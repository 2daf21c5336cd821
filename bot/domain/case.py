"""Describes what waits for a person's decision: a held request or result, a report, a request for more credits."""

import json
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.domain.row import Row, from_millis
from bot.values import dataclass, field


class CaseKind(StrEnum):
    """What is to be decided."""

    REQUEST = "request"  # whether a request may be made
    RESULT = "result"  # whether a finished video may be posted
    REPORT = "report"  # what becomes of a posted video that somebody objects to
    MORE = "more"  # whether somebody gets more credits


class CaseState(StrEnum):
    """How it was decided."""

    OPEN = "open"
    APPROVED = "approved"
    DENIED = "denied"
    DISMISSED = "dismissed"  # a report that nothing follows from; one that is approved took the video away
    EXPIRED = "expired"  # nobody decided in time
    WITHDRAWN = "withdrawn"  # what it is about was taken back


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """One person's objection to a posted video; `user_id` is 0 where they have had everything deleted since."""

    user_id: int
    reason: str
    at: datetime

    @classmethod
    def from_row(cls, row: Row) -> "Report":
        """Read the report of a database row."""
        return cls(user_id=row["user_id"], reason=row["reason"], at=from_millis(row["at"]))


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One decision to be made, about `user_id`, in the channel `channel_id` of a guild.

    The `body` says what the decision rests on: see each kind's maker. A report's place is chosen when it is shown (its
    channel is 0 until then): with the moderators, or `for_operator`. Its `reports` are with it where somebody is shown
    them.
    """

    id: str
    kind: CaseKind
    guild_id: int
    channel_id: int
    user_id: int
    created_at: datetime
    job_id: str | None = None
    body: Mapping[str, Any] = field(default_factory=dict)
    state: CaseState = CaseState.OPEN
    decided_by: int | None = None
    decided_at: datetime | None = None
    for_operator: bool = False
    reports: tuple[Report, ...] = ()

    @property
    def forgotten(self) -> bool:
        """Say whether the member concerned has had everything deleted: nothing of the case is shown any more."""
        return self.user_id == 0 and not self.body and self.state is not CaseState.OPEN

    @classmethod
    def from_row(cls, row: Row) -> "Case":
        """Read the case of a database row: times as integer milliseconds, the body as JSON."""
        times = ("created_at", "decided_at")
        plain = ("id", "guild_id", "channel_id", "user_id", "job_id", "decided_by")
        return cls(
            **{name: row[name] for name in plain},
            **{name: from_millis(row[name]) for name in times},
            kind=CaseKind(row["kind"]),
            state=CaseState(row["state"]),
            body=json.loads(row["body"]),
            for_operator=bool(row["for_operator"]),
        )
