"""Pairs of methods that lock much, at once on PostgreSQL, over and over: none waits for the other for ever."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from datetime import timedelta
from itertools import combinations_with_replacement
from typing import Any, Final

from bot.domain import AuditEntry, Case, CaseKind, Job, JobStatus, ModerationPolicy, Review
from bot.errors import CaseDecided, JobUnknown, TooLateToCancel, TransitionLost
from bot.store.community.strikes import StrikeStore
from bot.store.heartbeat import HeartbeatStore
from bot.store.jobs.review_decisions import ReviewDecisionStore
from bot.store.money.grants import GrantStore
from bot.store.privacy.deletion import DeletionStore
from bot.store.privacy.retention import RetentionStore
from tests.funding import plain
from tests.store.conftest import Store

HOUR: Final = timedelta(hours=1)
GONE: Final = (CaseDecided, TransitionLost, TooLateToCancel, JobUnknown)  # the other one was faster
DEADLOCKS: Final = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"


class Scene:
    """Two people with a request that waits for a moderator, one that waits in the queue, and one under way each."""

    def __init__(self, store: Store, number: int) -> None:
        self._store, self.number, self.people = store, number, (10 * number + 1, 10 * number + 2)
        self.cases: list[Case] = []

    async def set(self) -> None:
        store = self._store
        for person in self.people:
            await GrantStore(store.database).grant(self.entry(f"g{person}"), user_id=person, amount=50, note="")
            wanted = store.job(user_id=person, status=JobStatus.PENDING, review=Review.REQUEST)
            case = Case(
                id=f"c{wanted.id}",
                kind=CaseKind.REQUEST,
                guild_id=7,
                channel_id=9,
                user_id=person,
                job_id=wanted.id,
                created_at=store.now,
            )
            await store.jobs.accept(wanted, funding=plain(wanted, 1000), most=9, now=store.now, case=case)
            self.cases.append(case)
        self.running = [await self._begun(person) for person in self.people]
        self.waiting = [await store.accept(user_id=person) for person in self.people]

    async def _begun(self, person: int) -> Job:
        await self._store.accept(user_id=person)
        job = await self._store.waiting()  # or an earlier scene's
        assert job is not None
        return await self._store.jobs.record_task(job, task_id=job.id, next_at=self._store.now, now=self._store.now)

    def entry(self, id_: str) -> AuditEntry:
        return AuditEntry(id=id_, guild_id=7, actor_id=self.people[0], action="a", at=self._store.now)

    # -- what may be at it

    async def clear(self, store: Store, turn: int) -> None:
        deletions = DeletionStore(store.database)
        deletion = await deletions.ask(self.people[turn % 2], messages=False, now=store.now)
        await deletions.end_jobs(deletion, now=store.now)
        await deletions.clear(deletion, now=store.now)
        await deletions.finish(deletion, urgent=True, now=store.now)

    async def deny(self, store: Store, turn: int) -> None:
        for case in self._from(turn, self.cases):
            with suppress(*GONE):
                await ReviewDecisionStore(store.database).deny(case, self.entry(f"d{case.id}{turn}"), reason="")

    async def cancel(self, store: Store, turn: int) -> None:
        for job in self._from(turn, self.waiting):
            with suppress(*GONE):
                await store.jobs.cancel(job.id, user_id=job.user_id, now=store.now)

    async def renew(self, store: Store, turn: int) -> None:
        await store.claims.renew(self._from(turn, self.running), lease_until=store.now + HOUR)
        await store.claims.wake([job.id for job in self._from(turn, self.running)], now=store.now)

    async def shift(self, store: Store, turn: int) -> None:
        by = timedelta(seconds=turn)
        await HeartbeatStore(store.database).shift(by, now=store.now, leap=timedelta(seconds=-1))
        await store.claims.recover(now=store.now)

    async def trim(self, store: Store, _: int) -> None:
        retention = RetentionStore(store.database)
        await retention.trim(texts=store.now + HOUR, records=store.now + HOUR, now=store.now)
        await retention.end_sanctions(now=store.now)

    async def strike_and_grant(self, store: Store, turn: int) -> None:
        for person in self._from(turn, list(self.people)):
            rules = ModerationPolicy(strikes=1)
            strikes, key = StrikeStore(store.database), f"{self.number}-{turn}-{person}"
            await strikes.strike(key=key, guild_id=7, user_id=person, reason="r", rules=rules, now=store.now)
            await GrantStore(store.database).grant(self.entry(key), user_id=person, amount=1, note=str(person))

    def _from(self, turn: int, things: list[Any]) -> list[Any]:
        return things[turn % 2 :] + things[: turn % 2]


def acts(scene: Scene) -> list[Callable[[Store, int], Coroutine[Any, Any, None]]]:
    return [scene.clear, scene.deny, scene.cancel, scene.renew, scene.shift, scene.trim, scene.strike_and_grant]


async def test_no_two_methods_wait_for_each_other(stores: list[Store]) -> None:
    first = stores[0]
    for number, (one, other) in enumerate(combinations_with_replacement(range(7), 2), start=1):
        scene = Scene(first, number)
        await scene.set()
        pair: list[Awaitable[None]] = [
            acts(scene)[which](stores[turn], turn) for turn, which in enumerate((one, other, one, other))
        ]
        await asyncio.gather(*pair)
    await first.books_add_up()
    await first.counts_are_what_a_scan_finds()
    assert await first.rows(DEADLOCKS) == [{"deadlocks": 0}]
