"""Says what the words of this project mean. Pure: no I/O, only the standard library and pydantic."""

from bot.domain.access import ResultAction, is_possible_id
from bot.domain.camera import CameraControl, CameraType, Strength
from bot.domain.capability import CameraRule, Capability
from bot.domain.case import Case, CaseKind, CaseState, Report
from bot.domain.concurrency import JobAtWork, QueuePlace, RunningLimits, Waiting, WorkLine
from bot.domain.draft import Draft
from bot.domain.eta import Forecast
from bot.domain.feedback import Note
from bot.domain.funding import Defaults
from bot.domain.guild import EVERYWHERE, AuditEntry, GuildState, MemberState
from bot.domain.job import DeadLetter, Destination, Failure, Job, JobStatus, Origin, Remover, Review
from bot.domain.member import Member
from bot.domain.notify import Notify
from bot.domain.outbox import OutboxItem, OutboxKind
from bot.domain.policy import Approval, ChannelGate, ModerationPolicy, Policy, Rule, RuleAction, RuleKind, Who
from bot.domain.policy_changes import AllowDeny
from bot.domain.policy_diff import Difference, PolicyChange
from bot.domain.polling import Spread
from bot.domain.preset import Preset
from bot.domain.price import USD_MICROS, Price, PriceTable, Rate, to_micros
from bot.domain.quota import UNLIMITED, Account, Allowance, Fund, Funding, Period, Unit
from bot.domain.rate_limit import RateLimit
from bot.domain.request import MAX_SHOTS, PROMPT_LIMIT, AspectRatio, Mode, Shot, VideoRequest
from bot.domain.row import Row, from_millis, millis, millis_of
from bot.domain.storyboard import Board, Storyboard
from bot.domain.template import Template
from bot.domain.terms import Terms
from bot.domain.usage import JobFilter, Kind, LedgerEntry, MemberDay, PriceDrift, StatementEntry, UsageTotals

__all__ = [
    "EVERYWHERE",
    "MAX_SHOTS",
    "PROMPT_LIMIT",
    "UNLIMITED",
    "USD_MICROS",
    "Account",
    "AllowDeny",
    "Allowance",
    "Approval",
    "AspectRatio",
    "AuditEntry",
    "Board",
    "CameraControl",
    "CameraRule",
    "CameraType",
    "Capability",
    "Case",
    "CaseKind",
    "CaseState",
    "ChannelGate",
    "DeadLetter",
    "Defaults",
    "Destination",
    "Difference",
    "Draft",
    "Failure",
    "Forecast",
    "Fund",
    "Funding",
    "GuildState",
    "Job",
    "JobAtWork",
    "JobFilter",
    "JobStatus",
    "Kind",
    "LedgerEntry",
    "Member",
    "MemberDay",
    "MemberState",
    "Mode",
    "ModerationPolicy",
    "Note",
    "Notify",
    "Origin",
    "OutboxItem",
    "OutboxKind",
    "Period",
    "Policy",
    "PolicyChange",
    "Preset",
    "Price",
    "PriceDrift",
    "PriceTable",
    "QueuePlace",
    "Rate",
    "RateLimit",
    "Remover",
    "Report",
    "ResultAction",
    "Review",
    "Row",
    "Rule",
    "RuleAction",
    "RuleKind",
    "RunningLimits",
    "Shot",
    "Spread",
    "StatementEntry",
    "Storyboard",
    "Strength",
    "Template",
    "Terms",
    "Unit",
    "UsageTotals",
    "VideoRequest",
    "Waiting",
    "Who",
    "WorkLine",
    "from_millis",
    "is_possible_id",
    "millis",
    "millis_of",
    "to_micros",
]
