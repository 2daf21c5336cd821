"""What must be true after every commit: of each job that it has touched, of each account, of every limit.

Triggers of the simulation's own write down what a commit has touched; they are no part of the bot's schema.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from bot.domain import EVERYWHERE, JobStatus, RunningLimits
from bot.domain.job import TRANSITIONS
from bot.store.jobs.at_work import AT_WORK
from tests.funding import balance, end_of
from tests.simulation.disk import Disk, at_once
from tests.store.conftest import Store

_TOUCHED: Final = """
CREATE TEMP TABLE touched (kind TEXT, a TEXT, b TEXT, c TEXT);
CREATE TEMP TRIGGER job_made AFTER INSERT ON jobs BEGIN
    INSERT INTO touched VALUES ('job', NEW.id, '', NEW.status);
END;
CREATE TEMP TRIGGER job_moved AFTER UPDATE OF status, delivered_at, dead_letter, failure ON jobs BEGIN
    INSERT INTO touched VALUES ('job', NEW.id, OLD.status, NEW.status);
END;
CREATE TEMP TRIGGER line_made AFTER INSERT ON ledger BEGIN
    INSERT INTO touched VALUES
        ('line', NEW.owner, NEW.period, NEW.kind), ('of', NEW.job_id, '', ''), ('cause', NEW.id, NEW.kind, NEW.owner);
END;
CREATE TEMP TRIGGER account_made AFTER INSERT ON accounts BEGIN
    INSERT INTO touched VALUES ('account', NEW.owner, NEW.period, '');
END;
CREATE TEMP TRIGGER account_changed AFTER UPDATE ON accounts BEGIN
    INSERT INTO touched VALUES ('account', NEW.owner, NEW.period, '');
