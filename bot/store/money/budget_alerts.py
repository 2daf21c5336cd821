"""Notes which share of a month's budget is used, once for each ceiling, and announces it."""

from datetime import datetime
from typing import Final, Self

from bot.domain import UNLIMITED, Account, OutboxKind, Row, from_millis, millis
from bot.errors import BudgetExceeded
from bot.store.database import Store, Transaction, transaction
from bot.store.outbox import announce
from bot.values import dataclass

SHARES: Final = (50, 80, 100)  # percent of a budget at which somebody is told


@dataclass(frozen=True, kw_only=True, slots=True)
class BudgetAlert:
    """A budget of which a share (percent) is used. `used` and `ceiling` are in millionths of a USD."""

    owner: str
    period: str
    ceiling: int
    percent: int
    used: int
    at: datetime

    @property
    def id(self) -> str:
        """Compute the same id for the same alert, whoever finds it."""
        return f"{self.owner}:{self.period}:{self.ceiling}:{self.percent}"

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """Read the alert of a database row."""
        plain = {name: row[name] for name in cls.__dataclass_fields__ if name != "at"}
        return cls(**plain, at=from_millis(row["at"]))


async def note_shares(tx: Transaction, account: Account, *, now: datetime) -> None:
    """Note which shares of a budget are reached; of a raised ceiling they are other shares, and noted anew.

    The highest first: so does a refusal, which may come at the same time.
    """
    if account.allowance >= UNLIMITED:
        return
    used = account.held + account.settled
    for percent in reversed(SHARES):
        if used * 100 >= account.allowance * percent:
            await note_share(tx, account.owner, account.period, percent, used=used, ceiling=account.allowance, now=now)


async def note_share(
    tx: Transaction, owner: str, period: str, percent: int, *, used: int, ceiling: int, now: datetime
) -> None:
    """Note one share, once, and have whoever pays told of it, unless a higher one is noted."""
    new = await tx.execute(
        "INSERT INTO budget_alerts (owner, period, ceiling, percent, used, at) VALUES ($1, $2, $3, $4, $5, $6) "
        "ON CONFLICT (owner, period, ceiling, percent) DO NOTHING",
        *(owner, period, ceiling, percent, used, millis(now)),
    )
    higher = "SELECT 1 FROM budget_alerts WHERE owner = $1 AND period = $2 AND ceiling = $3 AND percent > $4"
    if new and await tx.one(higher, owner, period, ceiling, percent) is None:
        await announce(tx, OutboxKind.BUDGET, f"{owner}:{period}:{ceiling}", now=now)


async def note_refusal(tx: Transaction, refusal: BudgetExceeded, *, now: datetime) -> None:
    """Note that a request did not fit: the budget counts as used up, though a part of it may be left."""
    used, ceiling = refusal.used, refusal.ceiling
    await note_share(tx, refusal.owner, refusal.period, 100, used=used, ceiling=ceiling, now=now)


class BudgetStore(Store):
    """Keeps the alerts of one database. Every method is one transaction and may raise `StoreUnavailable`."""

    @transaction
    async def note_refusal(self, tx: Transaction, refusal: BudgetExceeded, *, now: datetime) -> None:
        """See `note_refusal`."""
        await note_refusal(tx, refusal, now=now)

    @transaction
    async def highest(self, tx: Transaction, subject_id: str) -> BudgetAlert | None:
        """Read the highest share that is noted of a budget, by its name in the outbox: owner, period and ceiling."""
        owner, period, ceiling = subject_id.rsplit(":", 2)
        row = await tx.one(
            "SELECT * FROM budget_alerts WHERE owner = $1 AND period = $2 AND ceiling = $3 "
            "ORDER BY percent DESC LIMIT 1",
            *(owner, period, int(ceiling)),
        )
        return BudgetAlert.from_row(row) if row else None
