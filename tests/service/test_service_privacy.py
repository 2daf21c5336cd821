"""Privacy and what is forgotten in time: whatever Discord and the database do, it is done in the end, once."""

from __future__ import annotations

import asyncio
import io
import json
import os
import zipfile
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest

from bot.domain.job import DeadLetter, JobStatus
from bot.errors import (
    DestinationBusy,
    DestinationLost,
    ProviderUnavailable,
    StoreUnavailable,
    TooMuchFeedback,
    TransitionLost,
)
from bot.service.about import FRESH, About, Condition, Facts
from bot.service.departures import Departures
from bot.service.feedback import MOST, Feedback
from bot.service.privacy import HURRY, PLAIN, Keeping, Privacy
from bot.service.retention import UNTOUCHED, Retention
from bot.store.deletions import DeletionStore
from bot.store.departures import DepartureStore
from bot.store.drafts import Drafts
from bot.store.feedback import FeedbackStore
from bot.store.privacy import PrivacyStore
from bot.store.retention import RetentionStore
from tests.service.scripted import START, Scripted, until

if TYPE_CHECKING:
    from pathlib import Path

    from bot.domain.job import Job
    from bot.service.copies import Courier
    from tests.service.house import House

DAY = timedelta(days=1).total_seconds()
PLACES = [(5, 41), (5, 42), (5, 43), (9, 44)]  # of a card, a result, a shared copy and one in a gallery
KEEPING = Keeping(texts=timedelta(days=90), files=timedelta(days=10), guilds=timedelta(days=30))


class Discord(Scripted):
    """Discord for deletions; without a script every message is deleted."""

    async def delete_result(self, job: Job, *, channel_id: int, message_id: int) -> bool:
        assert job.id
        return cast("bool", await self.play("delete", (channel_id, message_id), usual=True))


@dataclass
class Keeper:
    """What looks after a house's memory."""

    house: House
    policy_file: Path | None = None
    reachable: bool = True
    keeping: Keeping = KEEPING

    def __post_init__(self) -> None:
        house, self.discord = self.house, Discord()
        self.deletions = DeletionStore(house.database)
        self.privacy = Privacy(
            store=PrivacyStore(house.database),
            deletions=self.deletions,
            courier=cast("Courier", self.discord),
            delivery=house.delivery,
            keeping=self.keeping,
            policy_file=self.policy_file,
            clock=house.clock,
            wake=house.wake,
        )
        self.departures = Departures(store=DepartureStore(house.database), clock=house.clock, wake=house.wake)
        self.retention = Retention(
            store=RetentionStore(house.database),
            drafts=Drafts(house.database),
            departures=self.departures,
            delivery=house.delivery,
            keeping=self.keeping,
            clock=house.clock,
            wake=house.wake,
        )
        self.feedback = Feedback(
            store=FeedbackStore(house.database),
            notifier=house.discord,
            reachable=self.reachable,
            clock=house.clock,
            wake=house.wake,
        )

    async def posted(self, **changes: Any) -> Job:
        """A job whose video was posted, shared and hung, and that is closed."""
        job = await self.house.succeeded(**changes)
        job = await self.house.jobs.delivered(job, channel_id=5, message_id=42, now=self.house.clock())
        await self._run(
            "UPDATE jobs SET card_channel_id = 5, card_message_id = 41, shared_message_id = 43, due_at = NULL", job
        )
        await self.house.database.transact(
            lambda tx: tx.execute(
                "INSERT INTO gallery (job_id, channel_id, at, message_id) VALUES ($1, 9, 0, 44)", job.id
            )
        )
        return await self.house.job(job)

    async def kept(self) -> Job:
        """A job whose video nobody could be given, with its file."""
        job = await self.house.succeeded()
        kept = await self.house.jobs.bury(job, reason=DeadLetter.UNDELIVERABLE, now=self.house.clock())
        (self.house.folder / f"{job.id}.mp4").write_bytes(b"film")
        return kept

    async def close(self, job: Job) -> None:
        """Let the card of an ended job be closed, as a worker does."""
        await self._run("UPDATE jobs SET due_at = NULL", job)

    async def _run(self, sql: str, job: Job) -> None:
        await self.house.database.transact(lambda tx: tx.execute(f"{sql} WHERE id = $1", job.id))

    async def days(self, number: int) -> None:
        """Let days pass, with a look at what is old on each."""
        for _ in range(number):
            self.house.clock.tick(DAY)
            await self.retention.work()


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
    assert await keeper.house.balance(job) == (0, 0)


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


async def test_a_video_that_nobody_fetched_goes_and_its_credits_come_back(keeper: Keeper) -> None:
    kept = await keeper.kept()
    await keeper.retention.work()
    await keeper.days(10)
    assert keeper.house.files() == [f"{kept.id}.mp4"]
    await keeper.days(1)
    assert keeper.house.files() == []
    assert (await keeper.house.job(kept)).failure == "expired"
    assert await keeper.house.balance(kept) == (0, 0)
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


async def test_feedback_is_told_once_whatever_discord_does(keeper: Keeper) -> None:
    await keeper.feedback.give("more cats", key="a", user_id=1, guild_id=None)
    assert keeper.house.woken == 1
    keeper.house.discord.then("alert", DestinationBusy("discord_500"))
    for _ in range(3):
        await keeper.feedback.work()
    alerts = keeper.house.discord.asked("alert")
    assert [(alert.subject, alert.detail) for alert in alerts] == [("<@1> (DM)", "more cats")] * 2


async def test_feedback_is_kept_where_nobody_can_be_told(house: House) -> None:
    keeper = Keeper(house, reachable=False)
    for number in range(MOST):
        await keeper.feedback.give("hello", key=str(number), user_id=1, guild_id=7)
    with pytest.raises(TooMuchFeedback):
        await keeper.feedback.give("hello", key="more", user_id=1, guild_id=7)
    await keeper.feedback.work()
    assert house.discord.asked("alert") == []
    reached = Keeper(house)
    await reached.feedback.work()
    assert len(house.discord.asked("alert")) == MOST


async def test_about_asks_a_service_once_a_minute(house: House) -> None:
    about = About(
        facts=Facts(version="1", source=None, started_at=START - timedelta(hours=1)),
        health=house.health,
        clock=house.clock,
    )
    house.kling.then("check", ProviderUnavailable(provider="kling"))
    for _ in range(3):
        assert await about.conditions() == {"kirin": Condition.WELL, "kling": Condition.DOWN}
    assert len(house.kirin.asked("check")) == len(house.kling.asked("check")) == 1
    house.health["kling"].rest(timedelta(seconds=10))
    assert await about.conditions() == {"kirin": Condition.WELL, "kling": Condition.BUSY}
    house.clock.tick(FRESH.total_seconds() + 1)
    assert await about.conditions() == {"kirin": Condition.WELL, "kling": Condition.WELL}
    assert about.uptime() == timedelta(hours=1, seconds=61)
