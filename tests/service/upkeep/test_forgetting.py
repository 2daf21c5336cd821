"""What is forgotten in time: texts, files and guilds, on their day and never at a wrong date."""

import os
from datetime import timedelta

import pytest

from bot.domain.job import DeadLetter, JobStatus
from bot.service.upkeep.privacy import Keeping
from bot.service.upkeep.retention import UNTOUCHED
from bot.store.privacy.left_guilds import DepartureStore
from tests.service.house import House
from tests.service.keeper import DAY, Keeper


@pytest.fixture
def keeper(house: House) -> Keeper:
    return Keeper(house)


async def test_texts_are_forgotten_on_their_day(keeper: Keeper) -> None:
    job = await keeper.posted()
    await keeper.retention.work()
    await keeper.days(90)
    assert not (await keeper.house.job(job)).request.forgotten
    await keeper.days(1)
    assert (await keeper.house.job(job)).request.forgotten


async def test_a_clock_that_leaps_forgets_nothing_until_it_goes_on(keeper: Keeper) -> None:
    job = await keeper.posted()
    await keeper.retention.work()
    keeper.house.clock.tick(400 * DAY)
    await keeper.retention.work()
    assert not (await keeper.house.job(job)).request.forgotten
    await keeper.days(1)
    assert (await keeper.house.job(job)).request.forgotten


async def test_what_is_kept_for_ever_is(house: House) -> None:
    keeper = Keeper(house, keeping=Keeping(texts=None, files=None, guilds=timedelta(days=30)))
    posted, kept = await keeper.posted(), await keeper.kept()
    await keeper.retention.work()
    for _ in range(20):
        house.clock.tick(30 * DAY)
        await keeper.retention.work()
    assert not (await house.job(posted)).request.forgotten
    assert (await house.job(kept)).dead_letter is DeadLetter.UNDELIVERABLE
    assert house.files() == [f"{kept.id}.mp4"]


async def test_a_video_that_nobody_fetched_goes_and_is_charged(keeper: Keeper) -> None:
    kept = await keeper.kept()
    await keeper.retention.work()
    await keeper.days(10)
    assert keeper.house.files() == [f"{kept.id}.mp4"]
    await keeper.days(1)
    assert keeper.house.files() == []
    assert (await keeper.house.job(kept)).failure == "expired"
    assert await keeper.house.balance(kept) == (0, kept.credits)
    assert keeper.house.woken == 1


async def test_files_that_were_left_behind_are_tidied_and_fresh_ones_are_not(keeper: Keeper) -> None:
    kept = await keeper.kept()
    old, fresh, foreign = (keeper.house.folder / name for name in ("aa.mp4", "bb.mp4", "notes.txt"))
    for file in (old, fresh, foreign, keeper.house.folder / f"{kept.id}.mp4"):
        file.write_bytes(b"x")
    for file in (old, foreign, keeper.house.folder / f"{kept.id}.mp4"):
        past = file.stat().st_mtime - UNTOUCHED.total_seconds() - 60
        os.utime(file, (past, past))
    await keeper.retention.work()
    await keeper.days(1)
    assert keeper.house.files() == sorted([f"{kept.id}.mp4", "bb.mp4", "notes.txt"])


async def test_a_guild_is_forgotten_after_its_grace_and_not_before(keeper: Keeper) -> None:
    await keeper.posted()
    waiting = await keeper.house.queued()
    await keeper.departures.joined(7)
    await keeper.departures.left(7)
    assert (await keeper.house.job(waiting)).status is JobStatus.CANCELLED
    await keeper.retention.work()
    await keeper.days(30)
    assert [each.guild_id for each in await DepartureStore(keeper.house.database).gone()] == [7]
    await keeper.days(1)
    assert await DepartureStore(keeper.house.database).gone() == []
    rows = await keeper.house.database.transact(lambda tx: tx.all("SELECT owner FROM accounts"))
    assert not [row["owner"] for row in rows if row["owner"].startswith("user:")]


async def test_a_database_that_refuses_does_not_end_the_connection(keeper: Keeper) -> None:
    for tell in (keeper.departures.joined(7), keeper.departures.left(7), keeper.departures.compare([7])):
        keeper.house.database.refusals = 1
        await tell
    await keeper.departures.compare([8])
    await keeper.departures.compare([])
    assert [each.guild_id for each in await DepartureStore(keeper.house.database).gone()] == [8]
