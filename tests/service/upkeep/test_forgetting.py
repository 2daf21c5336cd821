"""What is forgotten in time: texts, files and guilds, on their day and never at a wrong date."""

import os

import pytest

from bot.domain import DeadLetter, JobStatus
from bot.service.jobs.files import UNTOUCHED
from bot.store.privacy.left_guilds import LeftGuildStore
from tests.service.services import Services
from tests.service.upkeep_services import DAY, UpkeepServices


@pytest.fixture
def upkeep_services(services: Services) -> UpkeepServices:
    return UpkeepServices(services)


async def test_texts_are_forgotten_on_their_day(upkeep_services: UpkeepServices) -> None:
    job = await upkeep_services.posted()
    await upkeep_services.retention.work()
    await upkeep_services.days(90)
    assert not (await upkeep_services.services.job(job)).request.forgotten
    await upkeep_services.days(1)
    assert (await upkeep_services.services.job(job)).request.forgotten


async def test_a_clock_that_leaps_forgets_nothing_until_it_goes_on(upkeep_services: UpkeepServices) -> None:
    job = await upkeep_services.posted()
    await upkeep_services.retention.work()
    upkeep_services.services.clock.tick(400 * DAY)
    await upkeep_services.retention.work()
    assert not (await upkeep_services.services.job(job)).request.forgotten
    await upkeep_services.days(1)
    assert (await upkeep_services.services.job(job)).request.forgotten


async def test_what_is_kept_for_ever_is(services: Services) -> None:
    upkeep_services = UpkeepServices(services, {"keep_prompts_days": 0, "keep_files_days": 0})
    posted, kept = await upkeep_services.posted(), await upkeep_services.kept()
    await upkeep_services.retention.work()
    for _ in range(20):
        services.clock.tick(30 * DAY)
        await upkeep_services.retention.work()
    assert not (await services.job(posted)).request.forgotten
    assert (await services.job(kept)).dead_letter is DeadLetter.UNDELIVERABLE
    assert services.file_names() == [f"{kept.id}.mp4"]


async def test_a_video_that_nobody_fetched_goes_and_is_charged(upkeep_services: UpkeepServices) -> None:
    kept = await upkeep_services.kept()
    await upkeep_services.retention.work()
    await upkeep_services.days(10)
    assert upkeep_services.services.file_names() == [f"{kept.id}.mp4"]
    await upkeep_services.days(1)
    assert upkeep_services.services.file_names() == []
    assert (await upkeep_services.services.job(kept)).failure == "expired"
    assert await upkeep_services.services.balance(kept) == (0, kept.credits)
    assert upkeep_services.services.woken


async def test_files_that_were_left_behind_are_removed_and_fresh_ones_are_not(upkeep_services: UpkeepServices) -> None:
    kept = await upkeep_services.kept()
    old, fresh, foreign = (upkeep_services.services.folder / name for name in ("aa.mp4", "bb.mp4", "notes.txt"))
    for file in (old, fresh, foreign, upkeep_services.services.folder / f"{kept.id}.mp4"):
        file.write_bytes(b"x")
    for file in (old, foreign, upkeep_services.services.folder / f"{kept.id}.mp4"):
        past = file.stat().st_mtime - UNTOUCHED.total_seconds() - 60
        os.utime(file, (past, past))
    await upkeep_services.services.files.tidy()
    assert upkeep_services.services.file_names() == sorted([f"{kept.id}.mp4", "bb.mp4", "notes.txt"])


async def test_a_guild_is_forgotten_after_its_grace_and_not_before(upkeep_services: UpkeepServices) -> None:
    await upkeep_services.posted()
    waiting = await upkeep_services.services.queued()
    await upkeep_services.left_guilds.joined(7)
    await upkeep_services.left_guilds.left(7)
    assert (await upkeep_services.services.job(waiting)).status is JobStatus.CANCELLED
    await upkeep_services.retention.work()
    await upkeep_services.days(30)
    assert [each.guild_id for each in await LeftGuildStore(upkeep_services.services.database).all_left()] == [7]
    await upkeep_services.days(1)
    assert await LeftGuildStore(upkeep_services.services.database).all_left() == []
    rows = await upkeep_services.services.database.transact(lambda tx: tx.all("SELECT owner FROM accounts"))
    assert not [row["owner"] for row in rows if row["owner"].startswith("user:")]


async def test_a_database_that_refuses_does_not_end_the_connection(upkeep_services: UpkeepServices) -> None:
    for tell in (
        upkeep_services.left_guilds.joined(7),
        upkeep_services.left_guilds.left(7),
        upkeep_services.left_guilds.compare([7]),
    ):
        upkeep_services.services.database.refusals = 1
        await tell
    await upkeep_services.left_guilds.compare([8])
    await upkeep_services.left_guilds.compare([])
    assert [each.guild_id for each in await LeftGuildStore(upkeep_services.services.database).all_left()] == [8]
