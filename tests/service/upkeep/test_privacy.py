"""Deletion and export: whatever Discord and the database do, it is done in the end, once."""

import asyncio
import io
import json
import zipfile

import pytest

from bot import errors
from bot.domain import JobStatus
from bot.service.upkeep.privacy import EXPORTS, HURRY, PLAIN
from bot.store.member.drafts import DraftStore
from tests.service.scripted import until
from tests.service.services import Services
from tests.service.upkeep_services import PLACES, UpkeepServices


@pytest.fixture
def upkeep_services(services: Services) -> UpkeepServices:
    return UpkeepServices(services)


async def test_a_deletion_takes_messages_file_and_row_in_this_order(upkeep_services: UpkeepServices) -> None:
    job = await upkeep_services.posted()
    (upkeep_services.services.folder / f"{job.id}.mp4").write_bytes(b"film")
    upkeep_services.services.clock.tick(1)
    await upkeep_services.privacy.delete(1, messages=True)
    assert upkeep_services.discord.asked("delete") == PLACES
    assert await upkeep_services.services.lookup.job(job.id) is None
    assert upkeep_services.services.file_names() == []


async def test_a_deletion_has_a_pause_and_one_that_the_database_refused_has_none(
    upkeep_services: UpkeepServices,
) -> None:
    upkeep_services.services.database.refusals = 1
    with pytest.raises(errors.StoreUnavailable):
        await upkeep_services.privacy.delete(1, messages=False)
    await upkeep_services.privacy.delete(1, messages=False)
    with pytest.raises(errors.TooOften) as caught:
        await upkeep_services.privacy.delete(1, messages=False)
    await upkeep_services.privacy.delete(2, messages=False)
    upkeep_services.services.clock.now = caught.value.again_at
    await upkeep_services.privacy.delete(1, messages=False)


async def test_exports_have_a_pause(upkeep_services: UpkeepServices) -> None:
    for _ in range(EXPORTS):
        await upkeep_services.privacy.export(1)
    with pytest.raises(errors.TooOften):
        await upkeep_services.privacy.export(1)


async def test_messages_stay_unless_they_are_to_go(upkeep_services: UpkeepServices) -> None:
    job = await upkeep_services.posted()
    upkeep_services.services.clock.tick(1)
    await upkeep_services.privacy.delete(1, messages=False)
    assert upkeep_services.discord.calls == []
    assert await upkeep_services.services.lookup.job(job.id) is None


async def test_a_busy_discord_is_waited_for_and_a_lost_message_is_not(upkeep_services: UpkeepServices) -> None:
    job = await upkeep_services.posted()
    upkeep_services.services.clock.tick(1)
    upkeep_services.discord.then(
        "delete", errors.DestinationLost("discord_10003"), errors.DestinationBusy("discord_500")
    )
    await upkeep_services.privacy.delete(1, messages=True)
    assert await upkeep_services.services.lookup.job(job.id) is not None
    await upkeep_services.privacy.work()
    assert upkeep_services.discord.asked("delete") == [*PLACES[:2], *PLACES]
    assert await upkeep_services.services.lookup.job(job.id) is None


async def test_a_discord_that_stays_busy_does_not_keep_the_data_for_ever(upkeep_services: UpkeepServices) -> None:
    job = await upkeep_services.posted()
    upkeep_services.services.clock.tick(1)
    upkeep_services.discord.then("delete", *[errors.DestinationBusy("discord_500")] * 50)
    await upkeep_services.privacy.delete(1, messages=True)
    upkeep_services.services.clock.tick(HURRY.total_seconds() - 60)
    await upkeep_services.privacy.work()
    assert await upkeep_services.services.lookup.job(job.id) is not None
    upkeep_services.services.clock.tick(120)
    await upkeep_services.privacy.work()
    assert await upkeep_services.services.lookup.job(job.id) is None


async def test_what_is_under_way_ends_first_and_goes_when_its_card_is_closed(upkeep_services: UpkeepServices) -> None:
    job = await upkeep_services.services.running()
    upkeep_services.services.clock.tick(1)
    await upkeep_services.privacy.delete(1, messages=False)
    assert upkeep_services.services.woken
    assert (await upkeep_services.services.job(job)).status is JobStatus.FAILED
    await upkeep_services.close(job)
    await upkeep_services.privacy.work()
    assert await upkeep_services.services.lookup.job(job.id) is None
    assert await upkeep_services.services.balance(job) == (0, job.credits)


