"""What becomes of results: lineage, inbox, handing over, sharing, taking away; and that money moves once with it."""

from dataclasses import replace
from typing import Any

import pytest

from bot.domain import DeadLetter, Destination, Job, Remover
from bot.store.jobs.results import ResultStore
from tests.store.conftest import Store

PRIVATE = Destination(guild_id=7, channel_id=5, upload_limit=10_000_000, private=True)


@pytest.fixture
def results(store: Store) -> ResultStore:
    return ResultStore(store.database)


async def kept(store: Store, **changes: Any) -> Job:
    job = await store.succeeded(**changes)
    buried = await store.jobs.mark_dead_letter(job, reason=DeadLetter.UNDELIVERABLE, now=store.now)
    return await store.jobs.close(await store.claimed(buried.id))


async def test_ancestors_are_found_up_to_where_the_rows_end(store: Store, results: ResultStore) -> None:
    first = await store.accept(parent_id="forgotten")
    second = await store.accept(parent_id=first.id)
    third = await store.accept(parent_id=second.id)
    assert [job.id for job in await results.ancestors(third, most=5)] == [second.id, first.id]
    assert [job.id for job in await results.ancestors(third, most=1)] == [second.id]
    assert await results.ancestors(await store.accept(), most=5) == []


async def test_only_finished_videos_count_as_children(store: Store, results: ResultStore) -> None:
    parent = await store.delivered()
    await store.delivered(parent_id=parent.id)
    await store.accept(parent_id=parent.id)
    assert await results.children(parent.id) == 1


async def test_the_inbox_holds_what_waits_for_one_person_the_newest_first(store: Store, results: ResultStore) -> None:
    first, second = await kept(store), await kept(store)
    await store.delivered(destination=PRIVATE)
    await store.delivered()
    await kept(store, user_id=2)
    assert [job.id for job in await results.inbox(1, most=5)] == [second.id, first.id]
    assert [job.id for job in await results.inbox(1, most=1, skip=1)] == [first.id]
    await results.received(second.id, now=store.now)
    assert [job.id for job in await results.inbox(1, most=5)] == [first.id]


async def test_a_kept_video_is_settled_once_when_it_is_handed_over(store: Store, results: ResultStore) -> None:
    job = await kept(store)
    assert await results.received(job.id, now=store.later(5))
    assert not await results.received(job.id, now=store.later(5))
    assert await store.ledger(job.id) == [("hold", 5, 420_000), ("settle", 5, 300_000)]
    fetched = await store.get(job.id)
    assert fetched.delivered_at is not None
    assert (fetched.dead_letter, fetched.message_id) == (None, None)
    assert [each.id for each in await store.due()] == [job.id]  # to show it on the card
    await store.books_add_up()


@pytest.mark.parametrize("stage", ["queued", "running", "succeeded", "failed", "cancelled", "unknown", "delivered"])
async def test_only_a_kept_video_is_settled_by_hand(store: Store, results: ResultStore, stage: str) -> None:
    job = await store.at(stage)
    assert not await results.received(job.id, now=store.now)
    assert await store.get(job.id) == job
    await store.books_add_up()


async def test_a_worker_that_closes_the_card_meanwhile_finds_the_job_moved(store: Store, results: ResultStore) -> None:
    await store.undeliverable()
    (closing,) = await store.due()
    assert await results.received(closing.id, now=store.now)
    assert (await store.get(closing.id)).lease is None
    await store.books_add_up()


async def test_a_private_result_is_shared_once_and_the_first_intent_counts(store: Store, results: ResultStore) -> None:
    job = await store.delivered(destination=PRIVATE)
    first = await results.begin_sharing(job.id, user_id=1, at=store.now)
    again = await results.begin_sharing(job.id, user_id=1, at=store.later(60))
    assert first is not None
    assert again is not None
    assert first.sharing_at == again.sharing_at
    await results.shared(job.id, message_id=9, now=store.now)
    await results.shared(job.id, message_id=10, now=store.now)
    assert await results.begin_sharing(job.id, user_id=1, at=store.now) is None
    shared = await store.get(job.id)
    assert (shared.shared_message_id, shared.message_id) == (9, 50)
    assert await results.inbox(1, most=5) == []
    await store.books_add_up()


async def test_nobody_shares_what_is_not_theirs_or_not_there_yet(store: Store, results: ResultStore) -> None:
    job = await store.delivered(destination=PRIVATE)
    assert await results.begin_sharing(job.id, user_id=2, at=store.now) is None
    running = await store.running(destination=PRIVATE)
    assert await results.begin_sharing(running.id, user_id=1, at=store.now) is None
    assert {(await store.get(each.id)).sharing_at for each in (job, running)} == {None}


@pytest.mark.parametrize("private", [True, False])
async def test_sharing_settles_what_had_reached_nobody(store: Store, results: ResultStore, *, private: bool) -> None:
    job = await kept(store, destination=replace(PRIVATE, private=private))
    assert await results.begin_sharing(job.id, user_id=1, at=store.now) is not None
    await results.shared(job.id, message_id=9, now=store.now)
    shared = await store.get(job.id)
    assert shared.delivered_at == store.now
    assert (shared.message_channel_id, shared.message_id) == ((None, None) if private else (5, 9))
    await store.books_add_up()


async def test_taking_away_is_marked_with_the_first_time_and_the_last_word(store: Store, results: ResultStore) -> None:
    job = await store.delivered()
    first = store.now
    for by in (Remover.AUTHOR, Remover.MODERATOR, Remover.AUTHOR):
        await results.remove(job.id, by=by, now=store.now)
        store.later(60)
    gone = await store.get(job.id)
    assert (gone.removed_at, gone.removed_by) == (first, Remover.MODERATOR)
