"""Sums up what has been used in a guild, in the database, a day at a time: no answer grows with the jobs."""

from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from bot.domain import MemberDay, PriceDrift, Row, UsageTotals, millis
from bot.domain.quota import budget_of
from bot.domain.usage import NOBODY
from bot.store.database import Store, Transaction, transaction

# The books have what a job cost; before budgets were kept there, the job itself.
_OF_MEMBERS: Final = (
    "SELECT j.user_id, "
    "sum(CASE WHEN j.delivered_at IS NULL THEN 0 ELSE 1 END) AS videos, "
    "sum(CASE WHEN j.status = 'failed' THEN 1 ELSE 0 END) AS failed, "
    "sum(CASE WHEN j.delivered_at IS NULL AND coalesce(l.kind, '') <> 'settle' THEN 0 ELSE j.credits END) AS credits, "
    "sum(CASE WHEN j.delivered_at IS NULL AND coalesce(l.settled, 0) = 0 THEN 0 ELSE j.usd_micros END) AS estimated, "
    "sum(coalesce(l.settled, "
    "CASE WHEN j.delivered_at IS NULL THEN 0 ELSE coalesce(j.cost_micros, j.usd_micros) END)) AS charged "
    "FROM jobs AS j LEFT JOIN ledger AS l ON l.job_id = j.id AND l.owner = $4 AND l.kind IN ('settle', 'release') "
    "WHERE j.guild_id = $1 AND j.created_at >= $2 AND j.created_at < $3 GROUP BY j.user_id"
)
# What was used by those who have had everything about them deleted: the books still know it, by when it was booked.
_OF_DELETED: Final = (
    "SELECT sum(CASE WHEN l.kind = 'settle' THEN 1 ELSE 0 END) AS videos, 0 AS failed, "
    "sum((SELECT coalesce(sum(c.settled), 0) FROM ledger AS c WHERE c.job_id = l.job_id AND c.kind = 'settle' "
    "AND c.unit = 'credits' AND c.owner NOT LIKE 'guild:%')) AS credits, "
    "sum(-l.held) AS estimated, sum(l.settled) AS charged "
    "FROM ledger AS l WHERE l.owner = $1 AND l.at >= $2 AND l.at < $3 "
    "AND (l.kind = 'settle' OR (l.kind = 'release' AND l.settled > 0)) "
    "AND NOT EXISTS (SELECT 1 FROM jobs AS j WHERE j.id = l.job_id) HAVING count(*) > 0"
)
_REPORTED: Final = (
    "SELECT provider, eta_key, cost_units, count(*) AS metered, count(cost_micros) AS priced, "
    "sum(CASE WHEN cost_micros IS NULL THEN 0 ELSE usd_micros END) AS estimated, "
    "sum(coalesce(cost_micros, 0)) AS reported "
    "FROM jobs WHERE guild_id = $1 AND created_at >= $2 AND created_at < $3 "
    "AND (cost_micros IS NOT NULL OR cost_units IS NOT NULL) GROUP BY provider, eta_key, cost_units"
)


class UsageStore(Store):
    """Reads the usage in one database. Every method is one transaction and may raise `StoreUnavailable`."""

    @transaction(snapshot=True)
    async def of_day(
        self, tx: Transaction, guild_id: int, day: date, *, begin: datetime, end: datetime
    ) -> list[MemberDay]:
        """Sum up what each member used of what they asked for on a day, from `begin` until before `end`.

        `NOBODY` is all those together of whom the books know no more than the amounts.
        """
        owner, first, last = budget_of(guild_id), millis(begin), millis(end)
        members = await tx.all(_OF_MEMBERS, guild_id, first, last, owner)
        deleted = await tx.all(_OF_DELETED, owner, first, last)
        return [
            *(MemberDay(day=day, user_id=row["user_id"], used=_usage_totals(row)) for row in members),
            *(MemberDay(day=day, user_id=NOBODY, used=_usage_totals(row)) for row in deleted),
        ]

    @transaction
    async def drift(self, tx: Transaction, guild_id: int, *, begin: datetime, end: datetime) -> list[PriceDrift]:
        """Compare the estimates with what providers said, by model, in the order of their names."""
        found: dict[tuple[str, str], PriceDrift] = {}
        for row in await tx.all(_REPORTED, guild_id, millis(begin), millis(end)):
            key = (row["provider"], row["eta_key"].partition("/")[0])
            found[key] = _with(found.get(key, PriceDrift(provider=key[0], model=key[1])), row)
        return [found[key] for key in sorted(found)]


def _usage_totals(row: Row) -> UsageTotals:
    return UsageTotals(**{name: int(row[name]) for name in UsageTotals.__dataclass_fields__})


def _with(drift: PriceDrift, row: Row) -> PriceDrift:
    units = _decimal(row["cost_units"])
    return PriceDrift(
        provider=drift.provider,
        model=drift.model,
        priced=drift.priced + int(row["priced"]),
        estimated=drift.estimated + int(row["estimated"]),
        reported=drift.reported + int(row["reported"]),
        metered=drift.metered + (0 if units is None else int(row["metered"])),
        units=drift.units + (units or 0) * int(row["metered"]),
    )


def _decimal(text: str | None) -> Decimal | None:
    """Read a provider's own number, if it is one."""
    try:
        number = Decimal(text or "")
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
