"""Moves money: the hold, settle and release of a job, in the transaction that moves the job; grants and gifts.

A request is paid by a member's own accounts (credits) and counted by the caps above it (a guild's credits, budgets in
USD). Invariants, for every account: held = Σ held, settled = Σ settled, and for granted credits allowance = Σ granted,
over its lines in the ledger. `docs/money.md` states them all.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final

from bot.domain import Account, Fund, Funding, Job, Price, Row, Unit, millis
from bot.domain.quota import budget_of
from bot.errors import StoreError
from bot.store.database import Transaction
from bot.store.money.budget_alerts import note_shares
from bot.values import dataclass, replace

_BOTS: Final = budget_of(None)
_COLUMNS: Final = (
    *("id", "job_id", "owner", "period", "unit", "kind"),
    *("held", "settled", "granted", "at", "actor_id", "note"),
)
_INSERT: Final = f"INSERT INTO ledger ({', '.join(_COLUMNS)}) VALUES "  # noqa: S608 (constants)
_ENDS: Final = frozenset({"settle", "release"})  # kinds of lines that end a hold: what they take was taken before


@dataclass(frozen=True, kw_only=True, slots=True)
class LedgerLine:
    """A line of the ledger, and what it changes in its account."""

    id: str
    owner: str
    period: str
    kind: str
    unit: Unit = Unit.CREDITS
    held: int = 0
    settled: int = 0
    granted: int = 0
    job_id: str | None = None
    actor_id: int | None = None
    note: str = ""

    @property
    def takes(self) -> int:
        """Say what has to be left in the account for this line."""
        return 0 if self.kind in _ENDS else self.held + self.settled - self.granted


async def hold(tx: Transaction, job: Job, *, funding: Funding, now: datetime) -> None:
    """Take the job's price out of the balances before the work, decided by the updates themselves.

    Raises:
        QuotaExceeded: the member's funding sources do not cover it together.
        GuildQuotaExceeded, BudgetExceeded: a cap has no room for it. Nothing is taken.
        StoreError: a price below nothing.
    """
    if min(job.credits, job.usd_micros) < 0:
        raise StoreError(f"the price of job {job.id} is below nothing")
    funding = replace(funding, sources=tuple(await existing(tx, funding.sources)))
    accounts = await lock(tx, (*funding.sources, *funding.caps))
    price = Price(credits=job.credits, usd_micros=job.usd_micros)
    for refusal in funding.shortfalls(price, [accounts[_key(fund)] for fund in (*funding.sources, *funding.caps)]):
        raise refusal
    lines = [_line(job, "hold", fund, held=share) for fund, share in _shares(job, funding, accounts)]
    await _enter_all(tx, lines, now=now)
    for line in lines:
        if line.unit is Unit.USD:
            account = accounts[line.owner, line.period]
            await note_shares(tx, replace(account, held=account.held + line.held), now=now)


async def settle(tx: Transaction, job: Job, *, now: datetime) -> None:
    """Turn the holds into charges: the video is the person's, or was given up by them while it was being made.

    Budgets are charged what the provider said it cost, else the estimate.
    """
    cost = job.usd_micros if job.cost_micros is None else job.cost_micros
    await _end(tx, job, "settle", lambda line: cost if line["unit"] == Unit.USD else line["held"], now=now)


async def release(tx: Transaction, job: Job, *, now: datetime, billed: bool = False) -> None:
    """Give the holds back: there is no result. Budgets keep what the provider charged all the same.

    `billed` is whether it will have charged, though it has not said how much.
    """
    cost = job.cost_micros if job.cost_micros is not None else job.usd_micros if billed else 0
    await _end(tx, job, "release", lambda line: cost if line["unit"] == Unit.USD else 0, now=now)


async def existing(tx: Transaction, funds: Sequence[Fund]) -> list[Fund]:
    """Find those of these funds that have something in them: an allowance, or what people have granted or given."""
    kept = await _kept(tx, [fund for fund in funds if fund.allowance is None])
    return [fund for fund in funds if fund.allowance is not None or _key(fund) in kept]


async def lock(tx: Transaction, funds: Iterable[Fund]) -> Mapping[tuple[str, str], Account]:
    """Lock the accounts of these funds under today's allowances, making those that are missing.

    They are locked for this transaction, always in `_order`, so that no two transactions wait for each other.
    """
    accounts = {}
    for fund in sorted(funds, key=lambda fund: _order(fund.owner, fund.period)):
        allowance = "accounts.allowance" if fund.allowance is None else "excluded.allowance"
        row = await tx.one(
            "INSERT INTO accounts (owner, period, allowance, unit) VALUES ($1, $2, $3, $4) "  # noqa: S608 (constants)
            f"ON CONFLICT (owner, period) DO UPDATE SET allowance = {allowance} RETURNING *",
            fund.owner,
            fund.period,
            fund.allowance or 0,
            str(fund.unit),
        )
        if row is None:
            raise StoreError(f"no account for {fund.owner}")
        accounts[_key(fund)] = Account.from_row(row)
    return accounts


async def read_account(tx: Transaction, fund: Fund) -> Account:
    """Read the account of a fund under today's allowance; an untouched one where there is no row yet."""
    row = await _row(tx, fund)
    if row is None:
        return Account(owner=fund.owner, period=fund.period, allowance=fund.allowance or 0, unit=fund.unit)
    account = Account.from_row(row)
    return account if fund.allowance is None else replace(account, allowance=fund.allowance)


