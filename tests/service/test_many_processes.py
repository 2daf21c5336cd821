"""A bot of many processes: whatever one accepts another may submit, and one alone posts in a channel."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain import Destination, Job, JobStatus, Member, Spread, VideoRequest
from bot.domain.sharing import Process, Role
from bot.errors import (
    ChannelClosed,
    DestinationBusy,
    DestinationLost,
    DiscordBusy,
    ResultLost,
    ResultUnavailable,
    StoreUnavailable,
)
from bot.service.jobs.copies import Copy, CopyKind
from bot.service.jobs.results import RemovalOutcome
from bot.service.jobs.types import Accepted, RequestContext
from bot.service.processes import Processes
from bot.service.signals import ANY, SharedSignals, Topic, Wire
from bot.store.database import Database
from bot.store.postgres import PostgresDatabase
from bot.store.postgres_session import PostgresSession
from bot.wiring.build import Bot
from bot.wiring.world import Sizes
from tests.fresh_databases import FreshDatabases
from tests.service.party import Party
from tests.service.scripted import Discord, ResultPoster, until
from tests.service.services import LIMIT, SIZES, Services, open_services
from tests.service.worker_loop import eventually

REQUEST = VideoRequest(model="kirin_v3_t2v", prompt="a fox on the ice")
CHANNELS = [1_100_000_000_000_000_000 + number * 4_194_304 for number in range(12)]
PATIENT = replace(SIZES, others_patience=60)
IMPATIENT = replace(SIZES, others_patience=0.05)
ANA = Member(user_id=1, guild_id=7)
BRIEFLY = timedelta(seconds=2)
BUSY = 60.0  # seconds for which the sessions, which nobody keeps here, may have nothing to say
USUAL = 90  # seconds that such a video is expected to take


@dataclass
class Part:
    """One process of the bot: its own Discord, of which it remembers what it has posted where."""

    bot: Bot
    processes: Processes
    signals: SharedSignals
    discord: Discord
    result_poster: ResultPoster

    def places(self) -> set[int]:
        """The channels in which it has posted or edited anything."""
        posted = [what.job for name, what in self.discord.calls if name in {"post_card", "edit_card", "post_result"}]
        return {job.place_id for job in posted if not job.destination.private}


@dataclass
class Parts:
    """Processes of one bot on one database, in one event loop; `connect` is how each comes to its database and wire."""

    services: Services
    connect: Callable[[], Awaitable[tuple[Database, Wire]]]
    sizes: Sizes = field(default_factory=lambda: PATIENT)
    alive: dict[str, Part] = field(default_factory=dict)

    async def begin(self, name: str, role: Role) -> Part:
        processes, discord, result_poster = Processes(Process(id=name * 16, role=role)), Discord(), ResultPoster()
        database, wire = await self.connect()
        signals = SharedSignals(wire, me=name)
        own = {
            "database": database,
            "processes": processes,
            "signals": signals,
            "notifier": discord,
            "result_poster": result_poster,
        }
        part = Part(self.services.build(parts=own, sizes=self.sizes), processes, signals, discord, result_poster)
        self.alive[name] = part
        self.everybody_looks()
        return part

    def everybody_looks(self) -> None:
        members = [part.processes.this for part in self.alive.values()]
        for part in self.alive.values():
            part.processes.note(members)

    def owner(self, channel_id: int) -> Part:
        (owner,) = [part for part in self.alive.values() if part.processes.owns(channel_id)]
        return owner

    def tick(self, seconds: float) -> None:
        """Let time pass, which everybody's sleep would notice."""
        self.services.clock.tick(seconds)
        for part in self.alive.values():
            part.signals.hear_all()


@asynccontextmanager
async def running(*parts: Part) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(part.signals.run()) for part in parts]
    workers = [asyncio.create_task(part.bot.worker.run()) for part in parts]
    tasks += [asyncio.create_task(part.bot.outbox.run()) for part in parts]
    tasks += [asyncio.create_task(part.bot.copies_elsewhere.run()) for part in parts]
    await asyncio.sleep(0)
    try:
        yield
    finally:
        for part in parts:
            part.bot.worker.stop()
        async with asyncio.timeout(60):
            await asyncio.gather(*workers)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


