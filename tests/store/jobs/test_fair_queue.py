"""Whose turn it is: nobody's many delay another's one, whatever else happens; and everybody is told the true order."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.domain import EVERYWHERE, AuditEntry, Job, JobStatus
from bot.domain.policy import GuildLimits
from bot.store.community.guilds import GuildStore
from bot.store.jobs.transitions import queue
from tests.store.conftest import Store

MANY = 200


async def drained(store: Store, *, most: int = 1000, **limits: int) -> list[Job]:
    """What is claimed one after the other, at most `most`, as if each were done at once."""
    jobs: list[Job] = []
    while len(jobs) < most and (job := await store.waiting(**limits)):
        jobs.append(job)
        await store.jobs.fail(job, failure="content", code="", now=store.now)
    return jobs


async def pause(store: Store, guild_id: int, *, paused: bool = True) -> None:
    entry = AuditEntry(id=str(store.later(1)), guild_id=guild_id, actor_id=1, action="pause", at=store.now)
    await GuildStore(store.database).pause(entry, paused=paused)


async def limit(store: Store, guild_id: int, running: int) -> None:
    entry = AuditEntry(id=str(store.later(1)), guild_id=guild_id, actor_id=1, action="limits", at=store.now)
    limits = GuildLimits(running=running)
    await GuildStore(store.database).change(entry, lambda policy: policy.model_copy(update={"limits": limits}))


# --- whose turn it is


async def test_one_person_with_many_delays_anothers_single_job_by_at_most_one(store: Store) -> None:
    await asyncio.gather(*(store.accept(user_id=1) for _ in range(MANY)))
    await store.accept(user_id=2)
    assert [job.user_id for job in await drained(store, most=4)] == [1, 2, 1, 1]
    assert await store.waiting() is not None
    await store.accept(user_id=2)
    assert [job.user_id for job in await drained(store, most=4)] == [1, 2, 1, 1]


async def test_a_guild_with_many_delays_anothers_single_job_by_at_most_one(store: Store) -> None:
    await asyncio.gather(*(store.accept(guild_id=7, user_id=number) for number in range(MANY)))
    await store.accept(guild_id=8, user_id=1)
    assert [job.queue_id for job in await drained(store, most=4)] == [7, 8, 7, 7]


async def test_in_direct_messages_everybody_has_a_queue_of_their_own(store: Store) -> None:
    for user_id in (1, 1, 1, 2, 3):
        await store.accept(guild_id=None, user_id=user_id)
    assert [job.user_id for job in await drained(store)] == [1, 2, 3, 1, 1]


async def test_people_take_turns_in_the_order_they_came(store: Store) -> None:
    for user_id in (3, 3, 1, 1, 2):
        await store.accept(user_id=user_id)
    assert [job.user_id for job in await drained(store)] == [3, 1, 2, 3, 1]


async def test_somebody_who_asks_again_and_again_passes_nobody_by(store: Store) -> None:
    for user_id in (1, 2, 3):
        await store.accept(user_id=user_id)
    order = []
    for _ in range(4):
        job = await store.waiting()
        assert job is not None
        order.append(job.user_id)
        if job.user_id == 1:
            await store.accept(user_id=1)
    assert order == [1, 2, 3, 1]


async def test_a_higher_priority_goes_first_in_its_guild_and_in_no_other(store: Store) -> None:
    await store.accept(guild_id=8, user_id=9)
    await store.accept(guild_id=7, user_id=1)
    for user_id in (2, 2, 3):
        await store.accept(guild_id=7, user_id=user_id, priority=5)
    order = [(job.queue_id, job.user_id) for job in await drained(store)]
    assert order == [(8, 9), (7, 2), (7, 3), (7, 2), (7, 1)]


async def test_whoever_was_at_their_limit_has_saved_up_no_turns(store: Store) -> None:
    blocked = await store.submitting(user_id=1)
    for user_id in (1, 1, 1, 2, 2, 2, 2, 2):
        await store.accept(user_id=user_id)
    for _ in range(3):
        job = await store.waiting(per_user=1)
        assert job is not None
        assert job.user_id == 2
        await store.jobs.fail(job, failure="content", code="", now=store.now)
    await store.jobs.fail(blocked, failure="content", code="", now=store.now)
    assert [job.user_id for job in await drained(store)] == [1, 2, 1, 2, 1]


async def test_a_job_whose_turn_came_to_nothing_is_next(store: Store) -> None:
    first = await store.submitting(user_id=1, guild_id=8)
    for user_id, guild_id in ((2, 7), (3, 8), (1, 8)):
        await store.accept(user_id=user_id, guild_id=guild_id)
    await store.jobs.requeue(first, attempt=2, next_at=store.now)
    assert [job.user_id for job in await drained(store)] == [1, 2, 3, 1]
    await store.turns_are_there_for_what_waits()


async def test_a_job_that_has_to_be_approved_takes_its_turn_when_it_is(store: Store) -> None:
    held = await store.accept(user_id=1, status=JobStatus.PENDING, due_at=None)
    await store.turns_are_there_for_what_waits()
    for user_id in (1, 2):
        await store.accept(user_id=user_id)
    await store.database.transact(lambda tx: queue(tx, held, due_at=store.now))
    await store.turns_are_there_for_what_waits()
    order = await drained(store)
    assert [job.user_id for job in order] == [1, 2, 1]
    assert order[-1].id == held.id


# --- limits and pauses


async def test_a_guild_gets_no_more_than_its_limit_and_keeps_nobody_else_waiting(store: Store) -> None:
    for user_id in range(4):
        await store.accept(guild_id=7, user_id=user_id)
    other = await store.accept(guild_id=8)
    claimed = [await store.waiting(per_guild=2) for _ in range(4)]
    assert [job and job.queue_id for job in claimed] == [7, 8, 7, None]
    assert claimed[1] is not None
    assert claimed[1].id == other.id


async def test_a_guilds_admins_may_set_a_lower_limit_but_no_higher_one(store: Store) -> None:
    await limit(store, 7, running=1)
    await limit(store, 8, running=9)
    for guild_id in (7, 8):
        for user_id in range(4):
            await store.accept(guild_id=guild_id, user_id=user_id)
    claimed = Counter([job.queue_id for _ in range(8) if (job := await store.waiting(per_guild=2))])
    assert claimed == {7: 1, 8: 2}


async def test_a_guilds_limit_counts_what_every_provider_works_on(store: Store) -> None:
    await store.submitting(guild_id=7, provider="kling")
    await store.accept(guild_id=7)
    assert await store.waiting(per_guild=1) is None
    assert await store.waiting(per_guild=2) is not None


async def test_the_whole_bot_gets_no_more_than_its_limit(store: Store) -> None:
    for number, provider in enumerate(("kirin", "kling", "kirin", "kling")):
        await store.accept(guild_id=number + 1, user_id=number, provider=provider)
    claimed = [await store.waiting(provider, total=3) for provider in ("kirin", "kling", "kirin", "kling")]
    assert [job is None for job in claimed] == [False, False, False, True]


async def test_in_a_paused_guild_nothing_begins_and_nothing_is_lost(store: Store) -> None:
    for guild_id in (7, 7, 8):
        await store.accept(guild_id=guild_id)
    await pause(store, 7)
    assert [job.queue_id for job in await drained(store)] == [8]
    await pause(store, 7, paused=False)
    assert [job.queue_id for job in await drained(store)] == [7, 7]


async def test_a_paused_bot_begins_nothing_anywhere(store: Store) -> None:
    await store.accept(guild_id=7)
    await store.accept(guild_id=None)
    await pause(store, EVERYWHERE)
    assert await store.waiting() is None
    await pause(store, EVERYWHERE, paused=False)
    assert len(await drained(store)) == 2


async def test_a_job_that_backs_off_keeps_nobody_waiting_not_even_its_author(store: Store) -> None:
    await store.accept(user_id=1, due_at=store.now + timedelta(minutes=5))
    for user_id in (1, 2):
        await store.accept(user_id=user_id)
    assert [job.user_id for job in await drained(store)] == [1, 2]


async def test_a_whole_queue_that_cannot_go_keeps_no_other_waiting(store: Store) -> None:
    await store.submitting(user_id=1, guild_id=9)
    for _ in range(3):
        await store.accept(guild_id=7, user_id=1)
    await store.accept(guild_id=8, user_id=2)
    job = await store.waiting(per_user=1)
    assert job is not None
    assert job.queue_id == 8


# --- what is left behind


@pytest.mark.parametrize("end", ["claim", "cancel", "expire"])
async def test_where_nothing_waits_any_more_nothing_is_kept(store: Store, end: str) -> None:
    job = await store.accept(deadline_at=store.now + timedelta(seconds=5))
    match end:
        case "claim":
            assert await store.waiting() is not None
        case "cancel":
            await store.jobs.cancel(job.id, user_id=1, now=store.now)
        case _:
            store.later(5)
            (late,) = await store.overdue()
            await store.jobs.fail(late, failure="deadline", code="", now=store.now)
    assert await store.rows("SELECT * FROM turns") == []
    assert await store.rows("SELECT * FROM queues") == []


async def test_a_repeated_interaction_waits_nowhere_a_second_time(store: Store) -> None:
    first = await store.submitting()
    repeat = replace(store.job(user_id=2, guild_id=8), idempotency_key=first.idempotency_key)
    await store.accept(repeat)
    await store.turns_are_there_for_what_waits()


# --- in any order of events


@dataclass
class Seen:
    """A job that waits: what was claimed or put back while it did, by queue and by turn."""

    ahead: int  # of its author's own, in the same turn, when it came
    claims: Counter[tuple[int, ...]] = field(default_factory=Counter)
    came_back: Counter[tuple[int, ...]] = field(default_factory=Counter)


def keys(job: Job) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Its queue, and its author's turn in that."""
    return (job.queue_id,), (job.queue_id, job.priority, job.user_id)


