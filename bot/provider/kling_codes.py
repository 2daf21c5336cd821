"""Says what the Kling API's codes and words mean.

Sources: the `kling` document, "Errors", and the `kling_models` document, "What the live API answers".
"""

import re
from typing import Final

from bot import errors
from bot.provider.refusal import is_moderation
from bot.values import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Meaning:
    """What a code says: the error of a create and of a query, and the class of a task that failed with it.

    `resubmits` is how often such a task is worth a new attempt; None means as often as the deadline allows.
    """

    fault: errors.FaultClass
    create: type[errors.ProviderError]
    query: type[errors.ProviderError]
    resubmits: int | None = 1


OPERATOR: Final = Meaning(fault=errors.FaultClass.OPERATOR, create=errors.OperatorFault, query=errors.OperatorFault)
REJECTED: Final = Meaning(
    fault=errors.FaultClass.PERMANENT, create=errors.ProviderRejected, query=errors.ProviderRejected
)
MISSING: Final = Meaning(fault=errors.FaultClass.PERMANENT, create=errors.ProviderRejected, query=errors.TaskUnknown)
CONTENT: Final = Meaning(fault=errors.FaultClass.CONTENT, create=errors.ContentRefused, query=errors.ContentRefused)
BUSY: Final = Meaning(
    fault=errors.FaultClass.TRANSIENT, create=errors.ProviderBusy, query=errors.ProviderBusy, resubmits=None
)
BROKEN: Final = Meaning(
    fault=errors.FaultClass.TRANSIENT, create=errors.OutcomeUnknown, query=errors.ProviderUnavailable
)
CLOSED: Final = Meaning(
    fault=errors.FaultClass.TRANSIENT, create=errors.ProviderUnavailable, query=errors.ProviderUnavailable
)

EXPIRED: Final = "1004"
NO_METHOD: Final = "1202"
NO_RESOURCE: Final = "1203"

CODES: Final = {
    **dict.fromkeys(("1000", "1001", "1002", "1003", EXPIRED), OPERATOR),
    **dict.fromkeys(("1100", "1101", "1102", "1103"), OPERATOR),  # account and permission, most of them beside a 429
    **dict.fromkeys(("1200", "1201", NO_METHOD), REJECTED),
    NO_RESOURCE: MISSING,
    **dict.fromkeys(("1300", "1301"), CONTENT),
    "1302": BUSY,  # too many requests
    "1303": BUSY,  # no room for another parallel task: when one of ours ends, there is
    "1304": OPERATOR,  # the address is not allowed, beside a 429 too
    "5000": BROKEN,
    "5001": CLOSED,  # maintenance
    "5002": BROKEN,
    # The words that a new-api relay uses for codes of its own, all said before it passes anything on.
    "task_not_exist": MISSING,
    "model_not_found": OPERATOR,
    "insufficient_user_quota": OPERATOR,
}

NO_TASK: Final = frozenset({"1201", NO_RESOURCE})  # beside words that say so, of a task that was asked about

_TROUBLE: Final = re.compile(r"5\d{3}", re.ASCII)
_DUPLICATE: Final = re.compile(r"external[\s_-]?task[\s_-]?id.*(?:exist|duplicat|repeat)", re.IGNORECASE)
_MISSING: Final = re.compile(r"\btask\b.{0,20}\bnot found\b|\bnot found by\b.{0,20}\bid\b", re.IGNORECASE)
_DISCONTINUED: Final = re.compile(r"\bmodel\b.{0,100}\bdiscontinued\b", re.IGNORECASE | re.DOTALL)
# Where the words name a code themselves: "code: 1303", "[1303] …".
_NAMED: Final = re.compile(r"(?:\bcode\W{0,4}|^\W{0,2})(\d{4})\b", re.IGNORECASE)
_BUSY: Final = re.compile(r"parallel task|concurren|too many requests|rate limit|并发", re.IGNORECASE)
_ACCOUNT: Final = re.compile(
    r"account exception|arrears|resource pack|balance not enough|insufficient.{0,20}(?:balance|quota)|余额不足|欠费",
    re.IGNORECASE,
)
_PASSING: Final = re.compile(
    r"internal|time[d]?[\s-]?out|maintenance|unavailable|try again|overload|\bbusy\b|超时|繁忙", re.IGNORECASE
)


def is_duplicate(words: str) -> bool:
    """Say whether a refusal (1201) says that the external id is taken: the task is ours."""
    return _DUPLICATE.search(words) is not None


def is_discontinued(words: str) -> bool:
    """Say whether a refusal says that its model is no more. The code beside such words is not known: they decide."""
    return _DISCONTINUED.search(words) is not None


def is_missing(words: str) -> bool:
    """Say whether a refusal (1201) of a query says that there is no such task, as the live API does."""
    return _MISSING.search(words) is not None


def of_code(code: str) -> Meaning | None:
    """Say what a code means. An unknown one of the table's fifth thousand is trouble like its neighbours."""
    return CODES.get(code) or (BROKEN if _TROUBLE.fullmatch(code) else None)


def of_words(words: str) -> Meaning | None:
    """Say what a refusal in words means, where they are clear; None leaves it to the HTTP status."""
    if named := CODES.get(_named(words)):
        return named
    if is_moderation(words):
        return CONTENT
    if _BUSY.search(words):
        return BUSY
    return OPERATOR if _ACCOUNT.search(words) else None


def of_failure(code: str, words: str) -> tuple[Meaning, str]:
    """Say what a failed task's reason means, and its code. The answer's own is mostly 0: the words decide."""
    code = code if code in CODES else _named(words)
    meaning = CODES.get(code) or of_words(words) or (BROKEN if _PASSING.search(words) else REJECTED)
    return meaning, code


def _named(words: str) -> str:
    found = _NAMED.search(words)
    return found[1] if found and found[1] in CODES else ""
