"""Deletion and export: whatever Discord and the database do, it is done in the end, once."""

import asyncio
import io
import json
import zipfile

import pytest

from bot.domain.job import JobStatus
from bot.errors import (
    DestinationBusy,
    DestinationLost,
    StoreUnavailable,
    TooOften,
    TransitionLost,
)
from bot.service.upkeep.privacy import EXPORTS, HURRY, PLAIN
from bot.store.member.drafts import Drafts
from tests.service.house import House
from tests.service.keeper import PLACES, Keeper
from tests.service.scripted import until


@pytest.fixture
def keeper(house: House) -> Keeper:
    return Keeper(house)


async def test_a_deletion_takes_messages_file_and_row_in_this_order(keeper: Keeper) -> None:
    job = await keeper.posted()
    (keeper.house.folder / f"{job.id}.mp4").write_bytes(b"film")
    keeper.house.clock.tick(1)
    await keeper.privacy.delete(1, messages=True)
    assert keeper.discord.asked("delete") == PLACES
    assert await keeper.house.lookup.job(job.id) is None
    assert keeper.house.files() == []


async def test_a_deletion_has_a_pause_and_one_that_the_database_refused_has_none(keeper: Keeper) -> None:
    keeper.house.database.refusals = 1
    with pytest.raises(StoreUnavailable):
        await keeper.privacy.delete(1, messages=False)
    await keeper.privacy.delete(1, messages=False)
    with pytest.raises(TooOften) as caught:
        await keeper.privacy.delete(1, messages=False)
    await keeper.privacy.delete(2, messages=False)
    keeper.house.clock.now = caught.value.again_at
    await keeper.privacy.delete(1, messages=False)


async def test_exports_have_a_pause(keeper: Keeper) -> None:
    for _ in range(EXPORTS):
        await keeper.privacy.export(1)
    with pytest.raises(TooOften):
        await keeper.privacy.export(1)


async def test_messages_stay_unless_they_are_to_go(keeper: Keeper) -> None:
    job = await keeper.posted()
    keeper.house.clock.tick(1)
    await keeper.privacy.delete(1, messages=False)
    assert keeper.discord.calls == []
    assert await keeper.house.lookup.job(job.id) is None


async def test_a_busy_discord_is_waited_for_and_a_lost_message_is_not(keeper: Keeper) -> None:
    job = await keeper.posted()
    keeper.house.clock.tick(1)
    keeper.discord.then("delete", DestinationLost("discord_10003"), DestinationBusy("discord_500"))
    await keeper.privacy.delete(1, messages=True)
    assert await keeper.house.lookup.job(job.id) is not None
    await keeper.privacy.work()
    assert keeper.discord.asked("delete") == [*PLACES[:2], *PLACES]
    assert await keeper.house.lookup.job(job.id) is None


async def test_a_discord_that_stays_busy_does_not_keep_the_data_for_ever(keeper: Keeper) -> None:
    job = await keeper.posted()
    keeper.house.clock.tick(1)
    keeper.discord.then("delete", *[DestinationBusy("discord_500")] * 50)
    await keeper.privacy.delete(1, messages=True)
    keeper.house.clock.tick(HURRY.total_seconds() - 60)
    await keeper.privacy.work()
    assert await keeper.house.lookup.job(job.id) is not None
    keeper.house.clock.tick(120)
    await keeper.privacy.work()
    assert await keeper.house.lookup.job(job.id) is None


async def test_what_is_under_way_ends_first_and_goes_when_its_card_is_closed(keeper: Keeper) -> None:
    job = await keeper.house.running()
    keeper.house.clock.tick(1)
    await keeper.privacy.delete(1, messages=False)
    assert keeper.house.woken == 1
    assert (await keeper.house.job(job)).status is JobStatus.FAILED
    await keeper.close(job)
    await keeper.privacy.work()
    assert await keeper.house.lookup.job(job.id) is None
    assert await keeper.house.balance(job) == (0, job.credits)


