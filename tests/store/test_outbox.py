"""The outbox: announced once, claimed by one, done with once, and due again whenever it is announced anew."""

from datetime import timedelta
from typing import Final

import pytest

from bot.domain import AuditEntry, Case, CaseKind, Destination, OutboxItem, OutboxKind, Remover
from bot.domain.sharing import bucket_of
from bot.store.jobs.results import ResultStore
from bot.store.member.feedback import FeedbackStore
from bot.store.money.grants import GrantStore
from bot.store.outbox import OutboxStore, announce
from tests.store.conftest import Store

LEASE = timedelta(seconds=60)


async def claim(store: Store) -> OutboxItem | None:
    return await OutboxStore(store.database).claim(now=store.now, until=store.now + LEASE)


async def claimed(store: Store) -> OutboxItem:
    item = await claim(store)
    assert item is not None
    return item


async def announced(store: Store, subject_id: str = "a", *, kind: OutboxKind = OutboxKind.CASE) -> None:
    await store.database.transact(lambda tx: announce(tx, kind, subject_id, now=store.now, guild_id=7))


async def meant(store: Store, job_id: str, *, channel_id: int = 9) -> bool:
    return await OutboxStore(store.database).announce_once(
        OutboxKind.GALLERY, job_id, guild_id=7, channel_id=channel_id, now=store.now
    )


async def test_an_item_is_claimed_by_one_until_its_claim_runs_out(store: Store) -> None:
    outbox = OutboxStore(store.database)
    assert await claim(store) is None
    assert await outbox.next_due() is None
    await announced(store)
    assert await outbox.next_due() == store.now
    item = await claimed(store)
    assert (item.kind, item.subject_id, item.guild_id, item.attempts) == (OutboxKind.CASE, "a", 7, 1)
    assert await claim(store) is None
    assert await outbox.claim_this(OutboxKind.CASE, "a", now=store.now, until=store.now + LEASE) is None
    assert await outbox.next_due() == store.now + LEASE
    store.later(60)
    again = await outbox.claim_this(OutboxKind.CASE, "a", now=store.now, until=store.now + LEASE)
    assert again is not None
    assert again.attempts == 2


async def test_what_a_dead_process_had_claimed_is_anybodys_at_start_and_knows_of_its_post(store: Store) -> None:
    outbox = OutboxStore(store.database)
    await announced(store)
    began = store.later(1)
    assert await outbox.begin_posting(await claimed(store), channel_id=9, at=began)
    await outbox.recover()
    item = await claimed(store)
    assert await outbox.begin_posting(item, channel_id=9, at=store.later(1))
    store.later(60)
    item = await claimed(store)
    assert (item.channel_id, item.posting_at, item.attempts) == (9, began, 3)
    moved = store.later(1)
    assert await outbox.begin_posting(item, channel_id=10, at=moved)
    found = await outbox.item(OutboxKind.CASE, "a")
    assert found is not None
    assert (found.channel_id, found.posting_at) == (10, moved)


async def test_an_item_whose_message_is_there_rests_until_it_is_announced_anew(store: Store) -> None:
    outbox = OutboxStore(store.database)
    await announced(store)
    assert await outbox.posted(await claimed(store), message_id=50, now=store.now)
    store.later(3600)
    assert await claim(store) is None
    await announced(store)
    again = await claimed(store)
    assert (again.message_id, again.attempts) == (50, 1)


@pytest.mark.parametrize("end", ["posted", "drop", "retry", "give_up"])
async def test_what_is_announced_while_somebody_is_at_it_is_done_once_more(store: Store, end: str) -> None:
    outbox = OutboxStore(store.database)
    await announced(store)
    item = await claimed(store)
    await announced(store)
    assert await claim(store) is None
    if end == "posted":
        await outbox.posted(item, message_id=50, now=store.now)
    elif end == "drop":
        await outbox.drop(item)
    elif end == "retry":
        await outbox.retry(item, due_at=store.now + LEASE)
    else:
        await outbox.give_up(item, reason="x")
    again = await claimed(store)
    assert (again.attempts, again.message_id) == (1, 50 if end == "posted" else None)


@pytest.mark.parametrize("end", ["posted", "retry"])
async def test_who_has_lost_a_claim_leaves_it_to_whoever_has_it_now(store: Store, end: str) -> None:
    outbox = OutboxStore(store.database)
    await announced(store)
    first = await claimed(store)
    store.later(LEASE.total_seconds())
    second = await claimed(store)
    if end == "posted":
        await outbox.posted(first, message_id=50, now=store.now)
    else:
        await outbox.retry(first, due_at=store.now)
    assert await claim(store) is None
    await outbox.posted(second, message_id=50, now=store.now)
    store.later(3600)
    assert await claim(store) is None


async def test_a_failed_item_waits_and_a_given_up_one_says_why(store: Store) -> None:
    outbox = OutboxStore(store.database)
    await announced(store)
    await outbox.retry(await claimed(store), due_at=store.now + LEASE)
    assert await claim(store) is None
    store.later(60)
    await outbox.give_up(await claimed(store), reason="discord_10003")
    store.later(3600)
    assert await claim(store) is None
    left = await outbox.item(OutboxKind.CASE, "a")
    assert left is not None
    assert left.given_up == "discord_10003"
    await announced(store)
    assert (await claimed(store)).given_up is None


async def test_what_is_meant_once_is_not_meant_again_while_it_is_under_way_or_there(store: Store) -> None:
    outbox, job = OutboxStore(store.database), await store.delivered()
    assert [await meant(store, job.id) for _ in range(2)] == [True, False]
    await outbox.give_up(await claimed(store), reason="x")
    assert await meant(store, job.id, channel_id=10)
    item = await claimed(store)
    assert (item.channel_id, item.attempts, item.given_up) == (10, 1, None)
    await outbox.posted(item, message_id=900, now=store.now)
    assert not await meant(store, job.id)


