"""From a finished task to a posted video, in spite of everything."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.domain.job import DeadLetter, Job, JobStatus
from bot.errors import (
    DestinationBusy,
    DestinationLost,
    ProviderUnavailable,
    ResultTooLarge,
    ResultUnavailable,
    ResultUnusable,
    SettingsInvalid,
    StoreUnavailable,
    TransitionLost,
)
from bot.service.jobs.delivery import FETCHES, KEEP_TRYING, LOOKS, SMALLEST
from bot.service.ports.notifier import CannotTell, Posted
from tests.service.house import LIMIT, House
from tests.service.scripted import finished, working

DAY = KEEP_TRYING.total_seconds()


async def again(house: House, job: Job) -> Job:
    """Deliver once more, when it is due."""
    return await house.delivery.deliver(await house.claimed(job))


async def test_a_video_is_fetched_checked_posted_and_paid_for(house: House) -> None:
    job = await house.delivery.deliver(await house.succeeded())
    (result,) = house.discord.asked("post_result")
    assert (result.media.seconds, result.media.size) == (5.0, house.fetcher.size)
    assert (job.delivered_at, job.message_channel_id, job.message_id is not None) == (house.clock(), 5, True)
    assert await house.balance(job) == (0, 5)
    assert house.files() == []


async def test_a_video_that_is_too_large_is_fitted_once_even_if_discord_is_busy(house: House) -> None:
    house.fetcher.size = LIMIT + 1
    house.discord.then("post_result", DestinationBusy("discord_500"))
    job = await house.delivery.deliver(await house.succeeded())
    assert (job.status, job.tries, job.delivered_at) == (JobStatus.SUCCEEDED, 1, None)
    delivered = await again(house, job)
    assert delivered.delivered_at is not None
    assert house.films.asked("fit") == [LIMIT]
    assert len(house.fetcher.asked("download")) == 1
    assert [result.media.size for result in house.discord.asked("post_result")] == [LIMIT, LIMIT]


async def test_what_was_posted_before_a_crash_is_found_and_not_posted_again(house: House) -> None:
    job = await house.jobs.begin_posting(await house.succeeded(), at=house.clock())
    house.discord.then("find_result", Posted(channel_id=5, message_id=42))
    done = await house.delivery.deliver(job)
    assert done.message_id == 42
    assert house.discord.asked("post_result") == []
    assert house.fetcher.calls == []


async def test_a_post_that_was_not_written_down_is_looked_for_by_the_next_step(house: House) -> None:
    posted = Posted(channel_id=5, message_id=42)

    def posted_and_then_locked() -> Posted:
        house.database.refusals = 1
        return posted

    job = await house.succeeded()
    house.discord.then("post_result", posted_and_then_locked)
    with pytest.raises(StoreUnavailable):
        await house.delivery.deliver(job)
    house.discord.then("find_result", posted)
    assert (await again(house, job)).message_id == 42
    assert len(house.discord.asked("post_result")) == 1


async def test_a_closed_channel_leads_to_the_person(house: House) -> None:
    house.discord.then("post_result", DestinationLost("discord_50013"))
    job = await house.delivery.deliver(await house.succeeded())
    assert (job.message_channel_id, job.delivered_at) == (77, house.clock())


async def test_a_video_that_no_place_takes_is_kept_and_told_of(house: House) -> None:
    house.discord.then("post_result", DestinationLost("discord_10003"))
    house.discord.then("send_directly", DestinationLost("discord_50007"))
    job = await house.delivery.deliver(await house.succeeded())
    assert (job.dead_letter, job.status) == (DeadLetter.UNDELIVERABLE, JobStatus.SUCCEEDED)
    assert house.alerts() == [f"undeliverable {job.id}"]
    assert house.files() == [f"{job.id}.mp4"]
    await house.delivery.sweep()
    assert house.files() == [f"{job.id}.mp4"]
    assert await house.balance(job) == (5, 0)


async def test_a_private_video_goes_to_nobody_else(house: House) -> None:
    house.discord.then("post_result", DestinationLost("discord_50007"))
    job = await house.delivery.deliver(await house.succeeded(private=True))
    assert job.dead_letter is DeadLetter.UNDELIVERABLE
    assert house.discord.asked("send_directly") == []
    assert house.alerts() == []  # whose messages are closed knows it


async def test_a_busy_discord_is_offered_the_video_for_a_day(house: House) -> None:
    job = await house.succeeded()
    house.discord.then("post_result", *[DestinationBusy("discord_503")] * 3)
    job = await house.claimed(await house.delivery.deliver(job))
    house.clock.tick(DAY - 60)
    job = await house.claimed(await house.delivery.deliver(job))
    house.clock.tick(120)
    kept = await house.delivery.deliver(job)
    assert kept.dead_letter is DeadLetter.UNDELIVERABLE


async def test_a_server_that_takes_less_than_it_said_gets_a_smaller_file(house: House) -> None:
    house.fetcher.size = LIMIT
    house.discord.then("post_result", ResultTooLarge("refused_by_discord"))
    job = await house.delivery.deliver(await house.succeeded())
    assert job.delivered_at is not None
    assert [result.media.size for result in house.discord.asked("post_result")] == [LIMIT, SMALLEST]


async def test_a_large_video_for_a_closed_channel_becomes_small_enough_for_the_person(house: House) -> None:
    house.fetcher.size = LIMIT
    house.discord.then("post_result", *[DestinationLost("discord_50013")] * 2)
    house.discord.then("send_directly", ResultTooLarge("refused_by_discord"))
    job = await house.delivery.deliver(await house.succeeded())
    assert job.message_channel_id == 77
    assert [result.media.size for result in house.discord.asked("send_directly")] == [LIMIT, SMALLEST]


@pytest.mark.parametrize("second", [ResultTooLarge("refused_by_discord"), None])
async def test_a_good_video_that_is_never_small_enough_is_kept(house: House, second: Exception | None) -> None:
    house.fetcher.size = LIMIT
    house.discord.then("post_result", ResultTooLarge("refused_by_discord"), second or ResultTooLarge("never met"))
    if second is None:
        house.films.then("fit", None, ResultTooLarge("cannot_fit"))
    job = await house.delivery.deliver(await house.succeeded())
    assert job.dead_letter is DeadLetter.UNDELIVERABLE


async def test_a_place_that_takes_no_ten_megabytes_keeps_the_video_for_the_operator(house: House) -> None:
    house.discord.then("post_result", ResultTooLarge("refused_by_discord"))
    job = await house.delivery.deliver(await house.succeeded(guild_id=None, limit=SMALLEST))
    assert job.dead_letter is DeadLetter.UNDELIVERABLE


@pytest.mark.parametrize("reason", ["cannot_fit", "over_cap"])
async def test_a_video_that_cannot_be_posted_costs_nothing(house: House, reason: str) -> None:
    house.fetcher.then("download", ResultTooLarge(reason))
    job = await house.delivery.deliver(await house.succeeded())
    assert (job.status, job.failure, job.failure_code) == (JobStatus.FAILED, "result", reason)
    assert await house.balance(job) == (0, 0)


async def test_a_file_that_cannot_fit_leaves_nothing_on_the_disk(house: House) -> None:
    house.films.then("fit", ResultTooLarge("cannot_fit"))
    job = await house.delivery.deliver(await house.succeeded())
    assert (job.status, house.files()) == (JobStatus.FAILED, [])


async def test_a_spoilt_file_is_fetched_anew_from_a_fresh_address_until_enough(house: House) -> None:
    house.films.then("fit", *[ResultUnusable("truncated")] * 99)
    house.kirin.then("fetch", finished(), *[finished(url=f"https://v.example/{n}.mp4") for n in range(2, 99)])
    job, begun = await house.submission.poll(await house.running()), house.clock()
    while (job := await house.delivery.deliver(job)).status is JobStatus.SUCCEEDED:
        job = await house.claimed(job)
    assert (job.status, job.failure_code) == (JobStatus.FAILED, "truncated")
    downloads = house.fetcher.asked("download")
    assert FETCHES < len(downloads) < 20
    assert timedelta(minutes=30) < house.clock() - begun < timedelta(hours=2)
    assert downloads == [f"https://v.example/{n}.mp4" for n in range(1, len(downloads) + 1)]
    assert house.files() == []


@pytest.mark.parametrize(
    "spoilt", [ResultUnavailable("gone"), ResultUnusable("not_a_video"), ResultUnusable("address")]
)
async def test_a_video_whose_storage_is_late_is_still_delivered(house: House, spoilt: Exception) -> None:
    house.fetcher.then("download", *[spoilt] * (FETCHES + 2))
    job = await house.succeeded()
    for _ in range(FETCHES + 2):
        job = await house.claimed(await house.delivery.deliver(job))
    job = await house.delivery.deliver(job)
    assert job.delivered_at is not None
    assert await house.balance(job) == (0, 5)


async def test_a_file_that_is_never_any_good_is_not_fetched_for_ever_by_a_bot_that_is_restarted(house: House) -> None:
    job = await house.succeeded()
    house.clock.tick(DAY + 1)
    house.fetcher.then("download", ResultUnavailable("gone"))
    assert (await house.delivery.deliver(job)).failure_code == "gone"


@pytest.mark.parametrize(("reason", "told"), [("unreachable", []), ("disk", ["machine results"])])
async def test_trouble_that_says_nothing_about_the_file_is_waited_out_for_a_day(
    house: House, reason: str, told: list[str]
) -> None:
    trouble = ResultUnavailable(reason)
    house.fetcher.then("download", *[trouble] * (FETCHES + 1))
    job = await house.succeeded()
    for _ in range(FETCHES + 1):
        job = await house.claimed(await house.delivery.deliver(job))
        assert job.status is JobStatus.SUCCEEDED
    assert house.alerts() == told
    house.fetcher.then("download", trouble)
    house.clock.tick(DAY + 1)
    failed = await house.delivery.deliver(job)
    assert (failed.status, failed.failure_code) == (JobStatus.FAILED, reason)


async def test_an_outage_before_a_spoilt_file_costs_no_patience_with_it(house: House) -> None:
    house.fetcher.then("download", *[ResultUnavailable("unreachable")] * 9, ResultUnavailable("truncated"))
    job = await house.succeeded()
    for _ in range(11):
        job = await house.claimed(await house.delivery.deliver(job))
    assert job.delivered_at is not None


@pytest.mark.parametrize("answer", [working(), ProviderUnavailable(provider="kirin")])
async def test_without_a_fresh_address_the_first_one_is_tried_again(house: House, answer: object) -> None:
    house.fetcher.then("download", ResultUnavailable("gone"))
    house.kirin.then("fetch", answer)
    job = await again(house, await house.delivery.deliver(await house.succeeded()))
    assert job.delivered_at is not None
    assert house.fetcher.asked("download") == ["https://v.example/1.mp4"] * 2


async def test_nobody_posts_a_video_that_is_somebody_elses_to_post(house: House) -> None:
    job = await house.succeeded()
    await house.jobs.reschedule(job, next_at=house.clock())
    with pytest.raises(TransitionLost):
        await house.delivery.deliver(job)
    assert house.discord.asked("post_result") == []


async def test_the_sweep_removes_what_nobody_needs_and_nothing_else(house: House) -> None:
    waiting = await house.succeeded()
    done = await house.delivery.deliver(await house.succeeded())
    ours = [f"{waiting.id}.mp4", f"{waiting.id}.mp4.x1.part", f"{waiting.id}.fit.mp4.part", f"{done.id}.fit.mp4"]
    for name in [*ours, "0000.mp4", "notes.txt"]:
        (house.folder / name).write_text("x")
    (house.folder / "folder.mp4").mkdir()
    await house.delivery.sweep()
    assert house.files() == sorted([f"{waiting.id}.mp4", "notes.txt", "folder.mp4"])


async def test_a_folder_that_cannot_be_made_is_a_mistake_in_the_settings(house: House, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    homeless = replace(house, folder=tmp_path / "file" / "results")
    with pytest.raises(SettingsInvalid, match="DATA_DIR"):
        await homeless.delivery.sweep()


async def test_a_folder_that_was_deleted_is_made_again(house: House) -> None:
    job = await house.succeeded()
    house.folder.rmdir()
    assert (await house.delivery.deliver(job)).delivered_at is not None


async def test_a_folder_that_cannot_be_made_again_is_the_machines_trouble(house: House) -> None:
    job = await house.succeeded()
    house.folder.rmdir()
    house.folder.touch()
    waiting = await house.delivery.deliver(job)
    assert (waiting.status, waiting.tries, house.alerts()) == (JobStatus.SUCCEEDED, 1, ["machine results"])


async def test_files_that_cannot_be_removed_do_not_undo_a_delivery(house: House) -> None:
    job = await house.succeeded()
    (house.folder / f"{job.id}.fit.mp4").mkdir()
    house.films.then("probe", None)
    done = await house.delivery.deliver(job)
    assert done.delivered_at is not None


UNSEEN = CannotTell(reason="discord_503")
CLOSED = CannotTell(reason="discord_50013", closed=True)


async def in_doubt(house: House, **changes: Any) -> Job:
    """A video whose post ended without an answer, to be looked for now."""
    house.discord.then("post_result", DestinationBusy("discord_unreachable"))
    return await house.claimed(await house.delivery.deliver(await house.succeeded(**changes)))


@pytest.mark.parametrize("doubt", [UNSEEN, CLOSED])
async def test_what_may_be_posted_is_posted_nowhere_else_while_nobody_can_look(house: House, doubt: CannotTell) -> None:
    job = await in_doubt(house)
    house.discord.then("find_result", doubt, doubt, Posted(channel_id=5, message_id=42))
    job = await again(house, await house.delivery.deliver(job))
    assert (await again(house, job)).message_id == 42
    assert (len(house.discord.asked("post_result")), house.discord.asked("send_directly")) == (1, [])


async def test_a_video_that_may_be_in_a_closed_channel_is_kept_for_its_person(house: House) -> None:
    job = await in_doubt(house)
    house.discord.then("find_result", *[CLOSED] * (LOOKS + 1))
    while job.dead_letter is None:
        job = await house.delivery.deliver(job if job.lease else await house.claimed(job))
    assert job.dead_letter is DeadLetter.UNDELIVERABLE
    assert (len(house.discord.asked("post_result")), house.discord.asked("send_directly")) == (1, [])
    assert house.alerts() == [f"undeliverable {job.id}"]
    assert house.files() == [f"{job.id}.mp4"]


async def test_a_channel_that_cannot_be_read_for_a_day_keeps_the_video_for_its_person(house: House) -> None:
    job = await in_doubt(house)
    house.discord.then("find_result", *[UNSEEN] * (LOOKS + 2))
    for _ in range(LOOKS + 1):
        job = await house.claimed(await house.delivery.deliver(job))
    house.clock.tick(DAY + 60)
    assert (await house.delivery.deliver(job)).dead_letter is DeadLetter.UNDELIVERABLE


async def test_a_video_that_nobody_finds_is_posted_anew(house: House) -> None:
    job = await house.delivery.deliver(await in_doubt(house))
    assert (job.delivered_at, len(house.discord.asked("post_result"))) == (house.clock(), 2)


async def test_a_video_sent_to_its_person_is_looked_for_there(house: House) -> None:
    house.discord.then("post_result", DestinationLost("discord_50013"))
    house.discord.then("send_directly", DestinationBusy("discord_unreachable"))
    job = await house.claimed(await house.delivery.deliver(await house.succeeded()))
    await house.delivery.deliver(job)
    assert [asked.posting_directly for asked in house.discord.asked("find_result")] == [True]


async def test_a_post_is_looked_for_from_the_moment_that_discords_clock_showed(house: House) -> None:
    house.ahead = timedelta(hours=1)
    intended = house.moment()
    job = await in_doubt(house)
    house.discord.then("find_result", UNSEEN)
    await house.delivery.deliver(job)
    assert [asked.posting_at for asked in house.discord.asked("find_result")] == [intended]
