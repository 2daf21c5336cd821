"""Somebody who is in every table there is, so that nothing that is held about people can be overlooked."""

import json
from typing import Any, Final

from bot.store.privacy.export import HELD
from tests.store.conftest import Store

PERSON: Final = 911_222_333_444_555_666
OTHER: Final = 811_222_333_444_555_666
STRANGER: Final = 711_222_333_444_555_666
SECRET: Final = "a walrus on Tuesday"

# Columns in which a person stands, as whoever the row is about or as somebody who is mentioned in it.
NAMED: Final[dict[str, dict[str, Any]]] = {
    "reports": {"case_id": "id-1"},
    "at_work": {"queue_id": PERSON, "jobs": 0},
    "queues": {"queue_id": PERSON, "waiting": 0},
    "turns": {"queue_id": 7, "waiting": 0},
    "accounts": {"owner": f"user:{PERSON}@guild:7", "period": "2026-03-05"},
    "preferences": {"scope": f"user:{PERSON}"},
    "ledger": {"owner": f"user:{PERSON}@guild:7", "period": "2026-03-05", "id": f"gift-1:gift:user:{PERSON}@guild:7"},
}
_JSON: Final = {"body": {"prompt": SECRET, "by": PERSON}, "detail": {"member": PERSON}}

_ON_SQLITE: Final = (
    'SELECT t.name, c.name AS field, c.type, c."notnull" AS needed FROM sqlite_master AS t '
    "JOIN pragma_table_info(t.name) AS c WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' ORDER BY t.name, c.cid"
)
_ON_POSTGRES: Final = (
    "SELECT table_name AS name, column_name AS field, data_type AS type, is_nullable = 'NO' AS needed "
    "FROM information_schema.columns WHERE table_schema = 'public' ORDER BY table_name, ordinal_position"
)


async def tables(store: Store) -> dict[str, dict[str, dict[str, Any]]]:
    """Every table of the schema, with its columns: whether each is a number, and has to have a value."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for row in await store.rows(_ON_POSTGRES if store.database.skip_locked else _ON_SQLITE):
        column = {"number": "INT" in row["type"].upper(), "notnull": bool(row["needed"])}
        found.setdefault(row["name"], {})[row["field"]] = column
    return found


async def everywhere(store: Store) -> None:
    """Put a row about the person into every table that may hold one; what they have starred is somebody else's."""
    job, starred = await store.delivered(user_id=PERSON), await store.delivered(user_id=STRANGER)
    await store.rows("UPDATE jobs SET prompt = $1, due_at = NULL WHERE id = $2 RETURNING id", SECRET, job.id)
    found = await tables(store)
    for table in HELD:
        if table != "jobs":
            await _insert(store, table, found[table], job_id=starred.id if table == "favourites" else job.id)


async def _insert(store: Store, table: str, columns: dict[str, dict[str, Any]], *, job_id: str) -> None:
    values = {name: _filled(name, column, job_id) for name, column in columns.items()} | NAMED.get(table, {})
    if table == "members":
        values |= {"allowance": None, "period": None, "blocked_until": None}
    if table == "cases":
        values |= {"state": "open", "kind": "request", "decided_by": None}
    if table == "outbox":
        values |= {"kind": "repost", "message_id": 1, "due_at": None}
    if table == "deletions":
        return
    names = ", ".join(values)
    gaps = ", ".join(f"${number}" for number in range(1, len(values) + 1))
    await store.rows(
        f"INSERT INTO {table} ({names}) VALUES ({gaps}) ON CONFLICT DO NOTHING RETURNING 1",  # noqa: S608 (names of the schema)
        *values.values(),
    )


def _filled(name: str, column: dict[str, Any], job_id: str) -> Any:
    if name in {"user_id", "actor_id"}:
        return PERSON
    if name == "job_id":
        return job_id
    if name in _JSON:
        return json.dumps(_JSON[name])
    if name in {"reason", "note", "block_reason", "name"}:
        return SECRET
    if column["number"]:
        return 0 if name in {"held", "settled", "granted", "allowance"} else None if not column["notnull"] else 1
    return f"{name}-1"


async def traces(store: Store) -> list[str]:
    """Every cell of the database in which the person, or what they typed, still stands."""
    return [
        f"{table}.{name}: {value}"
        for table in await tables(store)
        for row in await store.rows(f"SELECT * FROM {table}")  # noqa: S608 (names of the schema)
        for name, value in row.items()
        if str(PERSON) in str(value) or SECRET in str(value)
    ]
