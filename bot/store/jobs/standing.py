"""Counts what is under way, what waits for a person, and what was spent, in the whole bot or in one guild."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from bot.domain import EVERYWHERE, Account, Case, Row, from_millis, millis
from bot.domain.quota import guild_of_budget
from bot.domain.standing import Pace, Pile, SpendBy, SpendLine, Standing
from bot.store.community.cases import with_reports
from bot.store.database import Store, Transaction, transaction

_DAY: Final = 24 * 60 * 60 * 1000  # milliseconds
# The very words of the partial indexes, so that every database takes them.
_OPEN: Final = (
    "delivered_at IS NULL AND dead_letter IS NULL "
    "AND status IN ('pending', 'queued', 'submitting', 'running', 'succeeded')"
)
# Every guild that has jobs, found by one look at the index each: without it all jobs there ever were would be read.
_GUILDS: Final = (
    "WITH RECURSIVE known (id) AS (SELECT min(guild_id) FROM jobs UNION ALL "
    "SELECT (SELECT min(guild_id) FROM jobs WHERE guild_id > known.id) FROM known WHERE known.id IS NOT NULL) "
)
_LATELY: Final = (
    "(SELECT j.* FROM known JOIN jobs AS j ON j.guild_id = known.id AND j.created_at >= $1 "
    "UNION ALL SELECT j.* FROM jobs AS j WHERE j.guild_id IS NULL AND j.created_at >= $1) AS lately"
)
_LATELY_HERE: Final = "jobs WHERE guild_id = $2 AND created_at >= $1"
_PACE: Final = (
    "count(*) AS jobs, avg(submitted_at - created_at) AS waited, max(submitted_at - created_at) AS waited_most, "
    "avg(finished_at - submitted_at) AS made, max(finished_at - submitted_at) AS made_most"
)
# A job that came to nothing costs what its service charged all the same, if it said so.
_COST: Final = "CASE WHEN status IN ('failed', 'cancelled') AND cost_micros IS NULL THEN 0 ELSE {} END"
_SPEND: Final = (
    "count(*) AS jobs, sum(CASE WHEN status IN ('failed', 'cancelled') THEN 1 ELSE 0 END) AS failed, "
    "sum(CASE WHEN status IN ('failed', 'cancelled') THEN 0 ELSE credits END) AS credits, "
    f"sum({_COST.format('usd_micros')}) AS estimated, sum({_COST.format('coalesce(cost_micros, usd_micros)')}) AS spent"
)
# Owners are text: what begins with "budget:guild:" stands before "budget:guild;".
_BUDGETS: Final = (
    "SELECT * FROM accounts WHERE owner > 'budget:guild:' AND owner < 'budget:guild;' AND period >= $1 "
    "ORDER BY owner, period"
)
_GROUPS: Final[Mapping[SpendBy, str]] = {
    SpendBy.DAY: f"created_at / {_DAY}",
    SpendBy.SERVER: "guild_id",
    SpendBy.MEMBER: "user_id",
    SpendBy.MODEL: "provider, eta_key",
}


class StandingStore(Store):
    """Reads one database. Every method is one transaction and may raise `StoreUnavailable`."""

    @transaction(snapshot=True)
    async def standing(self, tx: Transaction, guild_id: int, *, since: datetime) -> Standing:
        """Read how a guild stands, or with `EVERYWHERE` the bot; the pace is of the jobs `since` then."""
        here, values = _place(guild_id)
        states = await tx.all(
            f"SELECT status AS name, count(*) AS n, min(created_at) AS oldest FROM jobs "  # noqa: S608 (constants)
            f"WHERE {_OPEN}{here} GROUP BY status",
            *values,
        )
        dead = await tx.all(
            f"SELECT dead_letter AS name, count(*) AS n, min(created_at) AS oldest FROM jobs "  # noqa: S608 (constants)
            f"WHERE dead_letter IS NOT NULL{here} GROUP BY dead_letter",
            *values,
        )
        cases = await tx.all(
            f"SELECT kind AS name, count(*) AS n, min(created_at) AS oldest FROM cases "  # noqa: S608 (constants)
            f"WHERE state = 'open'{_theirs(guild_id, here)} GROUP BY kind",
            *values,
        )
        pace = await tx.one(*_lately(_PACE, guild_id, since=since))
        return Standing(states=_piles(states), dead_letters=_piles(dead), cases=_piles(cases), pace=_pace(pace))

    @transaction(snapshot=True)
    async def spend(self, tx: Transaction, by: SpendBy, guild_id: int, *, since: datetime) -> list[SpendLine]:
        """Add up what the jobs of a guild (`EVERYWHERE`: of the bot) since then cost; those first that cost most."""
        columns = _GROUPS[by]
        names = columns if by is SpendBy.MODEL else f"{columns} AS name"
        rows = await tx.all(*_lately(f"{names}, {_SPEND}", guild_id, since=since, group=columns))
        found: dict[str, SpendLine] = {}
        for row in rows:
            line = _spend_line(by, row)
            found[line.name] = _together(found[line.name], line) if line.name in found else line
        if by is SpendBy.DAY:
            return [found[name] for name in sorted(found)]
        return sorted(found.values(), key=lambda line: (-line.spent, -line.jobs, line.name))

    @transaction(snapshot=True)
    async def budgets(self, tx: Transaction, months: Collection[str], *, most: int) -> dict[int, Account]:
        """Read the accounts of what guilds cost in these months, of each guild the last; those first that cost most."""
        rows = await tx.all(_BUDGETS, min(months))
        latest = {row["owner"]: row for row in rows}  # the last of each owner is its latest
        found = {guild_of_budget(owner): Account.from_row(row) for owner, row in latest.items()}
        ranked = sorted(found.items(), key=lambda each: -each[1].settled - each[1].held)
        return {guild_id: account for guild_id, account in ranked[:most] if guild_id is not None}

    @transaction(snapshot=True)
    async def open_cases(self, tx: Transaction, guild_id: int, *, most: int) -> list[Case]:
        """List the open cases of a guild, or with `EVERYWHERE` of all, the oldest first."""
        here, values = _place(guild_id, number=2)
        rows = await tx.all(
            f"SELECT * FROM cases WHERE state = 'open'{_theirs(guild_id, here)} ORDER BY created_at LIMIT $1",  # noqa: S608 (constants)
            most,
            *values,
        )
        return [await with_reports(tx, Case.from_row(row)) for row in rows]


def _place(guild_id: int, *, number: int = 1) -> tuple[str, tuple[int, ...]]:
    return ("", ()) if guild_id == EVERYWHERE else (f" AND guild_id = ${number}", (guild_id,))


def _theirs(guild_id: int, here: str) -> str:
    """Leave out of a guild's cases what the operator alone is shown."""
    return here if guild_id == EVERYWHERE else f"{here} AND for_operator = 0"