async def enter(tx: Transaction, line: LedgerLine, *, now: datetime) -> bool:
    """Write a line and change its account by it, once; say whether it was new.

    Raises:
        StoreError: there is no such account, it would fall below nothing, or less is left in it than the line takes.
    """
    if await _write(tx, [line], now=now) == 0:
        return False
    await _change_account(tx, line)
    return True


async def _enter_all(tx: Transaction, lines: Sequence[LedgerLine], *, now: datetime) -> None:
    """Write the lines of one step of a job, and change their accounts one after the other.

    Raises:
        StoreError: as `enter`, or the job has taken this step before: its state and the ledger's indexes see to that.
    """
    if await _write(tx, lines, now=now) < len(lines):
        raise StoreError(f"the books do not add up: {lines[0].kind} of job {lines[0].job_id} twice")
    for line in lines:
        await _change_account(tx, line)


async def _write(tx: Transaction, lines: Sequence[LedgerLine], *, now: datetime) -> int:
    """Write those of these lines that are new; count them."""
    values = [
        value
        for line in lines
        for value in (
            *(line.id, line.job_id, line.owner, line.period, str(line.unit), line.kind),
            *(line.held, line.settled, line.granted, millis(now), line.actor_id, line.note),
        )
    ]
    return await tx.execute(
        f"{_INSERT}{_places(len(lines), columns=len(_COLUMNS))} ON CONFLICT (id) DO NOTHING",
        *values,
    )


def written(sql: str, values: Sequence[Any]) -> list[LedgerLine]:
    """Read back the lines that a statement with these values writes; none where it writes something else."""
    if not sql.startswith(_INSERT):
        return []
    rows = [values[begin : begin + len(_COLUMNS)] for begin in range(0, len(values), len(_COLUMNS))]
    return [_read_back(dict(zip(_COLUMNS, row, strict=True))) for row in rows]


def _read_back(row: Row) -> LedgerLine:
    plain = {name: row[name] for name in _COLUMNS if name not in {"at", "unit"}}
    return LedgerLine(**plain, unit=Unit(row["unit"]))


async def _change_account(tx: Transaction, line: LedgerLine) -> None:
    changed = await tx.execute(
        "UPDATE accounts SET held = held + $3, settled = settled + $4, allowance = allowance + $5 "
        "WHERE owner = $1 AND period = $2 AND held + $3 >= 0 AND settled + $4 >= 0 AND allowance + $5 >= 0 "
        "AND (allowance - held - settled >= $6 OR $6 <= 0)",
        *(line.owner, line.period, line.held, line.settled, line.granted, line.takes),
    )
    if changed != 1:
        raise StoreError(f"the books do not add up: {line.kind} of {line.owner} for {line.job_id or line.id}")


