"""Commits in doubt: kept, though nobody could say so. The same again does nothing twice, and says what has become."""

import pytest

from bot.domain import JobStatus, OutboxKind
from bot.errors import CaseDecided, CommitUnknown, TooLateToCancel, TransitionLost
from bot.store.jobs.jobs import JobStore
from bot.store.jobs.review_decisions import ReviewDecisionStore
from bot.store.member.presets import PresetStore
from bot.store.outbox import OutboxStore
from tests.funding import plain
from tests.store.conftest import LEASE, Store
from tests.store.interrupted import InterruptedDatabase
from tests.store.jobs.test_review_decisions import entry, pending


@pytest.fixture
def doubtful(store: Store) -> InterruptedDatabase:
    """A database whose next transaction is kept, and nobody can say so."""
    return InterruptedDatabase(store.database, cut=0, error=CommitUnknown("the connection broke"))


async def test_a_request_in_doubt_is_the_same_one_again(store: Store, doubtful: InterruptedDatabase) -> None:
    wanted, jobs = store.job(), JobStore(doubtful)
    with pytest.raises(CommitUnknown):
        await jobs.accept(wanted, funding=plain(wanted, 9), most=1, now=store.now)
    again, new = await jobs.accept(wanted, funding=plain(wanted, 9), most=1, now=store.now)
    assert (again.id, new) == (wanted.id, False)
    assert await store.ledger(wanted.id) == [("hold", wanted.credits, wanted.usd_micros)]


async def test_a_cancel_in_doubt_releases_once(store: Store, doubtful: InterruptedDatabase) -> None:
    job, jobs = await store.accept(), JobStore(doubtful)
    with pytest.raises(CommitUnknown):
        await jobs.cancel(job.id, user_id=1, now=store.now)
    with pytest.raises(TooLateToCancel):
        await jobs.cancel(job.id, user_id=1, now=store.now)
    assert (await store.get(job.id)).status is JobStatus.CANCELLED
    await store.books_add_up()


async def test_an_end_in_doubt_settles_or_releases_once(store: Store, doubtful: InterruptedDatabase) -> None:
    delivered, failed = await store.succeeded(), await store.submitting(user_id=2)
    jobs = JobStore(doubtful)
    for _ in range(2):
        with pytest.raises((CommitUnknown, TransitionLost)):
            await jobs.delivered(delivered, channel_id=5, message_id=50, now=store.now)
    assert (await jobs.moved(delivered)).delivered_at == store.now
    doubtful.cut = 0
    for _ in range(2):
        with pytest.raises((CommitUnknown, TransitionLost)):
            await jobs.fail(failed, failure="content", code="", now=store.now)
    assert (await jobs.moved(failed)).status is JobStatus.FAILED
    await store.books_add_up()


async def test_a_preset_in_doubt_is_one_preset(store: Store, doubtful: InterruptedDatabase) -> None:
    presets = PresetStore(doubtful)

    async def save(id_: str) -> bool:
        return (await presets.save(id_, user_id=1, kind="video", name="fox", body={}, most=1, now=store.now))[1]

    with pytest.raises(CommitUnknown):
        await save("a")
    assert await save("b") is False
    assert [each.id for each in await presets.visible(user_id=1, guild_id=7, kind="video")] == ["a"]


async def test_a_decision_in_doubt_is_made_once(store: Store, doubtful: InterruptedDatabase) -> None:
    _, case = await pending(store)
    decisions = ReviewDecisionStore(doubtful)
    with pytest.raises(CommitUnknown):
        await decisions.deny(case, entry(store, "first"), reason="")
    with pytest.raises(CaseDecided) as again:
        await decisions.deny(case, entry(store, "second"), reason="")
    assert again.value.state == "denied"
    await store.books_add_up()


async def test_a_post_in_doubt_is_not_posted_again(store: Store, doubtful: InterruptedDatabase) -> None:
    job, outbox = await store.delivered(), OutboxStore(doubtful)
    doubtful.cut = None
    kind = OutboxKind.GALLERY
    await outbox.announce_once(kind, job.id, guild_id=7, channel_id=9, now=store.now)
    item = await outbox.claim_this(kind, job.id, now=store.now, until=store.now + LEASE)
    assert item is not None
    await outbox.begin_posting(item, channel_id=9, at=store.now)
    doubtful.cut = 0
    with pytest.raises(CommitUnknown):
        await outbox.posted(item, message_id=50, now=store.now)
    store.later(LEASE.total_seconds())
    assert await outbox.claim_this(kind, job.id, now=store.now, until=store.now + LEASE) is None
    kept = await outbox.item(kind, job.id)
    assert kept is not None
    assert (kept.message_id, kept.due_at) == (50, None)


async def test_a_job_in_doubt_that_somebody_else_has_claimed_since_is_theirs(store: Store) -> None:
    job = await store.submitting()
    await store.jobs.record_task(job, task_id="t", next_at=store.now, now=store.now)
    assert (await store.jobs.moved(job)).lease is None
    await store.claimed(job.id)
    with pytest.raises(TransitionLost):
        await store.jobs.moved(job)
