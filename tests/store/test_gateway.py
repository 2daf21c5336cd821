"""What gateway processes settle among themselves: turns to begin a session, and who sends the commands."""

import asyncio
from datetime import timedelta

from bot.store.gateway import GatewayStore, Sending
from tests.store.conftest import Store

PAUSE, PATIENCE = timedelta(seconds=5), timedelta(seconds=12)


async def turns(store: Store, bucket: int, *, number: int) -> list[float | None]:
    """In how many seconds so many sessions may begin that ask at the same time."""
    gateways = GatewayStore(store.database)
    took = await asyncio.gather(
        *(gateways.take_turn(bucket, now=store.now, pause=PAUSE, patience=PATIENCE) for _ in range(number))
    )
    return sorted(
        (None if at is None else (at - store.now).total_seconds() for at in took), key=lambda each: (each is None, each)
    )


async def test_sessions_of_one_bucket_get_a_turn_each(store: Store) -> None:
    assert await turns(store, 0, number=3) == [0, 5, 10]
    assert await turns(store, 1, number=1) == [0]


async def test_a_turn_that_is_too_far_away_is_not_taken(store: Store) -> None:
    assert await turns(store, 0, number=5) == [0, 5, 10, None, None]
    store.later(5)
    assert await turns(store, 0, number=1) == [10]


async def test_a_bucket_that_has_rested_is_free_at_once(store: Store) -> None:
    await turns(store, 0, number=1)
    store.later(60)
    assert await turns(store, 0, number=1) == [0]


async def begin(store: Store, guild_id: int, digest: str, *, again: bool = False) -> Sending:
    return await GatewayStore(store.database).begin_sending(
        guild_id, digest, again=again, now=store.now, until=store.now + timedelta(seconds=30)
    )


async def test_of_many_that_start_one_sends_the_commands(store: Store) -> None:
    found = await asyncio.gather(*(begin(store, 0, "new") for _ in range(4)))
    assert sorted(each.name for each in found) == ["OURS", "THEIRS", "THEIRS", "THEIRS"]
    await GatewayStore(store.database).end_sending(0, digest="new")
    assert await begin(store, 0, "new") is Sending.DONE
    assert await begin(store, 7, "new") is Sending.OURS
    assert await begin(store, 0, "newer") is Sending.OURS


async def test_who_sends_and_is_gone_is_followed_by_another(store: Store) -> None:
    assert await begin(store, 0, "new") is Sending.OURS
    store.later(29)
    assert await begin(store, 0, "new") is Sending.THEIRS
    store.later(1)
    assert await begin(store, 0, "new") is Sending.OURS


async def test_what_is_missing_is_sent_again(store: Store) -> None:
    await begin(store, 0, "same")
    await GatewayStore(store.database).end_sending(0, digest="same")
    assert await begin(store, 0, "same", again=True) is Sending.OURS
    assert await begin(store, 0, "same", again=True) is Sending.THEIRS


async def test_what_could_not_be_sent_is_sent_next_time(store: Store) -> None:
    await begin(store, 0, "same")
    await GatewayStore(store.database).end_sending(0, digest="")
    assert await begin(store, 0, "same") is Sending.OURS