@pytest.fixture(params=["postgres", "sqlite"])
async def parts(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Parts]:
    """Processes that have each a pool of their own on PostgreSQL, or all of them one SQLite and one wire."""
    async with AsyncExitStack() as stack:
        if request.param == "sqlite":
            services, party = await stack.enter_async_context(open_services(tmp_path)), Party()

            async def share() -> tuple[Database, Wire]:
                return services.database, party

            yield Parts(services, share)
            return
        databases: FreshDatabases = request.getfixturevalue("fresh_databases")
        stack.callback(databases.let_go, tmp_path)
        url = await databases.url(tmp_path)

        async def connect() -> tuple[Database, Wire]:
            session = await stack.enter_async_context(PostgresSession(url, silence=BUSY))
            return await stack.enter_async_context(PostgresDatabase(url, pool=2)), session

        database, _ = await connect()
        yield Parts(await stack.enter_async_context(open_services(tmp_path, database=database)), connect)


async def ask(part: Part, channel_id: int, *, user_id: int = 1, private: bool = False) -> Accepted:
    place = Destination(guild_id=7, channel_id=channel_id, upload_limit=10_000_000, private=private)
    member = Member(user_id=user_id, guild_id=7)
    context = RequestContext(key=f"{user_id}-{channel_id}", member=member, locale="en-US", destination=place)
    return await part.bot.services.videos.request(REQUEST, context)


async def posted(parts: Parts) -> Job:
    """A video of Ana's that is in the first channel."""
    job = await parts.services.succeeded(channel_id=CHANNELS[0])
    return await parts.services.jobs.delivered(job, channel_id=CHANNELS[0], message_id=50, now=parts.services.clock())


def net(part: Part, job: Job) -> timedelta:
    """How long a process waits before it asks about a job that was submitted just now."""
    spread = Spread(middle=float(USUAL), sigma=0.25)
    return part.bot.callbacks.wait(job, BRIEFLY, elapsed=timedelta(), spread=spread)


async def submitted(parts: Parts, accepted: Collection[Accepted]) -> bool:
    jobs = [await parts.services.job(each.job) for each in accepted]
    return all(job.status is JobStatus.RUNNING and job.lease is None for job in jobs)


async def until_delivered(parts: Parts, accepted: Collection[Accepted]) -> None:
    """Let the time pass that the videos take, and then whatever anybody waits."""
    await eventually(lambda: submitted(parts, accepted))
    parts.tick(USUAL)
    async with asyncio.timeout(60):
        while not await delivered(parts, accepted):
            await asyncio.sleep(0.05)
            parts.tick(1)


async def delivered(parts: Parts, accepted: Collection[Accepted]) -> bool:
    jobs = [await parts.services.lookup.job(each.job.id) for each in accepted]
    return all(job is not None and job.delivered_at is not None and job.due_at is None for job in jobs)


async def test_a_gateways_jobs_are_moved_by_the_workers_and_each_channel_is_one_workers(parts: Parts) -> None:
    gateway = await parts.begin("a", Role.GATEWAY)
    workers = [await parts.begin(name, Role.WORKER) for name in "bc"]
    async with running(gateway, *workers):
        accepted = [await ask(gateway, channel, user_id=number) for number, channel in enumerate(CHANNELS, start=1)]
        await until_delivered(parts, accepted)
    assert all(each.job.card_message_id is not None for each in accepted)
    assert not gateway.discord.calls
    assert workers[0].places() | workers[1].places() == set(CHANNELS)
    assert not workers[0].places() & workers[1].places()
    posted = [part.discord.asked("post_result") for part in workers]
    assert sorted(result.job.id for results in posted for result in results) == sorted(each.job.id for each in accepted)


async def test_whatever_process_submits_a_job_the_owner_of_its_channel_asks_how_it_stands(parts: Parts) -> None:
    parts.sizes = IMPATIENT
    one, two = await parts.begin("b", Role.WORKER), await parts.begin("c", Role.WORKER)
    channel = next(each for each in CHANNELS if parts.owner(each) is two)
    async with running(one):
        accepted = await ask(one, channel)
        assert accepted.job.card_message_id is None
        await eventually(lambda: submitted(parts, [accepted]))
        parts.tick(USUAL)
        await asyncio.sleep(0.05)
        assert not parts.services.kirin.asked("fetch")
        async with running(two):
            await eventually(lambda: delivered(parts, [accepted]))
    assert (one.places(), two.places()) == (set(), {channel})


async def test_who_accepts_a_job_answers_without_its_card_where_its_owner_does_not_post_one(parts: Parts) -> None:
    gateway, worker = await parts.begin("a", Role.GATEWAY), await parts.begin("b", Role.WORKER)
    worker.discord.then("post_card", *[DestinationLost("discord_50001")] * len(JobStatus))  # at any of its news
    async with running(gateway, worker):
        accepted = await ask(gateway, CHANNELS[0])
    assert accepted.job.card_message_id is None
    assert not gateway.discord.calls


