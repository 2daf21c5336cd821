"""Holds what Discord refuses with: codes, their HTTP status, and the tree of errors of a wrong form."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

INVALID_FORM = 50035

# Code → (HTTP status, message), from Discord's table of JSON error codes.
REFUSALS: dict[int, tuple[int, str]] = {
    10003: (404, "Unknown Channel"),
    10004: (404, "Unknown Guild"),
    10007: (404, "Unknown Member"),
    10008: (404, "Unknown Message"),
    10011: (404, "Unknown Role"),
    10013: (404, "Unknown User"),
    10014: (400, "Unknown Emoji"),
    10015: (404, "Unknown Webhook"),
    10062: (404, "Unknown interaction"),
    10063: (404, "Unknown application command"),
    10066: (404, "Unknown application command permissions"),
    20001: (403, "Bots cannot use this endpoint"),
    20012: (403, "You are not authorized to perform this action on this application"),
    30003: (400, "Maximum number of pins reached for the channel (250)"),
    30032: (400, "Maximum number of application commands reached (100)"),
    30046: (429, "Maximum number of edits to messages older than 1 hour reached. Try again later"),
    40005: (413, "Request entity too large"),
    40094: (400, "This interaction has reached the maximum number of follow up messages"),
    40060: (400, "Interaction has already been acknowledged."),
    50001: (403, "Missing Access"),
    50003: (403, "Cannot execute action on a DM channel"),
    50005: (403, "Cannot edit a message authored by another user"),
    50006: (400, "Cannot send an empty message"),
    50007: (403, "Cannot send messages to this user"),
    50008: (400, "Cannot send messages in a non-text channel"),
    50013: (403, "Missing Permissions"),
    50016: (
        400,
        (
            "Provided too few or too many messages to delete. "
            "Must provide at least 2 and fewer than 100 messages to delete."
        ),
    ),
    50021: (403, "Cannot execute action on a system message"),
    50024: (400, "Cannot execute action on this channel type"),
    50027: (401, "Invalid Webhook Token"),
    50034: (400, "You can only bulk delete messages that are under 14 days old."),
    INVALID_FORM: (400, "Invalid Form Body"),
    50081: (403, "Cannot use this sticker"),
    50083: (400, "Thread is archived"),
    50109: (400, "The request body contains invalid JSON."),
    50278: (403, "Cannot send messages to this user due to having no mutual guilds"),
    160004: (400, "A thread has already been created for this message"),
    160005: (403, "Thread is locked"),
    520001: (400, "Poll expired"),
    520003: (400, "Cannot edit a poll message"),
    520006: (400, "Cannot expire a non-poll message"),
}


class Refused(Exception):
    """Discord refuses a request: `{"message", "code", "errors"?}` with an HTTP status."""

    def __init__(self, code: int, *, errors: dict[str, Any] | None = None) -> None:
        self.status, self.message = REFUSALS[code]
        super().__init__(code, self.message)
        self.code = code
        self.errors = errors

    def body(self) -> dict[str, Any]:
        """Write the JSON answer."""
        body: dict[str, Any] = {"message": self.message, "code": self.code}
        return {**body, "errors": self.errors} if self.errors else body


class NotServed(Exception):
    """An answer of the HTTP layer: `{"message": "401: Unauthorized", "code": 0}` and its like."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(status, reason)
        self.status = status
        self.code = 0
        self.message = f"{status}: {reason}"

    def body(self) -> dict[str, Any]:
        """Write the JSON answer."""
        return {"message": self.message, "code": self.code}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong with a request: where, Discord's name for it, and what it is in words.

    `refusal` is the code with which Discord refuses such a request, or None where it lets it pass silently.
    """

    at: tuple[str | int, ...] = ()
    kind: str
    text: str
    refusal: int | None = INVALID_FORM

    def __str__(self) -> str:
        where = ".".join(str(part) for part in self.at)
        return f"{where}: {self.text} ({self.kind})" if where else f"{self.text} ({self.kind})"


def tree(problems: Iterable[Problem]) -> dict[str, Any]:
    """Build the nested `errors` of an Invalid Form Body; what is said of a part goes before what is said of all."""
    root: dict[str, Any] = {}
    for problem in sorted(problems, key=lambda problem: -len(problem.at)):
        branch = root
        for part in problem.at:
            branch = branch.setdefault(str(part), {})
        if not branch.keys() - {"_errors"}:
            branch.setdefault("_errors", []).append({"code": problem.kind, "message": problem.text})
    return root


def refuse(problems: Iterable[Problem]) -> None:
    """Refuse a request for its problems; those that Discord lets pass are none.

    Raises:
        Refused: with the code of the first problem that has one of its own, else as an invalid form.
    """
    serious = [problem for problem in problems if problem.refusal is not None]
    for problem in serious:
        if problem.refusal is not None and problem.refusal != INVALID_FORM:
            raise Refused(problem.refusal)
    if serious:
        raise Refused(INVALID_FORM, errors=tree(serious))
