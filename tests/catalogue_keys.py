"""Every key of the catalogues that is put together while the programme runs, and what may stand in its gaps."""

import re
from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any, Final

from bot import errors
from bot.domain import (
    Approval,
    AspectRatio,
    CaseKind,
    CaseState,
    DeadLetter,
    Failure,
    JobFilter,
    JobStatus,
    Kind,
    Mode,
    Notify,
    Origin,
    Period,
    RuleAction,
    RuleKind,
    Strength,
    Who,
)
from bot.domain.camera import MOVES
from bot.domain.sharing import Role
from bot.domain.standing import SpendBy
from bot.service.admin.credits import MoreCreditsOutcome
from bot.service.admin.doctor import ProviderState
from bot.service.admin.usage import Span
from bot.service.admin.usage_chart import Measure
from bot.service.jobs.copies import CopyKind
from bot.service.jobs.results import RemovalOutcome
from bot.service.member.about import Condition
from bot.service.member.defaults import DefaultsLevel
from bot.service.moderation.cases import ReportOutcome
from bot.service.ports import Phase, Trouble
from bot.service.screening.screening import ReviewReason
from bot.store.migrate import shipped
from bot.web.page.jobs import MOMENTS
from cogs.admin.setup_steps import FORMS as SETUP_FORMS
from cogs.admin.setup_steps import STEPS as SETUP_STEPS
from cogs.ui.policy_texts import PATHS
from tests.catalogue_uses import GAP, problem_codes, uses

FAULTS: Final = (*(each for each in Failure if each not in {Failure.BY_ADMIN, Failure.DENIED}), "internal")
OPTIONS: Final = (
    *("prompt", "model", "mode", "aspect", "duration", "sound"),
    *("negative", "watermark", "cfg", "camera", "strength", "private"),
    *("script", "seconds", "template"),  # those of a storyboard
)
SWITCHES: Final = ("sound", "watermark")
RESULT_ACTIONS: Final = (
    "again",
    "edit",
    "pro",
    "shape",
    "board",
    "star",
    "dm",
    "info",
    "report",
    "delete",
    "whole",
    "share",
    "more",
)
BUILDER_ACTIONS: Final = (
    *("add", "edit", "copy", "up", "down", "drop", "undo", "even"),
    *("script", "settings", "ask", "evenask", "template", "new", "use", "keep"),
)
# What the audit records.
ACTIONS: Final = ("changed", "imported", "paused", "resumed", "allowance", "granted", "taken", "blocked", "unblocked")
JOB_ACTIONS: Final = ("cancel", "recheck", "retry", "free", "billed", "deliver", "close")
DECISIONS: Final = (
    *("request_approved", "request_denied", "result_approved", "result_denied"),
    *("report_dismissed", "report_removed", "report_covered", "report_uncovered"),
)
# What may be wrong with a policy, or with the file of one.
POLICY_PROBLEMS: Final = (
    *("unknown", "missing", "too_small", "too_large", "too_many", "choice", "zone", "moderators", "twice", "kind"),
    *("name", "number", "repeated", "one_of", "pool", "channel", "too_big", "json", "format", "version"),
)
PERMISSIONS: Final = (
    *("view_channel", "send_messages", "send_messages_in_threads", "attach_files", "embed_links"),
    *("read_message_history", "manage_messages", "manage_guild", "owner"),
)


def fill(pattern: str, values: Iterable[Any]) -> set[str]:
    """Every key that a pattern stands for; where it has several gaps, a value is a tuple."""
    return {pattern.format(*value) if isinstance(value, tuple) else pattern.format(value) for value in values}


def fits(pattern: str, key: str) -> bool:
    """Whether a key may come of a pattern."""
    return re.fullmatch(re.escape(pattern).replace(re.escape(GAP), r"[^\s]+"), key) is not None


def errors_shown() -> Iterator[type[errors.ShotcallerError]]:
    """Every error that a person may meet, in the order of the tree."""
    for name in re.findall(r"[├└]── (\w+)", errors.__doc__ or ""):
        kind: type[errors.ShotcallerError] = getattr(errors, name)
        if kind in NEVER_SHOWN:
            continue
        finer = [each for each in kind.__subclasses__() if each.__module__.startswith(errors.__name__)]
        if kind in CAUGHT_WHOLE or not finer:
            yield kind


