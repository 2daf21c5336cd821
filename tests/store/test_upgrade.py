"""A database of before there were budgets and grants: its books stay right, and its open jobs can end."""

from dataclasses import replace

import pytest

from bot.domain import Fund, Job, JobStatus, millis
from bot.domain.eta import similarity_key
from bot.store.database import SchemaDatabase, Transaction
from bot.store.migrate import migrate, shipped
from tests.store.conftest import START, Store

OLD = 2  # the migrations that such a database has
KINDS = {"succeeded": ["hold"], "running": ["hold"], "queued": ["hold"], "failed": ["hold", "release"]}


async def put(tx: Transaction, job: Job, *, kinds: list[str]) -> None:
    """A job and its lines as they were written then."""
    place = job.destination
    await tx.execute(
        "INSERT INTO jobs (id, idempotency_key, user_id, locale, guild_id, channel_id, upload_limit, private, "
        "provider, request, eta_key, status, attempt, tries, owner, period, credits, usd_micros, "
        "created_at, deadline_at, due_at) "
        "VALUES ($1, $2, $3, 'en-US', $4, $5, $6, 0, $7, $8, $9, $10, 1, 0, $11, $12, $13, $14, $15, $16, $15)",
        *(job.id, job.idempotency_key, job.user_id, place.guild_id, place.channel_id, place.upload_limit),
        *(job.provider, job.request.model_dump_json(), similarity_key(job.request), str(job.status)),
        *(job.owner, job.period, job.credits, job.usd_micros, millis(job.created_at), millis(job.deadline_at)),
    )
    for kind in kinds:
        await tx.execute(
            "INSERT INTO ledger (id, job_id, owner, period, kind, credits, usd_micros, at) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            *(f"{job.id}:{kind}", job.id, job.owner, job.period, kind, job.credits, job.usd_micros),
            millis(job.created_at),
        )


@pytest.fixture
async def upgraded(database: SchemaDatabase) -> Store:
    """A job in each state, held by one account, brought up to date."""
    await migrate(database, now=START, migrations=[each for each in shipped() if each.version <= OLD])
    store = Store(database)
    jobs = [store.job(id=status, status=JobStatus(status)) for status in KINDS]

    async def fill(tx: Transaction) -> None:
        for job in jobs:
            await put(tx, job, kinds=KINDS[job.id])
        held = sum(job.credits for job in jobs if len(KINDS[job.id]) == 1)
        values = (jobs[0].owner, jobs[0].period, 60, held, 7)
        await tx.execute(
            "INSERT INTO accounts (owner, period, allowance, held, settled) VALUES ($1, $2, $3, $4, $5)", *values
        )
        await put(tx, replace(jobs[0], id="old", idempotency_key="old", credits=7), kinds=["hold", "settle"])
        await tx.execute("UPDATE jobs SET status = 'succeeded', delivered_at = created_at WHERE id = 'old'")

    await database.transact(fill)
    await migrate(database, now=START)
    return store


async def test_the_books_of_an_old_database_add_up_in_the_new_columns(upgraded: Store) -> None:
    await upgraded.books_add_up()
    account = (await upgraded.rows("SELECT * FROM accounts"))[0]
    assert (account["held"], account["settled"], account["allowance"], account["unit"]) == (15, 7, 60, "credits")


async def test_the_open_jobs_of_an_old_database_end_as_new_ones_do(upgraded: Store) -> None:
    store = upgraded
    await store.jobs.delivered(await store.get("succeeded"), channel_id=1, message_id=2, now=store.now)
    await store.jobs.fail(await store.get("running"), failure="deadline", code="", now=store.now, billed=True)
    await store.jobs.cancel("queued", user_id=1, now=store.now)
    await store.books_add_up()
    job = await store.get("old")
    account = await store.lookup.account(Fund(owner=job.owner, period=job.period, allowance=60))
    assert (account.held, account.settled) == (0, 12)


async def test_new_requests_draw_on_what_an_old_account_has_left(upgraded: Store) -> None:
    store = upgraded
    await store.accept(credits=38, allowance=60)
    await store.books_add_up()