def _lately(columns: str, guild_id: int, *, since: datetime, group: str = "") -> tuple[str, *tuple[int, ...]]:
    """Write the SQL, with its values, that asks for something of the jobs since then."""
    grouped = f" GROUP BY {group}" if group else ""
    if guild_id == EVERYWHERE:
        return f"{_GUILDS}SELECT {columns} FROM {_LATELY}{grouped}", millis(since)  # noqa: S608 (constants)
    return f"SELECT {columns} FROM {_LATELY_HERE}{grouped}", millis(since), guild_id  # noqa: S608 (constants)


def _piles(rows: Iterable[Row]) -> tuple[Pile, ...]:
    piles = (Pile(name=row["name"], count=row["n"], oldest_at=from_millis(row["oldest"])) for row in rows)
    return tuple(sorted(piles, key=lambda pile: pile.name))


def _pace(row: Row | None) -> Pace:
    columns = ("waited", "waited_most", "made", "made_most")
    spans = {name: None if row is None or row[name] is None else _span(row[name]) for name in columns}
    return Pace(jobs=row["jobs"] if row else 0, **spans)


def _span(length: float) -> timedelta:
    return timedelta(milliseconds=max(0, float(length)))


def _spend_line(by: SpendBy, row: Row) -> SpendLine:
    sums = {name: int(row[name]) for name in ("jobs", "failed", "credits", "estimated", "spent")}
    return SpendLine(name=_name(by, row), **sums)


def _name(by: SpendBy, row: Row) -> str:
    if by is SpendBy.MODEL:
        return f"{row['provider']} {row['eta_key'].partition('/')[0]}"
    if by is SpendBy.DAY:
        return datetime.fromtimestamp(int(row["name"]) * _DAY / 1000, tz=UTC).date().isoformat()
    return str(row["name"] or "")


def _together(one: SpendLine, other: SpendLine) -> SpendLine:
    names = ("jobs", "failed", "credits", "estimated", "spent")
    return replace(one, **{name: getattr(one, name) + getattr(other, name) for name in names})