async def test_who_accepts_a_job_posts_its_card_where_its_owner_dies_when_asked(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts.sizes = IMPATIENT
    gateway, worker = await parts.begin("a", Role.GATEWAY), await parts.begin("b", Role.WORKER)
    send = gateway.signals.send

    def ask_who_dies(topic: Topic, subject: str = ANY) -> None:
        send(topic, subject)
        if topic is Topic.NEW_CARD:
            del parts.alive["b"]
            parts.everybody_looks()

    monkeypatch.setattr(gateway.signals, "send", ask_who_dies)
    accepted = await ask(gateway, CHANNELS[0])
    assert accepted.job.card_message_id is not None
    assert (len(gateway.discord.phases("post_card")), worker.discord.calls) == (1, [])


async def test_whoever_was_asked_privately_shows_it_and_the_persons_owner_does_the_rest(parts: Parts) -> None:
    gateway, worker = await parts.begin("a", Role.GATEWAY), await parts.begin("b", Role.WORKER)
    async with running(gateway, worker):
        accepted = await ask(gateway, CHANNELS[0], user_id=CHANNELS[1], private=True)
        await until_delivered(parts, [accepted])
    assert len(gateway.discord.phases("post_card")) == 1
    assert worker.discord.asked("post_result")


async def test_gateways_move_the_jobs_while_no_worker_lives(parts: Parts) -> None:
    gateways = [await parts.begin(name, Role.GATEWAY) for name in "ab"]
    async with running(*gateways):
        accepted = [await ask(gateways[0], channel, user_id=number) for number, channel in enumerate(CHANNELS, start=1)]
        await until_delivered(parts, accepted)
    assert gateways[0].places() | gateways[1].places() == set(CHANNELS)
    assert not gateways[0].places() & gateways[1].places()


async def test_a_channel_changes_hands_when_its_owner_goes(parts: Parts) -> None:
    gateway, first = await parts.begin("a", Role.GATEWAY), await parts.begin("b", Role.WORKER)
    async with running(gateway):
        async with running(first):
            accepted = await ask(gateway, CHANNELS[0])
            await eventually(lambda: submitted(parts, [accepted]))
        del parts.alive["b"]
        second = await parts.begin("c", Role.WORKER)
        async with running(second):
            await until_delivered(parts, [accepted])
    assert not first.discord.asked("post_result")
    assert len(second.discord.asked("post_result")) == 1
    assert not gateway.discord.calls


async def test_what_is_shown_is_forgotten_with_the_channel(parts: Parts) -> None:
    first = await parts.begin("b", Role.WORKER)
    for number, channel in enumerate(CHANNELS, start=1):
        await ask(first, channel, user_id=number)
    assert first.bot.cards.shown == len(CHANNELS)
    await parts.begin("c", Role.WORKER)
    own = [channel for channel in CHANNELS if first.processes.owns(channel)]
    assert first.bot.cards.shown == len(own) < len(CHANNELS)


async def test_a_deleted_videos_messages_are_taken_away_by_their_owner_while_its_author_waits(parts: Parts) -> None:
    gateway, worker = await parts.begin("a", Role.GATEWAY), await parts.begin("b", Role.WORKER)
    job = await posted(parts)
    async with running(gateway, worker):
        outcome = await gateway.bot.services.results.remove(job, ANA, channel_id=CHANNELS[0], message_id=50)
    assert outcome is RemovalOutcome.NOW
    assert len(worker.result_poster.asked("take_away")) == 1


async def test_a_deleted_videos_messages_go_soon_where_their_owner_is_busy(parts: Parts) -> None:
    parts.sizes = IMPATIENT
    gateway = await parts.begin("a", Role.GATEWAY)
    await parts.begin("b", Role.WORKER)
    job = await posted(parts)
    async with running(gateway):
        outcome = await gateway.bot.services.results.remove(job, ANA, channel_id=CHANNELS[0], message_id=50)
    assert outcome is RemovalOutcome.SOON
    assert not gateway.result_poster.asked("take_away")


async def test_a_callback_counts_with_whoever_asks_though_it_comes_to_another(parts: Parts) -> None:
    gateway, worker = await parts.begin("a", Role.GATEWAY), await parts.begin("b", Role.WORKER)
    async with running(gateway, worker):
        accepted = await ask(gateway, CHANNELS[0])
        await until(lambda: "running" in worker.discord.phases())
        job = await parts.services.job(accepted.job)
        assert net(worker, job) == BRIEFLY
        gateway.bot.callbacks.receive("kirin", job.external_id, b'{"status": "completed"}')
        await until(lambda: net(worker, job) > BRIEFLY)
        await gateway.bot.callbacks.work()
        await eventually(lambda: delivered(parts, [accepted]))
    assert net(worker, job) > BRIEFLY


def copy_to(channel_id: int | None, *, kind: CopyKind = CopyKind.AGAIN, nonce: str = "again-1") -> Copy:
    """A copy that Ana wants, in a channel or in her direct messages."""
    guild_id = None if channel_id is None else 7
    return Copy(
        kind=kind, user_id=1, locale="en-US", nonce=nonce, limit=LIMIT, guild_id=guild_id, channel_id=channel_id
    )


async def test_a_copy_is_posted_by_the_owner_of_its_channel_for_whoever_was_asked(parts: Parts) -> None:
    gateway, worker = await parts.begin("a", Role.GATEWAY), await parts.begin("b", Role.WORKER)
    job = replace(await posted(parts), spoiler=True)
    results = gateway.bot.services.results
    async with running(gateway, worker):
        again = await results.resend(job, copy_to(CHANNELS[1]))
        direct = await results.resend(job, copy_to(None, kind=CopyKind.DIRECT, nonce="direct-1"))
    asked = [(copy.nonce, result.job.spoiler) for result, copy in worker.result_poster.asked("post_copy")]
    assert asked == [("again-1", True), ("direct-1", True)]
    assert (again.channel_id, direct.channel_id) == (CHANNELS[1], 1)
    assert not gateway.result_poster.asked("post_copy")


@pytest.mark.parametrize(
    ("trouble", "refusal"),
    [
        (DestinationLost("discord_50001"), ChannelClosed),
        (DestinationBusy("discord_500"), DiscordBusy),
        (ResultUnavailable("gone"), ResultLost),
        (RuntimeError("unforeseen"), DiscordBusy),
        (StoreUnavailable("gone"), DiscordBusy),
    ],
)
async def test_what_keeps_an_owner_from_posting_a_copy_is_said_where_it_was_asked_for(
    parts: Parts, trouble: Exception, refusal: type[Exception]
) -> None:
    gateway, worker = await parts.begin("a", Role.GATEWAY), await parts.begin("b", Role.WORKER)
    worker.result_poster.then("post_copy", trouble)
    job = await posted(parts)
    async with running(gateway, worker):
        with pytest.raises(refusal):
            await gateway.bot.services.results.resend(job, copy_to(CHANNELS[1]))


async def test_a_copy_that_no_owner_answers_for_is_refused_in_words(parts: Parts) -> None:
    parts.sizes = replace(SIZES, outbox_patience=0.05)
    gateway = await parts.begin("a", Role.GATEWAY)
    await parts.begin("b", Role.WORKER)
    job = await posted(parts)
    async with running(gateway):
        with pytest.raises(DiscordBusy):
            await gateway.bot.services.results.resend(job, copy_to(CHANNELS[1]))


async def test_a_copy_is_posted_by_whoever_was_asked_once_the_owner_has_died(parts: Parts) -> None:
    gateway = await parts.begin("a", Role.GATEWAY)
    await parts.begin("b", Role.WORKER)
    job = await posted(parts)
    async with running(gateway):
        copying = asyncio.create_task(gateway.bot.services.results.resend(job, copy_to(CHANNELS[1])))
        await asyncio.sleep(0.05)
        del parts.alive["b"]
        parts.everybody_looks()
        async with asyncio.timeout(60):
            assert (await copying).channel_id == CHANNELS[1]
    assert len(gateway.result_poster.asked("post_copy")) == 1


async def test_a_video_that_is_deleted_meanwhile_is_copied_nowhere(parts: Parts) -> None:
    gateway, worker = await parts.begin("a", Role.GATEWAY), await parts.begin("b", Role.WORKER)
    job = await posted(parts)
    async with running(gateway, worker):
        await gateway.bot.services.results.remove(job, ANA, channel_id=CHANNELS[0], message_id=50)
        with pytest.raises(ResultLost):
            await gateway.bot.services.results.resend(job, copy_to(CHANNELS[1]))
    assert not worker.result_poster.asked("post_copy")


async def test_requests_and_answers_of_another_version_are_passed_over(parts: Parts) -> None:
    worker = await parts.begin("b", Role.WORKER)
    async with running(worker):
        for text in ("rain", "{}", '{"job_id": "1", "spoiler": false, "copy": {"kind": "hologram"}}', ANY):
            worker.signals.send(Topic.COPY, text)
        worker.signals.send(Topic.COPIED, '{"nonce": "of nobody"}')
        worker.signals.send(Topic.COPIED)
    assert not worker.result_poster.calls
