"""What the measures hear of the ledger: what was kept, once, in credits and in what budgets count."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from bot.domain import Fund, Funding, Unit
from bot.errors import QuotaExceeded
from bot.service.measures import Measures
from bot.wiring.database import OpenDatabase
from bot.wiring.measured import MeasuredDatabase
from tests.funding import plain
from tests.store.conftest import Opener, Store


class Noted(Measures):
    """Adds up what was booked since it was last asked."""

    def __init__(self) -> None:
        self.credits, self.micros = Counter[str](), Counter[str]()

    def booked(self, kind: str, *, credits_: int = 0, micros: int = 0) -> None:
        self.credits[kind] += credits_
        self.micros[kind] += micros

    def taken(self) -> dict[str, tuple[int, int]]:
        kinds = [*self.credits, *self.micros]
        found = {kind: (self.credits[kind], self.micros[kind]) for kind in kinds}
        self.credits.clear()
        self.micros.clear()
        return {kind: amounts for kind, amounts in found.items() if any(amounts)}


@pytest.fixture
def noted() -> Noted:
    return Noted()


@pytest.fixture
async def measured(open_database: Opener, tmp_path: Path, noted: Noted) -> AsyncIterator[Store]:
    async with open_database(tmp_path, migrated=True) as database:
        yield Store(MeasuredDatabase(cast("OpenDatabase", database), measures=noted))


async def test_a_delivered_video_was_held_and_then_settled_for_what_it_cost(measured: Store, noted: Noted) -> None:
    job = await measured.succeeded(cost_micros=300_000)
    assert noted.taken() == {"hold": (job.credits, job.usd_micros)}
    await measured.jobs.delivered(job, channel_id=5, message_id=50, now=measured.now)
    assert noted.taken() == {"settle": (job.credits, 300_000)}


async def test_what_was_charged_for_a_video_that_nobody_got_is_lost(measured: Store, noted: Noted) -> None:
    job = await measured.running()
    noted.taken()
    await measured.jobs.fail(job, failure="deadline", code="", now=measured.now, cost_micros=70_000)
    assert noted.taken() == {"release": (job.credits, job.usd_micros), "lost": (0, 70_000)}


async def test_neither_a_repeat_nor_a_refusal_books_anything(measured: Store, noted: Noted) -> None:
    job = await measured.accept()
    noted.taken()
    again = replace(measured.job(), idempotency_key=job.idempotency_key)
    assert (await measured.accept(again)).id == job.id
    with pytest.raises(QuotaExceeded):
        await measured.accept(allowance=job.credits)
    assert noted.taken() == {}


async def test_a_job_that_two_budgets_and_its_server_count_is_told_of_once(measured: Store, noted: Noted) -> None:
    job = measured.job()
    (bots,) = plain(job, 1).caps
    servers = Fund(owner="guild:7", period="2026-03", allowance=100, unit=Unit.CREDITS)
    funding = Funding(sources=plain(job, 100).sources, caps=(bots, replace(bots, owner="budget:guild:7"), servers))
    await measured.jobs.accept(job, funding=funding, most=10, now=measured.now)
    assert noted.taken() == {"hold": (job.credits, job.usd_micros)}