async def test_what_is_posted_of_a_deleted_video_has_to_go(store: Store) -> None:
    job = await store.delivered()
    await meant(store, job.id)
    item = await claimed(store)
    await ResultStore(store.database).remove(job.id, by=Remover.AUTHOR, now=store.now)
    removal = await claimed(store)
    assert removal.kind is OutboxKind.REMOVAL
    await OutboxStore(store.database).posted(item, message_id=900, now=store.now)
    await OutboxStore(store.database).drop(removal)
    assert (await claimed(store)).kind is OutboxKind.REMOVAL


async def test_what_is_posted_of_a_forgotten_video_is_noticed(store: Store) -> None:
    job = await store.delivered()
    await meant(store, job.id)
    item = await claimed(store)
    await store.rows("DELETE FROM jobs WHERE id = $1 RETURNING 1", job.id)
    outbox = OutboxStore(store.database)
    assert not await outbox.begin_posting(item, channel_id=9, at=store.now)
    assert not await outbox.posted(item, message_id=900, now=store.now)


async def test_a_guilds_audit_is_told_in_its_order_and_no_other_waits_for_it(store: Store) -> None:
    outbox = OutboxStore(store.database)
    for name in ("first", "second"):
        await announced(store, name, kind=OutboxKind.AUDIT)
        store.later(1)
    await store.database.transact(lambda tx: announce(tx, OutboxKind.AUDIT, "elsewhere", now=store.now, guild_id=8))
    first, elsewhere = await claimed(store), await claimed(store)
    assert (first.subject_id, elsewhere.subject_id) == ("first", "elsewhere")
    await outbox.drop(elsewhere)
    await outbox.retry(first, due_at=store.now + LEASE)
    assert await claim(store) is None
    assert await outbox.next_due() == store.now + LEASE
    store.later(60)
    again = await claimed(store)
    assert (again.subject_id, await claim(store)) == ("first", None)
    await outbox.drop(again)
    assert (await claimed(store)).subject_id == "second"


async def test_what_another_process_has_taken_over_is_its_alone(store: Store) -> None:
    stopped, other = (OutboxStore(store.database, me=name * 16) for name in "ab")
    await announced(store)
    item = await stopped.claim(now=store.now, until=store.now + LEASE)
    assert item is not None
    await other.recover(living=["b" * 16])
    taken_over = await other.claim(now=store.now, until=store.now + LEASE)
    assert taken_over is not None
    assert not await stopped.begin_posting(item, channel_id=9, at=store.now)
    await stopped.retry(item, due_at=store.now)
    assert await stopped.claim(now=store.now, until=store.now + LEASE) is None
    await stopped.posted(item, message_id=5, now=store.now)
    assert await stopped.claim(now=store.now, until=store.now + LEASE) is None
    assert await other.begin_posting(taken_over, channel_id=9, at=store.now)


async def test_what_a_living_process_has_claimed_is_left_to_it_at_start(store: Store) -> None:
    living = OutboxStore(store.database, me="a" * 16)
    await announced(store)
    item = await living.claim(now=store.now, until=store.now + LEASE)
    assert item is not None
    await OutboxStore(store.database, me="b" * 16).recover(living=["a" * 16, "b" * 16])
    assert await claim(store) is None
    assert await living.begin_posting(item, channel_id=9, at=store.now)


PLACE: Final = 1_100_000_000_000_000_000 + 5 * 4_194_304
PERSON: Final = PLACE + 4_194_304
SERVER: Final = PERSON + 4_194_304


async def test_an_item_is_claimed_by_whoever_has_its_channel(store: Store) -> None:
    outbox = OutboxStore(store.database)
    await store.database.transact(
        lambda tx: announce(tx, OutboxKind.CASE, "a", now=store.now, guild_id=SERVER, place_id=PLACE)
    )
    mine, anothers = 1 << bucket_of(PLACE), 1 << bucket_of(SERVER)
    assert await outbox.claim(now=store.now, until=store.now + LEASE, share=anothers) is None
    assert await outbox.next_due(share=anothers) is None
    assert await outbox.next_due(share=mine) == store.now
    item = await outbox.claim(now=store.now, until=store.now + LEASE, share=mine)
    assert item is not None
    assert item.bucket == bucket_of(PLACE)


async def test_each_kind_goes_by_its_channel_its_person_its_server_or_else_is_the_operators(store: Store) -> None:
    job = await store.delivered(destination=Destination(guild_id=SERVER, channel_id=PLACE, upload_limit=1))
    case = Case(
        id="c",
        kind=CaseKind.MORE,
        guild_id=SERVER,
        channel_id=PLACE,
        user_id=PERSON,
        created_at=store.now,
        body={"credits": 5},
    )
    entry = AuditEntry(id="e", guild_id=SERVER, actor_id=1, action="more_denied", at=store.now)
    grants = GrantStore(store.database)
    await grants.ask_for_more(case, stale=store.now)
    await grants.decide(case, entry, given=0)
    await meant(store, job.id, channel_id=PLACE)
    await ResultStore(store.database).remove(job.id, by=Remover.AUTHOR, now=store.now)
    await FeedbackStore(store.database).keep(
        "good", key="f", user_id=PERSON, guild_id=SERVER, now=store.now, most=5, since=store.now
    )
    rows = await store.rows("SELECT kind, bucket FROM outbox ORDER BY kind")
    places = {"audit": SERVER, "case": PLACE, "decision": PERSON, "feedback": 0, "gallery": PLACE, "removal": PLACE}
    assert {row["kind"]: row["bucket"] for row in rows} == {kind: bucket_of(place) for kind, place in places.items()}
