"""Of which troubles the operator was told: each is one process's to tell, and nobody's for an hour after that."""

import asyncio
from datetime import timedelta

from bot.store.told_troubles import ToldTroubleStore
from tests.store.conftest import Store

HOUR = timedelta(hours=1)


async def taken(store: Store, subject: str = "kirin", *, ahead: float = 0.0) -> bool:
    now = store.now + timedelta(seconds=ahead)
    return await ToldTroubleStore(store.database).take("key", subject, now=now, quiet=HOUR)


async def test_one_of_many_tells_and_nobody_does_within_the_hour(store: Store) -> None:
    assert sum(await asyncio.gather(*(taken(store) for _ in range(8)))) == 1
    store.later(3599)
    assert not await taken(store)
    store.later(1)
    assert sum(await asyncio.gather(*(taken(store) for _ in range(8)))) == 1
    assert await taken(store, "kling")


async def test_clocks_that_differ_a_little_tell_once(store: Store) -> None:
    assert await taken(store, ahead=5)
    assert not await taken(store)


async def test_what_could_not_be_told_is_told_soon(store: Store) -> None:
    assert await taken(store)
    await ToldTroubleStore(store.database).again("key", "kirin", at=store.now + timedelta(seconds=60))
    assert not await taken(store)
    store.later(60)
    assert await taken(store)


async def test_what_is_over_and_what_a_wrong_clock_wrote_is_forgotten(store: Store) -> None:
    assert await taken(store, "old")
    assert await taken(store, "tomorrow", ahead=86_400)
    store.later(3600)
    assert await taken(store, "new")
    assert [row["subject"] for row in await store.rows("SELECT subject FROM told_troubles ORDER BY subject")] == [
        "new",
        "tomorrow",
    ]
    assert await taken(store, "tomorrow"), "it would be quiet for longer than ever"