async def test_a_worker_whose_job_is_gone_goes_on(upkeep_services: UpkeepServices) -> None:
    """A deletion comes while a step is under way: what the step writes meets no row, and the next job is done."""
    services = upkeep_services.services
    gate = asyncio.Event()
    services.kirin.then("submit", gate)
    worker = services.restart().worker
    life = asyncio.create_task(worker.run())
    first = await services.queued()
    worker.wake()
    await until(lambda: bool(services.kirin.asked("submit")))
    services.clock.tick(1)
    await upkeep_services.privacy.delete(1, messages=False)
    services.clock.tick(HURRY.total_seconds() + 1)
    await upkeep_services.privacy.work()
    assert await services.lookup.job(first.id) is None
    gate.set()
    second = await services.queued(user_id=2)
    worker.wake()
    while (present := await services.job(second)).delivered_at is None:
        services.clock.tick(1)
        worker.wake()
        await asyncio.sleep(0.01)
    assert present.status is JobStatus.SUCCEEDED
    worker.stop()
    await life


async def test_a_delivery_whose_job_is_gone_leaves_no_file(upkeep_services: UpkeepServices) -> None:
    services = upkeep_services.services
    job = await services.succeeded()
    services.clock.tick(1)
    deletion = await upkeep_services.deletions.ask(1, messages=False, now=services.clock())
    await upkeep_services.deletions.end_jobs(deletion, now=services.clock())
    with pytest.raises(errors.TransitionLost):
        await services.step(job)
    assert services.file_names() == []
    assert services.discord.asked("post_result") == []


@pytest.mark.parametrize("forgotten", [False, True])
async def test_a_video_that_is_posted_while_its_author_deletes_everything_does_not_stay(
    upkeep_services: UpkeepServices,
    *,
    forgotten: bool,
) -> None:
    services, gate = upkeep_services.services, asyncio.Event()
    services.discord.then("post_result", gate)
    job = await services.succeeded()
    delivering = asyncio.create_task(services.step(job))
    await until(lambda: services.discord.asked("post_result"))
    services.clock.tick(1)
    await upkeep_services.privacy.delete(1, messages=True)
    if forgotten:
        await upkeep_services.close(job)
        await upkeep_services.privacy.work()
        assert await services.lookup.job(job.id) is None
    gate.set()
    with pytest.raises(errors.TransitionLost):
        await delivering
    assert [which for which, _ in services.discord.asked("take_back")] == [job.id]
    assert services.file_names() == []


async def test_a_video_that_another_worker_has_found_and_written_down_stays(services: Services) -> None:
    job, gate = await services.succeeded(), asyncio.Event()
    services.discord.then("post_result", gate)
    delivering = asyncio.create_task(services.step(job))
    await until(lambda: services.discord.asked("post_result"))
    services.clock.tick(3600)
    await services.jobs.delivered(await services.claimed(job), channel_id=5, message_id=42, now=services.clock())
    gate.set()
    with pytest.raises(errors.TransitionLost):
        await delivering
    assert services.discord.asked("take_back") == []


async def test_an_unanswered_database_keeps_the_deletion_for_later(upkeep_services: UpkeepServices) -> None:
    job = await upkeep_services.posted()
    upkeep_services.services.clock.tick(1)
    await upkeep_services.deletions.ask(1, messages=False, now=upkeep_services.services.clock())
    upkeep_services.services.database.refusals = 1
    with pytest.raises(errors.StoreUnavailable):
        await upkeep_services.privacy.work()
    await upkeep_services.privacy.work()
    assert await upkeep_services.services.lookup.job(job.id) is None


async def test_a_long_export_is_compressed(upkeep_services: UpkeepServices) -> None:
    drafts, now = DraftStore(upkeep_services.services.database), upkeep_services.services.clock()
    await drafts.begin("a", user_id=1, guild_id=7, kind="studio", body={"prompt": "fox"}, now=now)
    plain = await upkeep_services.privacy.export(1)
    assert plain.filename == "shotcaller-1.json"
    assert [draft["body"] for draft in json.loads(plain.content)["held"]["drafts"]] == [{"prompt": "fox"}]
    await drafts.begin("b", user_id=1, guild_id=7, kind="studio", body={"prompt": "fox" * PLAIN}, now=now)
    packed = await upkeep_services.privacy.export(1)
    assert packed.filename == "shotcaller-1.json.zip"
    with zipfile.ZipFile(io.BytesIO(packed.content)) as archive:
        held = json.loads(archive.read("shotcaller-1.json"))["held"]
    assert [len(draft["body"]["prompt"]) for draft in held["drafts"]] == [3, 3 * PLAIN]