def error_key(kind: type[errors.ShotcallerError]) -> str:
    """The key of what an error is explained with: `error.quota_exceeded` for `QuotaExceeded`."""
    return "error." + re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()


CAUGHT_WHOLE: Final = {
    errors.InvalidRequest,
    errors.ProviderError,
    errors.StoreUnavailable,
}  # raised or shown though there are finer ones
NEVER_SHOWN: Final = {errors.SettingsInvalid, errors.LockTaken, errors.ShardsDiffer}  # the command line's own


def problems() -> set[str]:
    """The codes of all problems that a request may have."""
    found = problem_codes()
    assert found.patterns == set(PROBLEM_PATTERNS), "say here what stands in the gap"
    assert found.variable == set(PROBLEM_VARIABLES), "say here what the variable may be"
    filled = (fill(pattern, values) for pattern, values in PROBLEM_PATTERNS.items())
    return found.plain.union(*filled, *PROBLEM_VARIABLES.values())


PROBLEM_PATTERNS: Final[dict[str, Iterable[str]]] = {
    "{}_not_offered": ("mode", "aspect", "duration", "sound", "watermark", "cfg", "shots", "camera"),
    "{}_too_long": ("prompt", "negative"),
}
PROBLEM_VARIABLES: Final = {
    "bot/domain/camera.py": {"camera_no_axis", "camera_two_axes"},
    "bot/domain/template.py": {"template_brace", "template_gap_name", "template_too_many_gaps"},
}
# Every key that is put together, and what may stand in its gaps. This is the one place that says so.
PATTERNS: Final[dict[str, Iterable[Any]]] = {
    "admin.{}": ("paused", "resumed"),
    "admin.{}.everywhere": ("paused", "resumed"),
    "about.{}": Condition,
    "admin.jobs.at.{}": ("created", "submitted", "finished", "delivered", "deadline"),
    "admin.jobs.button.{}": JOB_ACTIONS,
    "admin.jobs.dead.{}": DeadLetter,
    "admin.jobs.done.{}": JOB_ACTIONS,
    "admin.jobs.kind.{}": (Kind.HOLD, Kind.SETTLE, Kind.RELEASE),
    "alert.{}": Trouble,
    "report.{}": ReportOutcome,
    "allowance.{}": Period,
    "audit.{}": [
        *DECISIONS,
        "strikes",
        "budget_used",
        *(f"page_{each}" for each in ("link", "signed_in", "signed_out", "shut_out")),
        "budget_spent",
        "more_approved",
        "more_denied",
        *ACTIONS,
        *(f"job_{action}" for action in JOB_ACTIONS),
    ],
    "upgrade.change.{}": [f"{each.version:04}" for each in shipped()],
    "case.acts.{}": [*CaseKind, "report.covered"],
    "case.button.{}": ("approve", "deny", "delete", "cover", "uncover", "block", "dismiss", "grant"),
    "case.done.{}": (
        "approved",
        "denied",
        "declined",
        "dismissed",
        "covered",
        "covered.soon",
        *("uncovered", "uncovered.soon", "uncovered.never"),
        *(f"removed.{each}" for each in RemovalOutcome),
    ),
    "result.erased.{}": RemovalOutcome,
    "case.state.{}": [state for state in CaseState if state is not CaseState.OPEN],
    "case.why.{}": ReviewReason,
    "case.{}": CaseKind,
    "camera.{}": MOVES,
    "strength.{}": Strength,
    "card.review.{}": ("request", "result"),
    "card.{}": Phase,
    "card.{}.text": [Phase.CANCELLED, Phase.UNKNOWN, Phase.KEPT],
    "choice.aspect.{}": AspectRatio,
    "choice.mode.{}": Mode,
    "choice.{}.{}": [*product(["mode"], Mode), *product(["aspect"], AspectRatio)],
    "choice.action.{}": RuleAction,
    "choice.approval.{}": Approval,
    "choice.kind.{}": RuleKind,
    "choice.period.{}": Period,
    "setup.{}": SETUP_FORMS,
    "setup.form.{}": SETUP_FORMS,
    "setup.step.{}": SETUP_STEPS,
    "admin.import.by.{}": ("channels", "roles", "models", "budget", "credits"),
    "{}.none": ("setup.text.moderators", "setup.text.audit"),
    "choice.pro.{}": Who,
    "choice.remove.{}": ("monthly", "confirm"),
    "choice.measure.{}": Measure,
    "usage.chart.{}": Measure,
    "usage.drift.{}": ("same", "more", "less"),
    "choice.scope.{}": DefaultsLevel,
    "choice.span.{}": Span,
    "choice.which.{}": JobFilter,
    "command.admin.jobs.{}": ("cancel", "recheck", "retry"),
    "copy.{}": CopyKind,
    "defaults.no.{}": SWITCHES,
    "doctor.gone.{}": ("roles", "channels"),
    "doctor.shut_out.{}": ("models", "roles", "credits"),
    "check.processes.{}": Role,
    "page.{}": ("overview", "jobs", "cases", "spend", "audit", "doctor", "settings"),  # those of the menu
    "doctor.provider.{}": ProviderState,
    **dict.fromkeys(("doctor.{}.gone", "doctor.{}.none"), ("moderators", "audit")),
    **dict.fromkeys(("doctor.{}.good", "doctor.{}.closed"), ("moderators", "audit", "operator")),
    "error.case.{}": CaseState,
    "error.rule.{}": ("empty", "malformed", "everything", "slow"),
    "error.budget.{}": ("guild", "everywhere"),
    "error.paused.{}": ("guild", "everywhere"),
    "error.role.{}": ("video", "pro"),
    "error.limit.{}": ("longest", "pro", "sound", "models"),
    "error.{}": [error_key(kind).removeprefix("error.") for kind in errors_shown()],
    "ending.{}": ("failed", "given_up", "denied", "cancelled", "unknown", "kept"),
    "failed.{}": FAULTS,
    "fix.without.{}": ("sound", "watermark", "negative", "cfg", "camera", "strength"),
    "inbox.{}": ("back", "more"),
    "info.origin.{}": Origin,
    "mode.{}": Mode,
    "option.{}": OPTIONS,
    "more.{}": [*MoreCreditsOutcome, CaseState.APPROVED, CaseState.DENIED],
    "page.about.{}": (
        *("sign_in", "link_over", "signed_out", "forbidden", "missing", "unclear", "decided", "busy", "broken"),
    ),
    "page.at.{}": MOMENTS,
    "page.dead.{}": DeadLetter,
    "page.dead.text.{}": DeadLetter,
    "page.state.{}": JobStatus,
    "page.spend.by.{}": SpendBy,
    "page.spend.name.{}": SpendBy,
    "permission.{}": PERMISSIONS,
    "policy.{}": PATHS,
    "policy.approval.{}": Approval,
    "policy.problem.{}": POLICY_PROBLEMS,
    "policy.rule.{}": RuleAction,
    "problem.{}": problems(),
    "quota.entry.{}": [Kind.HOLD, Kind.RELEASE, Kind.SETTLE],
    "quota.move.{}": ("held", "spent", "free"),
    "reason.{}": ("quota_exceeded", "guild_quota_exceeded", "budget_exceeded", "too_many_jobs"),
    "result.button.{}": RESULT_ACTIONS,
    "settings.notify.{}": Notify,
    "settings.title.{}": DefaultsLevel,
    "settings.{}": (*SWITCHES, "model", "mode", "aspect", "duration", "notify"),
    "settings.{}.name": SWITCHES,
    "storyboard.button.{}": BUILDER_ACTIONS,
    "storyboard.form.extra.{}": (*SWITCHES, "private"),
    "studio.no.{}": (*SWITCHES, "camera", "strength", "cfg", "negative"),
    "studio.aspect.{}": AspectRatio,
    "studio.kept.{}": ("prompt", "negative"),
    "studio.{}": ("model", "duration", "camera"),
    "studio.{}.{}": [*product(SWITCHES, ("on", "off")), ("watermark", "always")],
}
# Keys that a pattern gives only for some values: a text more exact than the one they fall back to.
OPTIONAL: Final = ("failed.{}.{}", "slash.{}", "slash.option.{}")


def asked_for() -> set[str]:
    """Every key that the programme may ask for."""
    return uses().keys.union(*(fill(pattern, values) for pattern, values in PATTERNS.items()))