class Crowd:
    """People who come and go; every claim is held against what was promised to those that wait."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: dict[str, Job] = {}
        self._seen: dict[str, Seen] = {}
        self._held: list[Job] = []

    async def act(self, action: str, guild: int, user: int, priority: int) -> None:
        match action:
            case "come":
                job = self._store.job(guild_id=guild or None, user_id=user, priority=priority)
                ahead = sum(keys(each) == keys(job) for each in self._waiting.values())
                accepted = await self._store.accept(job)
                self._waiting[job.id], self._seen[job.id] = accepted, Seen(ahead=ahead)
            case "claim":
                await self.claim()
            case "come back" if self._held:
                job = self._held.pop(user % len(self._held))
                await self._come_back(job)
            case "cancel" if self._waiting:
                job = list(self._waiting.values())[user % len(self._waiting)]
                await self._store.jobs.cancel(job.id, user_id=job.user_id, now=self._store.now)
                del self._waiting[job.id]
                self._seen = {id_: seen for id_, seen in self._seen.items() if id_ != job.id}

    async def claim(self) -> Job | None:
        job = await self._store.waiting()
        assert (job is None) == (not self._waiting)
        if job is not None:
            del self._waiting[job.id]
            self._held.append(job)
            for seen in self._seen.values():
                seen.claims.update(keys(job))
            if job.id in self._seen:
                self._kept_its_promise(job, self._seen.pop(job.id))
        return job

    async def _come_back(self, job: Job) -> None:
        self._waiting[job.id] = await self._store.jobs.requeue(job, attempt=2, next_at=self._store.now)
        for seen in self._seen.values():
            seen.came_back.update(keys(job))

    def _kept_its_promise(self, job: Job, seen: Seen) -> None:
        """Of every other person no more than one for each of its author's and itself; the same for whole queues.

        What came back has had its turn before, and counts once. A queue is served whenever one of its jobs is.
        """
        queue, turn = keys(job)
        for other, claims in seen.claims.items():
            most = seen.came_back[other]
            if len(other) == 1 and other != queue:
                most += seen.claims[queue]
            elif other[:2] == turn[:2] and other != turn:
                most += seen.ahead + seen.came_back[turn] + 1
            else:
                continue
            assert claims <= most, (other, claims, most)


ACTIONS = st.sampled_from(("come", "come", "come", "claim", "claim", "come back", "cancel"))
EVENTS = st.lists(st.tuples(ACTIONS, st.integers(0, 3), st.integers(1, 4), st.integers(0, 1)), max_size=60)
SMALL = settings(deadline=None, suppress_health_check=list(HealthCheck))


def test_in_any_order_of_events_nobody_waits_for_more_than_one_of_each_and_all_know_their_place(
    open_store: Callable[[Path], AbstractAsyncContextManager[Store]], runs: Callable[[int], int]
) -> None:
    async def play(events: list[tuple[str, int, int, int]]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            async with open_store(Path(folder)) as store:
                crowd = Crowd(store)
                for event in events:
                    await crowd.act(*event)
                    await store.counts_are_what_a_scan_finds()
                await store.turns_are_there_for_what_waits()
                told = await store.lookup.first_waiting("kirin", most=1000)
                assert [job.id for job in await store.lookup.first_waiting("kirin", most=3)] == [
                    job.id for job in told[:3]
                ]
                assert [await store.lookup.position(job) for job in told] == list(range(1, len(told) + 1))
                order = []
                while job := await crowd.claim():
                    order.append(job.id)
                assert order == [job.id for job in told]
                await store.turns_are_there_for_what_waits()

    @example([*[("come", 1, 1, 0)] * 9, ("claim", 0, 0, 0), ("come", 1, 2, 0), ("come", 2, 3, 0)])
    @given(events=EVENTS)
    @settings(SMALL, max_examples=runs(60))
    def always(events: list[tuple[str, int, int, int]]) -> None:
        asyncio.run(play(events))

    always()
