"""What is read as of one moment fits together, whatever others write meanwhile."""

import asyncio
from collections import Counter
from secrets import token_hex

from bot.domain import JobStatus, Kind
from bot.store.money.ledger_totals import read_ledger_totals
from bot.store.money.statements import StatementStore
from bot.store.privacy.export import PrivacyStore
from tests.store.conftest import Store

LOOKS = 20


async def busy(store: Store, user_id: int, reading: asyncio.Event) -> None:
    """Ask for videos and take them back, for as long as somebody reads."""
    while not reading.is_set():
        job = store.job(user_id=user_id, id=token_hex(8), idempotency_key=token_hex(8))
        await store.accept(job)
        await store.jobs.cancel(job.id, user_id=user_id, now=store.now)


async def test_totals_statements_and_exports_fit_together_while_jobs_come_and_go(stores: list[Store]) -> None:
    first, *others = stores
    read = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for user_id, store in enumerate(others, start=1):
            group.create_task(busy(store, user_id, read))
        for _ in range(LOOKS):
            await look(first)
        read.set()


async def look(store: Store) -> None:
    """Each job's price is 5 credits and 420,000 millionths of a USD: whatever holds the ones holds the others."""
    totals = await read_ledger_totals(store.database)
    assert totals.mismatched == ()
    assert totals.members.held * 420_000 == totals.budget.held * 5
    held = await PrivacyStore(store.database).held(1)
    lines = Counter(line["job_id"] for line in held["ledger"] if line["owner"].startswith("user:"))
    assert lines == {job["id"]: 2 if job["status"] == JobStatus.CANCELLED else 1 for job in held["jobs"]}
    for entry in await StatementStore(store.database).latest(user_id=1, guild_id=7, most=5):
        assert entry.job is not None
        assert entry.kind is Kind.HOLD or entry.job.status is JobStatus.CANCELLED
