"""Turns HTTP's statuses into our errors, and says what both services' refusals have in common beyond their own codes.

The question at every line is whether the call may have been carried out. For a harmless call it does not matter; a
create that may have been carried out is `OutcomeUnknown`, however likely it is that nothing happened.
"""

import math
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from bot import errors
from bot.values import dataclass

NO_VIDEO: Final = "no_video"  # our own code: the task is finished, and there is nothing to fetch
PLAIN: Final = frozenset({400, 422, 451})  # statuses that refuse what was asked, not who asked or how often
EXCERPT: Final = 500  # bytes of an error answer's body that is no JSON

# What services write when moderation refuses; their code is then one of many, so the words decide.
_MODERATION: Final = re.compile(
    r"\brisk|\bsensitive|\bpolic(?:y|ies)\b|\bmoderat|\bprohibited|\bnsfw\b|审核|敏感|违规|风控", re.IGNORECASE
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Complaint:
    """What the body of an error answer says; `error` is set where the API's own code says more than the status."""

    code: str = ""
    detail: str = ""
    error: type[errors.ProviderError] | None = None


def error_of_status(status: int, *, create: bool) -> type[errors.ProviderError]:
    """Choose the class of error for an answer that is not a 2xx.

    Of a create, a clear "no" is a refusal. Not clear: 302 and 303 may point at what was created, 408 and 499 may come
    from something between us and the service, 409 may mean that it exists already, and any 5xx.
    """
    if status in _BY_STATUS:
        of_create, of_query = _BY_STATUS[status]
        return of_create if create else of_query
    if 300 <= status < 400:  # noqa: PLR2004 - the class of redirects, by RFC 9110
        return errors.OutcomeUnknown if create else errors.OperatorFault
    if 400 <= status < 500:  # noqa: PLR2004 - the class of client errors, by RFC 9110
        return errors.ProviderRejected
    return errors.OutcomeUnknown if create else errors.ProviderUnavailable


# Status: what it means of a create, and of a query.
_BY_STATUS: Final[dict[int, tuple[type[errors.ProviderError], type[errors.ProviderError]]]] = {
    **dict.fromkeys(
        (301, 307, 308), (errors.OperatorFault, errors.OperatorFault)
    ),  # "repeat it elsewhere": the base URL is wrong
    **dict.fromkeys((401, 402, 403, 405, 407), (errors.OperatorFault, errors.OperatorFault)),
    **dict.fromkeys((404, 410), (errors.OperatorFault, errors.TaskUnknown)),
    **dict.fromkeys((408, 499), (errors.OutcomeUnknown, errors.ProviderUnavailable)),
    409: (errors.OutcomeUnknown, errors.ProviderRejected),
    425: (errors.ProviderUnavailable, errors.ProviderUnavailable),
    429: (errors.ProviderBusy, errors.ProviderBusy),
}


def retry_after(value: str | None, *, now: datetime) -> float | None:
    """Read the seconds that a `Retry-After` header asks for, a number or an HTTP date; None if it can't be read."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            moment = parsedate_to_datetime(value)
        except (ValueError, OverflowError):
            return None
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now.timestamp()
    return max(0.0, seconds) if math.isfinite(seconds) else None


def is_moderation(words: str) -> bool:
    """Say whether a service's words say that its moderation refuses what was asked."""
    return _MODERATION.search(words) is not None
