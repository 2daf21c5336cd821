"""What the attempts of one job cost together, however the last of them ends."""

import pytest

from bot.domain import AuditEntry, DeadLetter
from bot.store.jobs.dead_letters import DeadLetterStore
from bot.store.jobs.transitions import give_up
from tests.store.conftest import Store


@pytest.mark.parametrize("end", ["fails", "is given up", "is written off"])
@pytest.mark.parametrize(("billed", "kept"), [(True, 510_000), (False, 90_000)])
async def test_what_earlier_attempts_were_charged_does_not_pass_for_the_cost_of_the_last(
    store: Store, end: str, *, billed: bool, kept: int
) -> None:
    first = await store.running()
    await store.jobs.requeue(first, attempt=2, next_at=store.now, cost_micros=90_000)
    job = await store.waiting()
    assert job is not None
    match end:
        case "fails":
            await store.jobs.fail(job, failure="deadline", code="", now=store.now, billed=billed)
        case "is given up":
            kept = 510_000  # a provider may have made it
            await store.database.transact(lambda tx: give_up(tx, job, failure="left", now=store.now))
        case _:
            await store.jobs.mark_dead_letter(job, reason=DeadLetter.OUTCOME_UNKNOWN, now=store.now)
            entry = AuditEntry(id="i-1", guild_id=7, actor_id=99, action="job_free", at=store.now)
            await DeadLetterStore(store.database).write_off(entry, job.id, billed=billed)
    ending = "settle" if end == "is given up" else "release"
    assert await store.ledger(job.id) == [("hold", 5, 420_000), (ending, 5, kept)]
    await store.books_add_up()
