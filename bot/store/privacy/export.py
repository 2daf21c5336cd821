"""Reads what is held about one person: every table that may know somebody, and by which columns."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias, cast

from bot.domain import Remover, from_millis
from bot.store.database import Store, Transaction, transaction

Finds: TypeAlias = tuple[str, Callable[[int], tuple[object, ...]]]


def _id(user_id: int) -> tuple[object, ...]:
    return (user_id,)


def _id_and_text(user_id: int) -> tuple[object, ...]:
    return user_id, f"%{user_id}%"


def _id_and_owner(user_id: int) -> tuple[object, ...]:
    return user_id, f"%:{user_id}@%"


_OF_SUBJECTS: Final = (
    "job_id IN (SELECT id FROM jobs WHERE user_id = $1) "
    "OR (kind IN ('case', 'decision') AND subject_id IN (SELECT id FROM cases WHERE user_id = $1)) "
    "OR (kind = 'feedback' AND subject_id IN (SELECT id FROM feedback WHERE user_id = $1)) "
    "OR (kind = 'grant' AND subject_id IN (SELECT id FROM audit WHERE detail LIKE $2))"
)

# How each table is asked for the rows about a person. Every other table is in `NOBODYS`, with the reason.
HELD: Final[dict[str, Finds]] = {
    "jobs": ("user_id = $1", _id),
    "outbox": (_OF_SUBJECTS, _id_and_text),
    "showings": ("job_id IN (SELECT id FROM jobs WHERE user_id = $1)", _id),
    "direct_copies": ("user_id = $1", _id),
    "favourites": ("user_id = $1", _id),
    "drafts": ("user_id = $1", _id),
    "presets": ("user_id = $1", _id),
    "preferences": ("scope = $1", lambda user_id: (f"user:{user_id}",)),
    "accounts": ("owner LIKE $1", lambda user_id: (f"%:{user_id}@%",)),
    "ledger": ("actor_id = $1 OR owner LIKE $2 OR id LIKE $2 OR note LIKE $3", lambda u: (*_id_and_owner(u), f"%{u}%")),
    "members": ("user_id = $1 OR blocked_by = $1", _id),
    "strikes": ("user_id = $1", _id),
    "cases": ("user_id = $1 OR decided_by = $1 OR body LIKE $2", _id_and_text),
    "reports": ("user_id = $1", _id),
    "audit": ("actor_id = $1 OR detail LIKE $2", _id_and_text),
    "at_work": ("queue_id = $1", _id),
    "queues": ("queue_id = $1", _id),
    "turns": ("user_id = $1 OR queue_id = $1", _id),
    "feedback": ("user_id = $1", _id),
    "private_answers": ("user_id = $1", _id),
    "page_links": ("user_id = $1", _id),
    "page_sessions": ("user_id = $1", _id),
    "deletions": ("user_id = $1", _id),
}
NOBODYS: Final = {
    "guilds": "what a guild's admins decide for all of it",
    "budget_alerts": "budgets belong to a guild or to the whole bot",
    "turnstiles": "numbers that only grow",
    "processes": "which processes of the bot share the database",
    "given_up_models": "which models their services have given up",
    "provider_rests": "which services take no videos just now",
    "restored_copy": "of whether the database is a copy, and when it was taken",
    "told_troubles": "of what the operator was told in the last hour",
    "chores": "when work is due",
    "heartbeat": "when the bot was last alive",
    "session_turns": "when the next session with Discord may begin",
    "synced_commands": "which commands Discord was sent, as a digest",
    "schema_migrations": "which migrations have run",
}

_JSON: Final = frozenset({"request", "body", "detail"})
_TIMES: Final = re.compile(r"(?:\w+_)?(?:at|until)")
_OF_JOBS: Final = frozenset({"outbox", "showings"})  # found by jobs, naming nobody
_OTHERS: Final = ("decided_by", "blocked_by", "actor_id", "user_id")  # columns in which somebody else may stand


class PrivacyStore(Store):
    """Reads what one database holds about a person. Every method may raise `StoreUnavailable`."""

    @transaction(snapshot=True)
    async def held(self, tx: Transaction, user_id: int) -> dict[str, list[dict[str, Any]]]:
        """Read everything about a person as of one moment, by table, ready for JSON. Others in it are left out."""
        found = {
            table: [
                dict(cast("Mapping[str, Any]", row))
                for row in await tx.all(f"SELECT * FROM {table} WHERE {finds}", *values(user_id))  # noqa: S608 (constants)
            ]
            for table, (finds, values) in HELD.items()
        }
        return {
            table: [_row_for_export(table, row, user_id) for row in rows if table in _OF_JOBS or mentions(row, user_id)]
            for table, rows in found.items()
        }


def mentions(value: Any, user_id: int) -> bool:
    """Say whether a person's id stands anywhere in a value; a longer number that contains it is somebody else."""
    if isinstance(value, dict):
        return any(mentions(each, user_id) for each in value.values())
    if isinstance(value, list | tuple):
        return any(mentions(each, user_id) for each in value)
    return re.search(rf"(?<!\d){user_id}(?!\d)", str(value)) is not None


def without(value: Any, user_id: int) -> Any:
    """Put 0 wherever the person's id stands in a JSON value."""
    if isinstance(value, dict):
        return {name: without(each, user_id) for name, each in value.items()}
    if isinstance(value, list):
        return [without(each, user_id) for each in value]
    if isinstance(value, str):
        return re.sub(rf"(?<!\d){user_id}(?!\d)", "0", value)
    return 0 if value == user_id else value


def _row_for_export(table: str, row: dict[str, Any], user_id: int) -> dict[str, Any]:
    """Write a row as its person may read it: JSON and times unfolded, other people not named."""
    told = {name: _readable_value(name, value) for name, value in row.items()}
    theirs = told.get("user_id", user_id) == user_id
    for name in _OTHERS:
        if told.get(name) not in (None, user_id):
            told[name] = None
    if table == "jobs" and not _obtainable(told):
        told["result_url"] = None
    if table == "cases" and (told["kind"] == "report") is theirs:
        told["body"] = None  # who reported somebody is that one's secret, and what was reported is the other's
    return told


def _obtainable(job: dict[str, Any]) -> bool:
    """Say whether an author gets the video itself: what they have, unless a moderator has deleted it since.

    The rest is fetched with `/inbox`, and by nobody while it is held back.
    """
    return job["delivered_at"] is not None and (job["removed_at"] is None or job["removed_by"] == Remover.AUTHOR)


def _readable_value(name: str, value: Any) -> Any:
    if isinstance(value, int) and _TIMES.fullmatch(name):
        moment = from_millis(value)
        return moment.isoformat() if moment else None
    return json.loads(value) if name in _JSON and isinstance(value, str) and value[:1] in {"{", "["} else value
