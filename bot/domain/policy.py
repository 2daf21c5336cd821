"""Describes what a guild's admins have decided: who may ask for what, where, for how much, and what is checked first.

A policy is one frozen value, kept as JSON. Ids are Discord's; money is in millionths of a USD. An empty set of what is
allowed means that all of it is.
"""

from enum import StrEnum
from functools import cache
from typing import Annotated, Final, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from bot.domain.quota import Allowance

MAX_RULES: Final = 200
MAX_TIERS: Final = 50
MAX_POOLS: Final = 20
PATTERN_LIMIT: Final = 200  # characters
PRIORITIES: Final = 9


@cache
def zones() -> frozenset[str]:
    """List the names of all time zones. Looked up once: it means walking through folders, and every policy asks."""
    return frozenset(available_timezones())


def _zone(name: str) -> str:
    if name not in zones():
        raise ValueError("no such time zone")
    return name


Id = Annotated[int, Field(gt=0, lt=2**63)]
Ids = frozenset[Id]
Micros = Annotated[int, Field(ge=0, le=10**12)]
Zone = Annotated[str, AfterValidator(_zone)]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$")]  # as Discord writes it


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class ChannelGate(_Value):
    """Where the bot makes videos: channels, or whole categories. What is denied outranks what is allowed."""

    allowed: Ids = frozenset()
    denied: Ids = frozenset()

    def open_to(self, places: frozenset[int]) -> bool:
        """Say whether videos may be made in a channel, which is given with its parents."""
        return not self.denied & places and (not self.allowed or bool(self.allowed & places))


class RoleGate(_Value):
    """Which roles may ask for videos; denied ones outrank allowed ones."""

    allowed: Ids = frozenset()
    denied: Ids = frozenset()

    def open_to(self, roles: frozenset[int]) -> bool:
        """Say whether somebody with these roles may ask for videos."""
        return not self.denied & roles and (not self.allowed or bool(self.allowed & roles))


class Tier(_Value):
    """What a role brings: an allowance, a place further ahead in the queue (0-9), spoilers over its videos."""

    role_id: Id
    allowance: Allowance | None = None
    priority: int = Field(default=0, ge=0, le=PRIORITIES)
    spoiler: bool = False


class Pool(_Value):
    """Credits that the holders of a role share."""

    name: Annotated[str, Field(pattern=r"^[\w-]{1,32}$")]
    role_id: Id
    allowance: Allowance


class Who(StrEnum):
    """Who may have a thing that admins limit."""

    EVERYONE = "everyone"
    ROLES = "roles"
    NOBODY = "nobody"


class GuildLimits(_Value):
    """What members may ask for. `longest` is in seconds; `running` is how many videos the guild has in the making."""

    longest: int | None = Field(default=None, ge=1, le=60)
    pro: Who = Who.EVERYONE
    pro_roles: Ids = frozenset()
    sound: bool = True
    watermark: bool = False  # True forces it
    models: frozenset[str] = frozenset()
    running: int | None = Field(default=None, ge=1, le=1000)


class RuleKind(StrEnum):
    """How a rule finds what it looks for."""

    WORD = "word"  # whole words, whatever their case, accents or width
    REGEX = "regex"


class RuleAction(StrEnum):
    """What happens to a request that a rule finds, from the mildest."""

    WARN = "warn"  # it is made; its author is told
    HOLD = "hold"  # a moderator decides
    REFUSE = "refuse"


class Rule(_Value):
    """A word or pattern to search prompts for. Whether a pattern can be used at all is for the service to say."""

    kind: RuleKind = RuleKind.WORD
    pattern: Annotated[str, Field(min_length=1, max_length=PATTERN_LIMIT)]
    action: RuleAction = RuleAction.REFUSE


class Approval(StrEnum):
    """What a moderator has to approve in any case."""

    OFF = "off"
    REQUESTS = "requests"
    RESULTS = "results"
    BOTH = "both"


class ModerationPolicy(_Value):
    """What is checked before money moves, and before a video is posted.

    `channel_id` is where moderators decide. `scan_level` is the lowest `nsfw_level` (1-6) of the gateway's image scan
    that is held. `strikes` refused prompts within `strike_days` block their author for `block_hours`; 0 never does.
    """

    channel_id: Id | None = None
    rules: Annotated[tuple[Rule, ...], Field(max_length=MAX_RULES)] = ()
    approval: Approval = Approval.OFF
    scan_prompts: bool = False
    scan_results: bool = False
    scan_level: int = Field(default=3, ge=1, le=6)
    strikes: int = Field(default=0, ge=0, le=100)
    strike_days: int = Field(default=7, ge=1, le=365)
    block_hours: int = Field(default=24, ge=1, le=24 * 365)

    @property
    def may_withhold(self) -> bool:
        """Say whether some requests or videos would be refused or held."""
        kept = any(rule.action is not RuleAction.WARN for rule in self.rules)
        return kept or self.approval is not Approval.OFF or self.scan_prompts or self.scan_results

    @model_validator(mode="after")
    def _check_moderators_exist(self) -> Self:
        held = any(rule.action is RuleAction.HOLD for rule in self.rules)
        if self.channel_id is None and (
            held or self.approval is not Approval.OFF or self.scan_prompts or self.scan_results
        ):
            raise ValueError("a moderators' channel is needed")
        return self


class Policy(_Value):
    """Everything that a guild has decided; without a decision, what the operator's settings say."""

    timezone: Zone = "UTC"
    language: Language | None = None  # of what is posted for everybody; None: the one that the guild has at Discord
    channels: ChannelGate = Field(default_factory=ChannelGate)
    roles: RoleGate = Field(default_factory=RoleGate)
    tiers: Annotated[tuple[Tier, ...], Field(max_length=MAX_TIERS)] = ()
    limits: GuildLimits = Field(default_factory=GuildLimits)
    allowance: Allowance | None = None
    guild_allowance: Allowance | None = None
    pools: Annotated[tuple[Pool, ...], Field(max_length=MAX_POOLS)] = ()
    gifts: bool = False
    budget_usd_micros: Micros | None = None
    confirm_usd_micros: Micros | None = None
    moderation: ModerationPolicy = Field(default_factory=ModerationPolicy)
    spoiler_channels: Ids = frozenset()
    audit_channel_id: Id | None = None

    @model_validator(mode="after")
    def _check_unique(self) -> Self:
        for what, names in (
            ("tier of a role", [tier.role_id for tier in self.tiers]),
            ("pool of a name", [pool.name for pool in self.pools]),
        ):
            if len(set(names)) < len(names):
                raise ValueError(f"one {what} only")
        return self

    @property
    def zone(self) -> ZoneInfo:
        """Look up the guild's time zone."""
        return ZoneInfo(self.timezone)

    def tiers_of(self, roles: frozenset[int]) -> tuple[Tier, ...]:
        """List the tiers of somebody with these roles."""
        return tuple(tier for tier in self.tiers if tier.role_id in roles)

    def with_tier(self, tier: Tier) -> Self:
        """Put this tier in place of the role's former one; a tier that brings nothing is left out."""
        others = tuple(each for each in self.tiers if each.role_id != tier.role_id)
        return self.changed(tiers=others if tier == Tier(role_id=tier.role_id) else (*others, tier))

    def changed(self, **changes: object) -> Self:
        """Change some fields, checking the policy as a whole.

        Raises:
            ValueError: there can be no such policy.
        """
        return self.model_validate({**{name: getattr(self, name) for name in type(self).model_fields}, **changes})
