"""Adds up the whole ledger: whether every account is the sum of its lines, and what all of it comes to."""

from typing import Final

from bot.domain.quota import Account, budget_of
from bot.store.database import Database, Transaction
from bot.values import dataclass

_MISMATCHED: Final = (
    "SELECT a.owner, a.period FROM accounts AS a LEFT JOIN "
    "(SELECT owner, period, sum(held) AS held, sum(settled) AS settled FROM ledger GROUP BY owner, period) AS l "
    "ON l.owner = a.owner AND l.period = a.period "
    "WHERE a.held <> coalesce(l.held, 0) OR a.settled <> coalesce(l.settled, 0) ORDER BY a.owner, a.period"
)
_DELIVERED: Final = (
    "SELECT count(*) AS videos, coalesce(sum(credits), 0) AS credits, "
    "coalesce(sum(coalesce(cost_micros, usd_micros)), 0) AS cost FROM jobs WHERE delivered_at IS NOT NULL"
)
_MEMBERS: Final = (
    "SELECT coalesce(sum(held), 0) AS held, coalesce(sum(settled), 0) AS settled FROM accounts "
    "WHERE unit = 'credits' AND owner NOT LIKE 'guild:%'"
)
_BUDGET: Final = (
    "SELECT coalesce(sum(held), 0) AS held, coalesce(sum(settled), 0) AS settled FROM accounts WHERE owner = $1"
)

_ACCOUNTS: Final = "SELECT * FROM accounts ORDER BY owner, period"


@dataclass(frozen=True, kw_only=True, slots=True)
class Amounts:
    """What is reserved and what is spent, of credits or of millionths of a USD."""

    held: int
    settled: int


@dataclass(frozen=True, kw_only=True, slots=True)
class LedgerTotals:
    """What the ledger comes to, over all periods.

    `videos` were delivered, for so many `credits`, at a `cost` in millionths of a USD as each job has it. `members` is
    what the ledger took from those who asked, `budget` what it counted for the whole bot. `mismatched` are the accounts
    (owner, period) that are not the sum of their lines.
    """

    videos: int
    credits: int
    cost: int
    members: Amounts
    budget: Amounts
    mismatched: tuple[tuple[str, str], ...]


async def read_ledger_totals(database: Database, *, guild_id: int | None = None) -> LedgerTotals:
    """Add everything up, as of one moment; `budget` is then a guild's, if one is given. Reads every line: seldom.

    Raises:
        StoreUnavailable: the database refuses.
    """

    async def work(tx: Transaction) -> LedgerTotals:
        (done,), mismatched = await tx.all(_DELIVERED), await tx.all(_MISMATCHED)
        (members,), (budget,) = await tx.all(_MEMBERS), await tx.all(_BUDGET, budget_of(guild_id))
        return LedgerTotals(
            videos=int(done["videos"]),
            credits=int(done["credits"]),
            cost=int(done["cost"]),
            members=Amounts(held=int(members["held"]), settled=int(members["settled"])),
            budget=Amounts(held=int(budget["held"]), settled=int(budget["settled"])),
            mismatched=tuple((row["owner"], row["period"]) for row in mismatched),
        )

    return await database.transact(work, snapshot=True)


async def read_accounts(database: Database) -> list[Account]:
    """Read every account, of members, guilds and budgets; seldom: there is one for each of them in each period.

    Raises:
        StoreUnavailable: the database refuses.
    """

    async def work(tx: Transaction) -> list[Account]:
        return [Account.from_row(row) for row in await tx.all(_ACCOUNTS)]

    return await database.transact(work, snapshot=True)
