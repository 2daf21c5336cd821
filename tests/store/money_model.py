"""A model of two guilds, direct messages and three people: what may happen to their credits, and must come of it."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from bot.domain import (
    UNLIMITED,
    Account,
    Allowance,
    AuditEntry,
    Case,
    CaseKind,
    DeadLetter,
    Defaults,
    Fund,
    Funding,
    Job,
    Member,
    MemberState,
    Period,
    Policy,
    Unit,
)
from bot.domain.funding import funding_of
from bot.domain.quota import NO_END, extra_of, period_of
from bot.errors import BudgetExceeded, GuildQuotaExceeded, QuotaExceeded, Refused
from bot.store.jobs.dead_letters import DeadLetterStore
from bot.store.jobs.results import ResultStore
from bot.store.jobs.review_decisions import ReviewDecisionStore
from bot.store.jobs.transitions import give_up
from bot.store.money.budget_alerts import SHARES
from bot.store.money.grants import GrantStore
from bot.store.privacy.deletion import DeletionStore
from tests.store.conftest import Store
from tests.store.interrupted import InterruptedDatabase, InterruptionError

HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True)
class Asked:
    """A request as it was made: what a repeat of the same interaction repeats."""

    job: Job
    funding: Funding
    case: Case | None


@dataclass
class MoneyModel:
    """The database, who has decided what, the time, and all that was asked for.

    `known` are jobs as somebody once knew them. Looking (`rows`, `accounts`) is never cut off; acting may be.
    """

    open_store: Callable[[Path], AbstractAsyncContextManager[Store]]
    now: datetime = datetime(2026, 3, 5, 12, tzinfo=UTC)
    runner: asyncio.Runner = field(default_factory=asyncio.Runner)
    folder: tempfile.TemporaryDirectory[str] = field(default_factory=tempfile.TemporaryDirectory)
    policies: dict[int, Policy] = field(default_factory=lambda: {7: Policy(), 8: Policy()})
    own: dict[tuple[int | None, int], Allowance | None] = field(default_factory=dict)
    defaults: Defaults = field(default_factory=lambda: Defaults(allowance=Allowance(credits=20)))
    asked: list[Asked] = field(default_factory=list)
    known: list[Job] = field(default_factory=list)
    credit_requests: list[Case] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._keys = 0
        self.enter()

    def enter(self) -> None:
        """Open the database; again after `leave`, as after a restart."""
        self.opened = self.open_store(Path(self.folder.name))
        self.interrupted = InterruptedDatabase(self.do(self.opened.__aenter__()).database)
        self.store = Store(self.interrupted)
        self.store.now = self.now
        self.decisions, self.letters = ReviewDecisionStore(self.interrupted), DeadLetterStore(self.interrupted)
        self.grants = GrantStore(self.interrupted)

    def leave(self) -> None:
        self.do(self.opened.__aexit__(None, None, None))

    def close(self) -> None:
        self.leave()
        self.runner.close()
        self.folder.cleanup()

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.get_loop().run_until_complete(work)  # `run` sets signals, which takes as long as the work

    def key(self) -> str:
        self._keys += 1
        return f"key-{self._keys}"

    def entry(self, guild_id: int | None, key: str | None = None) -> AuditEntry:
        return AuditEntry(id=key or self.key(), guild_id=guild_id or 0, actor_id=9, action="x", at=self.now)

    def funding(self, user: int, guild_id: int | None, roles: frozenset[int] = frozenset()) -> Funding:
        return funding_of(
            Member(user_id=user, guild_id=guild_id, role_ids=roles),
            policy=Policy() if guild_id is None else self.policies[guild_id],
            state=MemberState(allowance=self.own.get((guild_id, user))),
            defaults=self.defaults,
            now=self.now,
        )

    def accounts(self, funds: tuple[Fund, ...]) -> list[Account]:
        cut, self.interrupted.cut = self.interrupted.cut, None
        found: list[Account] = self.do(self.store.lookup.accounts(funds))
        self.interrupted.cut = cut
        return found

    def rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        cut, self.interrupted.cut = self.interrupted.cut, None
        found: list[dict[str, Any]] = self.do(self.store.rows(sql, *values))
        self.interrupted.cut = cut
        return found

    @contextmanager
    def nobody_gains(self) -> Iterator[None]:
        """Whatever a member does, all together may spend no more after it, but for what no provider has heard of."""
        before = self.used()
        yield
        assert self.used() >= before

    def used(self) -> int:
        """What all members have used of their present periods, less what they were granted.

        What is held for requests that no provider has heard of does not count: it may come back.
        """
        unheard = self.rows(
            "SELECT ledger.owner, ledger.period, ledger.held FROM ledger JOIN jobs ON jobs.id = ledger.job_id "
            "WHERE ledger.kind = 'hold' AND jobs.status IN ('pending', 'queued')"
        )
        accounts = self.rows("SELECT owner, period, held + settled AS used, allowance FROM accounts")
        granted = [row for row in accounts if row["owner"].startswith("extra:")]
        used = sum(row["used"] for row in accounts if self._is_present(row))
        back = sum(row["held"] for row in unheard if self._is_present(row))
        return int(used - back - sum(row["allowance"] for row in granted if self._is_present(row)))

    def _is_present(self, row: Mapping[str, Any]) -> bool:
        """Whether an account pays for somebody at this moment."""
        kind, _, place = row["owner"].partition(":")
        zones = {f"guild:{guild_id}": policy.zone for guild_id, policy in self.policies.items()}
        zone = zones.get(place.rpartition("@")[2], UTC)
        return kind in {"user", "pool", "extra"} and row["period"] in {
            NO_END,
            *(period_of(self.now, each, zone) for each in Period),
        }

    def delete(self, user: int) -> None:
        """Have everything about somebody deleted; what is gone is asked for by no repeat any more."""
        try:
            self.do(self._deleted(user))
        finally:
            kept = {row["id"] for row in self.rows("SELECT id FROM jobs")}
            paid = {row["job_id"] for row in self.rows("SELECT job_id FROM ledger")}
            self.asked = [each for each in self.asked if each.job.id in kept or each.job.id not in paid]

    async def _deleted(self, user: int) -> None:
        deletions = DeletionStore(self.interrupted)
        deletion = await deletions.ask(user, messages=False, now=self.now)
        await deletions.end_jobs(deletion, now=self.now)
        await deletions.clear(deletion, now=self.now)
        for job, _ in await deletions.closed(deletion, urgent=True, most=1000):
            await deletions.forget(job)
        await deletions.finish(deletion, urgent=True, now=self.now)

    def accept(self, asked: Asked) -> None:
        """Accepted or refused exactly as the accounts before it say, and kept or forgotten as a whole."""
        job, funding = asked.job, asked.funding
        before = self.rows("SELECT * FROM jobs WHERE id = $1", job.id)
        expected = None if before else self._refusal(job, funding)
        sources = self.accounts(funding.sources)
        refusal: Refused | None = None
        try:
            kept, new = self.do(self.store.jobs.accept(job, funding=funding, most=1000, case=asked.case, now=self.now))
        except InterruptionError:
            return
        except Refused as caught:
            refusal = caught
            kept = new = None
        if kept is None:
            assert type(refusal) is expected
            assert not self.rows("SELECT id FROM ledger WHERE job_id = $1", job.id)
            return
        assert expected is None
        assert new is not bool(before)
        self.known.append(kept)
        if new:
            self._fits(job, funding, sources)

    def _refusal(self, job: Job, funding: Funding) -> type[Refused] | None:
        if sum(account.balance for account in self.accounts(funding.sources)) < job.credits:
            return QuotaExceeded
        for account in self.accounts(funding.caps):
            if account.unit is Unit.CREDITS and account.balance < job.credits:
                return GuildQuotaExceeded
            if account.unit is Unit.USD and account.balance < job.usd_micros:
                return BudgetExceeded
        return None

    def _fits(self, job: Job, funding: Funding, before: list[Account]) -> None:
        """Nothing that the job holds is more than there was, and the first funding sources hold the most of it."""
        missing = job.credits
        for was, account in zip(before, self.accounts(funding.sources), strict=True):
            share = min(missing, was.balance)
            missing -= share
            assert account.held == was.held + share
            assert share == 0 or account.held + account.settled <= account.allowance
        assert missing == 0
        for account in self.accounts(funding.caps):
            used = account.held + account.settled
            assert used <= account.allowance or not (job.credits if account.unit is Unit.CREDITS else job.usd_micros)
            if account.unit is Unit.USD and account.allowance < UNLIMITED:
                noted = self.rows(
                    "SELECT percent FROM budget_alerts WHERE owner = $1 AND period = $2 AND ceiling = $3",
                    *(account.owner, account.period, account.allowance),
                )
                reached = {percent for percent in SHARES if used * 100 >= account.allowance * percent}
                assert reached <= {row["percent"] for row in noted}

    async def moved(self, job: Job, way: str, cost: int | None, *, yes: bool) -> Job | None:  # noqa: C901, PLR0911 (each way once)
        jobs, now, entry = self.store.jobs, self.now, self.entry(job.destination.guild_id)
        match way:
            case "task":
                return await jobs.record_task(job, task_id="t", next_at=now, now=now)
            case "requeue":
                return await jobs.requeue(job, attempt=job.attempt + 1, next_at=now, cost_micros=cost)
            case "succeed":
                return await jobs.succeed(job, result_url="u", cost_micros=cost, now=now)
            case "deliver":
                return await jobs.delivered(job, channel_id=1, message_id=1, now=now)
            case "fail":
                return await jobs.fail(job, failure="x", code="", now=now, cost_micros=cost, billed=yes)
            case "bury":
                reason = DeadLetter.OUTCOME_UNKNOWN if yes else DeadLetter.UNDELIVERABLE
                return await jobs.mark_dead_letter(job, reason=reason, now=now)
            case "cancel":
                return await jobs.cancel(job.id, user_id=job.user_id, now=now)
            case "give up":
                return await self.interrupted.transact(lambda tx: give_up(tx, job, failure="abandoned", now=now))
            case "fetch":
                await ResultStore(self.interrupted).received(job.id, now=now)
                return None
            case "write off":
                return await self.letters.write_off(entry, job.id, billed=yes)
        case_ = self.case(CaseKind.REQUEST, job.id, job.user_id, job.destination.guild_id or 0, job_id=job.id)
        if way == "approve":
            return await self.decisions.approve(case_, entry, deadline=HOUR)
        return await self.decisions.deny(case_, entry, reason="") if yes else await self.decisions.expire(job, now=now)

    def case(
        self, kind: CaseKind, name: str, user: int, guild_id: int, *, job_id: str | None = None, **body: Any
    ) -> Case:
        return Case(
            id=f"{kind}-{name}",
            kind=kind,
            guild_id=guild_id,
            channel_id=1,
            user_id=user,
            job_id=job_id,
            body=body,
            created_at=self.now,
        )

    def granted(self, user: int, guild_id: int) -> int:
        owner = extra_of(user_id=user, guild_id=guild_id)
        found = self.rows(
            "SELECT allowance - held - settled AS n FROM accounts WHERE owner = $1 AND period = ''", owner
        )
        return int(found[0]["n"]) if found else 0

    def given(self, user: int, guild_id: int) -> int:
        """What somebody has had from people, in whatever period."""
        owner = extra_of(user_id=user, guild_id=guild_id)
        (found,) = self.rows("SELECT coalesce(sum(allowance), 0) AS n FROM accounts WHERE owner = $1", owner)
        return int(found["n"])

    def left_by_period(self, guild_id: int) -> dict[str, int]:
        """What the members of a guild have left together in each period, leaving their allowances aside."""
        left: Counter[str] = Counter()
        for row in self.rows("SELECT * FROM accounts WHERE owner LIKE $1", f"%@guild:{guild_id}"):
            if row["owner"].startswith(("user:", "extra:")):
                granted = row["allowance"] if row["owner"].startswith("extra:") else 0
                left[row["period"]] += granted - row["held"] - row["settled"]
        return {period: amount for period, amount in left.items() if amount}

    def check(self) -> None:
        """The books add up; every job is paid for once in credits, and counted once in every budget."""
        cut, self.interrupted.cut = self.interrupted.cut, None
        self.do(self.store.books_add_up())
        self.do(self.store.counts_are_what_a_scan_finds())
        self.interrupted.cut = cut
        jobs = {row["id"]: Job.from_row(row) for row in self.rows("SELECT * FROM jobs")}
        lines: dict[tuple[str, str, str], list[tuple[int, int]]] = {}
        for row in self.rows("SELECT * FROM ledger WHERE job_id IS NOT NULL"):
            what = row["owner"] if row["owner"].startswith(("budget:", "guild:")) else "members"
            lines.setdefault((row["job_id"], what, row["kind"]), []).append((row["held"], row["settled"]))
        for (job_id, what, kind), parts in lines.items():
            if job_id not in jobs:  # deleted
                continue
            held, settled = (sum(column) for column in zip(*parts, strict=True))
            price = jobs[job_id].usd_micros if what.startswith("budget:") else jobs[job_id].credits
            assert held == (price if kind == "hold" else -price)
            assert settled in self._settled(jobs[job_id], what, kind)

    def _settled(self, job: Job, what: str, kind: str) -> set[int]:
        """What a line may have charged."""
        if kind == "hold":
            return {0}
        if not what.startswith("budget:"):
            return {job.credits if kind == "settle" else 0}
        if job.cost_micros is not None:
            return {job.cost_micros}
        return {job.usd_micros} if kind == "settle" else {0, job.usd_micros}