async def test_a_worker_whose_job_is_gone_goes_on(keeper: Keeper) -> None:
    """A deletion comes while a step is under way: what the step writes meets no row, and the next job is done."""
    house = keeper.house
    gate = asyncio.Event()
    house.kirin.then("submit", gate)
    worker = house.worker()
    life = asyncio.create_task(worker.run())
    first = await house.queued()
    worker.wake()
    await until(lambda: bool(house.kirin.asked("submit")))
    house.clock.tick(1)
    await keeper.privacy.delete(1, messages=False)
    house.clock.tick(HURRY.total_seconds() + 1)
    await keeper.privacy.work()
    assert await house.lookup.job(first.id) is None
    gate.set()
    second = await house.queued(user_id=2)
    worker.wake()
    while (present := await house.job(second)).delivered_at is None:
        house.clock.tick(1)
        worker.wake()
        await asyncio.sleep(0.01)
    assert present.status is JobStatus.SUCCEEDED
    worker.stop()
    await life


async def test_a_delivery_whose_job_is_gone_leaves_no_file(keeper: Keeper) -> None:
    house = keeper.house
    job = await house.succeeded()
    house.clock.tick(1)
    wish = await keeper.deletions.ask(1, messages=False, now=house.clock())
    await keeper.deletions.end_jobs(wish, now=house.clock())
    with pytest.raises(TransitionLost):
        await house.delivery.deliver(job)
    assert house.files() == []
    assert house.discord.asked("post_result") == []


@pytest.mark.parametrize("forgotten", [False, True])
async def test_a_video_that_is_posted_while_its_author_deletes_everything_does_not_stay(
    keeper: Keeper,
    *,
    forgotten: bool,
) -> None:
    house, gate = keeper.house, asyncio.Event()
    house.discord.then("post_result", gate)
    job = await house.succeeded()
    delivering = asyncio.create_task(house.delivery.deliver(job))
    await until(lambda: house.discord.asked("post_result"))
    house.clock.tick(1)
    await keeper.privacy.delete(1, messages=True)
    if forgotten:
        await keeper.close(job)
        await keeper.privacy.work()
        assert await house.lookup.job(job.id) is None
    gate.set()
    with pytest.raises(TransitionLost):
        await delivering
    assert [which for which, _ in house.discord.asked("take_back")] == [job.id]
    assert house.files() == []


async def test_a_video_that_another_worker_has_found_and_written_down_stays(house: House) -> None:
    job, gate = await house.succeeded(), asyncio.Event()
    house.discord.then("post_result", gate)
    delivering = asyncio.create_task(house.delivery.deliver(job))
    await until(lambda: house.discord.asked("post_result"))
    house.clock.tick(3600)
    await house.jobs.delivered(await house.claimed(job), channel_id=5, message_id=42, now=house.clock())
    gate.set()
    with pytest.raises(TransitionLost):
        await delivering
    assert house.discord.asked("take_back") == []


async def test_an_unanswered_database_keeps_the_wish_for_later(keeper: Keeper) -> None:
    job = await keeper.posted()
    keeper.house.clock.tick(1)
    await keeper.deletions.ask(1, messages=False, now=keeper.house.clock())
    keeper.house.database.refusals = 1
    with pytest.raises(StoreUnavailable):
        await keeper.privacy.work()
    await keeper.privacy.work()
    assert await keeper.house.lookup.job(job.id) is None


async def test_a_long_export_is_compressed(keeper: Keeper) -> None:
    drafts, now = Drafts(keeper.house.database), keeper.house.clock()
    await drafts.begin("a", user_id=1, guild_id=7, kind="studio", body={"prompt": "fox"}, now=now)
    plain = await keeper.privacy.export(1)
    assert plain.filename == "shotcaller-1.json"
    assert [draft["body"] for draft in json.loads(plain.content)["held"]["drafts"]] == [{"prompt": "fox"}]
    await drafts.begin("b", user_id=1, guild_id=7, kind="studio", body={"prompt": "fox" * PLAIN}, now=now)
    packed = await keeper.privacy.export(1)
    assert packed.filename == "shotcaller-1.json.zip"
    with zipfile.ZipFile(io.BytesIO(packed.content)) as archive:
        held = json.loads(archive.read("shotcaller-1.json"))["held"]
    assert [len(draft["body"]["prompt"]) for draft in held["drafts"]] == [3, 3 * PLAIN]
