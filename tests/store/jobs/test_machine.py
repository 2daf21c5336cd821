"""The books under every order of events: claims, moves, lost leases, restarts, other people's requests, time."""

import asyncio
import tempfile
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager, suppress
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from bot.domain import AuditEntry, DeadLetter, Job, JobStatus
from bot.errors import DeadLetterGone, QuotaExceeded, TooLateToCancel, TooManyJobs, TransitionLost
from bot.store.jobs.dead_letters import DeadLetterStore
from bot.store.jobs.results import ResultStore
from tests.funding import plain
from tests.store.conftest import LEASE, Store

ALLOWANCE = 23
MOST = 4
USERS = st.integers(1, 2)


class Machine(RuleBasedStateMachine):
    """Workers hold what they claimed; `stale` are copies of jobs that somebody may still act on, wrongly."""

    open_store: Callable[[Path], AbstractAsyncContextManager[Store]]

    def __init__(self) -> None:
        super().__init__()
        self._runner = asyncio.Runner()
        self._folder = tempfile.TemporaryDirectory()
        self._opened = self.open_store(Path(self._folder.name))
        self._store = self._do(self._opened.__aenter__())
        self._held: list[Job] = []
        self._entries = count(1)
        self._stale: list[Job] = []
        self._accepted: list[Job] = []

    def teardown(self) -> None:
        self._do(self._opened.__aexit__(None, None, None))
        self._runner.close()
        self._folder.cleanup()

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._runner.get_loop().run_until_complete(work)  # `run` sets signals, which takes as long as the work

    def _take(self, data: st.DataObject, *statuses: JobStatus) -> Job | None:
        """One of the jobs that a worker holds in one of these states; from now on that copy of it is stale."""
        fitting = [job for job in self._held if job.status in statuses and not job.finished]
        if not fitting:
            return None
        job = data.draw(st.sampled_from(fitting), label="job")
        self._held.remove(job)
        self._stale.append(job)
        return job

    def _move(self, work: Coroutine[Any, Any, Job]) -> Job | None:
        """A worker's move: lost only if the lease has run out and somebody else has had the job since."""
        with suppress(TransitionLost):
            moved: Job = self._do(work)
            return moved
        return None

    @rule(user=USERS, credits_=st.integers(1, 9), patience=st.integers(5, 500), backoff=st.integers(0, 20))
    def accept(self, user: int, credits_: int, patience: int, backoff: int) -> None:
        store = self._store
        due_at, deadline_at = store.now + timedelta(seconds=backoff), store.now + timedelta(seconds=patience)
        job = store.job(user_id=user, credits=credits_, due_at=due_at, deadline_at=deadline_at)
        with suppress(QuotaExceeded, TooManyJobs):
            self._accepted.append(self._do(store.accept(job, allowance=ALLOWANCE, most=MOST)))

    @precondition(lambda self: self._accepted)
    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        first = data.draw(st.sampled_from(self._accepted))
        repeat = self._store.job(user_id=first.user_id, idempotency_key=first.idempotency_key)
        job, new = self._do(
            self._store.jobs.accept(repeat, funding=plain(repeat, ALLOWANCE), most=MOST, now=self._store.now)
        )
        assert (job.id, new) == (first.id, False)

    @rule()
    def claim_waiting(self) -> None:
        job = self._do(self._store.waiting(per_provider=3, per_user=2))
        self._held += [job] if job else []

    @rule()
    def claim_due(self) -> None:
        self._held += self._do(self._store.due(most=2))

    @rule()
    def claim_overdue(self) -> None:
        for job in self._do(self._store.overdue(most=2)):
            self._stale.append(job)
            self._move(self._store.jobs.fail(job, failure="deadline", code="", now=self._store.now))

    @rule(data=st.data())
    def record_task(self, data: st.DataObject) -> None:
        if job := self._take(data, JobStatus.SUBMITTING):
            self._move(self._store.jobs.record_task(job, task_id="t", next_at=self._store.now, now=self._store.now))

    @rule(data=st.data(), attempt=st.integers(1, 3))
    def requeue(self, data: st.DataObject, attempt: int) -> None:
        if job := self._take(data, JobStatus.SUBMITTING, JobStatus.RUNNING):
            self._move(self._store.jobs.requeue(job, attempt=attempt, next_at=self._store.now))

    @rule(data=st.data())
    def reschedule(self, data: st.DataObject) -> None:
        if job := self._take(data, *JobStatus):
            self._move(self._store.jobs.reschedule(job, next_at=self._store.now, tries=job.tries + 1))

    @rule(data=st.data())
    def succeed(self, data: st.DataObject) -> None:
        if job := self._take(data, JobStatus.RUNNING):
            done = self._move(self._store.jobs.succeed(job, result_url="u", cost_micros=7, now=self._store.now))
            self._held += [done] if done else []

    @rule(data=st.data())
    def fail(self, data: st.DataObject) -> None:
        if job := self._take(data, *JobStatus):
            self._move(self._store.jobs.fail(job, failure="permanent", code="", now=self._store.now))

    @rule(data=st.data())
    def deliver(self, data: st.DataObject) -> None:
        if job := self._take(data, JobStatus.SUCCEEDED):
            posting = self._move(self._store.jobs.begin_posting(job, at=self._store.now))
            if posting is not None:
                self._move(self._store.jobs.delivered(posting, channel_id=1, message_id=1, now=self._store.now))

    @rule(data=st.data())
    def mark_dead_letter(self, data: st.DataObject) -> None:
        if job := self._take(data, JobStatus.SUBMITTING, JobStatus.SUCCEEDED):
            reason = DeadLetter.OUTCOME_UNKNOWN if job.status is JobStatus.SUBMITTING else DeadLetter.UNDELIVERABLE
            self._move(self._store.jobs.mark_dead_letter(job, reason=reason, now=self._store.now))

    @rule(user=USERS, finished=st.booleans())
    def lose_sight_of_one(self, user: int, *, finished: bool) -> None:
        """A job is accepted, and the one whose turn it is goes all the way to where only an admin can decide."""
        store = self._store
        with suppress(QuotaExceeded, TooManyJobs):
            self._accepted.append(self._do(store.accept(store.job(user_id=user), allowance=ALLOWANCE, most=MOST)))
        job = self._do(store.waiting())
        if job is None:
            return
        reason = DeadLetter.UNDELIVERABLE if finished else DeadLetter.OUTCOME_UNKNOWN
        if finished:
            self._do(store.jobs.record_task(job, task_id="t", next_at=store.now, now=store.now))
            due = self._do(store.due())
            self._held += [each for each in due if each.id != job.id]
            (job,) = [each for each in due if each.id == job.id]
            job = self._do(store.jobs.succeed(job, result_url="u", cost_micros=7, now=store.now))
        self._stale.append(job)
        self._do(store.jobs.mark_dead_letter(job, reason=reason, now=store.now))

    @rule(data=st.data(), decision=st.sampled_from(("look", "submit", "deliver", "write_off", "fetch")))
    def decide_a_dead_letter(self, data: st.DataObject, decision: str) -> None:
        """Mostly about dead letters, but about any other job too: that stays as it is."""
        store, letters = self._store, DeadLetterStore(self._store.database)
        dead: list[Job] = self._do(store.lookup.dead_letters(most=9))
        others = not dead or data.draw(st.sampled_from((False, False, True)), label="others")
        candidates = self._accepted if others else dead
        if not candidates:
            return
        job: Job = self._do(store.get(data.draw(st.sampled_from(candidates), label="letter").id))
        entry = AuditEntry(id=f"i-{next(self._entries)}", guild_id=7, actor_id=9, action="job", at=store.now)
        until, billed = store.now + timedelta(seconds=500), data.draw(st.booleans(), label="billed")
        self._stale.append(job)
        match decision:
            case "look":
                self._decide(letters.look_again(entry, job.id, deadline_at=until), job, DeadLetter.OUTCOME_UNKNOWN)
            case "submit":
                self._decide(letters.submit_again(entry, job.id, deadline_at=until), job, DeadLetter.OUTCOME_UNKNOWN)
            case "deliver":
                self._decide(letters.deliver_again(entry, job.id), job, DeadLetter.UNDELIVERABLE)
            case "write_off":
                self._decide(letters.write_off(entry, job.id, billed=billed), job, *DeadLetter)
            case _:
                kept = job.dead_letter is DeadLetter.UNDELIVERABLE
                assert self._do(ResultStore(store.database).received(job.id, now=store.now)) is kept

    def _decide(self, work: Coroutine[Any, Any, Job], job: Job, *fitting: DeadLetter) -> None:
        try:
            self._do(work)
        except DeadLetterGone:
            assert job.dead_letter not in fitting
        else:
            assert job.dead_letter in fitting

    @precondition(lambda self: any(job.finished for job in self._held))
    @rule()
    def close(self) -> None:
        for job in [job for job in self._held if job.finished]:
            self._held.remove(job)
            self._move(self._store.jobs.close(job))

    @precondition(lambda self: self._accepted)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        job = data.draw(st.sampled_from(self._accepted))
        with suppress(TooLateToCancel):
            self._do(self._store.jobs.cancel(job.id, user_id=job.user_id, now=self._store.now))

    @precondition(lambda self: self._stale)
    @rule(data=st.data())
    def act_on_old_knowledge(self, data: st.DataObject) -> None:
        """Only moves that the job's present state and lease allow may come of it; the invariants say the rest."""
        job, jobs, now = data.draw(st.sampled_from(self._stale)), self._store.jobs, self._store.now
        move = data.draw(st.sampled_from(("fail", "deliver", "requeue", "succeed", "bury")), label="move")
        match move:
            case "fail":
                self._move(jobs.fail(job, failure="internal", code="", now=now))
            case "deliver":
                self._move(jobs.delivered(job, channel_id=2, message_id=2, now=now))
            case "requeue":
                self._move(jobs.requeue(job, attempt=2, next_at=now))
            case "succeed":
                self._move(jobs.succeed(job, result_url="u", cost_micros=None, now=now))
            case _:
                self._move(jobs.mark_dead_letter(job, reason=DeadLetter.UNDELIVERABLE, now=now))

    @rule()
    def lose_the_workers(self) -> None:
        self._stale += self._held
        self._held.clear()

    @rule()
    def restart(self) -> None:
        self._stale += self._held
        self._held.clear()
        self._do(self._opened.__aexit__(None, None, None))
        self._opened = self.open_store(Path(self._folder.name))
        before, self._store = self._store, self._do(self._opened.__aenter__())
        self._store.continues(before)
        self._do(self._store.claims.recover(now=self._store.now))

    @rule(seconds=st.sampled_from((1, 10, LEASE.seconds, 600)))
    def time_passes(self, seconds: int) -> None:
        self._store.later(seconds)

    @invariant()
    def the_books_add_up(self) -> None:
        self._do(self._store.books_add_up())

    @invariant()
    def whoever_waits_has_a_turn(self) -> None:
        self._do(self._store.turns_are_there_for_what_waits())

    @invariant()
    def whatever_is_counted_is_what_a_scan_finds(self) -> None:
        self._do(self._store.counts_are_what_a_scan_finds())

    @invariant()
    def no_allowance_is_oversold(self) -> None:
        for account in self._do(self._store.rows("SELECT * FROM accounts")):
            assert account["held"] + account["settled"] <= account["allowance"]

    @invariant()
    def nothing_unfinished_is_forgotten(self) -> None:
        """Whatever is not finished will be due, or overdue, by itself."""
        for job in self._accepted:
            stored = self._do(self._store.get(job.id))
            assert stored.finished or stored.due_at is not None


@pytest.mark.usefixtures("untraced")
def test_the_books_add_up_in_every_order_of_events(
    open_store: Callable[[Path], AbstractAsyncContextManager[Store]], runs: Callable[[int], int]
) -> None:
    machine = type("MachineOnThis", (Machine,), {"open_store": staticmethod(open_store)})
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=runs(40), stateful_step_count=40, deadline=None, database=None, suppress_health_check=checks
        ),
    )
