"""Credits: the hold, settle and release of a job, each inside the transaction that moves the job.

Invariant, for every account: held = Σ hold - Σ settle - Σ release, settled = Σ settle.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.domain.quota import Account, renews_at
from bot.domain.row import millis
from bot.errors import QuotaExceeded, StoreError

if TYPE_CHECKING:
    from datetime import datetime

    from bot.domain.job import Job
    from bot.store.database import Transaction


async def hold(tx: Transaction, job: Job, *, allowance: int, now: datetime) -> None:
    """Take the job's credits out of the balance before the work, decided by the update itself.

    Raises:
        QuotaExceeded: the balance does not cover them; nothing is taken.
    """
    await tx.execute(
        "INSERT INTO accounts (owner, period, allowance) VALUES ($1, $2, $3) "
        "ON CONFLICT (owner, period) DO UPDATE SET allowance = excluded.allowance",
        job.owner,
        job.period,
        allowance,
    )
    held = await tx.execute(
        "UPDATE accounts SET held = held + $3 WHERE owner = $1 AND period = $2 AND allowance - held - settled >= $3",
        job.owner,
        job.period,
        job.credits,
    )
    if held != 1:
        account = await read_account(tx, owner=job.owner, period=job.period, allowance=allowance)
        raise QuotaExceeded(price=job.credits, balance=account.balance, allowance=allowance, renews_at=renews_at(now))
    await _enter(tx, job, kind="hold", usd_micros=job.usd_micros, now=now)


async def settle(tx: Transaction, job: Job, *, now: datetime) -> None:
    """Turn the hold into a charge: the result is the person's."""
    await _end_hold(tx, job, "UPDATE accounts SET held = held - $3, settled = settled + $3")
    cost = job.usd_micros if job.cost_micros is None else job.cost_micros
    await _enter(tx, job, kind="settle", usd_micros=cost, now=now)


async def release(tx: Transaction, job: Job, *, now: datetime) -> None:
    """Give the hold back: there is no result."""
    await _end_hold(tx, job, "UPDATE accounts SET held = held - $3")
    await _enter(tx, job, kind="release", usd_micros=job.cost_micros or 0, now=now)


async def read_account(tx: Transaction, *, owner: str, period: str, allowance: int) -> Account:
    """The account of a period under today's allowance; an untouched one where there is no row yet."""
    row = await tx.one("SELECT * FROM accounts WHERE owner = $1 AND period = $2", owner, period)
    account = Account.from_row(row) if row else Account(owner=owner, period=period, allowance=allowance)
    return replace(account, allowance=allowance)


async def _end_hold(tx: Transaction, job: Job, update: str) -> None:
    where = " WHERE owner = $1 AND period = $2 AND held >= $3"
    if await tx.execute(update + where, job.owner, job.period, job.credits) != 1:
        raise StoreError(f"the books do not add up: no hold of {job.credits} credits for job {job.id}")


async def _enter(tx: Transaction, job: Job, *, kind: str, usd_micros: int, now: datetime) -> None:
    await tx.execute(
        "INSERT INTO ledger (id, job_id, owner, period, kind, credits, usd_micros, at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        f"{job.id}:{kind}",
        job.id,
        job.owner,
        job.period,
        kind,
        job.credits,
        usd_micros,
        millis(now),
    )
