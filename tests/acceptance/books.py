"""The bot's database, read from outside: its jobs, and whether the money adds up."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Books:
    """The SQLite file of one bot."""

    path: Path

    def rows(self, sql: str) -> list[Row]:
        """The answer to a question; nothing where there is no database yet."""
        if not self.path.exists():
            return []
        with closing(sqlite3.connect(self.path, timeout=30)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(sql)]

    def jobs(self) -> list[Row]:
        """Every job, oldest first."""
        return self.rows("SELECT * FROM jobs ORDER BY created_at, id")

    def job(self) -> Row:
        """The only job."""
        (job,) = self.jobs()
        return job

    def entries(self) -> list[tuple[str, int]]:
        """Kind and credits of every line of the ledger, in order."""
        return [(row["kind"], row["credits"]) for row in self.rows("SELECT * FROM ledger ORDER BY rowid")]

    def balances(self) -> tuple[int, int]:
        """The credits held and settled, over all accounts."""
        rows = self.rows("SELECT * FROM accounts")
        return sum(row["held"] for row in rows), sum(row["settled"] for row in rows)

    def resting(self) -> bool:
        """Whether nothing is due any more."""
        return all(job["due_at"] is None for job in self.jobs())

    def age(self, *, minutes: float) -> None:
        """While the bot does not run: make every job as old as if so much time had passed."""
        with closing(sqlite3.connect(self.path, timeout=30, isolation_level=None)) as connection:
            connection.execute("UPDATE jobs SET created_at = created_at - ?", [minutes * 60_000])

    def forget_drafts(self) -> None:
        """Take away everything that was begun, as time does."""
        with closing(sqlite3.connect(self.path, timeout=30, isolation_level=None)) as connection:
            connection.execute("DELETE FROM drafts")

    def check(self) -> None:
        """Every account is the sum of its ledger lines, and every hold belongs to a job that may still need it."""
        accounts = {(row["owner"], row["period"]): row for row in self.rows("SELECT * FROM accounts")}
        ledger: dict[tuple[str, str], dict[str, int]] = {key: {} for key in accounts}
        for line in self.rows("SELECT owner, period, kind, sum(credits) AS n FROM ledger GROUP BY 1, 2, 3"):
            ledger[line["owner"], line["period"]][line["kind"]] = line["n"]
        for key, sums in ledger.items():
            settled, released = sums.get("settle", 0), sums.get("release", 0)
            assert accounts[key]["settled"] == settled
            assert accounts[key]["held"] == sums.get("hold", 0) - settled - released
        ends = {row["job_id"]: row["kind"] for row in self.rows("SELECT * FROM ledger WHERE kind <> 'hold'")}
        for job in self.jobs():
            assert ends.get(job["id"]) == _end_of(job)


def _end_of(job: Row) -> str | None:
    """How a job's hold must have ended."""
    if job["delivered_at"] is not None:
        return "settle"
    return "release" if job["status"] in {"failed", "cancelled"} else None
