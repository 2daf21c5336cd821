"""Describes what is decided about a guild and its members, as it stands, and the record of who decided it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from bot.domain.policy import Policy
from bot.domain.quota import Allowance, Period
from bot.domain.row import Row, from_millis
from bot.values import dataclass, field

EVERYWHERE: Final = 0  # stands for the whole bot where a guild's id is expected
BY_THE_BOT: Final = 0  # stands for the bot where an entry wants to know who acted
FOREVER: Final = datetime(9999, 1, 1, tzinfo=UTC)  # the end of a block that has none


@dataclass(frozen=True, kw_only=True, slots=True)
class GuildState:
    """A guild's policy, whether it is paused, and when the bot left it."""

    policy: Policy = field(default_factory=Policy)
    paused: bool = False
    pause_reason: str = ""
    left_at: datetime | None = None

    @classmethod
    def from_row(cls, row: Row) -> "GuildState":
        """Read the state in a database row: the policy as JSON, times as integer milliseconds."""
        return cls(
            policy=Policy.model_validate_json(row["body"]),
            paused=bool(row["paused"]),
            pause_reason=row["pause_reason"],
            left_at=from_millis(row["left_at"]),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class MemberState:
    """What admins have decided about one member. `blocked_until` None is no block; see `FOREVER`."""

    allowance: Allowance | None = None
    blocked_until: datetime | None = None
    block_reason: str = ""
    blocked_by: int | None = None

    def blocked(self, now: datetime) -> bool:
        """Say whether the member may ask for nothing at that moment."""
        return self.blocked_until is not None and now < self.blocked_until

    @property
    def blocked_forever(self) -> bool:
        """Say whether the block has no end."""
        return self.blocked_until is not None and self.blocked_until >= FOREVER

    @classmethod
    def from_row(cls, row: Row) -> "MemberState":
        """Read the state in a database row."""
        own = row["allowance"] is not None
        return cls(
            allowance=Allowance(credits=row["allowance"], period=Period(row["period"])) if own else None,
            blocked_until=from_millis(row["blocked_until"]),
            block_reason=row["block_reason"],
            blocked_by=row["blocked_by"],
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditEntry:
    """A change somebody made: `action` is a key of the catalogues (`audit.<action>`), `detail` the values of its gaps.

    The id is the interaction's that caused it, or is made from a case; the same one is written once.
    """

    id: str
    guild_id: int
    actor_id: int
    action: str
    at: datetime
    detail: Mapping[str, Any] = field(default_factory=dict)
