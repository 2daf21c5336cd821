"""From a finished task to a posted video, in spite of everything."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import errors
from bot.domain import DeadLetter, Job, JobStatus
from bot.service.jobs.delivery import FETCHES, KEEP_TRYING, LOOKS, SMALLEST
from bot.service.ports import CannotTell, Posted
from tests.service.scripted import finished, working
from tests.service.services import LIMIT, Services

DAY = KEEP_TRYING.total_seconds()


async def again(services: Services, job: Job) -> Job:
    """Deliver once more, when it is due."""
    return await services.step(await services.claimed(job))


async def test_a_video_is_fetched_checked_posted_and_paid_for(services: Services) -> None:
    job = await services.step(await services.succeeded())
    (result,) = services.discord.asked("post_result")
    assert (result.media.seconds, result.media.size) == (5.0, services.fetcher.size)
    assert (job.delivered_at, job.message_channel_id, job.message_id is not None) == (services.clock(), 5, True)
    assert await services.balance(job) == (0, 5)
    assert services.file_names() == []


async def test_a_video_that_is_too_large_is_fitted_once_even_if_discord_is_busy(services: Services) -> None:
    services.fetcher.size = LIMIT + 1
    services.discord.then("post_result", errors.DestinationBusy("discord_500"))
    job = await services.step(await services.succeeded())
    assert (job.status, job.tries, job.delivered_at) == (JobStatus.SUCCEEDED, 1, None)
    delivered = await again(services, job)
    assert delivered.delivered_at is not None
    assert services.media.asked("fit") == [LIMIT]
    assert len(services.fetcher.asked("download")) == 1
    assert [result.media.size for result in services.discord.asked("post_result")] == [LIMIT, LIMIT]


async def test_what_was_posted_before_a_crash_is_found_and_not_posted_again(services: Services) -> None:
    job = await services.jobs.begin_posting(await services.succeeded(), at=services.clock())
    services.discord.then("find_result", Posted(channel_id=5, message_id=42))
    done = await services.step(job)
    assert done.message_id == 42
    assert services.discord.asked("post_result") == []
    assert services.fetcher.calls == []


async def test_a_post_that_was_not_written_down_is_looked_for_by_the_next_step(services: Services) -> None:
    posted = Posted(channel_id=5, message_id=42)

    def posted_and_then_locked() -> Posted:
        services.database.refusals = 1
        return posted

    job = await services.succeeded()
    services.discord.then("post_result", posted_and_then_locked)
    with pytest.raises(errors.StoreUnavailable):
        await services.step(job)
    services.discord.then("find_result", posted)
    assert (await again(services, job)).message_id == 42
    assert len(services.discord.asked("post_result")) == 1


async def test_a_closed_channel_leads_to_the_person(services: Services) -> None:
    services.discord.then("post_result", errors.DestinationLost("discord_50013"))
    job = await services.step(await services.succeeded())
    assert (job.message_channel_id, job.delivered_at) == (77, services.clock())


async def test_a_video_that_no_place_takes_is_kept_and_told_of(services: Services) -> None:
    services.discord.then("post_result", errors.DestinationLost("discord_10003"))
    services.discord.then("send_directly", errors.DestinationLost("discord_50007"))
    job = await services.step(await services.succeeded())
    assert (job.dead_letter, job.status) == (DeadLetter.UNDELIVERABLE, JobStatus.SUCCEEDED)
    assert services.alerts() == [f"undeliverable {job.id}"]
    assert services.file_names() == [f"{job.id}.mp4"]
    await services.files.sweep()
    assert services.file_names() == [f"{job.id}.mp4"]
    assert await services.balance(job) == (5, 0)


async def test_a_private_video_goes_to_nobody_else(services: Services) -> None:
    services.discord.then("post_result", errors.DestinationLost("discord_50007"))
    job = await services.step(await services.succeeded(private=True))
    assert job.dead_letter is DeadLetter.UNDELIVERABLE
    assert services.discord.asked("send_directly") == []
    assert services.alerts() == []  # whose messages are closed knows it


async def test_a_busy_discord_is_offered_the_video_for_a_day(services: Services) -> None:
    job = await services.succeeded()
    services.discord.then("post_result", *[errors.DestinationBusy("discord_503")] * 3)
    job = await services.claimed(await services.step(job))
    services.clock.tick(DAY - 60)
    job = await services.claimed(await services.step(job))
    services.clock.tick(120)
    kept = await services.step(job)
    assert kept.dead_letter is DeadLetter.UNDELIVERABLE


async def test_a_server_that_takes_less_than_it_said_gets_a_smaller_file(services: Services) -> None:
    services.fetcher.size = LIMIT
    services.discord.then("post_result", errors.ResultTooLarge("refused_by_discord"))
    job = await services.step(await services.succeeded())
    assert job.delivered_at is not None
    assert [result.media.size for result in services.discord.asked("post_result")] == [LIMIT, SMALLEST]


async def test_a_large_video_for_a_closed_channel_becomes_small_enough_for_the_person(services: Services) -> None:
    services.fetcher.size = LIMIT
    services.discord.then("post_result", *[errors.DestinationLost("discord_50013")] * 2)
    services.discord.then("send_directly", errors.ResultTooLarge("refused_by_discord"))
    job = await services.step(await services.succeeded())
    assert job.message_channel_id == 77
    assert [result.media.size for result in services.discord.asked("send_directly")] == [LIMIT, SMALLEST]


@pytest.mark.parametrize("second", [errors.ResultTooLarge("refused_by_discord"), None])
async def test_a_good_video_that_is_never_small_enough_is_kept(services: Services, second: Exception | None) -> None:
    services.fetcher.size = LIMIT
    services.discord.then(
        "post_result", errors.ResultTooLarge("refused_by_discord"), second or errors.ResultTooLarge("never met")
    )
    if second is None:
        services.media.then("fit", None, errors.ResultTooLarge("cannot_fit"))
    job = await services.step(await services.succeeded())
    assert job.dead_letter is DeadLetter.UNDELIVERABLE


async def test_a_place_that_takes_no_ten_megabytes_keeps_the_video_for_the_operator(services: Services) -> None:
    services.discord.then("post_result", errors.ResultTooLarge("refused_by_discord"))
    job = await services.step(await services.succeeded(guild_id=None, limit=SMALLEST))
    assert job.dead_letter is DeadLetter.UNDELIVERABLE


@pytest.mark.parametrize("reason", ["cannot_fit", "over_cap"])
async def test_a_video_that_cannot_be_posted_costs_nothing(services: Services, reason: str) -> None:
    services.fetcher.then("download", errors.ResultTooLarge(reason))
    job = await services.step(await services.succeeded())
    assert (job.status, job.failure, job.failure_code) == (JobStatus.FAILED, "result", reason)
    assert await services.balance(job) == (0, 0)


async def test_a_file_that_cannot_fit_leaves_nothing_on_the_disk(services: Services) -> None:
    services.media.then("fit", errors.ResultTooLarge("cannot_fit"))
    job = await services.step(await services.succeeded())
    assert (job.status, services.file_names()) == (JobStatus.FAILED, [])


async def test_a_spoilt_file_is_fetched_anew_from_a_fresh_address_until_enough_by_whichever_process(
    services: Services,
) -> None:
    services.media.then("fit", *[errors.ResultUnusable("truncated")] * 99)
    services.kirin.then("fetch", finished(), *[finished(url=f"https://v.example/{n}.mp4") for n in range(2, 99)])
    job, begun = await services.submission.poll(await services.running()), services.clock()
    while (job := await services.step(job)).status is JobStatus.SUCCEEDED:
        services.restart()
        job = await services.claimed(job)
    assert (job.status, job.failure_code) == (JobStatus.FAILED, "truncated")
    downloads = services.fetcher.asked("download")
    assert FETCHES < len(downloads) < 20
    assert timedelta(minutes=30) < services.clock() - begun < timedelta(hours=2)
    assert downloads == [f"https://v.example/{n}.mp4" for n in range(1, len(downloads) + 1)]
    assert services.file_names() == []


@pytest.mark.parametrize(
    "spoilt", [errors.ResultUnavailable("gone"), errors.ResultUnusable("not_a_video"), errors.ResultUnusable("address")]
)
async def test_a_video_whose_storage_is_late_is_still_delivered(services: Services, spoilt: Exception) -> None:
    services.fetcher.then("download", *[spoilt] * (FETCHES + 2))
    job = await services.succeeded()
    for _ in range(FETCHES + 2):
        job = await services.claimed(await services.step(job))
    job = await services.step(job)
    assert job.delivered_at is not None
    assert await services.balance(job) == (0, 5)


async def test_a_file_that_is_never_any_good_is_not_fetched_for_ever_by_a_bot_that_is_restarted(
    services: Services,
) -> None:
    job = await services.succeeded()
    services.clock.tick(DAY + 1)
    services.fetcher.then("download", errors.ResultUnavailable("gone"))
    assert (await services.step(job)).failure_code == "gone"


@pytest.mark.parametrize(("reason", "told"), [("unreachable", []), ("disk", ["machine results"])])
async def test_trouble_that_says_nothing_about_the_file_is_waited_out_for_a_day(
    services: Services, reason: str, told: list[str]
) -> None:
    trouble = errors.ResultUnavailable(reason)
    services.fetcher.then("download", *[trouble] * (FETCHES + 1))
    job = await services.succeeded()
    for _ in range(FETCHES + 1):
        job = await services.claimed(await services.step(job))
        assert job.status is JobStatus.SUCCEEDED
    assert services.alerts() == told
    services.fetcher.then("download", trouble)
    services.clock.tick(DAY + 1)
    failed = await services.step(job)
    assert (failed.status, failed.failure_code) == (JobStatus.FAILED, reason)


async def test_an_outage_before_a_spoilt_file_costs_no_patience_with_it(services: Services) -> None:
    services.fetcher.then(
        "download", *[errors.ResultUnavailable("unreachable")] * 9, errors.ResultUnavailable("truncated")
    )
    job = await services.succeeded()
    for _ in range(11):
        job = await services.claimed(await services.step(job))
    assert job.delivered_at is not None


@pytest.mark.parametrize("answer", [working(), errors.ProviderUnavailable(provider="kirin")])
async def test_without_a_fresh_address_the_first_one_is_tried_again(services: Services, answer: object) -> None:
    services.fetcher.then("download", errors.ResultUnavailable("gone"))
    services.kirin.then("fetch", answer)
    job = await again(services, await services.step(await services.succeeded()))
    assert job.delivered_at is not None
    assert services.fetcher.asked("download") == ["https://v.example/1.mp4"] * 2


async def test_nobody_posts_a_video_that_is_somebody_elses_to_post(services: Services) -> None:
    job = await services.succeeded()
    await services.jobs.reschedule(job, next_at=services.clock())
    with pytest.raises(errors.TransitionLost):
        await services.step(job)
    assert services.discord.asked("post_result") == []


async def test_the_sweep_removes_what_nobody_needs_and_nothing_else(services: Services) -> None:
    waiting = await services.succeeded()
    done = await services.step(await services.succeeded())
    ours = [f"{waiting.id}.mp4", f"{waiting.id}.mp4.x1.part", f"{waiting.id}.fit.mp4.part", f"{done.id}.fit.mp4"]
    for name in [*ours, "0000.mp4", "notes.txt"]:
        (services.folder / name).write_text("x")
    (services.folder / "folder.mp4").mkdir()
    await services.files.sweep()
    assert services.file_names() == sorted([f"{waiting.id}.mp4", "notes.txt", "folder.mp4"])


async def test_a_folder_that_cannot_be_made_is_a_mistake_in_the_settings(services: Services, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    homeless = replace(services, folder=tmp_path / "file" / "results")
    with pytest.raises(errors.SettingsInvalid, match="DATA_DIR"):
        await homeless.files.sweep()


async def test_a_folder_that_was_deleted_is_made_again(services: Services) -> None:
    job = await services.succeeded()
    services.folder.rmdir()
    assert (await services.step(job)).delivered_at is not None


async def test_a_folder_that_cannot_be_made_again_is_the_machines_trouble(services: Services) -> None:
    job = await services.succeeded()
    services.folder.rmdir()
    services.folder.touch()
    waiting = await services.step(job)
    assert (waiting.status, waiting.tries, services.alerts()) == (JobStatus.SUCCEEDED, 1, ["machine results"])


async def test_files_that_cannot_be_removed_do_not_undo_a_delivery(services: Services) -> None:
    job = await services.succeeded()
    (services.folder / f"{job.id}.fit.mp4").mkdir()
    services.media.then("probe", None)
    done = await services.step(job)
    assert done.delivered_at is not None


UNSEEN = CannotTell(reason="discord_503")
CLOSED = CannotTell(reason="discord_50013", closed=True)


async def in_doubt(services: Services, **changes: Any) -> Job:
    """A video whose post ended without an answer, to be looked for now."""
    services.discord.then("post_result", errors.DestinationBusy("discord_unreachable"))
    return await services.claimed(await services.step(await services.succeeded(**changes)))


@pytest.mark.parametrize("doubt", [UNSEEN, CLOSED])
async def test_what_may_be_posted_is_posted_nowhere_else_while_nobody_can_look(
    services: Services, doubt: CannotTell
) -> None:
    job = await in_doubt(services)
    services.discord.then("find_result", doubt, doubt, Posted(channel_id=5, message_id=42))
    job = await again(services, await services.step(job))
    assert (await again(services, job)).message_id == 42
    assert (len(services.discord.asked("post_result")), services.discord.asked("send_directly")) == (1, [])


async def test_a_video_that_may_be_in_a_closed_channel_is_kept_for_its_person(services: Services) -> None:
    job = await in_doubt(services)
    services.discord.then("find_result", *[CLOSED] * (LOOKS + 1))
    while job.dead_letter is None:
        job = await services.step(job if job.lease else await services.claimed(job))
    assert job.dead_letter is DeadLetter.UNDELIVERABLE
    assert (len(services.discord.asked("post_result")), services.discord.asked("send_directly")) == (1, [])
    assert services.alerts() == [f"undeliverable {job.id}"]
    assert services.file_names() == [f"{job.id}.mp4"]


async def test_a_channel_that_cannot_be_read_for_a_day_keeps_the_video_for_its_person(services: Services) -> None:
    job = await in_doubt(services)
    services.discord.then("find_result", *[UNSEEN] * (LOOKS + 2))
    for _ in range(LOOKS + 1):
        job = await services.claimed(await services.step(job))
    services.clock.tick(DAY + 60)
    assert (await services.step(job)).dead_letter is DeadLetter.UNDELIVERABLE


async def test_a_video_that_nobody_finds_is_posted_anew(services: Services) -> None:
    job = await services.step(await in_doubt(services))
    assert (job.delivered_at, len(services.discord.asked("post_result"))) == (services.clock(), 2)


async def test_a_video_sent_to_its_person_is_looked_for_there(services: Services) -> None:
    services.discord.then("post_result", errors.DestinationLost("discord_50013"))
    services.discord.then("send_directly", errors.DestinationBusy("discord_unreachable"))
    job = await services.claimed(await services.step(await services.succeeded()))
    await services.step(job)
    assert [asked.posting_directly for asked in services.discord.asked("find_result")] == [True]


async def test_a_post_is_looked_for_from_the_moment_that_discords_clock_showed(services: Services) -> None:
    services.ahead = timedelta(hours=1)
    intended = services.moment()
    job = await in_doubt(services)
    services.discord.then("find_result", UNSEEN)
    await services.step(job)
    assert [asked.posting_at for asked in services.discord.asked("find_result")] == [intended]