END;
"""
_BEGINNINGS: Final = frozenset({JobStatus.PENDING, JobStatus.QUEUED})


class Books:
    """Looks at what each commit has touched, and says what is wrong with it."""

    def __init__(
        self, disk: Disk, *, limits: RunningLimits, wrong: Callable[[str], None], seen: Callable[[str], None]
    ) -> None:
        self._disk, self._limits, self._wrong, self._seen = disk, limits, wrong, seen
        self._store = Store(disk.look())
        self.commits, self._changes = 0, 0
        self._causes: set[tuple[str, str]] = set()
        disk.connection.executescript(_TOUCHED)

    def look(self) -> bool:
        """Look at what was committed since the last look; whether there was anything."""
        changes, self._changes = self._changes, self._disk.connection.total_changes
        touched = self._disk.rows("SELECT * FROM temp.touched") if changes != self._changes else []
        if not touched:
            return False
        self._disk.connection.execute("DELETE FROM temp.touched")
        self.commits += 1
        jobs, causes, accounts = self._read(touched)
        for job_id in jobs:
            self._job(job_id)
        for cause, kind in causes:
            self._cause(cause, kind)
        for (owner, period), held in accounts.items():
            self._account(owner, period, held=held)
        return True

    def _read(
        self, touched: Sequence[sqlite3.Row]
    ) -> tuple[dict[str, None], dict[tuple[str, str], None], dict[tuple[str, str], bool]]:
        """Say which jobs and causes a commit has touched, and which accounts: whether more is held in them."""
        jobs: dict[str, None] = {}
        causes: dict[tuple[str, str], None] = {}
        accounts: dict[tuple[str, str], bool] = {}
        for kind, a, b, c in touched:
            match kind:
                case "job":
                    self._seen(f"job {a}: {b} -> {c}")
                    jobs[a] = None
                    self._step(a, b, c)
                case "of" if a is not None:
                    jobs[a] = None
                case "line":
                    self._seen(f"line {c}: {a} {b}")
                    accounts[a, b] = accounts.get((a, b), False) or c == "hold"
                case "cause":
                    causes[a.partition(":")[0], b] = None
                case "account":
                    accounts.setdefault((a, b), False)
        return jobs, causes, accounts

    def whole(self) -> None:
        """Look at all the books, and at all that is counted."""
        rows = self._disk.rows
        try:
            tables = {name: [dict(row) for row in rows(f"SELECT * FROM {name}")] for name in ("accounts", "jobs")}  # noqa: S608 (names of tables)
            lines = [dict(row) for row in rows("SELECT * FROM ledger")]
            balance(accounts=tables["accounts"], lines=lines, jobs=tables["jobs"])
            at_once(self._store.counts_are_what_a_scan_finds())
            at_once(self._store.turns_are_there_for_what_waits())
        except AssertionError as exc:
            self._wrong(f"the books do not add up: {exc}")

    def _step(self, job_id: str, before: str, after: str) -> None:
        if before == after:
            return
        allowed = TRANSITIONS[JobStatus(before)] if before else _BEGINNINGS
        if after not in allowed:
            self._wrong(f"job {job_id} went from {before or 'nothing'} to {after}")
        if after == JobStatus.SUBMITTING:
            self._running(job_id)

    def _job(self, job_id: str) -> None:
        found = self._disk.rows("SELECT * FROM jobs WHERE id = $1", job_id)
        if found:
            lines = self._disk.rows("SELECT * FROM ledger WHERE job_id = $1", job_id)
            for what in _of_money(dict(found[0]), lines):
                self._wrong(f"job {job_id}: {what}")

    def _cause(self, cause: str, kind: str) -> None:
        """See that a cause moves credits once, `docs/money.md`, 9: in one commit, and in each account by one line."""
        rows = self._disk.rows("SELECT owner, period FROM ledger WHERE kind = $1 AND id LIKE $2", kind, f"{cause}:%")
        if (cause, kind) in self._causes or len({tuple(row) for row in rows}) < len(rows):
            self._wrong(f"{kind} of {cause} moves credits twice")
        self._causes.add((cause, kind))

    def _account(self, owner: str, period: str, *, held: bool) -> None:
        for account in self._disk.rows("SELECT * FROM accounts WHERE owner = $1 AND period = $2", owner, period):
            sums = self._disk.rows(
                "SELECT coalesce(sum(held), 0), coalesce(sum(settled), 0), coalesce(sum(granted), 0) FROM ledger "
                "WHERE owner = $1 AND period = $2",
                *(owner, period),
            )[0]
            names = ("held", "settled", "allowance")
            is_, said = [account[name] for name in names], list(sums)
            if not owner.startswith("extra:"):
                said[2] = is_[2]
            if is_ != said:
                self._wrong(f"account {owner} {period}: {is_}, and its lines say {said}")
            if min(is_) < 0:
                self._wrong(f"account {owner} {period} is below nothing: {is_}")
            if held and is_[0] + is_[1] > is_[2]:
                self._wrong(f"account {owner} {period} holds more than there was: {is_}")

    def _running(self, job_id: str) -> None:
        job = self._disk.rows("SELECT provider, user_id, queue_id FROM jobs WHERE id = $1", job_id)[0]
        most = self._limits
        own = self._disk.rows("SELECT running_limit FROM guilds WHERE guild_id = $1", job["queue_id"])
        running = own[0]["running_limit"] if own else None
        for where, value, limit in (
            ("provider", job["provider"], most.per_provider),
            ("user_id", job["user_id"], most.per_user),
            ("queue_id", job["queue_id"], min(most.per_guild, running or most.per_guild)),
            (str(EVERYWHERE), EVERYWHERE, most.total),
        ):
            (count,) = self._disk.rows(f"SELECT count(*) FROM jobs WHERE {where} = $1 AND {AT_WORK}", value)[0]  # noqa: S608 (constants)
            if count > limit:
                self._wrong(f"{count} at work for {where} {value}, and {limit} are allowed")


def _of_money(job: Mapping[str, Any], lines: list[sqlite3.Row]) -> Iterator[str]:
    """What is wrong with the money of a job: see `docs/money.md`, 4 to 6."""
    ends = end_of(job)
    holds = {(line["owner"], line["period"]): line for line in lines if line["kind"] == "hold"}
    ended = {(line["owner"], line["period"]): line for line in lines if line["kind"] != "hold"}
    if len(lines) != len(holds) + len(ended):
        yield "one account twice"
    if [line["kind"] for line in ended.values()] != ends * len(holds):
        yield f"{job['status']}, and its holds ended as {[line['kind'] for line in ended.values()]}"
    sources = {key for key in holds if _kind(key) not in {"guild", "budget"}}
    if sum(holds[key]["held"] for key in sources) != job["credits"]:
        yield "its funding sources do not hold its price"
    for key in set(holds) - sources:
        if holds[key]["held"] != (job["usd_micros"] if _kind(key) == "budget" else job["credits"]):
            yield f"{key} does not hold its price"
    cost = job["cost_micros"]
    for key, line in ended.items():
        if line["held"] != -holds[key]["held"]:
            yield f"{key} holds something still"
        if _kind(key) == "budget":
            right = {job["usd_micros"] if cost is None else cost} | (
                {0} if line["kind"] == "release" and cost is None else set()
            )
        else:
            right = {holds[key]["held"] if line["kind"] == "settle" else 0}
        if line["settled"] not in right:
            yield f"{key} is charged {line['settled']}, not {right}"


def _kind(key: tuple[str, str]) -> str:
    return key[0].partition(":")[0]