def _shares(job: Job, funding: Funding, accounts: Mapping[tuple[str, str], Account]) -> Iterator[tuple[Fund, int]]:
    """Split a price that is covered: each source pays what it has until nothing is missing, each cap counts it all."""
    missing = job.credits
    for fund in funding.sources:
        share = min(missing, accounts[_key(fund)].balance)
        if share > 0 or fund is funding.sources[0]:
            yield fund, share
        missing -= share
    for cap in funding.caps:
        yield cap, job.usd_micros if cap.unit is Unit.USD else job.credits


def _line(job: Job, kind: str, fund: Fund, *, held: int, settled: int = 0) -> LedgerLine:
    return LedgerLine(
        id=line_id(job.id, kind, owner=fund.owner, period=fund.period),
        job_id=job.id,
        owner=fund.owner,
        period=fund.period,
        unit=fund.unit,
        kind=kind,
        held=held,
        settled=settled,
    )


async def _end(tx: Transaction, job: Job, kind: str, spent: Callable[[Row], int], *, now: datetime) -> None:
    """End everything that the job holds, once, and count as settled what is `spent` of each hold.

    Raises:
        StoreError: it holds nothing, or what it held has ended.
    """
    holds = await tx.all("SELECT * FROM ledger WHERE job_id = $1 AND kind = 'hold'", job.id)
    if not holds:
        raise StoreError(f"the books do not add up: no hold for job {job.id}")
    # In the order in which accounts are locked; not by the database, which may order texts in another way.
    holds = sorted(holds, key=lambda row: _order(row["owner"], row["period"]))
    funds = [Fund(owner=row["owner"], period=row["period"], unit=Unit(row["unit"])) for row in holds]
    lines = [
        _line(job, kind, fund, held=-row["held"], settled=spent(row)) for fund, row in zip(funds, holds, strict=True)
    ]
    await _enter_all(tx, lines, now=now)
    for line in lines:
        if line.unit is Unit.USD and line.settled + line.held > 0:
            await _note_overrun(tx, line, now=now)


async def _note_overrun(tx: Transaction, line: LedgerLine, *, now: datetime) -> None:
    """Note the share of its budget that a video may reach which cost more than was held for it."""
    row = await tx.one("SELECT * FROM accounts WHERE owner = $1 AND period = $2", line.owner, line.period)
    if row is not None:
        await note_shares(tx, Account.from_row(row), now=now)


def line_id(cause: str, kind: str, *, owner: str, period: str) -> str:
    """Name what a cause (a job, an interaction) does to one account, so that it does it once."""
    return f"{cause}:{kind}:{owner}" + (f":{period}" if period else "")


async def _row(tx: Transaction, fund: Fund) -> Row | None:
    return await tx.one("SELECT * FROM accounts WHERE owner = $1 AND period = $2", fund.owner, fund.period)


async def _kept(tx: Transaction, funds: Sequence[Fund]) -> set[tuple[str, str]]:
    """Find the accounts of these funds that there are."""
    if not funds:
        return set()
    rows = await tx.all(
        f"SELECT owner, period FROM accounts WHERE (owner, period) IN (VALUES {_places(len(funds), columns=2)})",  # noqa: S608 (numbers)
        *(value for fund in funds for value in _key(fund)),
    )
    return {(row["owner"], row["period"]) for row in rows}


@cache
def _places(rows: int, *, columns: int) -> str:
    """Write the parameters of so many rows: `($1, $2), ($3, $4)`."""
    numbers = iter(range(1, rows * columns + 1))
    return ", ".join(f"({', '.join(f'${next(numbers)}' for _ in range(columns))})" for _ in range(rows))


def _key(fund: Fund) -> tuple[str, str]:
    return fund.owner, fund.period


def _order(owner: str, period: str) -> tuple[bool, str, str]:
    """Order accounts for locking: by name, and the bot's budget last, since every job of everybody waits for it."""
    return owner == _BOTS, owner, period
