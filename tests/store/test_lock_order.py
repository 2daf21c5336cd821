"""The order in which everything is locked, which the store of every test here watches over."""

from collections.abc import Sequence

import pytest

from bot.domain import Fund, Funding, Unit
from bot.domain.quota import budget_of
from bot.store import locks
from bot.store.database import Transaction
from tests.store.conftest import Store
from tests.store.lock_order import OutOfOrderError

ACCOUNT = "UPDATE accounts SET held = held WHERE owner = $1 AND period = $2"
JOB = "UPDATE jobs SET tries = tries WHERE id = $1"
CASE = "UPDATE cases SET state = state WHERE id = $1"
OUTBOX = "UPDATE outbox SET attempts = attempts WHERE kind = $1"


async def test_all_accounts_of_a_job_are_locked_in_one_order_with_the_bots_budget_last(store: Store) -> None:
    job = store.job()
    caps = (budget_of(None), budget_of(7), "guild:7")
    funding = Funding(
        sources=(Fund(owner=job.owner, period=job.period, allowance=60),),
        caps=tuple(Fund(owner=owner, period="2026-03", allowance=9_000_000, unit=Unit.USD) for owner in caps),
    )
    await store.jobs.accept(job, funding=funding, most=9, now=store.now)
    await store.jobs.cancel(job.id, user_id=1, now=store.now)


@pytest.mark.parametrize(
    "steps",
    [
        [(ACCOUNT, "a", ""), (JOB, "j")],
        [(CASE, "c"), (ACCOUNT, "a", "")],
        [(ACCOUNT, "b", ""), (ACCOUNT, "a", "")],
        [(ACCOUNT, budget_of(None), ""), (ACCOUNT, "z", "")],
        [(OUTBOX, "audit"), (ACCOUNT, "a", "")],
        [(JOB, "j"), (locks.FORGETTING,)],
        [(locks.MANY_JOBS,), (locks.FORGETTING,)],
        [(locks.stars_of("j"),), (locks.requests_of(1),)],
    ],
)
async def test_who_locks_in_another_order_is_refused(store: Store, steps: Sequence[tuple[str, ...]]) -> None:
    async def work(tx: Transaction) -> None:
        for what, *values in steps:
            await (tx.execute(what, *values) if what.startswith("UPDATE") else tx.alone(what))

    with pytest.raises(OutOfOrderError):
        await store.database.transact(work)


async def test_who_changes_several_jobs_takes_their_lock_first(store: Store) -> None:
    for _ in range(2):
        await store.accept()
    every = "UPDATE jobs SET tries = tries"
    with pytest.raises(OutOfOrderError):
        await store.database.transact(lambda tx: tx.execute(every))
