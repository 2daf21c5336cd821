"""The ledger under every order of events: the property that `docs/money.md` states.

People of several guilds ask, at any time, under policies that change at any time; jobs take every way there is, also
by those who know them only as they were; credits are granted, given and asked for; people have everything about them
deleted; transactions are cut off anywhere; clocks go forward over the ends of days, weeks, months and summers, and
back. `MoneyModel` says what must come of each, and that no act of a member gains anybody anything by what was
submitted.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from bot.domain import Allowance, CaseKind, Defaults, Funding, Job, JobStatus, Period, Review
from bot.domain.funding import gift_sources
from bot.domain.policy import Pool, Tier
from bot.errors import CaseDecided, GiftTooLarge, Refused, TransitionLost
from bot.store.money.grants import Gift
from tests.store.conftest import Store
from tests.store.interrupted import InterruptionError
from tests.store.money_model import HOUR, Asked, MoneyModel

T = TypeVar("T")

USERS: Final = st.integers(1, 2)
GUILDS: Final = st.sampled_from([7, 7, 8])
PLACES: Final = st.sampled_from([7, 7, 7, 8, None])
ZONES: Final = st.sampled_from(["UTC", "America/New_York", "Pacific/Auckland", "Asia/Kolkata"])
ALLOWANCES: Final = st.builds(Allowance, credits=st.integers(0, 25), period=st.sampled_from(Period))
CEILINGS: Final = st.sampled_from([None, 0, 700_000, 2_000_000, 5_000_000])
PRICES: Final = st.sampled_from([0, 84_000, 420_000, 1_000_000])
COSTS: Final = st.none() | st.sampled_from([0, 99, 400_000, 1_500_000])
STEPS: Final = (timedelta(seconds=1), HOUR, -HOUR, 25 * HOUR, -25 * HOUR, 24 * 8 * HOUR)
# Where a clock may be set: around the ends of a month, a week, a year, and of New York's winter and summer.
MOMENTS: Final = tuple(
    datetime(*day, hour, 59, 59, tzinfo=UTC)
    for day in ((2026, 3, 8), (2026, 3, 31), (2026, 11, 1), (2026, 12, 31), (2027, 1, 3))
    for hour in (4, 5, 6, 23)
)
WAYS: Final = (
    "task",
    "requeue",
    "succeed",
    "deliver",
    "fail",
    "bury",
    "cancel",
    "give up",
    "fetch",
    "write off",
    "approve",
    "deny",
)
OF_MEMBERS: Final = frozenset({"cancel", "give up", "fetch"})  # what people do themselves, or is done in their name
USUAL: Final = {JobStatus.SUBMITTING: "task", JobStatus.RUNNING: "succeed", JobStatus.SUCCEEDED: "deliver"}


# What may happen, how often, and with what.
EVENTS: Final[dict[str, tuple[int, dict[str, st.SearchStrategy[Any]]]]] = {
    "ask": (
        8,
        {
            "user": USERS,
            "place": PLACES,
            "roles": st.frozensets(st.sampled_from([1, 2])),
            "credits_": st.integers(0, 12),
            "usd": PRICES,
            "held": st.booleans(),
            "times": st.integers(1, 4),
        },
    ),
    "repeat": (1, {}),
    "go_on": (8, {"steps": st.integers(1, 4), "cost": COSTS}),
    "move": (8, {"way": st.sampled_from(WAYS), "cost": COSTS, "yes": st.booleans()}),
    "delete": (1, {"user": USERS}),
    "grant": (2, {"user": USERS, "guild_id": GUILDS, "amount": st.integers(-20, 20), "twice": st.booleans()}),
    "give": (2, {"giver": USERS, "guild_id": GUILDS, "amount": st.integers(1, 30), "twice": st.booleans()}),
    "ask_for_more": (1, {"user": USERS, "guild_id": GUILDS, "amount": st.integers(1, 20)}),
    "decide": (1, {"approve": st.booleans()}),
    "change_a_policy": (
        2,
        {
            "guild_id": GUILDS,
            "zone": ZONES,
            "allowance": st.none() | ALLOWANCES,
            "whole": st.none() | ALLOWANCES,
            "budget": CEILINGS,
        },
    ),
    "change_a_role": (
        2,
        {
            "guild_id": GUILDS,
            "role": st.sampled_from([1, 2]),
            "tier": st.none() | ALLOWANCES,
            "pool": st.none() | ALLOWANCES,
        },
    ),
    "change_a_member": (
        1,
        {
            "user": USERS,
            "place": PLACES,
            "own": st.none() | ALLOWANCES,
            "usual": st.integers(0, 30),
            "budget": CEILINGS,
        },
    ),
    "time_passes": (2, {"step": st.sampled_from(STEPS), "moment": st.none() | st.sampled_from(MOMENTS)}),
    "the_next_transaction_is_cut_off": (4, {"cut": st.integers(0, 12)}),
    "restart": (1, {}),
}
LIKELY: Final = tuple(name for name, (times, _) in EVENTS.items() for _ in range(times))


class Machine(RuleBasedStateMachine):
    """What may happen next, whatever has happened. One rule, so that no run does without some of the events."""

    open_store: Callable[[Path], AbstractAsyncContextManager[Store]]

    def __init__(self) -> None:
        super().__init__()
        self.money_model = MoneyModel(self.open_store)

    def teardown(self) -> None:
        self.money_model.close()

    @rule(data=st.data(), event=st.sampled_from(LIKELY))
    def something_happens(self, data: st.DataObject, event: str) -> None:
        self._data = data
        getattr(self, event)(**data.draw(st.fixed_dictionaries(EVENTS[event][1]), label="with"))

    def _one_of(self, choices: list[T]) -> T:
        return self._data.draw(st.sampled_from(choices))

    # -- asking

    def ask(
        self, user: int, place: int | None, roles: frozenset[int], credits_: int, usd: int, *, held: bool, times: int
    ) -> None:
        for _ in range(times):
            with self.money_model.nobody_gains():
                self._ask(user, place, self.money_model.funding(user, place, roles), (credits_, usd), held=held)

    def _ask(self, user: int, place: int | None, funding: Funding, price: tuple[int, int], *, held: bool) -> None:
        key, own = self.money_model.key(), funding.sources[0]
        job = replace(
            self.money_model.store.job(user_id=user, guild_id=place, credits=price[0], usd_micros=price[1]),
            id=f"job-{key}",
            idempotency_key=key,
            owner=own.owner,
            period=own.period,
            created_at=self.money_model.now,
            due_at=self.money_model.now,
            deadline_at=self.money_model.now + HOUR,
            status=JobStatus.PENDING if held else JobStatus.QUEUED,
            review=Review.REQUEST if held else None,
        )
        case = self.money_model.case(CaseKind.REQUEST, job.id, user, place or 0, job_id=job.id) if held else None
        self.money_model.asked.append(Asked(job, funding, case))
        self.money_model.accept(self.money_model.asked[-1])

    def repeat(self) -> None:
        if self.money_model.asked:
            with self.money_model.nobody_gains():
                self.money_model.accept(self._one_of(self.money_model.asked))

    # -- what becomes of it

    def go_on(self, steps: int, cost: int | None) -> None:
        """A job takes its usual way, some steps further."""
        with suppress(InterruptionError):
            job = self.money_model.do(self.money_model.store.waiting())
            self.money_model.known += [job] if job else []
        going = "SELECT * FROM jobs WHERE status IN ('submitting', 'running', 'succeeded') AND delivered_at IS NULL"
        jobs = [Job.from_row(row) for row in self.money_model.rows(going)]
        if not jobs:
            return
        job = self._one_of(jobs)
        with suppress(InterruptionError):
            while steps and job.status in USUAL and job.delivered_at is None:
                job, steps = (
                    self.money_model.do(self.money_model.moved(job, USUAL[job.status], cost, yes=True)),
                    steps - 1,
                )
                self.money_model.known.append(job)

    def move(self, way: str, cost: int | None, *, yes: bool) -> None:
        """Somebody moves a job, who knows it as it is or as it once was; the second kind must come to nothing."""
        jobs = [
            Job.from_row(row) for row in self.money_model.rows("SELECT * FROM jobs ORDER BY id")
        ] + self.money_model.known
        if not jobs:
            return
        job = self._one_of(jobs)
        act = self.money_model.nobody_gains() if way in OF_MEMBERS else nullcontext()
        with act, suppress(InterruptionError, TransitionLost, Refused):
            moved = self.money_model.do(self.money_model.moved(job, way, cost, yes=yes))
            self.money_model.known += [moved] if moved else []

    def delete(self, user: int) -> None:
        with self.money_model.nobody_gains(), suppress(InterruptionError, TransitionLost):
            self.money_model.delete(user)

    # -- credits between people

    def grant(self, user: int, guild_id: int, amount: int, *, twice: bool) -> None:
        before, entry = self.money_model.granted(user, guild_id), self.money_model.entry(guild_id)
        for _ in range(1 + twice):
            with suppress(InterruptionError):
                left = self.money_model.do(self.money_model.grants.grant(entry, user_id=user, amount=amount, note=""))
                assert left == max(0, before + amount) == self.money_model.granted(user, guild_id)

    def give(self, giver: int, guild_id: int, amount: int, *, twice: bool) -> None:
        """What changes hands is what the giver had; no credit comes to live longer, or shorter, by it."""
        receiver, sources = 3 - giver, gift_sources(self.money_model.funding(giver, guild_id))
        had = sum(account.balance for account in self.money_model.accounts(sources))
        got, periods = self.money_model.given(receiver, guild_id), self.money_model.left_by_period(guild_id)
        gift = Gift(
            key=self.money_model.key(),
            guild_id=guild_id,
            giver_id=giver,
            receiver_id=receiver,
            credits=amount,
            sources=sources,
        )
        for _ in range(1 + twice):
            with self.money_model.nobody_gains(), suppress(InterruptionError, GiftTooLarge):
                assert self.money_model.do(self.money_model.grants.give(gift, now=self.money_model.now)) == had - amount
                assert self.money_model.given(receiver, guild_id) == got + amount
        if amount > had:
            assert self.money_model.given(receiver, guild_id) == got
        assert self.money_model.left_by_period(guild_id) == periods

    def ask_for_more(self, user: int, guild_id: int, amount: int) -> None:
        case = self.money_model.case(CaseKind.MORE, self.money_model.key(), user, guild_id, credits=amount)
        with self.money_model.nobody_gains(), suppress(InterruptionError):
            if self.money_model.do(self.money_model.grants.ask_for_more(case, stale=self.money_model.now - 24 * HOUR)):
                self.money_model.credit_requests.append(case)

    def decide(self, *, approve: bool) -> None:
        if not self.money_model.credit_requests:
            return
        case = self._one_of(self.money_model.credit_requests)
        before = self.money_model.granted(case.user_id, case.guild_id)
        with suppress(InterruptionError, CaseDecided):
            given = int(case.body["credits"]) if approve else 0
            self.money_model.do(
                self.money_model.grants.decide(case, self.money_model.entry(case.guild_id), given=given)
            )
            after = before + (int(case.body["credits"]) if approve else 0)
            assert self.money_model.granted(case.user_id, case.guild_id) == after

    # -- what is decided about it

    def change_a_policy(
        self, guild_id: int, zone: str, allowance: Allowance | None, whole: Allowance | None, budget: int | None
    ) -> None:
        changes = {"timezone": zone, "allowance": allowance, "guild_allowance": whole, "budget_usd_micros": budget}
        self.money_model.policies[guild_id] = self.money_model.policies[guild_id].changed(**changes)

    def change_a_role(self, guild_id: int, role: int, tier: Allowance | None, pool: Allowance | None) -> None:
        policy = self.money_model.policies[guild_id].with_tier(Tier(role_id=role, allowance=tier))
        pools = [each for each in policy.pools if each.role_id != role]
        pools += [Pool(name=f"team{role}", role_id=role, allowance=pool)] if pool else []
        self.money_model.policies[guild_id] = policy.changed(pools=tuple(pools))

    def change_a_member(
        self, user: int, place: int | None, own: Allowance | None, usual: int, budget: int | None
    ) -> None:
        self.money_model.own[place, user] = own
        self.money_model.defaults = Defaults(allowance=Allowance(credits=usual), budget_usd_micros=budget)

    # -- the world

    def time_passes(self, step: timedelta, moment: datetime | None) -> None:
        self.money_model.now = self.money_model.store.now = (moment or self.money_model.now) + step

    def the_next_transaction_is_cut_off(self, cut: int) -> None:
        self.money_model.interrupted.cut = cut

    def restart(self) -> None:
        self.money_model.leave()
        self.money_model.enter()

    @invariant()
    def the_books_add_up(self) -> None:
        self.money_model.check()


def test_the_ledger_holds_in_every_order_of_events(
    open_store: Callable[[Path], AbstractAsyncContextManager[Store]], runs: Callable[[int], int]
) -> None:
    machine = type("MachineOnThis", (Machine,), {"open_store": staticmethod(open_store)})
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=runs(50), stateful_step_count=50, deadline=None, database=None, suppress_health_check=checks
        ),
    )
